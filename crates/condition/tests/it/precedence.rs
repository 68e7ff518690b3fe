use crate::check;

/// Each pair of neighbours in the table of binding strengths, and which way equals group.
#[test]
fn operators_bind_as_in_expr_lang() {
    for (condition, same) in [
        ("true || false && false", "true || (false && false)"),
        ("not false || true && false", "(not false) || (true && false)"),
        ("!false == true", "(!false) == true"),
        ("1 + 2 == 3 && 2 < 3", "((1 + 2) == 3) && (2 < 3)"),
        ("1 in [1] == true", "(1 in [1]) == true"),
        ("1..2 + 1 == [1, 2, 3]", "(1..(2 + 1)) == [1, 2, 3]"),
        ("1 + 2 * 3 == 7", "(1 + (2 * 3)) == 7"),
        ("10 - 2 - 3 == 5", "((10 - 2) - 3) == 5"),
        ("2 * -3 == -6", "(2 * (-3)) == -6"),
        ("-2 ** 2 == -4", "(-(2 ** 2)) == -4"),
        ("2 ** 3 ** 2 == 512", "(2 ** (3 ** 2)) == 512"),
        ("2 * 3 ** 2 == 18", "(2 * (3 ** 2)) == 18"),
        ("100 / 10 / 2 == 5", "((100 / 10) / 2) == 5"),
        ("7 % 4 * 2 == 6", "((7 % 4) * 2) == 6"),
        ("1 + nil ?? 2 == 3", "(1 + (nil ?? 2)) == 3"),
        ("[1, 2] | len() == 2", ""),
        ("1 < 2 ? true : false", "(1 < 2) ? true : false"),
        ("true ? true : false ? false : false", "true ? true : (false ? false : false)"),
        ("'a' + 'b' contains 'b'", "('a' + 'b') contains 'b'"),
        (
            "'a' not in ['b'] and 'a' not contains 'b'",
            "(not ('a' in ['b'])) and (not ('a' contains 'b'))",
        ),
        ("1 < 2 < 3", "(1 < 2) and (2 < 3)"),
    ] {
        check(condition, "null", true);
        if !same.is_empty() {
            check(same, "null", true);
        }
    }
    check("3 > 2 > 2", "null", false);
    check("(10 - (2 - 3)) == 5", "null", false);
    check("((2 ** 3) ** 2) == 512", "null", false);
}
