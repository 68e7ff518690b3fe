use tidegate_workflow_commands::Masker;

/// The text as it is shown when this is secret.
fn check(secret: &str, text: &str, expect: &str) {
    let mut masker = Masker::new();
    masker.add_value(secret).unwrap();
    assert_eq!(masker.mask(text), expect, "{secret:?} in {text:?}");
}

#[test]
fn as_it_is() {
    check("hunter2", "the word is hunter2!", "the word is ***!");
    check("hunter2", "the word is hunter3!", "the word is hunter3!");
}

#[test]
fn base64_behind_any_number_of_bytes() {
    // base64 of "hunter22", of "x:hunter22" and of "ab:hunter22".
    check("hunter22", "aHVudGVyMjI=", "***");
    check("hunter22", "eDpodW50ZXIyMg==", "eDpo***");
    check("hunter22", "YWI6aHVudGVyMjI=", "YWI6***");
    check("hunter22", "YTpodW50ZXIyMg==", "YTpo***");
    check("hunter22", "YWJjOmh1bnRlcjIy", "YWJjOmh1***");
    check("a", "YQ==", "***");
}

#[test]
fn quotes_on_a_command_line() {
    check(r#"pass"word"#, r#"-e "P=pass\"word""#, r#"-e "P=***""#);
}

#[test]
fn quotes_in_an_expression() {
    check("pass'word", "'pass''word'", "'***'");
}

#[test]
fn json_text() {
    check("a\"b\\c\nd\te", r#"{"k":"a\"b\\c\nd\te"}"#, r#"{"k":"***"}"#);
    check("bell\u{7}\u{b}end", r"bell\u0007\u000bend", "***");
    check("c\u{8}\u{c}\r\u{85}\u{2028}", r"c\b\f\r\u0085\u2028", "***");
    check("p/q'r ä", "p/q'r ä", "***");
}

#[test]
fn uri_data() {
    check("a b/c?d=é~._-", "?q=a%20b%2Fc%3Fd%3D%C3%A9~._-", "?q=***");
    check("100%", "100%25", "***");
}

#[test]
fn xml_data() {
    check("<a href='x'>\"&", "<t>&lt;a href=&apos;x&apos;&gt;&quot;&amp;</t>", "<t>***</t>");
}

#[test]
fn quotes_around_a_long_secret() {
    check("\"1234567\"", "1234567", "***");
    check("\"123456\"", "123456", "123456");
    check("\"1234567", "1234567", "1234567");
}

#[test]
fn powershell_before_an_ampersand() {
    check("secret1&secret2&secret3", "secret1&secret2& x", "*** x");
    check("secret1&+secret2&secret3", "secret1&+ x", "*** x");
    check("abc&d", "abc&", "abc&");
}

#[test]
fn powershell_behind_an_ampersand() {
    check("secret1&secret2&secret3", "secret3 x", "*** x");
    check("secret1&+secret2&secret3", "ecret2&secret3", "***");
    check("a&secret", "secret", "***");
    check("a&short", "short", "short");
    check("secret1&+", "+", "+");
    check("secret1&+äsecret", "secret", "***");
}
