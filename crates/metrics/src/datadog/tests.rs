use bytes::Bytes;

use super::*;

fn answer(version: DatadogVersion, body: &str) -> Result<Answer, String> {
    let body = Bytes::from(body.to_owned());
    read(&Reply::of(StatusCode::OK, body), version)
}

fn check(version: DatadogVersion, body: &str, value: Value, shown: &str) {
    let answer = answer(version, body).unwrap();
    assert_eq!((answer.value, answer.shown.as_str()), (value, shown), "{body}");
}

#[test]
fn version_1_answers_with_the_last_value_or_nothing() {
    let v1 = DatadogVersion::V1;
    let body = r#"{"status":"ok","series":[{"pointlist":[[1598867910000.0,0.002],[1598867925000.0,0.0003]]}]}"#;
    check(v1, body, Value::Float(0.0003), "0.0003");
    check(v1, r#"{"series":[]}"#, Value::Nil, "[]");
    check(v1, r#"{"series":[{"pointlist":[]}]}"#, Value::Nil, r#"[{"pointlist":[]}]"#);
    check(v1, "{}", Value::Nil, "null");
    check(v1, r#"{"series":[{"pointlist":[[1,null]]}]}"#, Value::Float(0.0), "0");
    let problem = answer(v1, r#"{"series":[{"pointlist":[[1]]}]}"#).unwrap_err();
    assert_eq!(problem, "its last point is no pair of a time and a value");
}

#[test]
fn version_2_answers_with_a_number_or_a_list_of_groups() {
    let v2 = DatadogVersion::V2;
    let columns = |columns: &str| format!(r#"{{"data":{{"attributes":{{"columns":{columns}}}}}}}"#);
    check(
        v2,
        &columns(r#"[{"values":[0.006121374442409643]}]"#),
        Value::Float(0.006_121_374_442_409_643),
        "0.006121374442409643",
    );
    check(v2, &columns(r#"[{"values":[]}]"#), Value::Nil, "[]");
    check(v2, &columns(r#"[{"values":[null]}]"#), Value::Nil, "[]");
    check(v2, &columns("[]"), Value::Nil, "[]");
    let grouped = r#"[{"name":"region","type":"group","values":[["us"],["eu"],["ap"]]},
        {"name":"host","type":"group","values":[["a"],["b"],["c"]]},
        {"name":"query","type":"number","values":[0.5,null,1]}]"#;
    let found = answer(v2, &columns(grouped)).unwrap();
    assert_eq!(found.value, Value::list([0.5, 1.0].map(Value::Float)));
    assert_eq!(found.shown, "[0.5,1]");
    assert_eq!(
        found.metadata["groups"],
        r#"[{"name":"us,a","value":0.5},{"name":"ap,c","value":1.0}]"#
    );
    let one = r#"[{"type":"group","values":[["us"]]},{"type":"number","values":[2]}]"#;
    check(v2, &columns(one), Value::list([Value::Float(2.0)]), "[2]");
}

#[test]
fn mistakes_are_told() {
    let v2 = |body: &str| answer(DatadogVersion::V2, body).unwrap_err();
    assert_eq!(v2(r#"{"data":{"errors":"bad"}}"#), "there is a mistake in the query: bad");
    let text = r#"{"data":{"attributes":{"columns":[{"values":["a"]}]}}}"#;
    assert_eq!(v2(text), "its value \"a\" is no number");
    let bare =
        r#"{"data":{"attributes":{"columns":[{"type":"group","values":[null]},{"values":[1]}]}}}"#;
    assert_eq!(v2(bare), "row 0 of its answer has no tag");
    let refused = Reply::of(StatusCode::FORBIDDEN, r#"{"errors":["Forbidden"]}"#);
    let problem = read(&refused, DatadogVersion::V1).unwrap_err();
    assert_eq!(problem, "it answered with status 403 Forbidden: {\"errors\":[\"Forbidden\"]}");
}

#[test]
fn of_many_groups_the_least_and_the_greatest_are_shown() {
    let found = (0..300).map(|number| (number.to_string(), f64::from(number))).collect();
    let shown = shown_groups(found);
    assert_eq!(shown["groups_truncated"], "true");
    let groups: Vec<Json> = serde_json::from_str(&shown["groups"]).unwrap();
    let names: Vec<_> = groups.iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!((names.len(), names[49], names[50]), (100, "49", "250"));
}
