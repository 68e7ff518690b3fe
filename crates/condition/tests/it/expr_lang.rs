use serde_json::Value as Json;

use crate::decide;

/// Expressions with the outcome that expr-lang 1.17.8 gives, compiled and run by Go as Argo
/// Rollouts does it: `[expression, result, type, text of %v]`, or `[expression, result]` where
/// it has an error. The first part is written by hand, the rest by a random generator.
const OUTCOMES: &str = include_str!("expr_lang.jsonl");

/// The number of outcomes with a value, and of errors.
fn compare_all() -> (usize, usize) {
    let (mut values, mut errors) = (0, 0);
    for line in OUTCOMES.lines() {
        let row: Json = serde_json::from_str(line).unwrap();
        let text = |index: usize| row.get(index).and_then(Json::as_str);
        let expression = text(0).unwrap();
        let result = row.get(1).unwrap();
        if let (Some(kind), Some(shown)) = (text(2), text(3)) {
            let quoted = shown.replace('`', "``");
            let wanted = format!(
                "type(({expression}\n)) == \"{kind}\" && string(({expression}\n)) == `{quoted}`"
            );
            assert_eq!(decide(&wanted, result), Ok(true), "{expression} for {result} is {shown}");
            values += 1;
        } else {
            let any = format!("string(({expression}\n)) != \"\"");
            let outcome = decide(&any, result);
            assert!(outcome.is_err(), "{expression} for {result} is an error, not {outcome:?}");
            errors += 1;
        }
    }
    (values, errors)
}

#[test]
fn expressions_mean_what_they_mean_in_expr_lang() {
    let (values, errors) = compare_all();
    assert!(values > 900 && errors > 600, "{values} values and {errors} errors");
}
