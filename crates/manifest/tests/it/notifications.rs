//! The settings that Argo Rollouts installs, as they are.

use serde_json::{Value, json};
use tidegate_manifest::{read, read_yaml};
use tidegate_notify::{Config, Content, Happening, Scene, Sources, State, tell};
use tidegate_resource::Resource;
use tidegate_units::{ObjectKey, Timestamp};

fn yaml(text: &str) -> Result<Value, String> {
    read_yaml("a setting", text).map_err(|problems| problems.to_string())
}

fn catalog() -> Config {
    let text = include_str!("../fixtures/notifications-install.yaml");
    let documents = read("notifications-install.yaml", text).unwrap();
    let Resource::ConfigMap(map) = &documents[0].resource else { panic!("{documents:?}") };
    let mut settings = map.data.clone();
    settings.insert("service.slack".to_owned(), "token: $slack-token\n".to_owned());
    let secrets = [("slack-token".to_owned(), "xoxb-1".to_owned())].into();
    Config::read(&Sources { settings, secrets }, yaml)
}

#[test]
fn the_settings_that_argo_rollouts_installs_are_read_unchanged() {
    let config = catalog();
    assert_eq!(config.problems, Vec::<String>::new());
    let annotations = [
        ("notifications.argoproj.io/subscribe.on-rollout-step-completed.slack", "a"),
        ("notifications.argoproj.io/subscribe.on-scaling-replica-set.slack", "a"),
        ("notifications.argoproj.io/subscribe.on-rollout-aborted.slack", "a"),
    ];
    let annotations: Value =
        annotations.into_iter().map(|(key, to)| (key.to_owned(), json!(to))).collect();
    let rollout = json!({
        "metadata": {"name": "checkout", "namespace": "shop", "annotations": annotations},
        "spec": {
            "replicas": 5,
            "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}, {"setWeight": 50}]}},
            "template": {"spec": {"containers": [{"name": "web", "image": "web:2"}, {"name": "side", "image": "side:1"}]}},
        },
        "status": {"currentStepIndex": 2, "updatedReplicas": 1},
    });
    let scene = Scene { rollout, ..Scene::default() };
    let said = |reason: Value, detail: Value| {
        let happening = Happening {
            rollout: ObjectKey::new("shop", "checkout"),
            reason: serde_json::from_value(reason).unwrap(),
            at: Timestamp::from_millis(0),
            sequence: 1,
            hash: tidegate_ledger::Digest::default(),
            detail,
        };
        let now = Timestamp::from_millis(0);
        let told = tell(&config, &happening, &scene, &mut State::default(), (yaml, now));
        let [delivery] = told.as_slice() else { panic!("{told:?}") };
        let Content::Message(message) = delivery.content.clone() else { panic!("{delivery:?}") };
        let fields = message.slack.unwrap().attachments[0]["fields"].clone();
        (
            message.message,
            fields
                .as_array()
                .unwrap()
                .iter()
                .map(|field| field["value"].to_string())
                .collect::<Vec<_>>(),
        )
    };
    let (message, fields) = said(json!("RolloutStepCompleted"), json!({"index": 1}));
    assert_eq!(message, "Rollout checkout step number 2/3 has been completed.");
    assert_eq!(fields, ["\"Canary\"", "\"2/3\"", "\"web:2\"", "\"side:1\""]);
    let (message, fields) = said(json!("ScalingReplicaSet"), json!({}));
    assert_eq!(message, "Scaling Rollout checkout's replicaset to 5.");
    assert_eq!(fields, ["\"Canary\"", "\"5\"", "\"1\"", "\"web:2\"", "\"side:1\""]);
    assert_eq!(said(json!("RolloutAborted"), json!({})).0, "Rollout checkout has been aborted.");
}
