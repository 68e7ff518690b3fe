use std::sync::Arc;

use tidegate_expression::{Expression, Names, Value};
use tidegate_workflow::JobResult::{self, Cancelled, Failure, Success};
use tidegate_workflow::{
    Condition, Place, Placed, StepRecord, StepScope, env_context, job_context, steps_context,
};

fn record(id: &str, outcome: JobResult, conclusion: JobResult) -> StepRecord {
    let outputs = vec![("x".to_owned(), format!("of {id}"))];
    StepRecord { id: id.into(), outputs, outcome: Some(outcome), conclusion: Some(conclusion) }
}

fn hash(patterns: &[Arc<str>]) -> Result<String, String> {
    if patterns.is_empty() { Err("no patterns".to_owned()) } else { Ok(patterns.join("+")) }
}

/// The value of an expression in a job that stands so.
fn check(status: JobResult, text: &str, expect: &str) {
    let begun =
        Value::from_json(r#"{"github": {"sha": "abc"}, "matrix": {"os": "linux"}}"#).unwrap();
    let background =
        StepRecord { outcome: None, conclusion: None, ..record("later", Success, Success) };
    let steps = [record("one", Failure, Success), record("__run", Success, Success), background];
    let scope = StepScope::new(&begun, status)
        .with("env", env_context([("A", "1"), ("a", "2"), ("A", "3")]))
        .with("secrets", [("TOKEN", Value::from("hidden"))].into_iter().collect())
        .with("steps", steps_context(&steps))
        .with(
            "job",
            job_context(status, None, Some([("db", Value::from("there"))].into_iter().collect())),
        )
        .with_hash_files(&hash);
    let value = Expression::parse(text, &Names::any()).unwrap().evaluate(&scope);
    let told = value.map_or_else(
        |error| error.message,
        |value| value.to_json().lines().map(str::trim_start).collect(),
    );
    assert_eq!(told, expect, "{text}");
    assert!(!format!("{scope:?}").contains("hidden"));
}

#[test]
fn a_step_sees_its_contexts() {
    check(Success, "format('{0} {1}', github.sha, matrix.os)", r#""abc linux""#);
    check(Success, "format('{0}{1}{2}', env.A, env.a, env.B)", r#""32""#);
    check(Success, "job", r#"{"status": "success","services": {"db": "there"}}"#);
    check(Failure, "job.status", r#""failure""#);
    check(Success, "needs.x.y", "null");
    check(Success, "hashFiles('a', 'b')", r#""a+b""#);
}

#[test]
fn steps_are_seen_by_the_ids_that_people_gave_them() {
    check(
        Success,
        "steps",
        r#"{"one": {"outputs": {"x": "of one"},"outcome": "failure","conclusion": "success"},"later": {"outputs": {"x": "of later"}}}"#,
    );
}

#[test]
fn conditions_ask_how_the_job_stands() {
    let calls = "format('{0} {1} {2} {3}', success(), failure(), cancelled(), always())";
    check(Success, calls, r#""true false false true""#);
    check(Failure, calls, r#""false true false true""#);
    check(Cancelled, calls, r#""false false true true""#);
    let begun = Value::Null;
    let condition = |text: &str| {
        let expression = Expression::parse(text, &Names::any()).unwrap();
        let asks = expression.asks_status();
        let placed = Placed::new(Place::new(1, 1), Arc::new(expression));
        if asks { Condition::Asks(placed) } else { Condition::AndSuccess(placed) }
    };
    for (status, of, expect) in [
        (Success, Condition::Success, true),
        (Failure, Condition::Success, false),
        (Success, condition("1 == 1"), true),
        (Success, condition("github.x"), false),
        (Failure, condition("1 == 1"), false),
        (Failure, condition("always()"), true),
        (Cancelled, condition("!cancelled()"), false),
    ] {
        assert_eq!(StepScope::new(&begun, status).holds(&of), Ok(expect), "{status:?} {of:?}");
    }
    let error = StepScope::new(&begun, Success)
        .holds(&condition("hashFiles('a')"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("1:1: the expression `hashFiles('a')` has no value: "), "{error}");
}
