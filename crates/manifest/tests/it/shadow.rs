//! The plugin `tidegate/shadow`, as a step and as a metric.

use std::time::Duration;

use tidegate_analysis::{Provider, ShadowSettings};
use tidegate_manifest::{Resource, read};
use tidegate_rollout::{Shadow, Step};
use tidegate_traffic::{CompareSettings, RequestMatch, TextMatch};
use tidegate_units::Weight;

use crate::canary::{ROUTED, canary};

/// A rollout with one step of the plugin, whose config is this, in flow style.
fn with(routing: &str, config: &str) -> String {
    canary(routing, &format!("\n        - plugin: {{name: tidegate/shadow{config}}}"))
}

fn shadow(config: &str) -> Shadow {
    let text = with(ROUTED, &format!(", config: {config}"));
    let read = read("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}")).remove(0);
    let Resource::Rollout(rollout) = read.resource else { panic!("{:#?}", read.resource) };
    match rollout.spec.canary().steps.as_slice() {
        [Step::Shadow(shadow)] => Shadow::clone(shadow),
        other => panic!("{other:#?}"),
    }
}

fn problem(text: &str) -> String {
    let problems = match read("web.yaml", text) {
        Ok(documents) => panic!("{documents:#?}"),
        Err(problems) => problems.to_string(),
    };
    let lines: Vec<_> =
        problems.lines().filter_map(|line| Some(line.split_once("spec.")?.1)).collect();
    lines.join("\n")
}

fn safe() -> Vec<TextMatch> {
    ["GET", "HEAD", "OPTIONS"].map(|method| TextMatch::Exact(method.to_owned())).to_vec()
}

#[test]
fn without_a_config_everything_that_changes_nothing_is_compared() {
    let expect = Shadow {
        share: Weight::FULL,
        any: vec![RequestMatch { method: safe(), ..RequestMatch::default() }],
        duration: None,
        least: 100,
        settings: CompareSettings {
            ignored: vec![],
            most_body: 262_144,
            latency_margin: 20,
            examples: 3,
        },
    };
    assert_eq!(shadow("{}"), expect);
    let text = with(ROUTED, "");
    assert!(read("web.yaml", &text).is_ok());
}

#[test]
fn a_config_says_what_is_compared_and_numbers_may_be_texts() {
    let found = shadow(
        "{percentage: '20', match: [{path: {prefix: /shop}}], duration: 5m, compare: {ignore: \
         [body.id, header.x-build], maxBody: '1000', latencyMargin: '0.5', examples: 0, \
         minRequests: 7}}",
    );
    let path = Some(TextMatch::Prefix("/shop".to_owned()));
    assert_eq!(found.any, [RequestMatch { method: safe(), path, ..RequestMatch::default() }]);
    assert_eq!((found.share.out_of(100), found.least), (20, 7));
    assert_eq!(found.duration, Some(Duration::from_mins(5)));
    let expect = CompareSettings {
        ignored: vec!["body.id".to_owned(), "header.x-build".to_owned()],
        most_body: 1000,
        latency_margin: 50,
        examples: 0,
    };
    assert_eq!(found.settings, expect);
}

#[test]
fn writes_are_compared_only_when_they_are_asked_for() {
    assert_eq!(shadow("{writes: true}").any, [RequestMatch::default()]);
    let post = "match: [{method: {exact: POST}}]";
    let found = shadow(&format!("{{writes: true, {post}}}"));
    assert_eq!(found.any[0].method, [TextMatch::Exact("POST".to_owned())]);
    let refused = problem(&with(ROUTED, &format!(", config: {{{post}}}")));
    assert!(refused.contains("writes: true"), "{refused}");
    let refused = problem(&with(ROUTED, ", config: {match: [{method: {prefix: G}}]}"));
    assert!(refused.contains("GET, HEAD or OPTIONS"), "{refused}");
    assert!(read("web.yaml", &with(ROUTED, ", config: {match: [{method: {exact: GET}}]}")).is_ok());
}

#[test]
fn what_has_no_effect_or_no_meaning_is_refused_by_name() {
    for (config, expect) in [
        ("{percentage: 0, duration: 5m}", "config.duration: has no effect where percentage is 0"),
        ("{percentage: 101}", "config.percentage: found the number 101"),
        ("{percentage: many}", "config.percentage: found the text \"many\""),
        ("{share: 5}", "config.share: unknown field \"share\""),
        ("{match: []}", "config.match: found no match"),
        ("{duration: 0s}", "config.duration: found the text \"0s\"; allowed: more than no time"),
        ("{compare: {ignore: [price]}}", "ignore[0]: found the text \"price\"; allowed: status"),
        ("{compare: {alpha: 1}}", "compare.alpha: unknown field"),
        ("{compare: {maxBody: 0}}", "compare.maxBody: found the number 0"),
        ("{compare: {latencyMargin: -1}}", "compare.latencyMargin: found the number -1"),
    ] {
        let found = problem(&with(ROUTED, &format!(", config: {config}")));
        assert!(found.contains(expect), "{config}: {found}");
    }
    assert_eq!(shadow("{percentage: 0}").share, Weight::ZERO);
    let beside = |more: &str| {
        with(ROUTED, "").replace("- plugin: {", &format!("- {more}\n          plugin: {{"))
    };
    let found = problem(&beside("setWeight: 5"));
    assert!(found.contains("a shadow beside another action"), "{found}");
    assert!(read("web.yaml", &beside("setCanaryScale: {replicas: 2}")).is_ok());
    let found = problem(&with("maxSurge: 1", ""));
    assert!(found.contains("needs trafficRouting"), "{found}");
}

fn template(metric: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: shadow}}
spec:
  metrics:
    - {{name: shadow, {metric}}}
"
    )
}

fn settings(plugin: &str) -> ShadowSettings {
    let text = template(&format!("provider: {{plugin: {{tidegate/shadow: {plugin}}}}}"));
    let read = read("a.yaml", &text).unwrap_or_else(|problems| panic!("{problems}")).remove(0);
    match read.resource {
        Resource::AnalysisTemplate(mut found) => match found.metrics.remove(0).provider {
            Provider::Shadow(settings) => settings,
            other => panic!("{other:#?}"),
        },
        other => panic!("{other:#?}"),
    }
}

#[test]
fn a_metric_reads_the_comparison_and_its_conditions_are_checked() {
    let usual = ShadowSettings { alpha: 0.01, least: 100, wait: Duration::from_mins(5) };
    assert_eq!(settings("null"), usual);
    let wait = Duration::from_secs(30);
    let expect = ShadowSettings { alpha: 0.001, least: 10, wait };
    assert_eq!(settings("{alpha: '0.001', minRequests: '10', wait: 30s}"), expect);
    let plugin = "provider: {plugin: {tidegate/shadow: {}}}";
    for (condition, good) in [
        ("result.verdict == 'alike' && result.compared > 100", true),
        ("result.p99 < 2 * result.stableP99 && !result.resumed", true),
        ("result < 1", false),
        ("result.compared + 1", false),
    ] {
        let text = template(&format!("successCondition: \"{condition}\", {plugin}"));
        assert_eq!(read("a.yaml", &text).is_ok(), good, "{condition}");
    }
}
