//! The functions of the language.

use super::{check, check_fails, check_text};

#[test]
fn contains() {
    check("contains('Hello world', 'WORLD')", "true");
    check("contains('abc', '')", "true");
    check("contains(123, 2)", "true");
    check("contains(true, 'RU')", "true");
    check("contains(list, 'ONE')", "true");
    check("contains(list, 'two')", "false");
    check("contains(fromJSON('[1, null]'), '')", "true");
    check("contains(fromJSON('[1]'), true)", "true");
    check("contains(fromJSON('[]'), fromJSON('no JSON'))", "false");
    check("contains(github, 'sha')", "false");
    check("contains('x', list)", "false");
}

#[test]
fn starts_and_ends() {
    check("startsWith('Hello', 'hE')", "true");
    check("startsWith(123, 12)", "true");
    check("startsWith(null, '')", "true");
    check("startsWith(list, '')", "false");
    check("startsWith('', list)", "false");
    check("endsWith('Hello', 'LO')", "true");
    check("endsWith('Hello', 'hello!')", "false");
    check("endsWith(github, fromJSON('no JSON'))", "false");
}

#[test]
fn format() {
    check_text("format('{0}-{1}-{0}', 'a', 2)", "a-2-a");
    check_text("format('{{0}} {0}}}', 'a')", "{0} a}");
    check_text("format('{{{0}}}', null)", "{}");
    check_text("format('{0}', list)", "Array");
    check_text("format('{00}', 'a')", "a");
    check_text("format('no', fromJSON('no JSON'))", "no");
    check_text("format(1)", "1");
}

#[test]
fn formats_that_are_refused() {
    let invalid = |format: &str| {
        let expect = format!("The following format string is invalid: {format}");
        check_fails(&format!("format('{format}', 1)"), &expect);
    };
    for format in [
        "{0", "0}", "{", "}", "{}", "{a}", "{ 0}", "{0 }", "{-1}", "{256}", "{0}}", "{0:", "{0:x",
        "{0:}}",
    ] {
        invalid(format);
    }
    let few = "The following format string references more arguments than were supplied: {0} {1}";
    check_fails("format('{0} {1}', 1)", few);
    check_fails(
        "format('{0:X}}2}', list)",
        "The format specifiers 'X}2' are not valid for objects of type 'Array'",
    );
    check_text("format('{0:}', 5)", "5");
}

#[test]
fn join() {
    check_text("join(list)", "zero,one,Array");
    check_text("join(list, ' + ')", "zero + one + Array");
    check_text("join(list, github)", "zero,one,Array");
    check_text("join(list, null)", "zerooneArray");
    check_text("join('text', '-')", "text");
    check_text("join(1.50)", "1.5");
    check_text("join(null)", "");
    check_text("join(github)", "");
    check_text("join(fromJSON('[]'), fromJSON('no JSON'))", "");
    check_text("join(github.event.labels.*.name, '/')", "a/b");
}

#[test]
fn case() {
    check_text("case(true, 'a', 'b')", "a");
    check_text("case(false, 'a', 1 > 2, 'b', 'c')", "c");
    check_text("case(1 > 2, 'a', 2 > 1, 'b', 'c')", "b");
    check_text("case(true, 'a', fromJSON('no JSON'))", "a");
    check_text("case(true, 'a', fromJSON('no JSON'), 'b', 'c')", "a");
    let wrong = "case predicate must evaluate to a boolean value";
    check_fails("case(1, 'a', 'b')", wrong);
    check_fails("case(false, 'a', 'true', 'b', 'c')", wrong);
}

#[test]
fn their_names_case_does_not_matter() {
    check("CONTAINS('a', 'A') && tojson(FROMJSON('1')) == '1'", "true");
}
