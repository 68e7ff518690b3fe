//! What a workflow is told: inputs of callers and of those who start it by hand.

use tidegate_expression::{Contexts, Value};
use tidegate_workflow::{Place, called, dispatched};

use crate::written::{inputs, template};

const INPUTS: &str = "
{text: , needed: {required: true}, truth: {type: boolean, default: true}, number: {type: number, default: '${{ github.n }}'},
 level: {type: choice, options: [low, high], default: low}, env: {type: environment}}
";

fn scope() -> Contexts {
    Contexts(Value::from_json(r#"{"github": {"n": 7}}"#).unwrap())
}

fn packed(value: &Value) -> String {
    value.to_json().lines().map(str::trim_start).collect::<String>().replace('"', "")
}

fn check(given: &[(&str, &str)], expect: &str) {
    let given: Vec<_> =
        given.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let told = match dispatched(&inputs(&template(INPUTS)), &given, &scope()) {
        Ok(value) => packed(&value),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    };
    assert_eq!(told, expect);
}

fn check_call(with: &str, expect: &str) {
    let with = template(with).evaluate(&scope()).unwrap();
    let told = match called(&inputs(&template(INPUTS)), Place::new(2, 3), &with, &scope()) {
        Ok(value) => packed(&value),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    };
    assert_eq!(told, expect);
}

#[test]
fn what_is_told_by_hand_becomes_what_its_kind_is() {
    check(&[("needed", "x")], "{text: ,needed: x,truth: true,number: 7,level: low,env: }");
    check(
        &[
            ("NEEDED", "y"),
            ("truth", "false"),
            ("number", "1.50"),
            ("level", "high"),
            ("env", "live"),
        ],
        "{text: ,needed: y,truth: false,number: 1.5,level: high,env: live}",
    );
}

#[test]
fn what_is_told_wrongly_by_hand_is_refused_with_what_is_allowed() {
    check(
        &[("truth", "yes"), ("number", "x"), ("level", "mid"), ("other", "")],
        "Unexpected input 'other': the workflow has text, needed, truth, number, level, env; \
         Required input 'needed' not provided; Input 'truth' is a boolean, and 'yes' is none: true or false; \
         Input 'number' is a number, and 'x' is none: a number; Input 'level' is a choice, and 'mid' is none: low, high",
    );
    check(&[("needed", &"x".repeat(65_536))], "at most 25 inputs of 65535 characters in all");
}

#[test]
fn what_callers_tell_is_of_its_kind() {
    check_call(
        "{needed: 5, number: 2, truth: false}",
        "{text: ,needed: 5,truth: false,number: 2,level: low,env: }",
    );
    check_call(
        "{number: '2', truth: 'true', text: [1]}",
        "2:3: input 'text' is a string, and Array was given; 2:3: Input needed is required, but not provided while calling.; \
         2:3: input 'truth' is a boolean, and String was given; 2:3: input 'number' is a number, and String was given",
    );
    check_call(
        "[]",
        "2:3: expected a mapping of inputs, found a list; 2:3: Input needed is required, but not provided while calling.",
    );
}
