//! Decisions as they are declared.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{DecisionSettings, Provider, Rule, Unit, ValueFrom};
use tidegate_manifest::{Resource, read};

/// The decision of the first template of a file.
fn decision(text: &str) -> DecisionSettings {
    let documents = read("a.yaml", text).unwrap_or_else(|problems| panic!("{problems}"));
    let mut resources = documents.into_iter().map(|document| document.resource);
    let Some(Resource::AnalysisTemplate(template)) = resources.next() else { panic!("{text}") };
    let mut metrics = template.metrics.into_iter().map(|metric| metric.provider);
    let found = metrics.find_map(|provider| match provider {
        Provider::Decision(settings) => Some(*settings),
        _ => None,
    });
    found.unwrap()
}

fn plugin(config: &str) -> DecisionSettings {
    decision(&format!(
        "{{apiVersion: argoproj.io/v1alpha1, kind: AnalysisTemplate, metadata: {{name: a}}, spec: \
         {{metrics: [{{name: m, provider: {{plugin: {{tidegate/decision: {config}}}}}}}]}}}}"
    ))
}

#[test]
fn with_nothing_said_there_are_four_rules_that_nobody_may_override() {
    let usual = DecisionSettings::default();
    assert_eq!(plugin("{}"), usual);
    assert_eq!(plugin("null"), usual);
    let names: Vec<_> = usual.rules.iter().map(|rule| rule.name.as_str()).collect();
    let expect = [
        "error-rate-threshold",
        "response-time-degradation",
        "conversion-rate-impact",
        "memory-leak-detection",
    ];
    assert_eq!(names, expect);
    assert!(usual.rules.iter().all(|rule| !rule.may_be_overridden_by("ada")));
}

/// The example writes the default rules out, and says who may override which.
#[test]
fn the_example_has_the_default_rules() {
    let settings = decision(include_str!("../../../../examples/decision/rollout.yaml"));
    let plain = |rule: Rule| Rule { overriders: Vec::new(), ..rule };
    let rules: Vec<_> = settings.rules.iter().cloned().map(plain).collect();
    assert_eq!(rules, DecisionSettings::default().rules);
    assert_eq!(settings.may_override("conversion-rate-impact", "release-manager"), Some(true));
    assert_eq!(settings.may_override("error-rate-threshold", "release-manager"), Some(false));
    assert_eq!(settings.may_override("judge", "release-manager"), Some(false));
    assert_eq!(settings.may_override("prediction", "release-manager"), None);
}

#[test]
fn a_message_speaks_of_the_values_of_its_condition() {
    let rule = |message: &str| {
        format!(
            "{{apiVersion: argoproj.io/v1alpha1, kind: AnalysisTemplate, metadata: {{name: a}}, \
             spec: {{metrics: [{{name: m, provider: {{plugin: {{tidegate/decision: {{rules: [{{name: \
             r, severity: minor, condition: errorRate > 5, message: '{message}'}}]}}}}}}}}]}}}}"
        )
    };
    let read_one = decision(&rule("{errorRate}% fail"));
    assert_eq!(read_one.rules[0].message.as_deref(), Some("{errorRate}% fail"));
    let problems = read("a.yaml", &rule("{errors} fail")).unwrap_err().to_string();
    assert!(problems.contains("found {errors}") && problems.contains("errorRate"), "{problems}");
}

#[test]
fn all_of_it_is_read() {
    let settings = plugin(
        "{override: [ada], window: 2m, minRequests: '7', judge: {alpha: 0.1}, monitoring: 5m, \
         warmUp: 0s, prediction: {metric: p, rollbackAfter: 1m}, values: {score: {metric: s, \
         baseline: t, unit: percent}}, rules: [{name: r, severity: major, condition: \
         'scoreChange < -1', autoRollback: true, rollbackAfter: 90s}, {name: q, severity: minor, \
         condition: score < 1, override: []}]}",
    );
    let seconds = Duration::from_secs;
    assert_eq!((settings.window, settings.least), (seconds(120), 7));
    assert_eq!((settings.monitoring, settings.warm_up), (seconds(300), seconds(0)));
    assert_eq!(settings.judge.as_ref().map(|judge| judge.alpha), Some(0.1));
    assert_eq!(settings.scheduled_after, seconds(60));
    assert_eq!(settings.may_override("prediction", "ada"), Some(true));
    let from = ValueFrom { metric: "s".into(), baseline: Some("t".into()), unit: Unit::Percent };
    assert_eq!(settings.values, BTreeMap::from([("score".to_owned(), from)]));
    assert_eq!(settings.rules[0].rollback_after, Some(seconds(90)));
    assert_eq!(settings.overridable(), ["r", "q", "judge", "prediction"]);
    let may = |rule| settings.may_override(rule, "ada");
    assert_eq!((may("r"), may("q"), may("x")), (Some(true), Some(false), None));
    assert_eq!(plugin("{judge: false}").judge, None);
}
