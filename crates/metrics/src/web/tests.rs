use super::*;

fn check(body: &str, path: Option<&str>, shown: &str) -> Value {
    let answer = read(body.as_bytes(), path).unwrap();
    assert_eq!(answer.shown, shown, "{body}");
    answer.value
}

#[test]
fn json_is_read_and_anything_else_is_a_text() {
    assert_eq!(check("0.5", None, "0.5"), Value::Float(0.5));
    assert_eq!(check("true", None, "true"), Value::Bool(true));
    assert_eq!(check("\"ok\"", None, "\"ok\""), Value::text("ok"));
    assert_eq!(check("ok", None, "ok"), Value::text("ok"));
    assert_eq!(check("ok", Some("{$.a}"), "ok"), Value::text("ok"));
    assert_eq!(check("", None, ""), Value::text(""));
    let body = r#"{"data":{"ok":true,"n":[1,2]}}"#;
    assert_eq!(check(body, Some("{$.data.ok}"), "true"), Value::Bool(true));
    assert_eq!(check(body, Some("{$.data.n}"), "[1,2]"), Value::list([1.0, 2.0].map(Value::Float)));
    assert_eq!(
        check(body, Some(""), r#"{"data":{"n":[1,2],"ok":true}}"#),
        check(body, None, r#"{"data":{"n":[1,2],"ok":true}}"#)
    );
}

#[test]
fn a_path_that_leads_nowhere_is_an_error() {
    let problem = read(br#"{"a":1}"#, Some("{$.b}")).unwrap_err();
    assert_eq!(problem, "no value at jsonPath {$.b}: b is not found");
}
