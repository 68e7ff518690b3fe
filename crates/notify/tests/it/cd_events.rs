use std::collections::BTreeMap;

use jsonschema::{Resource, Validator};
use serde_json::{Value, json};
use tidegate_notify::{CdEvent, Config, Content, Letter, Scene, State, letter, tell};
use tidegate_units::Timestamp;

use crate::world::{config, happening, scene, yaml};

const LINKS: [&str; 4] = [
    include_str!("../fixtures/cdevents-0.5.1/links/embeddedlinksarray.json"),
    include_str!("../fixtures/cdevents-0.5.1/links/embeddedlinkend.json"),
    include_str!("../fixtures/cdevents-0.5.1/links/embeddedlinkpath.json"),
    include_str!("../fixtures/cdevents-0.5.1/links/embeddedlinkrelation.json"),
];

const EVENTS: [&str; 6] = [
    include_str!("../fixtures/cdevents-0.5.1/servicedeployed.json"),
    include_str!("../fixtures/cdevents-0.5.1/serviceupgraded.json"),
    include_str!("../fixtures/cdevents-0.5.1/servicerolledback.json"),
    include_str!("../fixtures/cdevents-0.5.1/servicepublished.json"),
    include_str!("../fixtures/cdevents-0.5.1/incidentdetected.json"),
    include_str!("../fixtures/cdevents-0.5.1/incidentresolved.json"),
];

/// The official schemas, by the types of events that they are of. Nothing is fetched: what they refer to is given.
fn schemas() -> BTreeMap<String, Validator> {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let links = LINKS.map(read);
    let validator = |schema: Value| {
        let kind = schema["properties"]["context"]["properties"]["type"]["enum"][0]
            .as_str()
            .unwrap()
            .to_owned();
        let mut options = jsonschema::draft202012::options().should_validate_formats(true);
        let mut registry = jsonschema::Registry::new();
        for link in &links {
            registry = registry
                .add(link["$id"].as_str().unwrap(), Resource::from_contents(link.clone()))
                .unwrap();
        }
        let registry = registry.prepare().unwrap();
        options = options.with_registry(&registry);
        (kind, options.build(&schema).unwrap())
    };
    EVENTS.map(read).map(validator).into()
}

fn settings() -> Config {
    config(&[("service.cdevents", json!({"url": "http://bus/events"}))], &[])
}

fn subscribed(trigger: &str) -> Scene {
    let annotation = format!("notifications.argoproj.io/subscribe.{trigger}.cdevents");
    scene(&json!({annotation: ""}))
}

/// The types of what is told, each of which is valid.
fn told(scene: &Scene, what: &str, state: &mut State) -> Vec<Value> {
    let schemas = schemas();
    let config = settings();
    let detail = match what {
        "Aborted" => json!({"reason": {"Analysis": {"run": "r", "message": "too many errors"}}}),
        _ => json!({"revision": "abc"}),
    };
    let deliveries =
        tell(&config, &happening(what, detail), scene, state, (yaml, Timestamp::from_millis(1)));
    let events = deliveries.iter().map(|delivery| {
        let Content::Event(event) = &delivery.content else { panic!("{delivery:?}") };
        assert_eq!(event.id, delivery.id);
        let validator = &schemas[&event.kind];
        let errors: Vec<_> =
            validator.iter_errors(&event.data).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}\n{:#}", event.kind, event.data);
        let Letter::Http(letter) = letter(&config.services["cdevents"], delivery).unwrap() else {
            panic!()
        };
        let header = |name: &str| {
            letter.headers.iter().find(|(it, _)| it == name).map(|(_, it)| it.as_str())
        };
        assert_eq!(header("ce-type"), event.data.pointer("/context/type").and_then(Value::as_str));
        assert_eq!(header("ce-id"), event.data.pointer("/context/id").and_then(Value::as_str));
        assert_eq!(
            header("ce-source"),
            event.data.pointer("/context/source").and_then(Value::as_str)
        );
        assert_eq!(
            header("ce-time"),
            event.data.pointer("/context/timestamp").and_then(Value::as_str)
        );
        assert_eq!(header("Content-Type"), Some("application/json"));
        event.data.clone()
    });
    events.collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["context"]["type"].as_str().unwrap()).collect()
}

#[test]
fn what_is_told_validates_against_the_official_schemas() {
    let first = Scene { is_first: true, ..subscribed("on-rollout-completed") };
    let events = told(&first, "Promoted", &mut State::default());
    assert_eq!(
        kinds(&events),
        ["dev.cdevents.service.deployed.0.3.0", "dev.cdevents.service.published.0.3.0"]
    );
    assert_eq!(events[0]["subject"]["id"], "shop/checkout");
    assert_eq!(
        events[0]["subject"]["content"],
        json!({"environment": {"id": "shop"}, "artifactId": "pkg:oci/web?repository_url=registry.example/shop/web&tag=2"})
    );

    let events = told(&subscribed("on-rollout-completed"), "Promoted", &mut State::default());
    assert_eq!(kinds(&events), ["dev.cdevents.service.upgraded.0.3.0"]);

    let back = Scene { is_return: true, ..subscribed("on-rollout-completed") };
    assert_eq!(
        kinds(&told(&back, "Promoted", &mut State::default())),
        ["dev.cdevents.service.rolledback.0.3.0"]
    );
}

#[test]
fn an_incident_is_resolved_by_the_name_that_it_was_detected_by() {
    let mut state = State::default();
    let detected = told(&subscribed("on-rollout-aborted"), "Aborted", &mut state);
    assert_eq!(
        kinds(&detected),
        ["dev.cdevents.incident.detected.0.3.0", "dev.cdevents.service.rolledback.0.3.0"]
    );
    assert_eq!(detected[0]["subject"]["content"]["description"], "too many errors");
    assert_eq!(
        detected[1]["subject"]["content"]["artifactId"],
        "pkg:oci/web?repository_url=registry.example/shop/web&tag=1"
    );
    let resolved = told(&subscribed("on-rollout-completed"), "Promoted", &mut state);
    assert_eq!(
        kinds(&resolved),
        ["dev.cdevents.service.upgraded.0.3.0", "dev.cdevents.incident.resolved.0.3.0"]
    );
    assert_eq!(resolved[1]["subject"]["id"], detected[0]["subject"]["id"]);
    assert_eq!(kinds(&told(&subscribed("on-rollout-completed"), "Promoted", &mut state)).len(), 1);
}

/// The check would find something.
#[test]
fn the_schemas_refuse_what_is_no_event() {
    let event =
        told(&subscribed("on-rollout-completed"), "Promoted", &mut State::default()).remove(0);
    let schemas = schemas();
    assert_eq!(schemas.keys().cloned().collect::<Vec<_>>(), {
        let mut kinds = CdEvent::ALL.map(CdEvent::kind);
        kinds.sort();
        kinds
    });
    let validator = &schemas["dev.cdevents.service.upgraded.0.3.0"];
    assert!(validator.is_valid(&event));
    for (place, value) in [
        ("/context/type", json!("dev.cdevents.service.deployed.0.3.0")),
        ("/context/timestamp", json!("yesterday")),
        ("/context/id", json!("")),
        ("/subject/content", json!({})),
        ("/context/source", json!("a b")),
    ] {
        let mut wrong = event.clone();
        *wrong.pointer_mut(place).unwrap() = value;
        assert!(!validator.is_valid(&wrong), "{place}");
    }
    let mut linked = event;
    linked["context"]["links"] = json!([{"linkType": "NONE"}]);
    assert!(!validator.is_valid(&linked));
}
