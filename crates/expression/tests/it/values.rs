//! Operators over values of every kind, indexes and filters.

use super::{check, check_text};

#[test]
fn literals() {
    check("null", "null");
    check("true", "true");
    check("-1.5e1", "-15");
    check_text("'it''s ''''so'''", "it's ''so'");
    check("", "null");
    check(" \n ", "null");
}

#[test]
fn operators_bind_as_in_other_languages() {
    check("1 == 1 && 2 > 1 || false", "true");
    check("true || false && false", "true");
    check("(true || false) && false", "false");
    check("!true == false", "true");
    check("!(true == false)", "true");
    check("1 < 2 == true", "true");
    check("3 > 2 > 1", "false");
    check("!!'x'", "true");
}

#[test]
fn the_last_operand_that_was_looked_at_is_the_value() {
    check("'' || 'x'", "\"x\"");
    check("'a' && 0 && 'b'", "0");
    check("null || false || ''", "\"\"");
    check("nothing && fromJSON('no JSON')", "null");
    check("number || fromJSON('no JSON')", "7");
}

#[test]
fn kinds_are_converted_to_numbers() {
    check("null == false", "true");
    check("null == 0", "true");
    check("'' == 0", "true");
    check("' 0x10 ' == 16", "true");
    check("'a' == 0", "false");
    check("true == '1'", "true");
    check("true == 'true'", "false");
    check("NaN == NaN", "false");
    check("NaN != NaN", "true");
    check("null >= null", "true");
    check("null > null", "false");
    check("true > false", "true");
    check("'a' < 1", "false");
    check("'a' >= 1", "false");
}

#[test]
fn the_case_of_letters_does_not_matter() {
    check("'ABC' == 'abc'", "true");
    check("'ABC' < 'abd'", "true");
    check("'Z' > '_'", "false");
    check("'\u{fc}' == '\u{dc}'", "true");
    check("'\u{3c2}' == '\u{3c3}'", "true");
    check("'\u{1f80}' == '\u{1f88}'", "true");
    check("'\u{1fb3}' == '\u{1fbc}'", "true");
    // One character each: `ss` is not a capital of the sharp s, and neither `i` is the other's.
    check("'\u{df}' == 'ss'", "false");
    check("'\u{131}' == 'I'", "false");
    check("'\u{130}' == 'i'", "false");
    check("'\u{17f}' == 's'", "false");
}

#[test]
fn texts_are_ordered_by_utf_16() {
    // The first is one unit (U+FF5E), the second a pair that begins with a lower one.
    check("'\u{ff5e}' > '\u{1f600}'", "true");
}

#[test]
fn arrays_and_objects_are_equal_to_themselves_alone() {
    check("github == github", "true");
    check("github.event == github.event", "true");
    check("list == list", "true");
    check("fromJSON('[]') == fromJSON('[]')", "false");
    check("list == 'Array'", "false");
    check("list > 0 || list < 0 || list >= 0", "false");
}

#[test]
fn members_are_found_by_name_and_index() {
    check_text("github.sha", "abc");
    check_text("GitHub['REF']", "refs/heads/main");
    check("github.missing.more", "null");
    check("list[1]", "\"one\"");
    check("list['1']", "\"one\"");
    check("list[1.9]", "\"one\"");
    check("list['']", "\"zero\"");
    check("list[-1]", "null");
    check("list[3]", "null");
    check("list[NaN]", "null");
    check("list[Infinity]", "null");
    check("list[list]", "null");
    check("list.one", "null");
    check("fromJSON('{\"2\": 5}')[2]", "5");
    check("fromJSON('{\"Array\": 5}')[list]", "null");
    check("number.a", "null");
    check("(github).sha == (((github)))['sha']", "true");
    check_text("github [ 'sha' ]", "abc");
}

#[test]
fn an_index_into_nothing_is_not_evaluated() {
    check("nothing[fromJSON('no JSON')]", "null");
}

#[test]
fn filters_look_into_each_item() {
    check("github.event.labels.*.name", r#"["a", "b"]"#);
    check("github.event.labels[*].on", "[true]");
    check("nested.*.v", "[1, 2]");
    check("nested.*.w[0]", "[10, 30]");
    check("nested.*.w.*", "[10, 20, 30]");
    check("nested.*['w'][1]", "[20]");
    check("nested.*", r#"[{"v": 1, "w": [10, 20]}, {"v": 2, "w": [30]}, 3]"#);
    check("number.*", "[]");
    check("nothing.*.a", "[]");
    check("(nested.*).v", "[1, 2]");
    check("contains(github.event.labels.*.name, 'B')", "true");
    check("github.event.labels.name", "null");
}
