use serde_json::{Value, json};
use tidegate_pact::{MOST_BYTES, read};

#[track_caller]
fn check(text: &str, expect: &[&str]) {
    let problem = read("web.json", text.as_bytes()).unwrap_err().to_string();
    let lines: Vec<&str> = problem.lines().collect();
    assert_eq!(lines.len(), expect.len(), "{problem}");
    for (line, expect) in lines.iter().zip(expect) {
        assert!(line.contains(expect), "{line:?} should say {expect:?}");
    }
}

/// A contract with one interaction whose answer is that.
fn with_answer(version: &str, answer: &Value) -> String {
    json!({
        "consumer": {"name": "web"}, "provider": {"name": "api"},
        "interactions": [{"description": "d", "request": {"method": "GET", "path": "/"}, "response": answer}],
        "metadata": {"pactSpecification": {"version": version}},
    })
    .to_string()
}

#[test]
fn a_file_that_is_no_contract_is_told() {
    check("{", &["web.json:1:1: this is no JSON"]);
    check("{\n  \"a\": 01\n}", &["web.json:2:9: this is no JSON"]);
    check(
        "[]",
        &[
            "\"consumer\" is missing",
            "\"provider\" is missing",
            "interactions",
            "an object is expected",
        ],
    );
    let no_utf8 = read("web.json", b"\xff").unwrap_err();
    assert!(no_utf8.to_string().contains("not UTF-8"));
    let long = read("web.json", &vec![b' '; MOST_BYTES + 1]).unwrap_err();
    assert!(long.to_string().contains("longer than 32 MiB"));
}

#[test]
fn every_problem_is_told_with_its_line_column_and_pointer() {
    let text = r#"{
  "consumer": {"name": "web"},
  "provider": {},
  "interactions": [
    {
      "description": "an order",
      "request": {"method": "GET", "path": 7},
      "response": {
        "status": "ok",
        "matchingRules": {"body": {"$.a/b": {"matchers": [{"match": "regex", "regex": "("}]}}}
      }
    }
  ]
}"#;
    check(
        text,
        &[
            "web.json:3:15: \"name\" is missing (/provider)",
            "web.json:7:44: a string is expected here (/interactions/0/request/path)",
            "web.json:9:19: a status of HTTP is expected here, such as 200 (/interactions/0/response/status)",
            "web.json:10:59: \"(\" is no regular expression",
        ],
    );
}

#[test]
fn what_only_a_plugin_can_read_is_refused_by_its_name() {
    let mut file: Value =
        serde_json::from_str(&with_answer("4.0", &json!({"status": 200}))).unwrap();
    file["metadata"]["plugins"] = json!([{"name": "protobuf", "version": "0.3"}]);
    check(&file.to_string(), &["the contract needs the plugin \"protobuf\""]);
    file["metadata"]["plugins"] = json!([]);
    file["interactions"][0]["transport"] = json!("grpc");
    check(&file.to_string(), &["the transport \"grpc\" is a plugin's"]);
    file["interactions"][0]["transport"] = json!("http");
    file["interactions"][0]["pluginConfiguration"] = json!({"avro": {}});
    check(&file.to_string(), &["the plugin avro is needed"]);
}

#[test]
fn what_is_not_known_is_refused_by_its_name() {
    let rule = |rule: Value| json!({"status": 200, "matchingRules": {"body": {"$.a": {"matchers": [rule]}}}});
    for (answer, expect) in [
        (json!({"status": 200, "stauts": 1}), "a response has no \"stauts\""),
        (json!({"status": 7}), "a status of HTTP is expected"),
        (rule(json!({"match": "protobuf"})), "the rule \"protobuf\" is not known"),
        (rule(json!({"value": 1})), "\"match\" is missing"),
        (rule(json!({"match": "type", "min": -1})), "a number from 0 is expected here"),
        (rule(json!({"match": "date", "format": "yyyy-jj"})), "the letter j means nothing"),
        (rule(json!({"match": "regex"})), "\"regex\" is missing"),
        (rule(json!({"match": "statusCode", "status": "odd"})), "a class of statuses"),
        (
            json!({"status": 200, "matchingRules": {"cookie": {}}}),
            "\"cookie\" has no matching rules",
        ),
        (
            json!({"status": 200, "matchingRules": {"$.body.a[": {"match": "type"}}}),
            "is missing at character",
        ),
        (
            json!({"status": 200, "matchingRules": {"body": {"$.a": {"matchers": [], "combine": "XOR"}}}}),
            "AND or OR",
        ),
        (
            json!({"status": 200, "matchingRules": {"body": {"$.a": {}}}}),
            "\"matchers\" are missing",
        ),
    ] {
        check(&with_answer("3.0.0", &answer), &[expect]);
    }
    check(&with_answer("5.0", &json!({})), &["version 5.0 of the Pact specification is not known"]);
    let body = json!({"status": 200, "body": {"content": "%", "encoded": "base64"}});
    check(&with_answer("4.0", &body), &["this is no base64"]);
    let body = json!({"status": 200, "body": {"content": "a", "encoded": "rot13"}});
    check(&with_answer("4.0", &body), &["the encoding \"rot13\" is not known"]);
}

#[test]
fn an_interaction_that_is_not_whole_is_told() {
    let of = |interaction: Value| {
        json!({"consumer": {"name": "c"}, "provider": {"name": "p"}, "interactions": [interaction]})
            .to_string()
    };
    check(&of(json!({"description": "d", "response": {}})), &["\"request\" is missing"]);
    check(&of(json!({"request": {}, "response": {}})), &["\"description\" is missing"]);
    check(
        &of(json!({"description": "d", "type": "Odd"})),
        &["\"Odd\" is no type of an interaction"],
    );
    let generator = |made: Value| json!({"path": "/", "generators": {"path": made}});
    let date = generator(json!({"type": "Date", "expression": "+1 day"}));
    check(
        &of(json!({"description": "d", "request": date, "response": {}})),
        &["by an expression is not made up"],
    );
    let odd = generator(json!({"type": "Odd"}));
    check(
        &of(json!({"description": "d", "request": odd, "response": {}})),
        &["the generator \"Odd\" is not known"],
    );
}
