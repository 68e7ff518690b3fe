//! Expressions printed with no more than they need.

use tidegate_expression::{Expression, Names};

fn check(source: &str, expect: &str) {
    let expression = Expression::parse(source, &Names::any()).unwrap();
    assert_eq!(expression.to_string(), expect);
    assert_eq!(Expression::parse(expect, &Names::any()), Ok(expression));
}

#[test]
fn parentheses() {
    check("((a)&&(b))||(c)", "a && b || c");
    check("(a||b)&&c", "(a || b) && c");
    check("a&&(b&&c)", "a && b && c");
    check("a==(b==c)", "a == (b == c)");
    check("(a==b)==c", "a == b == c");
    check("!(a==b)", "!(a == b)");
    check("!!(a)", "!!a");
    check("(!a).b", "(!a).b");
    check("('a').b", "('a').b");
    check("(a.b)[0]", "a.b[0]");
}

#[test]
fn literals() {
    check("a['b-c']['1']['d e']", "a.b-c['1']['d e']");
    check("a[*][b]", "a.*[b]");
    check("'it''s'", "'it''s'");
    check("-0.5e2 == +1", "-50 == 1");
    check("1e300", "1e300");
    check("NaN != -Infinity", "NaN != -Infinity");
    check("fromjson ( null )", "fromJSON(null)");
    check("", "");
}
