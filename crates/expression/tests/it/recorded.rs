//! The same as GitHub's own package has it, for thousands of expressions; see `tests/oracle`.

use std::collections::BTreeMap;

use tidegate_expression::{Contexts, Expression, Names, Value};

const CONTEXTS: &str = include_str!("../oracle/contexts.json");
const RECORDED: &str = include_str!("../oracle/recorded.json");
const DIFFERENCES: &str = include_str!("../oracle/differences.json");

/// What becomes of an expression.
#[derive(Debug, PartialEq)]
enum Outcome {
    Value(Value),
    /// It is no expression.
    Refused(String),
    /// It has no value.
    Fails(String),
}

impl Outcome {
    /// As it is here.
    fn of(source: &str, names: &Names, scope: &Contexts) -> Self {
        match Expression::parse(source, names) {
            Err(error) => Self::Refused(error.to_string()),
            Ok(expression) => match expression.evaluate(scope) {
                Ok(value) => Self::Value(value),
                Err(error) => Self::Fails(same_words(&error.message)),
            },
        }
    }

    /// As it is written down.
    fn read(written: &Value) -> Self {
        let Value::Object(members) = written else { panic!("{written:?} is no outcome") };
        let (name, value) = members.iter().next().unwrap();
        match name.as_ref() {
            "value" => Self::Value(plain(value)),
            "refused" => Self::Refused(value.to_string()),
            "fails" => Self::Fails(same_words(&value.to_string())),
            other => panic!("{other} is no outcome"),
        }
    }
}

/// What is wrong with a text that is no JSON is told in each program's own words.
fn same_words(message: &str) -> String {
    let of_json =
        ["Error parsing JSON when evaluating fromJson", "empty input", "Error parsing fromJson"];
    let is_of_json = of_json.iter().any(|start| message.starts_with(start));
    if is_of_json { "no JSON".to_owned() } else { message.to_owned() }
}

/// A value whose objects are written as lists of their members, and `NaN` as a text.
fn plain(written: &Value) -> Value {
    match written {
        Value::List(items) => items.iter().map(plain).collect::<Vec<_>>().into(),
        Value::Object(_) => match written.get("members") {
            Value::List(members) => members.iter().map(member).collect(),
            _ => written.get("not finite").as_text().parse::<f64>().unwrap().into(),
        },
        other => other.clone(),
    }
}

fn pair(written: &Value) -> (&Value, &Value) {
    match written {
        Value::List(parts) => parts.first().zip(parts.get(1)).unwrap(),
        other => panic!("{other:?} is no pair"),
    }
}

fn member(written: &Value) -> (String, Value) {
    let (name, value) = pair(written);
    (name.to_string(), plain(value))
}

/// Pairs of an expression and its outcome.
fn pairs(written: &Value) -> Vec<(String, Outcome)> {
    let Value::List(lines) = written else { panic!("{written:?} is no list") };
    let outcome = |line| {
        let (source, outcome) = pair(line);
        (source.to_string(), Outcome::read(outcome))
    };
    lines.iter().map(outcome).collect()
}

/// Expressions whose outcome is another one here, each with that outcome.
fn differences() -> BTreeMap<String, Outcome> {
    let Value::List(reasons) = Value::from_json(DIFFERENCES).unwrap() else { panic!() };
    reasons.iter().flat_map(|reason| pairs(&reason.get("expressions"))).collect()
}

#[test]
fn outcomes_are_those_of_the_official_package() {
    let contexts = Value::from_json(CONTEXTS).unwrap();
    let Value::Object(members) = &contexts else { panic!() };
    let names = Names::contexts(members.iter().map(|(name, _)| name.as_ref()));
    let scope = Contexts(contexts.clone());
    let recorded = pairs(&Value::from_json(RECORDED).unwrap());
    assert!(recorded.len() > 4_000);
    let mut differences = differences();
    let mut wrong = Vec::new();
    for (source, recorded) in recorded {
        let found = Outcome::of(&source, &names, &scope);
        let expect = match differences.remove(&source) {
            Some(own) if own == recorded => panic!("{source} is no difference any more"),
            Some(own) => own,
            None => recorded,
        };
        if found != expect {
            wrong.push(format!("{source:?}\n    is {found:?}\n    not {expect:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(differences.is_empty(), "never recorded: {:?}", differences.keys());
}
