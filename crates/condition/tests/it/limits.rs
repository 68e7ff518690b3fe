use tidegate_condition::{Condition, ErrorKind, MAX_CONDITION_BYTES};

/// Expects `text` to be refused by a limit, be it read or computed. Without the limits each of
/// these would take hours, all memory, or the stack.
fn check(text: &str) {
    let outcome =
        Condition::parse(text).and_then(|condition| condition.holds(&serde_json::json!(1)));
    let error = outcome.expect_err("a limit");
    let shown: String = text.chars().take(60).collect();
    assert_eq!(error.kind, ErrorKind::Limit, "{shown}: {error}");
}

#[test]
fn texts_that_nest_without_end_are_refused() {
    for open in [
        "(",
        "[",
        "-",
        "!",
        "not ",
        "{a:",
        "1+(",
        "len(",
        "all([], ",
        "if true {",
        "let a = ",
        "1 < (",
        "true ? ",
        "true ?: (",
        "[1][",
        "1 | len(",
    ] {
        check(&open.repeat(7000 / open.len()));
    }
    check(&format!("true{}", " || true".repeat(900)));
    check(&format!("result{} == 1", ".a".repeat(2000)));
    check(&format!("{}true", "let a1 = 1; ".repeat(200)));
    check(&format!("{}{{true}}", "if true {true} else ".repeat(300)));
    check(&"a".repeat(MAX_CONDITION_BYTES + 1));
}

#[test]
fn computations_without_end_are_refused() {
    for text in [
        "len(1..1000000000000) > 1",
        "len(-9223372036854775807..9223372036854775807) > 1",
        "all(1..2000, all(1..2000, # > 0))",
        "len(map(1..1000, 1..1000)) == 1 && sum(map(1..1000, sum(1..1000))) > 1",
        "len(repeat('a', 1000000) + repeat('a', 1000000)) > 0 && len(map(1..100, repeat('a', 1000000))) > 0",
        "len(replace(repeat('a', 100000), '', repeat('b', 100000))) > 0",
        "string(reduce(1..100, [#acc, #acc], [])) == ''",
        "reduce(1..100000, [#acc], []) == []",
        "reduce(1..100000, [{a: #acc}], {}) == []",
        "reduce(1..64, #acc + #acc, 'aaaaaaaa') == ''",
        "flatten(reduce(1..60, [#acc, #acc], [])) == []",
        "reduce(1..60, [#acc, #acc], []) == reduce(1..60, [#acc, #acc], [])",
        "toJSON(reduce(1..60, [{a: #acc, b: #acc}], {})) == ''",
        "max(reduce(1..60, [#acc, #acc], [])) == 1",
        "none(1..1000, repeat('a', 20000) matches ('a{1,' + string(#) + '}b'))",
        "'a' matches '(((a{1,100}){1,100}){1,100}){1,100}'",
        "len(uniq(1..10000)) > 0",
        "len(join(map(1..1000, repeat('a', 100000)))) > 0",
    ] {
        check(text);
    }
}

#[test]
fn what_people_write_is_far_from_the_limits() {
    let series: Vec<f64> = (0..1000).map(f64::from).collect();
    let condition = Condition::parse(
        "all(result, # >= 0) && len(filter(result, # > 990)) < 10 && mean(result) < 500",
    );
    let condition = condition.expect("a condition");
    assert_eq!(condition.holds(&serde_json::json!(series)), Ok(true));
    let many = vec!["result < 1"; 90].join(" && ");
    assert!(Condition::parse(&many).is_ok());
}
