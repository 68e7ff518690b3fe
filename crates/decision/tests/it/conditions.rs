//! The language of conditions, and values that are not known.

use proptest::prelude::*;
use tidegate_decision::{Condition, Kpi, KpiSnapshot, Unit, change_name};

/// `a` is 3, `b.c` 10 beside 8, `leak` so; `lost` could not be had.
fn kpis() -> KpiSnapshot {
    let mut kpis = KpiSnapshot::default();
    kpis.insert("a", Kpi::new(3.0, Unit::Number, ""));
    kpis.insert("b.c", Kpi::new(10.0, Unit::Number, "").against(8.0));
    kpis.insert("leak", Kpi::new(1.0, Unit::Flag, ""));
    kpis.insert("lost", Kpi::missing(Unit::Number, "nobody answered"));
    kpis
}

fn check(text: &str, expect: Option<bool>) {
    let condition = Condition::parse(text).unwrap();
    assert_eq!(condition.holds(&kpis()), expect, "{text}");
    let not = Condition::parse(&format!("!({text})")).unwrap();
    assert_eq!(not.holds(&kpis()), expect.map(|holds| !holds), "not {text}");
}

#[test]
fn values_are_compared_with_numbers() {
    check("a > 2.9", Some(true));
    check("a > 3", Some(false));
    check("a >= 3", Some(true));
    check("a < 3", Some(false));
    check("a<=3", Some(true));
    check("a == 3.0", Some(true));
    check("a != 3", Some(false));
    check("3 < a", Some(false));
    check("2 < a", Some(true));
    check("a > -1e1", Some(true));
    check("b.c > 9", Some(true));
    check("bChange.c == 25", Some(true));
    check("leak", Some(true));
    check("not leak", Some(false));
}

#[test]
fn and_binds_closer_than_or() {
    check("a > 2 || a > 5 && a > 9", Some(true));
    check("(a > 2 || a > 5) && a > 9", Some(false));
    check("a > 2 or a > 5 and a > 9", Some(true));
    check("!leak || a > 2", Some(true));
}

#[test]
fn what_is_not_known_is_unknown_only_where_it_matters() {
    for unknown in ["lost > 1", "other > 1", "other", "aChange > 1", "lostChange < 2"] {
        check(unknown, None);
        check(&format!("{unknown} && a > 5"), Some(false));
        check(&format!("{unknown} && a > 2"), None);
        check(&format!("{unknown} || a > 2"), Some(true));
        check(&format!("a > 5 || {unknown}"), None);
    }
}

#[test]
fn what_is_no_condition_is_told_with_its_place() {
    let check = |text: &str, column: usize, problem: &str| {
        let error = Condition::parse(text).unwrap_err();
        assert_eq!((error.column, error.problem.as_str()), (column, problem), "{text}");
    };
    let value = |found: &str| format!("found {found}; allowed: a value's name or a number");
    check("", 1, &value("the end"));
    check("errorRate >", 12, &value("the end"));
    check("errorRate > 5 %", 15, "found \"%\"; allowed: &&, || or the end");
    check("errorRate > 5%", 14, "found \"%\"; allowed: &&, || or the end");
    check("errorRate => 5", 11, "found \"=\"; allowed: &&, || or the end");
    check("errorRate > 5ms", 13, "found \"5ms\"; allowed: a number such as 5 or -0.5");
    check("errorRate > 1e999", 13, "found \"1e999\"; allowed: a number such as 5 or -0.5");
    check("5", 2, "found the end; allowed: a comparison such as > or <=");
    check("a > b", 4, "a value is compared with a number: errorRate > 5");
    check("(a > 2", 7, "found the end; allowed: )");
    check("a > 2 &&", 9, &value("the end"));
    check("ä > 2", 1, &value("\"ä\""));
    check("a > 2 and not", 14, &value("the end"));
    check(&"(".repeat(40), 33, "it is nested more than 32 deep");
    check(&"a".repeat(1_001), 1, "it is longer than 1000 bytes");
}

#[test]
fn names_are_told_for_whoever_knows_them() {
    let condition = Condition::parse("memoryUsage > 85 && (memoryLeak || !b.c)").unwrap();
    let expect = [("memoryUsage", false), ("memoryLeak", true), ("b.c", true)];
    assert_eq!(condition.names(), expect);
    assert_eq!(change_name("errorRate"), "errorRateChange");
    assert_eq!(change_name("responseTime.p95"), "responseTimeChange.p95");
}

#[test]
fn a_change_is_in_percent_of_the_baseline() {
    let change = |now: f64, from: f64| Kpi::new(now, Unit::Number, "").against(from).change;
    assert_eq!(change(15.0, 10.0), Some(50.0));
    assert_eq!(change(9.0, 10.0), Some(-10.0));
    assert_eq!(change(0.045, 0.05), Some(-10.0));
    assert_eq!(change(-9.0, -10.0), Some(10.0));
    assert_eq!(change(0.0, 0.0), Some(0.0));
    assert_eq!(change(0.1, 0.0), Some(1e6));
    assert_eq!(change(-0.1, 0.0), Some(-1e6));
    assert_eq!(change(1e300, 1e-300), Some(1e6));
    assert_eq!(change(1.0, f64::NAN), None);
    assert_eq!(Kpi::new(100.0 * 0.07, Unit::Percent, "").current, Some(7.0));
    assert_eq!(Kpi::new(f64::NAN, Unit::Number, "").current, None);
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "[a-c0-9.><=!&|() e+-]{0,40}|.{0,60}") {
        if let Ok(condition) = Condition::parse(&text) {
            condition.holds(&kpis());
            let json = serde_json::to_string(&condition).unwrap();
            prop_assert_eq!(serde_json::from_str::<Condition>(&json).unwrap(), condition);
        }
    }
}
