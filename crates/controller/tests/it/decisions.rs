//! Decisions on a revision: what they do to its rollout, and rules that people override.

use std::time::Duration;

use tidegate_analysis::{
    AnalysisTemplate, DecisionSettings, MetricTemplate, PrometheusQuery, Provider, Query, Rule,
    RuleCondition, Setting, Severity, Unit, ValueFrom,
};
use tidegate_controller::{Refused, Resource, RolloutView, RunView};
use tidegate_rollout::{AnalysisUse, Command, Phase, RolloutResource, Strategy, TemplateUse};
use tidegate_testkit::Says;

use crate::bench::{Bench, key, rollout, sleep};

/// A number that somebody measures, and a rule that asks a person where it is below 0.9, which `ada`
/// may override.
fn deciding() -> Resource {
    let query = Query::Prometheus(PrometheusQuery::new("orders"));
    let measured = MetricTemplate {
        interval: Some(Setting::Known(Duration::from_secs(1))),
        ..MetricTemplate::new("orders", Provider::Query(query))
    };
    let from = ValueFrom { metric: "orders".into(), baseline: None, unit: Unit::Number };
    let rule = Rule {
        name: "few-orders".to_owned(),
        severity: Severity::Major,
        condition: RuleCondition::parse("orders < 0.9").unwrap(),
        message: None,
        auto_rollback: false,
        rollback_after: None,
        overriders: vec!["ada".to_owned()],
    };
    let settings = DecisionSettings {
        rules: vec![rule],
        values: [("orders".to_owned(), from)].into(),
        ..DecisionSettings::default()
    };
    let decision = MetricTemplate::new("decision", Provider::Decision(Box::new(settings)));
    Resource::AnalysisTemplate(AnalysisTemplate {
        metrics: vec![measured, decision],
        ..AnalysisTemplate::new(key().sibling("deciding"))
    })
}

/// The rollout of the bench, decided on beside its steps.
fn decided(revision: &str) -> RolloutResource {
    let mut rollout = rollout(revision);
    let Strategy::Canary(canary) = &mut rollout.spec.strategy else { unreachable!() };
    canary.default_watch = false;
    canary.background = Some(AnalysisUse {
        templates: vec![TemplateUse { name: "deciding".to_owned(), ..TemplateUse::default() }],
        ..AnalysisUse::default()
    });
    rollout
}

/// A bench whose canary waits for a person: too few orders.
async fn alerted() -> Bench {
    let bench = Bench::with_stable().await;
    bench.metrics.says(Says::Number(0.5));
    bench.apply(deciding()).await;
    bench.apply(Resource::Rollout(decided("v2"))).await;
    bench.until("a person is waited for", |view| waits_in(view, "v2")).await;
    bench
}

/// Whether the rollout pauses because a person has to look at that revision.
fn waits_in(view: &RolloutView, revision: &str) -> bool {
    let alerts = |run: &RunView| {
        run.spec.canary == revision.into() && run.status.message.contains("alert_human")
    };
    view.report.phase == Phase::Paused && view.runs.iter().any(alerts)
}

impl Bench {
    async fn overrides(&self, rule: &str, who: &str) -> Result<(), Refused> {
        self.plane.override_rule(key(), rule, "a known dip", who).await
    }

    async fn ledger(&self, what: &str) -> usize {
        let entries = self.plane.ledger(0, 10_000).await.unwrap();
        entries.iter().filter(|entry| entry.draft.what == what).count()
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_overridden_by_whom_it_names_for_the_revision() {
    let bench = alerted().await;
    for (rule, who, why) in [
        ("few-orders", "bob", "bob may not override \"few-orders\""),
        ("no-orders", "ada", "no rule of Rollout default/web is called \"no-orders\""),
        ("judge", "ada", "ada may not override \"judge\""),
    ] {
        let refused = bench.overrides(rule, who).await.unwrap_err();
        assert!(refused.to_string().starts_with(why), "{refused}");
    }
    assert_eq!(bench.ledger("Overridden").await, 0);
    bench.overrides("few-orders", "ada").await.unwrap();
    assert_eq!(bench.ledger("Overridden").await, 1);
    let bench = bench.restart().await;
    bench.command(Command::Promote).await;
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    let runs = bench.view().runs;
    assert!(runs.iter().all(|run| run.spec.overrides["few-orders"].by == "ada"), "{runs:#?}");
    // Another revision begins with all rules.
    bench.apply(Resource::Rollout(decided("v3"))).await;
    bench.until("a person is waited for", |view| waits_in(view, "v3")).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_decision_there_is_nothing_to_override() {
    let bench = Bench::with_stable().await;
    let refused = bench.overrides("few-orders", "ada").await.unwrap_err();
    assert_eq!(refused.to_string(), "nothing decides on the revision of Rollout default/web");
    let lost = key().sibling("lost");
    let refused = bench.plane.override_rule(lost, "few-orders", "why", "ada").await;
    assert!(matches!(refused, Err(Refused::NotFound { .. })), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn each_change_of_the_decision_is_told() {
    let bench = Bench::with_stable().await;
    bench.apply(deciding()).await;
    bench.apply(Resource::Rollout(decided("v2"))).await;
    sleep(15).await;
    assert_eq!(bench.ledger("Decision").await, 1, "it goes on, and says so once");
    bench.metrics.says(Says::Number(0.5));
    bench.until("it pauses", |view| waits_in(view, "v2")).await;
    assert_eq!(bench.ledger("Decision").await, 2);
}
