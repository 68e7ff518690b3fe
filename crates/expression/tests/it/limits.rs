//! How long, deep and large an expression may be.

use tidegate_expression::{Contexts, Expression, JOB_MEMORY, MAX_LENGTH, MEMORY, Names, Value};

use super::{check_refused, contexts, names};

const TOO_DEEP: &str = "Exceeded max expression depth 50";

fn check_deepest(nested: impl Fn(usize) -> String, levels: usize) {
    let deepest = nested(levels);
    assert!(Expression::parse(&deepest, &names()).is_ok(), "{deepest}");
    check_refused(&nested(levels + 1), TOO_DEEP);
}

#[test]
fn fifty_levels_are_the_most() {
    check_deepest(|levels| "!".repeat(levels) + "true", 49);
    check_deepest(|levels| "github".to_owned() + &".a".repeat(levels), 49);
    check_deepest(|levels| "github".to_owned() + &"[1]".repeat(levels), 49);
    check_deepest(|levels| "github".to_owned() + &".*".repeat(levels), 49);
    check_deepest(|levels| "list[".repeat(levels) + "0" + &"]".repeat(levels), 49);
    check_deepest(|levels| "toJSON(".repeat(levels) + "0" + &")".repeat(levels), 49);
    check_deepest(|levels| "1".to_owned() + &" == 1".repeat(levels), 49);
    check_deepest(|levels| "1 || (1 && (".repeat(levels) + "0" + &"))".repeat(levels), 24);
}

#[test]
fn parentheses_and_chains_are_no_levels() {
    for source in [
        "(".repeat(10_000) + "1" + &")".repeat(10_000),
        "1".to_owned() + &"||1".repeat(5_000),
        "1 && (".repeat(2_000) + "1" + &")".repeat(2_000),
    ] {
        assert!(Expression::parse(&source, &names()).is_ok());
    }
}

#[test]
fn depths_without_end_are_refused() {
    check_refused(&("!".repeat(20_000) + "1"), TOO_DEEP);
    check_refused(&("1".to_owned() + &"<1".repeat(10_000)), TOO_DEEP);
    check_refused(&("list[".repeat(3_000) + "0" + &"]".repeat(3_000)), TOO_DEEP);
}

#[test]
fn what_else_is_wrong_is_told_before_depth() {
    let source = "!".repeat(60) + "nope";
    let position = "Located at position 61 within expression";
    check_refused(&source, &format!("Unrecognized named-value: 'nope'. {position}: {source}"));
}

#[test]
fn so_long_may_it_be() {
    // A pair of surrogates counts twice.
    let quoted = |units: usize| format!("'{}'", "\u{1f600}".repeat(units / 2 - 1));
    assert!(Expression::parse(&quoted(MAX_LENGTH), &names()).is_ok());
    check_refused(&quoted(MAX_LENGTH + 2), "Exceeded max expression length 21000");
}

fn check_memory(source: &str, memory: usize, fits: bool) {
    let text = Value::from("x".repeat(20_000));
    let items = Value::from(vec![text.clone(); 30]);
    let scope = Contexts([("text", text), ("items", items)].into_iter().collect());
    let names = Names::contexts(["text", "items"]);
    let expression = Expression::parse(source, &names).unwrap();
    let value = expression.evaluate_within(memory, &scope);
    assert_eq!(value.is_ok(), fits, "{source}");
    if let Err(error) = value {
        let expect = "The maximum allowed memory size was exceeded while evaluating the following expression: ";
        assert_eq!(error.message, format!("{expect}{expression}"));
    }
}

#[test]
fn so_much_may_be_made() {
    check_memory("format('{0}{0}{0}', text)", MEMORY, true);
    let many = format!("format('{}', text)", "{0}".repeat(30));
    check_memory(&many, MEMORY, false);
    check_memory(&many, JOB_MEMORY, true);
    check_memory("join(items)", MEMORY, false);
    check_memory("toJSON(items)", MEMORY, false);
    check_memory("toJSON(items)", JOB_MEMORY, true);
    check_memory("items.*.*", 100, false);
    check_memory("items.*", 100, false);
}

#[test]
fn what_is_let_go_is_free_again() {
    // Each comparison lets its 800,000 bytes go.
    let one = format!("format('{}', text) == ''", "{0}".repeat(20));
    check_memory(&one, MEMORY, true);
    check_memory(&format!("{one} || {one}"), MEMORY, true);
    // Here both are there at once.
    let both = format!("startsWith({0}, {0})", format!("format('{}', text)", "{0}".repeat(20)));
    check_memory(&both, MEMORY, false);
}

#[test]
fn an_event_of_a_megabyte_can_be_printed() {
    let text = Value::from("x".repeat(1_000_000));
    let scope =
        Contexts([("github", [("body", text)].into_iter().collect())].into_iter().collect());
    let expression = Expression::parse("toJSON(github)", &names()).unwrap();
    assert!(expression.evaluate(&scope).is_ok());
    assert!(expression.evaluate(&contexts()).is_ok());
}
