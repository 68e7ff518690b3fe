//! How decisions explain themselves.

use serde_json::json;
use tidegate_decision::{Decision, Kpi, Outcome, Showing, Unit};

use crate::Case;

#[test]
fn a_decision_is_told_in_one_line() {
    let check = |case: &Case, expect: &str| assert_eq!(case.decide().to_string(), expect);
    check(
        &Case::good().errors(7.214),
        "immediate_rollback (confidence 1.00): Critical business rule violations detected; \
         error-rate-threshold: errorRate is 7.21 % (> 5; 500 requests in 60 s)",
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
    case.kpis = tidegate_decision::KpiSnapshot::default();
    let decision = case.decide();
    assert_eq!((decision.confidence, &*decision.reason), (0.0, "Nothing could be measured yet"));
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
        "message": "errorRate is 7 % (> 5; 500 requests in 60 s)",
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
