use serde_json::{Value, json};
use tidegate_notify::{Config, Content, Happening, Scene, State, tell};
use tidegate_units::Timestamp;

use crate::world::{config, entry, happening, scene, yaml};

fn settings(trigger: &str, conditions: Value) -> Config {
    let template = json!({"message": "{{.rollout.metadata.name}} {{.event.reason}}"});
    let trigger = format!("trigger.{trigger}");
    let slack = json!({"token": "t-1"});
    config(&[("service.slack", slack), ("template.t", template), (&trigger, conditions)], &[])
}

fn scene_for(trigger: &str) -> Scene {
    let annotation = format!("notifications.argoproj.io/subscribe.{trigger}.slack");
    scene(&json!({annotation: "c"}))
}

fn messages(config: &Config, happening: &Happening, scene: &Scene, state: &mut State) -> usize {
    let deliveries = tell(config, happening, scene, state, (yaml, Timestamp::from_millis(1)));
    let is_written = |content: &Content| matches!(content, Content::Message(_));
    assert!(deliveries.iter().all(|it| is_written(&it.content)), "{deliveries:?}");
    deliveries.len()
}

#[test]
fn a_condition_decides_whether_what_happened_is_told() {
    let check = |when: &str, expect: usize| {
        let config = settings("on-rollout-completed", json!([{"when": when, "send": ["t"]}]));
        let happened = happening("Promoted", json!({"revision": "a"}));
        let scene = scene_for("on-rollout-completed");
        assert_eq!(messages(&config, &happened, &scene, &mut State::default()), expect, "{when}");
    };
    check("rollout.spec.template.spec.containers[0].image == 'registry.example/shop/web:2'", 1);
    check("rollout.spec.template.spec.containers[0].image == 'argoproj/rollouts-demo:purple'", 0);
    check("rollout.spec.replicas == 5 && rollout.metadata.labels.team in ['pay', 'web']", 1);
    check("rollout.status.currentStepIndex > 5", 0);
    check("len(rollout.spec.strategy.canary.steps) == 2", 1);
    check("event.reason == 'RolloutCompleted'", 1);
    check("rollout.status?.missing == nil", 1);
}

#[test]
fn a_trigger_of_ones_own_is_told_once_each_time_that_its_condition_begins_to_hold() {
    let config = settings(
        "on-purple",
        json!([{"when": "rollout.status.phase == 'Degraded'", "send": ["t"]}]),
    );
    let (mut scene, mut state) = (scene_for("on-purple"), State::default());
    let happened = happening("WeightSet", json!({"from": 0, "to": 5}));
    let mut phase = |phase: &str| {
        scene.rollout["status"]["phase"] = json!(phase);
        messages(&config, &happened, &scene, &mut state)
    };
    let told: Vec<_> =
        ["Progressing", "Degraded", "Degraded", "Healthy", "Degraded"].map(&mut phase).into();
    assert_eq!(told, [0, 1, 0, 0, 1]);
}

#[test]
fn what_is_told_once_for_each_value_is_not_told_again_for_the_same() {
    let conditions = json!([{"when": "rollout.status.phase == 'Healthy'", "oncePer": "rollout.status.currentPodHash", "send": ["t"]}]);
    let config = settings("on-healthy", conditions);
    let (mut scene, mut state) = (scene_for("on-healthy"), State::default());
    let happened = happening("Promoted", json!({"revision": "a"}));
    let mut seen = |(phase, hash): (&str, &str)| {
        scene.rollout["status"] = json!({"phase": phase, "currentPodHash": hash});
        messages(&config, &happened, &scene, &mut state)
    };
    let told: Vec<_> = [("Healthy", "a"), ("Degraded", "a"), ("Healthy", "a"), ("Healthy", "b")]
        .map(&mut seen)
        .into();
    assert_eq!(told, [1, 0, 0, 1]);
    let kept: State = serde_json::from_value(serde_json::to_value(&state).unwrap()).unwrap();
    assert_eq!(kept, state);
}

#[test]
fn what_a_person_asks_for_is_not_what_happens() {
    let mut asked = entry("Aborted", json!({}));
    asked.draft.actor = tidegate_ledger::Actor::Person { name: "mara".to_owned() };
    assert_eq!(Happening::of(&asked), None);
    asked.draft.actor = tidegate_ledger::Actor::Controller;
    asked.draft.subject.kind = "Experiment".to_owned();
    assert_eq!(Happening::of(&asked), None);
}

#[test]
fn a_message_that_cannot_be_written_says_so_in_its_place() {
    let config = config(
        &[
            ("service.slack", json!({"token": "t-1"})),
            ("template.rollout-completed", json!({"message": "{{index .rollout.spec.none 3}}"})),
        ],
        &[],
    );
    let happened = happening("Promoted", json!({"revision": "a"}));
    let scene = scene_for("on-rollout-completed");
    let told =
        tell(&config, &happened, &scene, &mut State::default(), (yaml, Timestamp::from_millis(1)));
    let Content::Unwritten(problem) = &told[0].content else { panic!("{told:?}") };
    assert!(problem.starts_with("template rollout-completed: `index`: "), "{problem}");
}
