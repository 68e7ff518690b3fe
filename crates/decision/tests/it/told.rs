//! How decisions explain themselves.

use serde_json::json;
use tidegate_decision::{
    Condition, Decision, Kpi, KpiSnapshot, Outcome, Rule, Severity, Showing, Unit,
};

use crate::Case;

#[test]
fn a_decision_is_told_in_one_line() {
    let check = |case: &Case, expect: &str| assert_eq!(case.decide().to_string(), expect);
    check(
        &Case::good().errors(7.214),
        "immediate_rollback (confidence 1.00): Critical business rule violations detected; \
         error-rate-threshold: Error rate 7.21% exceeds critical threshold of 5%: errorRate is \
         7.21 % (> 5; 500 requests in 60 s)",
    );
    check(
        &Case::good().predicts(0.93),
        "scheduled_rollback (confidence 0.93) in 5m: ML model predicts high rollback probability: \
         it looks like last time",
    );
    check(&Case::good(), "continue (confidence 1.00): All metrics within acceptable ranges");
}

#[test]
fn it_says_what_it_would_have_taken() {
    let otherwise = |case: &Case| case.decide().otherwise;
    assert_eq!(
        otherwise(&Case::good().errors(7.0)),
        ["error-rate-threshold would be kept if errorRate fell by 2 % to 5 %"]
    );
    let expect = [
        "error-rate-threshold would be violated if errorRate rose by 4.6 % to 5 %",
        "response-time-degradation would be violated if responseTimeChange.p95 rose by 50 % to 50 %",
        "conversion-rate-impact would be violated if conversionRateChange fell by 10 % to -10 %",
        "memory-leak-detection would be violated if memoryUsage rose by 45 % to 85 % and memoryLeak \
         were so",
        "judge: errors, evidence 1 : 3",
    ];
    assert_eq!(otherwise(&Case::good().shown(Showing::Neither, 3.0)), expect);
}

#[test]
fn what_is_missing_neither_passes_nor_fails() {
    let missing = Kpi::missing(Unit::Percent, "30 requests of 100 that are needed");
    let decision = Case::good().with("errorRate", missing).decide();
    let found = &decision.rules[0];
    assert_eq!(found.outcome, Outcome::Unknown);
    let expect = "errorRate is not known: 30 requests of 100 that are needed";
    assert_eq!(found.message, expect);
    assert_eq!(decision.reason, "All metrics within acceptable ranges, as far as they are known");
}

#[test]
fn where_nothing_is_known_nothing_is_claimed() {
    let mut case = Case::good();
    case.kpis = KpiSnapshot::default();
    let decision = case.decide();
    assert_eq!((decision.confidence, &*decision.reason), (0.0, "Too little is known yet"));
    assert!(decision.rules.iter().all(|rule| rule.outcome == Outcome::Unknown));
}

#[test]
fn its_json_has_the_names_that_are_documented() {
    let decision = Case::good().errors(7.0).decide();
    let json = serde_json::to_value(&decision).unwrap();
    assert_eq!(json["action"], "immediate_rollback");
    assert_eq!(json["timeToRollback"], "30s");
    let expect = json!([{
        "type": "critical",
        "rule": "error-rate-threshold",
        "message": "Error rate 7% exceeds critical threshold of 5%: errorRate is 7 % (> 5; 500 requests in 60 s)",
        "autoRollback": true,
    }]);
    assert_eq!(json["violations"], expect);
    let watched = serde_json::to_value(Case::good().predicts(0.7).decide()).unwrap();
    assert_eq!(
        (&watched["monitoringDuration"], &watched["timeToRollback"]),
        (&json!("30m"), &json!(null))
    );
    for kept in [json, watched] {
        let read: Decision = serde_json::from_value(kept.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), kept);
    }
}

/// A case of one rule, and `lost` unknown.
fn under(condition: &str) -> Case {
    let mut case = Case::good().errors(0.4).p95(100.0);
    case.rules = vec![Rule {
        name: "r".to_owned(),
        severity: Severity::Major,
        condition: Condition::parse(condition).unwrap(),
        message: None,
        auto_rollback: false,
        rollback_after: None,
        overriders: Vec::new(),
    }];
    case
}

#[test]
fn what_it_would_have_taken_follows_the_condition() {
    let check = |condition: &str, expect: &str| {
        assert_eq!(under(condition).decide().otherwise, [expect], "{condition}");
    };
    check(
        "errorRate > 5 || memoryUsage > 85",
        "r would be violated if errorRate rose by 4.6 % to 5 % or memoryUsage rose by 45 % to 85 %",
    );
    check(
        "errorRate < 5 || memoryUsage < 85",
        "r would be kept if errorRate rose by 4.6 % to 5 % and memoryUsage rose by 45 % to 85 %",
    );
    check(
        "errorRate < 5 && memoryUsage < 85",
        "r would be kept if errorRate rose by 4.6 % to 5 % or memoryUsage rose by 45 % to 85 %",
    );
    check("!memoryLeak", "r would be kept if memoryLeak were so");
    check("!(errorRate < 5)", "r would be violated if errorRate rose by 4.6 % to 5 %");
    check(
        "memoryLeak && (errorRate > 5 || memoryUsage > 85)",
        "r would be violated if memoryLeak were so and (errorRate rose by 4.6 % to 5 % or \
         memoryUsage rose by 45 % to 85 %)",
    );
    check("memoryLeak && lost > 2", "r would be violated if memoryLeak were so and lost were > 2");
    check("errorRate >= 0.4", "r would be kept if errorRate were not >= 0.4");
}

#[test]
fn a_value_beyond_its_bound_looks_beyond_it() {
    let message =
        |percent: f64| Case::good().errors(percent).decide().violations[0].message.clone();
    let close = message(5.001);
    assert!(close.starts_with("Error rate 5.001% exceeds"), "{close}");
    assert!(close.contains("errorRate is 5.001 % (> 5;"), "{close}");
}

#[test]
fn the_default_rules_say_what_is_wrong() {
    let message = |case: Case| case.decide().violations[0].message.clone();
    let late = message(Case::good().p95(151.0));
    assert!(late.starts_with("P95 response time increased by 51%: "), "{late}");
    let sold = Kpi::new(0.044, Unit::Number, "").against(0.05);
    let fewer = message(Case::good().with("conversionRate", sold));
    assert!(fewer.starts_with("Conversion rate decreased by 12%: "), "{fewer}");
    let full = Case::good().with("memoryUsage", Kpi::new(90.0, Unit::Percent, ""));
    let leaks = message(full.with("memoryLeak", Kpi::new(1.0, Unit::Flag, "")));
    assert!(leaks.starts_with("Potential memory leak detected: "), "{leaks}");
}

#[test]
fn what_was_overridden_is_not_called_acceptable() {
    let reason = |case: &Case| case.decide().reason;
    let all = "All metrics within acceptable ranges";
    let case = Case::good().errors(9.0).overridden("error-rate-threshold");
    assert_eq!(reason(&case), format!("{all}, beside 1 overridden"));
    let case = case.shown(Showing::Worse, 400.0).overridden("judge");
    assert_eq!(reason(&case), format!("{all}, beside 2 overridden"));
    assert_eq!(reason(&Case::good().overridden("error-rate-threshold")), all);
}

/// With the memory of one of four rules known, and nothing of the answers.
#[test]
fn what_is_not_known_makes_it_less_sure() {
    let mut case = Case::good();
    case.kpis = KpiSnapshot::default();
    case.kpis.insert("memoryUsage", Kpi::new(40.0, Unit::Percent, ""));
    let seen = |case: &Case| {
        let found = case.decide();
        (found.confidence, found.known, found.reason)
    };
    let little = (0.25, false, "Too little is known yet".to_owned());
    assert_eq!(seen(&case.shown(Showing::Neither, 1.0)), little);
    let mut case = Case::good();
    case.kpis = KpiSnapshot::default();
    let far = "All metrics within acceptable ranges, as far as they are known".to_owned();
    assert_eq!(seen(&case.shown(Showing::NoWorse, 1.0)), (0.2, true, far.clone()));
    let answers = Case::good().with("memoryUsage", Kpi::missing(Unit::Percent, "no limit"));
    let answers = answers.with("memoryLeak", Kpi::missing(Unit::Flag, "no limit"));
    assert_eq!(seen(&answers), (0.75, true, far));
    // Who asks for the load alone gets it.
    assert!(under("memoryUsage > 85").decide().known);
}
