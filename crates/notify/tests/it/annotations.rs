use serde_json::{Value, json};
use tidegate_notify::{Config, PREFIX, is_anybody_told, subscriptions};

use crate::world::{config, sources, yaml};

/// `trigger: service recipient` of all that are subscribed.
fn found(config: &Config, metadata: &Value) -> Vec<String> {
    let (all, problems) = subscriptions(config, metadata, yaml);
    assert_eq!(problems, Vec::<String>::new());
    assert!(all.is_empty() || is_anybody_told(config, metadata));
    let lines = all.iter().flat_map(|(trigger, to)| {
        to.iter().map(move |to| format!("{trigger}: {} {}", to.service, to.recipient))
    });
    lines.collect()
}

#[track_caller]
fn check(annotation: &str, value: &str, expect: &[&str]) {
    let config = config(
        &[
            ("defaultTriggers", json!(["on-rollout-aborted"])),
            ("defaultTriggers.mattermost", json!(["on-x"])),
        ],
        &[],
    );
    let metadata = json!({"annotations": {format!("{PREFIX}{annotation}"): value, "other": "x"}});
    assert_eq!(found(&config, &metadata), expect, "{annotation}");
}

/// The cases are those of the tests of Argo's engine.
#[test]
fn annotations_are_read_as_argos_engine_reads_them() {
    check("subscribe.my-trigger.slack", "my-channel", &["my-trigger: slack my-channel"]);
    check(
        "subscribe.my-trigger.slack",
        " a ; b;; c",
        &["my-trigger: slack a", "my-trigger: slack b", "my-trigger: slack c"],
    );
    check("subscribe.my-trigger.webhook", "", &["my-trigger: webhook "]);
    check("subscribe.slack", "my-channel", &["on-rollout-aborted: slack my-channel"]);
    check("subscribe.mattermost", "m", &["on-x: mattermost m"]);
    check(
        "subscribe.on-rollout-completed.email",
        "a@x.org,b@x.org",
        &["on-rollout-completed: email a@x.org,b@x.org"],
    );
    check(
        "subscriptions",
        r#"[{"trigger": ["on-a", "on-b"], "destinations": [{"service": "slack", "recipients": ["c1", "c2"]}, {"service": "webhook"}]}]"#,
        &[
            "on-a: slack c1",
            "on-a: slack c2",
            "on-a: webhook ",
            "on-b: slack c1",
            "on-b: slack c2",
            "on-b: webhook ",
        ],
    );
    check(
        "subscriptions",
        r#"[{"destinations": [{"service": "slack", "recipients": ["c"]}]}]"#,
        &["on-rollout-aborted: slack c"],
    );
    check("subscriptions", "[]", &[]);
    check("unknown", "x", &[]);
}

#[test]
fn who_is_told_without_asking_is_chosen_by_labels() {
    let config = config(
        &[(
            "subscriptions",
            json!([
                {"recipients": ["slack:all"], "triggers": ["on-rollout-aborted"]},
                {"recipients": ["slack:pay", "audit"], "triggers": ["on-rollout-completed"], "selector": "team=pay"},
                {"recipients": ["slack:web"], "triggers": ["on-rollout-completed"], "selector": "team in (web)"},
            ]),
        )],
        &[],
    );
    let expect = [
        "on-rollout-aborted: slack all",
        "on-rollout-completed: audit ",
        "on-rollout-completed: slack pay",
    ];
    assert_eq!(found(&config, &json!({"labels": {"team": "pay"}})), expect);
    assert_eq!(found(&config, &json!({})), ["on-rollout-aborted: slack all"]);
}

#[test]
fn a_rollout_that_asks_for_nothing_is_left_alone_before_anything_is_known_of_it() {
    let nobody = config(&[], &[]);
    assert!(!is_anybody_told(
        &nobody,
        &json!({"annotations": {"a": "b"}, "labels": {"team": "pay"}})
    ));
    let pay = json!([{"recipients": ["slack:pay"], "triggers": ["on-x"], "selector": "team=pay"}]);
    let pay = config(&[("subscriptions", pay)], &[]);
    assert!(is_anybody_told(&pay, &json!({"labels": {"team": "pay"}})));
    assert!(!is_anybody_told(&pay, &json!({"labels": {"team": "web"}})));
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_used() {
    let config = config(&[], &[]);
    let annotations = json!({
        format!("{PREFIX}subscriptions"): "[oops",
        format!("{PREFIX}subscribe.on-a.slack"): "c",
    });
    let (all, problems) = subscriptions(&config, &json!({"annotations": annotations}), yaml);
    assert_eq!(all.len(), 1);
    assert!(problems[0].starts_with("the annotation notifications.argoproj.io/subscriptions: "));
}

#[test]
fn what_of_the_settings_cannot_be_used_is_said_by_name() {
    let settings = [
        ("service.teams", json!({"recipientUrls": {}})),
        ("service.slack", json!({"tokn": "x"})),
        ("service.webhook.a", json!({"url": "$missing"})),
        ("trigger.on-a", json!([{"when": "rollout.status.phase = 'x'", "send": []}])),
        ("trigger.on-b", json!([{"when": "app.status == 1", "send": ["nope"]}])),
        ("trigger.on-c", json!([{"send": ["nope"]}])),
        ("trigger.on-d", json!([{"when": "time.Now() > 1", "send": []}])),
        ("trigger.on-e", json!([{"when": "isNil(rollout)", "send": []}])),
        ("template.a", json!({"message": "{{uuidv4}}"})),
        (
            "template.b",
            json!({"message": "x", "teams": {"title": "y"}, "slack": {"groupingKey": "z"}}),
        ),
        ("subscriptions", json!([{"selector": "a b"}])),
        ("unknown", json!(1)),
    ];
    let problems = Config::read(&sources(&settings, &[]), yaml).problems;
    let expect = [
        "service.slack: unknown field `tokn`",
        "service.teams: there is no service of the kind \"teams\"",
        "service.webhook.a: the Secret has no key \"missing\"",
        "subscriptions: \"a b\" is no requirement of a label",
        "template.a: there is no function `uuidv4`: ",
        "template.b: `teams` is of a service that is not built",
        "template.b: messages of Slack are not grouped into threads",
        "trigger.on-a: `when`: ",
        "trigger.on-b: `when`: the name `app` is unknown; there are `rollout`",
        "trigger.on-d: `when`: ",
        "trigger.on-e: `when`: `isNil` is a function of conditions on a result only",
        "unknown: this is none of template.*",
        "trigger.on-c: there is no template \"nope\"",
    ];
    assert_eq!(problems.len(), expect.len(), "{problems:#?}");
    for (problem, expect) in problems.iter().zip(expect) {
        assert!(problem.starts_with(expect), "{problem:?} is not {expect:?}");
    }
}
