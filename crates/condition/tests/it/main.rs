//! What conditions mean, what is refused, and what they may cost.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod argo;
mod differences;
mod errors;
mod expr_lang;
mod expressions;
mod hostile;
mod limits;
mod precedence;
mod values;

use serde_json::Value as Json;
use tidegate_condition::{Condition, ConditionError};

/// Reads a condition and decides it for `result`.
fn decide(condition: &str, result: &Json) -> Result<bool, ConditionError> {
    Condition::parse(condition)?.holds(result)
}

/// Expects `condition` to have this outcome for `result`, written as JSON.
fn check(condition: &str, result: &str, expect: bool) {
    let result = serde_json::from_str(result).unwrap();
    match decide(condition, &result) {
        Ok(outcome) => assert_eq!(outcome, expect, "{condition} for {result}"),
        Err(error) => panic!("{condition} for {result}: {error}"),
    }
}

/// The message of the error that `condition` must have for `result`, written as JSON.
fn refusal(condition: &str, result: &str) -> String {
    let result = serde_json::from_str(result).unwrap();
    match decide(condition, &result) {
        Ok(outcome) => panic!("{condition} for {result} is {outcome}, not an error"),
        Err(error) => error.to_string(),
    }
}
