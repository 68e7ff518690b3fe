//! `fromJSON` and `toJSON`.

use tidegate_expression::{MAX_JSON_DEPTH, Value};

use super::{check_fails, check_text, value_of};

fn check_read(json: &str, expect: &Value) {
    assert_eq!(Value::from_json(json).as_ref(), Ok(expect), "{json}");
}

fn check_malformed(json: &str, expect: &str) {
    assert_eq!(Value::from_json(json).unwrap_err().to_string(), expect, "{json}");
}

/// Expects two JSON texts to be the same value.
fn check_same(json: &str, plain: &str) {
    check_read(json, &Value::from_json(plain).unwrap());
}

#[test]
fn values() {
    check_read("null", &Value::Null);
    check_read(" true ", &Value::Bool(true));
    check_read("-12.5e1", &Value::Number(-125.0));
    check_read(r#""a\u00e9\n\"\\\/\ud83d\ude00""#, &"a\u{e9}\n\"\\/\u{1f600}".into());
    check_read(r#""\ud83d!""#, &"\u{fffd}!".into());
    check_read(
        "[1, [], {}]",
        &vec![1.0.into(), vec![].into(), Value::from_json("{}").unwrap()].into(),
    );
    check_read(r#"{"a": 1}"#, &[("a", Value::Number(1.0))].into_iter().collect());
}

#[test]
fn what_the_runner_takes_and_json_does_not_have() {
    check_same("[1, 2,]", "[1, 2]");
    check_same(
        "{'a': 'it\"s', b_$: .5, /* c */ c: 0x1F, // d\n }",
        r#"{"a": "it\"s", "b_$": 0.5, "c": 31}"#,
    );
    check_same("017", "15");
    check_same("[1] and more", "[1]");
    check_same("\"a\nb\"", r#""a\nb""#);
    check_read("[NaN, -Infinity]", &vec![f64::NAN.into(), f64::NEG_INFINITY.into()].into());
}

#[test]
fn of_two_members_of_one_name_the_later_value_holds() {
    check_same(r#"{"a": 1, "b": 2, "A": 3}"#, r#"{"a": 3, "b": 2}"#);
}

#[test]
fn what_is_malformed_is_told_with_its_place() {
    check_malformed("", "it ends where a value should be (line 1, column 1)");
    check_malformed(" \n ", "it ends where a value should be (line 2, column 2)");
    check_malformed("[1 2]", "unexpected '2' where ',' or ']' should be (line 1, column 4)");
    check_malformed("[1", "it ends where ',' or ']' should be (line 1, column 3)");
    check_malformed("{\"a\" 1}", "unexpected '1' where ':' should be (line 1, column 6)");
    check_malformed("{,}", "unexpected ',' where a name should be (line 1, column 2)");
    check_malformed("[\n  nope]", "nope is no value (line 2, column 3)");
    check_malformed("1x", "1x is no number (line 1, column 1)");
    check_malformed("-", "- is no number (line 1, column 1)");
    check_malformed("\"a", "a text that does not end (line 1, column 3)");
    check_malformed("\"a\\", "a text that does not end (line 1, column 4)");
    check_malformed(r#""\u12x4""#, "\\u without its four hexadecimal digits (line 1, column 3)");
    check_malformed(r#""\q""#, "\\q is no escape (line 1, column 3)");
    check_malformed("/* 1", "a comment that does not end (line 1, column 1)");
    check_fails(
        "fromJSON('')",
        "Error parsing fromJson: it ends where a value should be (line 1, column 1)",
    );
}

#[test]
fn json_may_be_so_deep() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let source = |depth: usize| format!("fromJSON('{}')", nested(depth));
    assert_eq!(value_of(&source(MAX_JSON_DEPTH)).to_exact_json(), nested(MAX_JSON_DEPTH));
    let error = "Error parsing fromJson: it is nested too deep (line 1, column 65)";
    check_fails(&source(MAX_JSON_DEPTH + 1), error);
    // What holds such values.
    assert!(Value::from_json(&nested(2 * MAX_JSON_DEPTH)).is_ok());
    check_malformed(&nested(200), "it is nested too deep (line 1, column 129)");
}

#[test]
fn values_are_printed_with_two_blanks() {
    check_text("toJSON(fromJSON('{}'))", "{}");
    check_text("toJSON(fromJSON('[]'))", "[]");
    check_text(
        r#"toJSON(fromJSON('{"b":[1,{"a":null}],"a":{},"10":"x"}'))"#,
        "{\n  \"b\": [\n    1,\n    {\n      \"a\": null\n    }\n  ],\n  \"a\": {},\n  \"10\": \"x\"\n}",
    );
    check_text("toJSON(1e15)", "1E+15");
    let signs = "a\"\\\n\u{7f}\u{85}\u{2028}\u{1f}/";
    check_text(&format!("toJSON('{signs}''')"), "\"a\\\"\\\\\\n\u{7f}\\u0085\\u2028\\u001f/'\"");
}

#[test]
fn nothing_is_lost_of_what_is_printed_exactly() {
    let check = |json: &str| assert_eq!(Value::from_json(json).unwrap().to_exact_json(), json);
    check(r#"{"b":[1234567890123456800,0.1,5e-324,-1e300,-0],"a":{},"c":null,"d":"\"","e":false}"#);
    check("[NaN,Infinity,-Infinity]");
    assert_eq!(Value::Number(-0.0).to_exact_json(), "-0");
}

#[test]
fn what_is_printed_is_read_again() {
    let value = value_of("github");
    assert_eq!(Value::from_json(&value.to_json()), Ok(value));
}
