use crate::{check, refusal};

#[test]
fn the_conditions_of_argos_documentation_hold_and_fail_as_described() {
    for (condition, good, bad) in [
        ("result[0] >= 0.95", "[0.99]", "[0.5]"),
        ("len(result) == 0 || result[0] >= 0.95", "[]", "[0.9]"),
        ("result == 'true'", "\"true\"", "\"false\""),
        ("asInt(result) < 5", "\"4\"", "\"5\""),
        ("asFloat(result) <= 0.05", "\"0.01\"", "\"0.5\""),
        ("all(result, # > 0.9)", "[0.91, 1]", "[0.91, 0.9]"),
        ("default(result, 0) < 0.05", "null", "0.06"),
        ("isNil(result)", "null", "0.05"),
        (
            "result.ok && result.successPercent >= 0.90",
            r#"{"ok":true,"successPercent":0.9}"#,
            r#"{"ok":true,"successPercent":0.89}"#,
        ),
        ("result.errors?.count ?? 0 == 0", "", ""),
        ("(result.errors?.count ?? 0) == 0", r#"{"errors":{}}"#, r#"{"errors":{"count":2}}"#),
        ("'alert' not in result.labels", r#"{"labels":["x"]}"#, r#"{"labels":["alert"]}"#),
        (
            "result | filter(.status >= 500) | len() < 2",
            r#"[{"status":500},{"status":200}]"#,
            r#"[{"status":500},{"status":503}]"#,
        ),
        ("0 <= result < 0.01", "0", "0.01"),
        (
            "let rate = result.failed / result.total; rate < 0.1",
            r#"{"failed":1,"total":100}"#,
            r#"{"failed":1,"total":10}"#,
        ),
        ("if result == nil { true } else { result < 1 }", "0", "1"),
        ("result.version matches '^v1\\\\.'", r#"{"version":"v1.2"}"#, r#"{"version":"v10"}"#),
    ] {
        if good.is_empty() {
            assert!(refusal(condition, "{}").contains("put one of them in parentheses"));
            continue;
        }
        check(condition, good, true);
        check(condition, bad, false);
    }
}

/// Both look at the whole result, whatever they are given: so it is in Argo Rollouts.
#[test]
fn is_nil_and_default_ask_about_the_result() {
    check("isNil(result.missing)", "{}", false);
    check("isNil(1)", "null", true);
    check("default(nil, 5) == 7", "7", true);
    check("default(1, 5) == 5", "null", true);
}

#[test]
fn a_result_of_the_wrong_kind_is_an_error_before_anything_is_computed() {
    for (condition, result, part) in [
        ("result > 1", "null", "`>` does not go between nil and int (line 1, column 8)"),
        ("result > 1", "\"a\"", "`>` does not go between string and int"),
        ("result == 'a'", "1", "`==` does not go between float and string"),
        ("false && result == 'a'", "1", "`==` does not go between float and string"),
        ("result.rate > 1", "1", "float has no field `rate` (line 1, column 8)"),
        ("result[0] > 1", "[]", "index 0 is out of range: the length is 0"),
        ("result['a'] > 1", "[1]", "an element of an array is chosen by an int, found string"),
        ("isNaN(result)", "\"a\"", "`isNaN` takes a number, found string"),
        ("len(result) > 1", "5", "`len` takes an array, a map or a string, found float"),
        ("asInt(result) > 1", "\"x\"", "`asInt`: \"x\" is not a number"),
        ("asInt(result) > 1", "null", "`asInt` takes anything, found nil"),
        ("result", "1", "a condition gives true or false; this one gives float"),
        ("result", "null", "a condition gives true or false; this one gives nil"),
        ("result.a", r#"{"a":"x"}"#, "a condition gives true or false; this one gives string"),
        ("result.a.b == 1", "{}", "nil has no field `b`"),
    ] {
        let message = refusal(condition, result);
        assert!(message.contains(part), "{condition} for {result}: {message}");
    }
}
