//! A rollout, what happens to it, and who is told.

use serde_json::{Value, json};
use tidegate_ledger::{Actor, Draft, Entry, Head, Subject, link};
use tidegate_notify::{Config, Delivery, Happening, Letter, Scene, Sources, State, letter, tell};
use tidegate_units::{ObjectKey, Timestamp};

/// JSON is YAML, and these tests write it so.
pub(crate) fn yaml(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|problem| problem.to_string())
}

pub(crate) fn sources(settings: &[(&str, Value)], secrets: &[(&str, &str)]) -> Sources {
    let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), value.to_string()));
    let secrets = secrets.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Sources { settings: settings.collect(), secrets: secrets.collect() }
}

pub(crate) fn config(settings: &[(&str, Value)], secrets: &[(&str, &str)]) -> Config {
    let config = Config::read(&sources(settings, secrets), yaml);
    assert_eq!(config.problems, Vec::<String>::new());
    config
}

pub(crate) fn entry(what: &str, detail: Value) -> Entry {
    let draft = Draft {
        at: Timestamp::from_millis(1_700_000_000_000),
        actor: Actor::Controller,
        subject: Subject { kind: "Rollout".to_owned(), key: ObjectKey::new("shop", "checkout") },
        what: what.to_owned(),
        detail,
    };
    link(Head { sequence: 41, ..Head::default() }, draft)
}

pub(crate) fn happening(what: &str, detail: Value) -> Happening {
    Happening::of(&entry(what, detail)).unwrap()
}

pub(crate) fn scene(annotations: &Value) -> Scene {
    let rollout = json!({
        "metadata": {"name": "checkout", "namespace": "shop", "labels": {"team": "pay"}, "annotations": annotations},
        "spec": {
            "replicas": 5,
            "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}},
            "template": {"spec": {"containers": [{"name": "web", "image": "registry.example/shop/web:2"}]}},
        },
        "status": {"phase": "Progressing", "currentStepIndex": 2},
    });
    Scene {
        rollout,
        images: vec!["registry.example/shop/web:2".to_owned()],
        stable_images: vec!["registry.example/shop/web:1".to_owned()],
        ..Scene::default()
    }
}

pub(crate) fn told(config: &Config, happening: &Happening, scene: &Scene) -> Vec<Delivery> {
    tell(config, happening, scene, &mut State::default(), (yaml, Timestamp::from_millis(5)))
}

/// The only thing that is sent.
#[track_caller]
pub(crate) fn sent(config: &Config, happening: &Happening, scene: &Scene) -> Letter {
    let deliveries = told(config, happening, scene);
    let [delivery] = deliveries.as_slice() else { panic!("{deliveries:?}") };
    letter(&config.services[&delivery.destination.service], delivery).unwrap()
}
