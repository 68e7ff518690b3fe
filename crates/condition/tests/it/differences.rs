use crate::{check, refusal};

/// Where Tidegate knowingly answers otherwise than expr-lang 1.17.8, so that a change of one of
/// these is seen.
#[test]
fn known_differences_from_expr_lang() {
    // Go refuses an int where a function of the environment takes a float.
    check("isNaN(len([1])) == false", "null", true);
    // Go folds `x && false` before it looks at x; here x has to be a bool.
    assert!(refusal("result.missing && false", "{}").contains("found nil"));
    // Go makes a lookup table of constant lists and then refuses other kinds of keys.
    check(r#"result.code not in ["a", "b"]"#, r#"{"code": 1}"#, true);
    // The order of keys is random in Go, and sorted here.
    check("keys(result) == ['a', 'b', 'c']", r#"{"c":1,"a":2,"b":3}"#, true);
    // A slice of bytes that is no text is an error, not broken text.
    assert!(refusal(r#""ä"[0:1] == "x""#, "null").contains("cuts a character"));
    // Floats beyond the ints: Go leaves the outcome to the processor.
    check("asInt(1e300) == 9223372036854775807", "null", true);
    check("asInt(0/0) == 0", "null", true);
}

#[test]
fn what_needs_a_clock_or_a_method_is_refused_by_name() {
    for (condition, part) in [
        ("now() > 1", "`now` is not available"),
        ("date(\"2024-01-01\") == nil", "`date` is not available"),
        ("duration(\"1h\") == nil", "`duration` is not available"),
        ("timezone(\"UTC\") == nil", "`timezone` is not available"),
        ("b\"ab\" == nil", "byte strings"),
        ("result.Len() > 1", "values have no methods"),
        ("$env == nil", "`$env` alone is not supported"),
        ("len == nil", "`len` is a function; call it as `len(..)`"),
    ] {
        let message = refusal(condition, "1");
        assert!(message.contains(part), "{condition}: {message}");
    }
}
