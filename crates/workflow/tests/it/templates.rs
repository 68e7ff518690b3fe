use tidegate_expression::{Contexts, Value};
use tidegate_workflow::{Kept, Place};

use crate::written::template;

fn contexts() -> Contexts {
    let json = r#"{"github": {"ref": "main", "list": [1, "two"]}, "more": {"b": 2, "c": 3}}"#;
    Contexts(Value::from_json(json).unwrap())
}

fn check(text: &str, expect: &str) {
    let value = template(text).evaluate(&contexts()).unwrap();
    let packed: String = value.to_json().lines().map(str::trim_start).collect();
    assert_eq!(packed, expect, "{text}");
}

fn check_wrong(text: &str, expect: &[&str]) {
    let errors = template(text).evaluate(&contexts()).unwrap_err();
    assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), expect, "{text}");
}

#[test]
fn what_has_no_expression_is_what_it_is() {
    check(
        "[1, 1.5, true, ~, text, '1', {b: 1, a: [x]}]",
        r#"[1,1.5,true,null,"text","1",{"b": 1,"a": ["x"]}]"#,
    );
    assert!(template("{a: [1]}").is_literal());
    assert!(!template("{a: ['${{ 1 }}']}").is_literal());
}

#[test]
fn expressions_stand_anywhere() {
    check("${{ github.list }}", r#"[1,"two"]"#);
    check("'on ${{ github.ref }} {x} it''s ${{ 1 == 1 || 7 }}'", r#""on main {x} it's true""#);
    check("{'${{ github.ref }}': 1, b: '${{ more.b }}'}", r#"{"main": 1,"b": 2}"#);
    check("{a: 1, '${{ insert }}': '${{ more }}'}", r#"{"a": 1,"b": 2,"c": 3}"#);
    check("{'${{ insert }}': {x: '${{ github.ref }}'}, y: 1}", r#"{"x": "main","y": 1}"#);
}

#[test]
fn all_that_is_wrong_is_told_with_its_place() {
    check_wrong(
        "a: ${{ fromJSON('x') }}\nA: 1\n${{ insert }}: 3\n${{ github.list }}: 1\n",
        &[
            "1:4: the expression `fromJSON('x')` has no value: Error parsing fromJson: x is no value (line 1, column 1)",
            "2:1: 'A' is already defined",
            "3:1: expected a mapping to insert, found '3'",
            "4:1: expected a name, found a list",
        ],
    );
    check_wrong("{b: 1, '${{ insert }}': '${{ more }}'}", &["1:8: 'b' is already defined"]);
}

#[test]
fn expressions_are_found_with_their_places() {
    let template =
        template("a: ${{ github.ref }}\nb:\n  - ${{ 1 }}\n  - ${{ more.b }}: ${{ 2 }}\n");
    let found: Vec<_> =
        template.expressions().into_iter().map(|(place, it)| (place, it.to_string())).collect();
    let expect = [(1, 4, "github.ref"), (3, 5, "1"), (4, 5, "more.b"), (4, 20, "2")];
    assert_eq!(
        found,
        expect.map(|(line, column, text)| (Place::new(line, column), text.to_owned()))
    );
}

#[test]
fn what_is_kept_is_the_same_when_it_is_read_again() {
    let value =
        Value::from_json("[12345678901234567, 0.1234567890123456, NaN, -Infinity]").unwrap();
    let kept = serde_json::to_string(&Kept(value.clone())).unwrap();
    assert_eq!(serde_json::from_str::<Kept>(&kept).unwrap(), Kept(value));
}
