//! Which of several reasons decides.

use std::time::Duration;

use tidegate_decision::{Action, Condition, Kpi, Rule, Severity, Showing, Unit, default_rules};

use crate::Case;

/// The action, its confidence in percent, the rules that decided, and how soon.
fn check(case: &Case, action: Action, percent: f64, rules: &[&str], time: Option<u64>) {
    let found = case.decide();
    assert_eq!(found.action, action, "{found}");
    assert!((found.confidence * 100.0 - percent).abs() < 0.01, "{found}");
    let decided: Vec<_> = found.violations.iter().map(|one| one.rule.as_str()).collect();
    assert_eq!(decided, rules, "{found}");
    assert_eq!(found.time_to_rollback, time.map(Duration::from_secs), "{found}");
    let watched = (action == Action::MonitorClosely).then(|| Duration::from_mins(30));
    assert_eq!(found.monitoring_duration, watched);
}

#[test]
fn the_first_of_these_decides() {
    use Action::*;
    check(&Case::good(), Continue, 100.0, &[], None);
    let errors = ["error-rate-threshold"];
    check(&Case::good().errors(5.0), Continue, 100.0, &[], None);
    check(&Case::good().errors(5.1), ImmediateRollback, 100.0, &errors, Some(30));
    let late = ["response-time-degradation"];
    check(&Case::good().p95(150.0), Continue, 100.0, &[], None);
    check(&Case::good().p95(151.0), AlertHuman, 70.0, &late, None);
    // A critical rule before all else, a sure prediction before a major rule, that before a guess.
    let all = Case::good().p95(200.0).errors(9.0).predicts(0.95);
    check(&all, ImmediateRollback, 100.0, &errors, Some(30));
    check(&Case::good().p95(200.0).predicts(0.95), ScheduledRollback, 95.0, &[], Some(300));
    check(&Case::good().p95(200.0).predicts(0.9), AlertHuman, 70.0, &late, None);
    check(&Case::good().predicts(0.9), MonitorClosely, 90.0, &[], None);
    check(&Case::good().predicts(0.61), MonitorClosely, 61.0, &[], None);
    check(&Case::good().predicts(0.6), Continue, 40.0, &[], None);
    check(&Case::good().predicts(0.1), Continue, 90.0, &[], None);
}

#[test]
fn conversion_asks_a_person_and_a_leak_of_a_full_memory_asks_nobody() {
    let conversion = |now: f64| Kpi::new(now, Unit::Percent, "").against(4.0);
    let worse = Case::good().with("conversionRate", conversion(3.5));
    check(&worse, Action::AlertHuman, 70.0, &["conversion-rate-impact"], None);
    let fair = Case::good().with("conversionRate", conversion(3.6));
    check(&fair, Action::Continue, 100.0, &[], None);
    let leak = Kpi::new(1.0, Unit::Flag, "");
    let full = Kpi::new(86.0, Unit::Percent, "");
    let case = || Case::good().with("memoryLeak", leak.clone());
    check(&case(), Action::Continue, 100.0, &[], None);
    let leaks = ["memory-leak-detection"];
    let both = case().with("memoryUsage", full.clone());
    check(&both, Action::ImmediateRollback, 100.0, &leaks, Some(30));
    check(&Case::good().with("memoryUsage", full), Action::Continue, 100.0, &[], None);
}

#[test]
fn the_judge_takes_back_what_it_has_shown_and_suspects_the_rest() {
    use Action::*;
    let worse = Case::good().shown(Showing::Worse, 400.0);
    check(&worse, ImmediateRollback, 99.75, &[], Some(30));
    let suspected = Case::good().shown(Showing::Neither, 20.0);
    check(&suspected, MonitorClosely, 95.0, &[], None);
    check(&Case::good().shown(Showing::Neither, 10.0), Continue, 10.0, &[], None);
    check(&Case::good().shown(Showing::NoWorse, 0.01), Continue, 100.0, &[], None);
    let fine = Case::good().shown(Showing::Worse, 400.0).overridden("judge");
    check(&fine, Continue, 100.0, &[], None);
}

fn rule(severity: Severity, auto_rollback: bool, after: Option<u64>) -> Rule {
    Rule {
        name: "ours".to_owned(),
        severity,
        condition: Condition::parse("errorRate >= 0.4").unwrap(),
        message: None,
        auto_rollback,
        rollback_after: after.map(Duration::from_secs),
        overriders: Vec::new(),
    }
}

#[test]
fn severity_and_permission_to_roll_back_make_the_action() {
    use Action::*;
    let check = |severity, auto, after, action, percent, time| {
        let mut case = Case::good();
        case.rules = vec![rule(severity, auto, after)];
        check(&case, action, percent, &["ours"], time);
    };
    check(Severity::Critical, true, None, ImmediateRollback, 100.0, Some(30));
    check(Severity::Critical, false, None, AlertHuman, 70.0, None);
    check(Severity::Major, true, None, AlertHuman, 70.0, None);
    check(Severity::Major, true, Some(90), ScheduledRollback, 70.0, Some(90));
    check(Severity::Major, false, None, AlertHuman, 70.0, None);
    check(Severity::Minor, false, None, MonitorClosely, 50.0, None);
}

#[test]
fn what_is_overridden_does_not_count() {
    let case = Case::good().errors(50.0).p95(300.0);
    let without = case.overridden("error-rate-threshold");
    check(&without, Action::AlertHuman, 70.0, &["response-time-degradation"], None);
    let without = without.overridden("response-time-degradation");
    check(&without, Action::Continue, 100.0, &[], None);
    let sure = Case::good().predicts(0.99).overridden("prediction");
    assert_eq!(sure.decide().action, Action::Continue);
}

#[test]
fn who_may_override_is_named() {
    let mut rule = default_rules().remove(0);
    assert!(!rule.may_be_overridden_by("ada"));
    rule.overriders = vec!["ada".to_owned()];
    assert!(rule.may_be_overridden_by("ada") && !rule.may_be_overridden_by("bob"));
    rule.overriders = vec!["*".to_owned()];
    assert!(rule.may_be_overridden_by("bob"));
}
