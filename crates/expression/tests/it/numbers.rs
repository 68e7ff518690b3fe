//! Numbers, read and printed.

use tidegate_expression::Value;

use super::check_text;

fn check_read(text: &str, expect: f64) {
    let number = Value::from(text).as_number();
    assert_eq!(Value::Number(number), Value::Number(expect), "{text}");
}

#[test]
fn texts_that_are_numbers() {
    check_read("", 0.0);
    check_read(" \t\n", 0.0);
    check_read("12", 12.0);
    check_read(" +12. ", 12.0);
    check_read("-.5", -0.5);
    check_read("1E-2", 0.01);
    check_read("1e999", f64::INFINITY);
    check_read("Infinity", f64::INFINITY);
    check_read("-Infinity", f64::NEG_INFINITY);
    check_read("0x1F", 31.0);
    check_read("0o17", 15.0);
    // 32 bits with a sign, as the runner has them.
    check_read("0xffffffff", -1.0);
    check_read("0x100000000", f64::NAN);
    check_read("0o37777777777", -1.0);
}

#[test]
fn texts_that_are_none() {
    for text in [
        ".", "+", "1_000", "1,5", "0x", "0X1", "-0x1", "0o8", "0b1", "1e", "e1", "1e+", "--1",
        "1 2", "Inf", "0x+1", "\u{661}",
    ] {
        check_read(text, f64::NAN);
    }
}

#[test]
fn fifteen_digits_are_printed() {
    check_text("format('{0}', 0.1)", "0.1");
    check_text("format('{0}', 123456.789)", "123456.789");
    check_text("format('{0}', 0.84551240822557006)", "0.84551240822557");
    check_text("format('{0}', -0)", "0");
    check_text("format('{0}', 100)", "100");
    check_text("format('{0}', 2827197126)", "2827197126");
    check_text("format('{0}', 999999999999999)", "999999999999999");
    check_text("format('{0}', 1000000000000000)", "1E+15");
    check_text("format('{0}', 12345678901234567)", "1.23456789012346E+16");
    check_text("format('{0}', -1e100)", "-1E+100");
    check_text("format('{0}', 0.0001)", "0.0001");
    check_text("format('{0}', 0.00001234)", "1.234E-05");
    check_text("format('{0}', 1.005e-4)", "0.0001005");
    check_text("format('{0}', 1e-300)", "1E-300");
    check_text("format('{0}', NaN)", "NaN");
    check_text("format('{0}', -Infinity)", "-Infinity");
    check_text("format('{0}', 1e999)", "Infinity");
    check_text("format('{0}', 99999999999999.95)", "100000000000000");
}
