use tidegate_condition::{Condition, ErrorKind};

/// Expects the text to be refused at this place, with this message.
fn check(text: &str, line: usize, column: usize, message: &str) {
    let error = Condition::parse(text).expect_err(text);
    assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
    assert_eq!(error.message, message, "{text}");
}

#[test]
fn mistakes_are_told_with_their_place_and_what_is_allowed() {
    check("", 1, 1, "found the end of the condition where a value is expected");
    check("result <", 1, 9, "found the end of the condition where a value is expected");
    check(
        "result = 1",
        1,
        8,
        "found `=` where an operator or the end is expected; did you mean `==`?",
    );
    check("result & true", 1, 8, "`&` is no operator; did you mean `&&`?");
    check("result @ 1", 1, 8, "the character '@' has no meaning here");
    check("(result > 1", 1, 12, "found the end of the condition where `)` is expected");
    check("[1 2]", 1, 4, "found the number 2 where `,` or `]` is expected");
    check("{1 2}", 1, 4, "found the number 2 where `:` is expected");
    check("result > 1 result", 1, 12, "found `result` where an operator or the end is expected");
    check("result\n  > 1\n  && foo", 3, 6, "the name `foo` is unknown; a condition sees `result`");
    check(
        "resul > 1",
        1,
        1,
        "the name `resul` is unknown; a condition sees `result`; did you mean `result`?",
    );
    check("asint(result) > 1", 1, 1, "there is no function `asint`; did you mean `asInt`?");
    check("lenght(result) > 1", 1, 1, "there is no function `lenght`");
    check("filtr(result, true)", 1, 1, "there is no function `filtr`; did you mean `filter`?");
    check("result()", 1, 1, "`result` is a value, not a function");
    check("len()", 1, 1, "`len` takes 1 argument, found 0");
    check("replace('a', 'b') == ''", 1, 1, "`replace` takes 3 to 4 arguments, found 2");
    check("max() > 1", 1, 1, "`max` takes at least 1 argument, found 0");
    check("all(result)", 1, 1, "`all` takes a list and a predicate");
    check("1 + 'a' == 2", 1, 3, "`+` does not go between int and string");
    check("1 == 'a'", 1, 3, "`==` does not go between int and string");
    check("'a' in 'abc'", 1, 5, "`in` does not go between string and string");
    check("!1", 1, 1, "`!` takes a bool, found int");
    check("-'a' == 1", 1, 1, "`-` takes a number, found string");
    check("1 ? true : false", 1, 1, "`?` and `if` ask for a bool, found int");
    check("upper(1) == ''", 1, 7, "`upper` takes a string, found int");
    check("1 + 1", 1, 3, "a condition gives true or false; this one gives int");
    check(
        "# > 1",
        1,
        1,
        "`#` stands for an element inside of a predicate only, as in `all(result, # > 0)`",
    );
    check("all(result, #acc > 1)", 1, 13, "`#acc` is known in `reduce`, not in `all`");
    check(
        "all(result, #foo > 1)",
        1,
        13,
        "`#foo` is unknown; allowed are `#`, `#index` in `map` and `reduce`, `#acc` in `reduce`",
    );
    check("all(result, 1)", 1, 13, "the predicate of `all` gives a bool, found int");
    check("all(1, # > 1)", 1, 5, "`all` takes an array, found int");
    check("result ?? 1 > 2", 1, 13, "`>` and `??` cannot be mixed; put one of them in parentheses");
    check(
        "result not 1",
        1,
        12,
        "found the number 1 after `not`; allowed are `in`, `matches`, `contains`, `startsWith` and `endsWith`",
    );
    check("let result = 1; true", 1, 5, "`result` exists already; choose another name");
    check("let a = 1; let a = 2; true", 1, 16, "`a` exists already; choose another name");
    check("'abc", 1, 1, "this string is not closed; ' is missing");
    check("`abc", 1, 1, "this string is not closed; ` is missing");
    check("true /* x", 1, 6, "this comment is not closed; `*/` is missing");
    check("1a > 0", 1, 1, "`1a` is not a number");
    check(
        "99999999999999999999 > 0",
        1,
        1,
        "`99999999999999999999` is not a whole number of at most 64 bits",
    );
    check("'a' matches '('", 1, 13, "\"(\" is not a regular expression: unclosed group");
    check("result.", 1, 8, "found the end of the condition where the name of a field is expected");
    check("[1][1.5] == 1", 1, 5, "an element of an array is chosen by an int, found float");
    check("'ä' + 1 == 2", 1, 5, "`+` does not go between string and int");
}

#[test]
fn errors_tell_a_mistake_in_the_text_from_one_in_the_data() {
    for (text, kind) in
        [("1 +", ErrorKind::Syntax), ("foo > 1", ErrorKind::Name), ("1 + 'a' > 1", ErrorKind::Type)]
    {
        assert_eq!(Condition::parse(text).expect_err(text).kind, kind, "{text}");
    }
    let condition = Condition::parse("result[3] > 1").expect("a condition");
    let error = condition.holds(&serde_json::json!([1])).expect_err("out of range");
    assert_eq!(error.kind, ErrorKind::Evaluation);
    assert_eq!(error.to_string(), "index 3 is out of range: the length is 1 (line 1, column 7)");
}
