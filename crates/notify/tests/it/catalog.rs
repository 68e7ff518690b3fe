use serde_json::{Value, json};
use tidegate_notify::{Config, Content, Letter, Reason, Sources};

use crate::world::{config, happening, scene, sent, told, yaml};

#[test]
fn every_trigger_is_there_without_settings_and_has_its_template() {
    let config = Config::read(&Sources::default(), yaml);
    assert_eq!(config.problems, Vec::<String>::new());
    let triggers: Vec<_> = config.triggers.keys().map(String::as_str).collect();
    let mut expect = Reason::ALL.map(Reason::trigger).to_vec();
    expect.sort_unstable();
    assert_eq!(triggers, expect);
    assert_eq!(config.templates.len(), Reason::ALL.len());
    for reason in Reason::ALL {
        assert_eq!(Reason::of_trigger(reason.trigger()), Some(reason));
    }
}

/// Argo Rollouts makes the trigger of the reason like this.
#[test]
fn triggers_are_called_as_argo_rollouts_calls_them() {
    for reason in Reason::ALL {
        let mut name = String::from("on");
        for sign in reason.to_string().chars() {
            if sign.is_uppercase() {
                name.push('-');
            }
            name.extend(sign.to_lowercase());
        }
        assert_eq!(reason.trigger(), name);
    }
}

#[test]
fn with_nothing_but_an_annotation_a_message_says_what_happened_and_why() {
    let config = config(&[("service.slack", json!({"token": "$slack"}))], &[("slack", "xoxb-1")]);
    let check = |trigger: &str, what: &str, detail: Value, expect: &str| {
        let annotation = format!("notifications.argoproj.io/subscribe.{trigger}.slack");
        let deliveries =
            told(&config, &happening(what, detail), &scene(&json!({annotation: "ops"})));
        let [delivery] = deliveries.as_slice() else { panic!("{trigger}: {deliveries:?}") };
        let Content::Message(message) = &delivery.content else { panic!("{delivery:?}") };
        assert_eq!(message.message, expect);
        let blocks = &message.slack.as_ref().unwrap().attachments[0]["blocks"];
        assert!(blocks[0]["text"]["text"].as_str().unwrap().starts_with("Rollout *shop/checkout*"));
        assert_eq!(blocks[1]["fields"][1]["text"], "*web*\nregistry.example/shop/web:2");
        assert!(message.email.as_ref().unwrap().subject.starts_with("Rollout shop/checkout "));
    };
    check(
        "on-rollout-aborted",
        "Aborted",
        json!({"reason": {"Analysis": {"run": "r", "message": "metric \"errors\" failed:\n5 > 3"}}}),
        "Rollout shop/checkout has been aborted: metric \"errors\" failed:\n5 > 3.",
    );
    check(
        "on-rollout-aborted",
        "Aborted",
        json!({"reason": {"User": {"who": "mara", "why": "too slow"}}}),
        "Rollout shop/checkout has been aborted: by mara: too slow.",
    );
    check(
        "on-rollout-step-completed",
        "StepCompleted",
        json!({"index": 0}),
        "Rollout shop/checkout has completed step 1/2.",
    );
    check(
        "on-rollout-completed",
        "Promoted",
        json!({"revision": "abc"}),
        "Rollout shop/checkout has been completed: revision abc is stable.",
    );
    check(
        "on-analysis-run-failed",
        "RunEnded",
        json!({"run": "r-2", "outcome": "Failed"}),
        "Rollout shop/checkout failed its analysis run r-2.",
    );
    check(
        "on-scaling-replica-set",
        "Scaled",
        json!({"revision": "abc", "from": 1, "to": 3}),
        "Rollout shop/checkout scales revision abc from 1 to 3 replicas.",
    );
    check(
        "on-rollout-paused",
        "Paused",
        json!({"reason": "Step"}),
        "Rollout shop/checkout has been paused: a step holds it.",
    );
    check("on-rollout-resumed", "Resumed", Value::Null, "Rollout shop/checkout goes on.");
    check(
        "on-rollout-updated",
        "RevisionWanted",
        json!({"revision": "abc", "number": 7}),
        "Rollout shop/checkout has been updated: revision abc (number 7).",
    );
    check(
        "on-traffic-weight-updated",
        "WeightSet",
        json!({"revision": "abc", "from": 5, "to": 20}),
        "Rollout shop/checkout sends 20 % of the requests to revision abc, before 5 %.",
    );
    check(
        "on-analysis-run-running",
        "RunStarted",
        json!({"run": "r"}),
        "Rollout shop/checkout has its analysis run r running.",
    );
    check(
        "on-analysis-run-error",
        "RunEnded",
        json!({"run": "r", "outcome": "Error"}),
        "Rollout shop/checkout has its analysis run r in error.",
    );
    check(
        "on-analysis-run-successful",
        "RunEnded",
        json!({"run": "r", "outcome": "Successful"}),
        "Rollout shop/checkout passed its analysis run r.",
    );
    check(
        "on-analysis-run-inconclusive",
        "RunEnded",
        json!({"run": "r", "outcome": "Inconclusive"}),
        "Rollout shop/checkout has its analysis run r undecided.",
    );
}

#[test]
fn settings_replace_what_is_built_in() {
    let config = config(
        &[
            ("service.slack", json!({"token": "t-123"})),
            (
                "template.rollout-completed",
                json!({"message": "{{.rollout.metadata.name}} done, says {{.context.us}} to {{.recipient}}"}),
            ),
            ("context", json!({"us": "ops"})),
        ],
        &[],
    );
    let annotations =
        json!({"notifications.argoproj.io/subscribe.on-rollout-completed.slack": "general"});
    let sent =
        sent(&config, &happening("Promoted", json!({"revision": "a"})), &scene(&annotations));
    let Letter::Http(letter) = sent else { panic!("mail") };
    let body: Value = serde_json::from_str(&letter.body).unwrap();
    assert_eq!(body["text"], "checkout done, says ops to general");
    assert_eq!(body["channel"], "general");
    assert!(body.get("attachments").is_none());
}
