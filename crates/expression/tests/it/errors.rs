//! What is refused, with which words, and where.

use tidegate_expression::{Expression, ParseErrorKind, Span};

use super::{check_refused, names};

/// Expects what is between the two `^` to be an unexpected symbol.
fn check_symbol(marked: &str) {
    let parts: Vec<&str> = marked.split('^').collect();
    let [before, symbol, _] = parts[..] else { panic!("{marked} has not two marks") };
    let source = parts.concat();
    let position = before.encode_utf16().count() + 1;
    let expect = format!(
        "Unexpected symbol: '{symbol}'. Located at position {position} within expression: {source}"
    );
    check_refused(&source, &expect);
    let error = Expression::parse(&source, &names()).unwrap_err();
    assert_eq!(error.kind, ParseErrorKind::UnexpectedSymbol);
    assert_eq!(error.span, Span { start: before.len(), end: before.len() + symbol.len() });
}

#[test]
fn symbols_that_cannot_stand_there() {
    for marked in [
        "^>^ 1",
        "1 < ^)^",
        "1 ^2^",
        "(1)^2^",
        "toJSON(1)^2^",
        "number ^2^",
        "github.sha ^2^",
        "github['sha']^2^",
        "github.^(^)",
        "github.^1^",
        "github^]^",
        "github[^]^",
        "list[1^)^",
        "list[*^.^a]",
        "list[* ^==^ 1]",
        "list.^[^0]",
        "(1^,^",
        "(1^,^ 2)",
        "contains(1, (2^,^ 3))",
        "contains(^,^ 1)",
        "contains(1, 2^]^",
        "contains('a', 'b',^)^",
        "(^)^",
        "true^(^)",
        "'a'^.^b",
        "'a'^[^0]",
        "1 ^.^5",
        "1 ^=^ < 2",
        "1 ^=2^ =3",
        "1 ^&^ 2",
        "1 ^|2^ |3",
        "1 ^@abc^ 2",
        "^\"a\"^",
        "^'foo^",
        "1 && ^'it''s^",
        "^0xFZ^",
        "^-0xFF^",
        "^-Inf^",
        "^1.2.3^",
        "^..github/a.md^ && 1",
        "^github/a^.md",
        "^\u{1f60a}^ Emoji",
        "'\u{1f60a}' ^x^",
        "^*^",
        "1 ^*^ 2",
        "github.*^*^",
        "^%^",
        "1 ^!^ 2",
        "1 ^!^true",
    ] {
        check_symbol(marked);
    }
}

#[test]
fn expressions_that_end_too_early() {
    check_refused(
        "1 <",
        "Unexpected end of expression: '<'. Located at position 3 within expression: 1 <",
    );
    check_refused(
        "(",
        "Unexpected end of expression: '('. Located at position 1 within expression: (",
    );
    check_refused(
        "!",
        "Unexpected end of expression: '!'. Located at position 1 within expression: !",
    );
    check_refused(
        "github.",
        "Unexpected end of expression: '.'. Located at position 7 within expression: github.",
    );
    check_refused(
        "list[*",
        "Unexpected end of expression: '*'. Located at position 6 within expression: list[*",
    );
    check_refused(
        "toJSON(github ",
        "Unexpected end of expression: 'github'. Located at position 8 within expression: toJSON(github ",
    );
    check_refused(
        " true ||( false && false",
        "Unexpected end of expression: 'false'. Located at position 20 within expression:  true ||( false && false",
    );
}

#[test]
fn names_that_nobody_knows() {
    check_refused(
        "github.sha == inputs.a",
        "Unrecognized named-value: 'inputs'. Located at position 15 within expression: github.sha == inputs.a",
    );
    check_refused(
        "True",
        "Unrecognized named-value: 'True'. Located at position 1 within expression: True",
    );
    check_refused(
        "false && nope ()",
        "Unrecognized function: 'nope'. Located at position 10 within expression: false && nope ()",
    );
    check_refused(
        "success()",
        "Unrecognized function: 'success'. Located at position 1 within expression: success()",
    );
}

#[test]
fn positions_are_counted_over_lines() {
    check_refused(
        "github.sha == 'x'\n && !contains(steps.a)",
        "Unrecognized named-value: 'steps'. Located at position 33 within expression: github.sha == 'x'\n && !contains(steps.a)",
    );
}

#[test]
fn what_is_wrong_first_is_told_first() {
    check_refused(
        "steps.a @ 1",
        "Unrecognized named-value: 'steps'. Located at position 1 within expression: steps.a @ 1",
    );
}

#[test]
fn numbers_of_arguments() {
    check_refused(
        "!join()",
        "Too few parameters supplied: 'join'. Located at position 2 within expression: !join()",
    );
    check_refused(
        "toJson(1, 2)",
        "Too many parameters supplied: 'toJson'. Located at position 1 within expression: toJson(1, 2)",
    );
    check_refused(
        "case(true, 1, false, 2)",
        "Even number of parameters supplied, requires an odd number of parameters: 'case'. Located at position 1 within expression: case(true, 1, false, 2)",
    );
    check_refused(
        "case(true, 1)",
        "Too few parameters supplied: 'case'. Located at position 1 within expression: case(true, 1)",
    );
}
