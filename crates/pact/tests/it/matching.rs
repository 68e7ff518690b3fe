//! What rules mean, with contracts as consumers write them.

use serde_json::{Value, json};
use tidegate_contract::{
    Body, Content, Exchange, Mismatch, Response, match_message, match_response,
};
use tidegate_pact::read;

fn exchange(version: &str, interaction: &Value) -> Exchange {
    let file = json!({
        "consumer": {"name": "web"}, "provider": {"name": "api"}, "interactions": [interaction],
        "metadata": {"pactSpecification": {"version": version}},
    });
    let pact = read("web.json", file.to_string().as_bytes()).unwrap();
    pact.interactions.into_iter().next().unwrap().exchange
}

fn told(expected: Value, content_type: &str, body: &[u8]) -> Vec<Mismatch> {
    let version = if expected["matchingRules"].to_string().contains("$.body") { "2" } else { "3" };
    let mut expected = expected;
    expected["headers"] = json!({"Content-Type": content_type});
    let interaction = json!({"description": "d", "request": {"path": "/"}, "response": expected});
    let Exchange::Http(_, response) = exchange(version, &interaction) else { panic!() };
    let headers = vec![("content-type".to_owned(), vec![content_type.to_owned()])];
    let content = Content { headers, body: Body::received(body.to_vec()), ..Content::default() };
    match_response(&response, &Response { status: 200, content })
}

fn places(found: &[Mismatch]) -> Vec<String> {
    found.iter().map(|it| it.part.to_string().trim_start_matches("body ").to_owned()).collect()
}

/// An answer with that body under those rules, and whether each of these is one.
#[track_caller]
fn check(body: Value, rules: Value, cases: &[(Value, &[&str])]) {
    for (actual, expect) in cases {
        let expected = json!({"status": 200, "body": body, "matchingRules": rules});
        let found = told(expected, "application/json", actual.to_string().as_bytes());
        assert_eq!(places(&found), *expect, "{actual}: {found:?}");
    }
}

fn one(path: &str, rule: Value) -> Value {
    json!({"body": {path: {"matchers": [rule]}}})
}

#[test]
fn without_rules_values_are_equal_and_more_fields_may_be_there() {
    check(
        json!({"a": 1, "b": [1, {"c": null}]}),
        json!({}),
        &[
            (json!({"b": [1, {"c": null, "d": 1}], "a": 1, "more": true}), &[]),
            (json!({"a": "1", "b": [1, {"c": null}]}), &["$.a"]),
            (json!({"a": 1, "b": [1]}), &["$.b"]),
            (json!({"a": 1, "b": [1, {"c": null}, 2]}), &["$.b"]),
            (json!({"a": 1, "b": [1, {}]}), &["$.b[1]"]),
            (json!({"b": [1, {"c": null}]}), &["$"]),
            (json!([]), &["$"]),
        ],
    );
}

#[test]
fn types_hold_below_their_place() {
    check(
        json!({"items": [{"id": 1, "name": "a"}], "at": "x"}),
        json!({"$.body.items": {"match": "type", "min": 1}, "$.body.at": {"match": "regex", "regex": "\\d+"}}),
        &[
            (json!({"items": [{"id": 2, "name": "b"}, {"id": 3, "name": "c"}], "at": "12"}), &[]),
            (json!({"items": [{"id": "2", "name": "b"}], "at": "12"}), &["$.items[0].id"]),
            (json!({"items": [{"id": 2}], "at": "12"}), &["$.items[0]"]),
            (json!({"items": [], "at": "12"}), &["$.items"]),
            (json!({"items": [{"id": 2, "name": "b"}], "at": "12a"}), &["$.at"]),
        ],
    );
}

#[test]
fn the_rule_with_the_path_most_like_the_place_holds() {
    check(
        json!({"a": {"b": 1, "c": "x"}}),
        json!({"body": {
            "$": {"matchers": [{"match": "type"}]},
            "$.a.b": {"matchers": [{"match": "equality"}]},
            "$.a.*": {"matchers": [{"match": "include", "value": "x"}]},
        }}),
        &[
            (json!({"a": {"b": 1, "c": "yxy"}}), &[]),
            (json!({"a": {"b": 2, "c": "x"}}), &["$.a.b"]),
            (json!({"a": {"b": 1, "c": "y"}}), &["$.a.c"]),
        ],
    );
}

#[test]
fn each_rule_for_one_value() {
    for (rule, example, good, bad) in [
        (json!({"match": "number"}), json!(1), json!(1.5), json!("1")),
        (json!({"match": "integer"}), json!(1), json!(2), json!(1.5)),
        (json!({"match": "decimal"}), json!(1.5), json!(2.5), json!(2)),
        (json!({"match": "boolean"}), json!(true), json!(false), json!(1)),
        (json!({"match": "null"}), json!(null), json!(null), json!(0)),
        (
            json!({"match": "date", "format": "yyyy-MM-dd"}),
            json!("2000-01-01"),
            json!("2026-01-31"),
            json!("now"),
        ),
        (json!({"match": "time", "time": "HH:mm"}), json!("10:00"), json!("23:59"), json!("24:00")),
        (
            json!({"match": "datetime"}),
            json!("x"),
            json!("2026-01-31T10:00:00Z"),
            json!("2026-01-31"),
        ),
        (json!({"match": "include", "value": "b"}), json!("b"), json!("abc"), json!("a")),
        (json!({"match": "regex", "regex": "^(?=a)\\w+$"}), json!("ab"), json!("ac"), json!("bc")),
        (json!({"match": "regex", "regex": "a"}), json!("a"), json!("a"), json!("ba")),
        (json!({"match": "semver"}), json!("1.0.0"), json!("1.2.3-rc.1"), json!("1.2")),
        (json!({"match": "notEmpty"}), json!("x"), json!("y"), json!("")),
        (json!({"match": "notEmpty"}), json!([1]), json!([1]), json!([])),
        (
            json!({"match": "contentType", "value": "application/pdf"}),
            json!("JVBERi0="),
            json!("JVBERi0x"),
            json!("eA=="),
        ),
        (json!({"match": "type", "max": 2}), json!([1]), json!([5, 6]), json!([5, 6, 7])),
        (json!({"regex": "a|b"}), json!("a"), json!("b"), json!("c")),
    ] {
        check(
            json!({"v": example}),
            one("$.v", rule.clone()),
            &[(json!({"v": good}), &[]), (json!({"v": bad}), &["$.v"])],
        );
    }
}

#[test]
fn rules_are_combined_by_and_or_or() {
    let rules = |combine: &str| json!({"body": {"$.v": {"combine": combine, "matchers": [{"match": "integer"}, {"match": "null"}]}}});
    check(json!({"v": 1}), rules("OR"), &[(json!({"v": null}), &[]), (json!({"v": 2}), &[])]);
    check(json!({"v": 1}), rules("AND"), &[(json!({"v": 2}), &["$.v"])]);
    let found = json!({"v": "x"});
    check(json!({"v": 1}), rules("OR"), &[(found, &["$.v", "$.v"])]);
}

#[test]
fn objects_whose_keys_do_not_count() {
    let body = json!({"users": {"u1": {"age": 3}}});
    let values = one("$.users", json!({"match": "values"}));
    check(
        body.clone(),
        values,
        &[
            (json!({"users": {"x": {"age": 3}, "y": {"age": 3}}}), &[]),
            (json!({"users": {"x": {"age": "3"}}}), &["$.users.x.age"]),
        ],
    );
    let keys = json!({"body": {"$.users": {"matchers": [
        {"match": "eachKey", "rules": [{"match": "regex", "regex": "u\\d+"}]},
        {"match": "eachValue", "rules": [{"match": "type"}]},
    ]}}});
    check(
        body,
        keys,
        &[
            (json!({"users": {"u7": {"age": 9}, "u8": {"age": 1}}}), &[]),
            (json!({"users": {"v7": {"age": 9}}}), &["$.users.v7"]),
            (json!({"users": {"u7": {"age": "9"}}}), &["$.users.u7.age"]),
        ],
    );
}

#[test]
fn arrays_that_have_an_item_like_each_variant() {
    let variants = json!([
        {"index": 0, "rules": {"$.id": {"matchers": [{"match": "integer"}]}}},
        {"index": 1, "rules": {"$.href": {"matchers": [{"match": "regex", "regex": "http.*"}]}}},
    ]);
    check(
        json!({"links": [{"id": 1}, {"href": "http://a"}]}),
        one("$.links", json!({"match": "arrayContains", "variants": variants})),
        &[
            (json!({"links": [{"x": 1}, {"href": "https://b"}, {"id": 7}]}), &[]),
            (json!({"links": [{"id": 7}]}), &["$.links"]),
            (json!({"links": []}), &["$.links", "$.links"]),
        ],
    );
}

#[test]
fn xml_is_compared_by_its_elements() {
    let body = "<a x='1'><b>t</b><b>u</b></a>";
    let rules = json!({"body": {"$.a.b": {"matchers": [{"match": "type"}]}, "$.a['@x']": {"matchers": [{"match": "integer"}]}}});
    for (rules, actual, expect) in [
        (
            json!({}),
            "<?xml version='1.0'?>\n<a x=\"1\" y=\"2\">\n <b>t</b><b>u</b><c/></a>",
            vec![],
        ),
        (json!({}), "<a x='2'><b>t</b><b>u</b></a>", vec!["$.a.@x"]),
        (json!({}), "<a x='1'><b>t</b></a>", vec!["$.a.b"]),
        (json!({}), "<a x='1'><b>t</b><b>v</b></a>", vec!["$.a.b.#text"]),
        (json!({}), "<a x='1'><b>t</b><b>&#117;</b></a>", vec![]),
        (json!({}), "<a xmlns='urn:n' x='1'><b>t</b><b>u</b></a>", vec!["$.a"]),
        (json!({}), "<a x='1'><b>t</a>", vec!["$"]),
        (rules.clone(), "<a x='77'><b>p</b><b>q</b><b>r</b></a>", vec![]),
        (rules, "<a x='z'><b>p</b></a>", vec!["$.a.@x"]),
    ] {
        let expected = json!({"status": 200, "body": body, "matchingRules": rules});
        let found = told(expected, "application/xml", actual.as_bytes());
        assert_eq!(places(&found), expect, "{actual}: {found:?}");
    }
}

#[test]
fn plain_text_and_bytes_take_rules_of_the_whole() {
    let regex = json!({"body": {"$": {"matchers": [{"match": "regex", "regex": "\\w+ \\d+"}]}}});
    for (body, rules, kind, actual, good) in [
        ("a 1", json!({}), "text/plain", &b"a 1"[..], true),
        ("a 1", json!({}), "text/plain", b"a 2", false),
        ("a 1", regex.clone(), "text/plain", b"b 22", true),
        ("a 1", regex, "text/plain", b"b", false),
        (
            "iVBORw0KGgo=",
            one("$", json!({"match": "contentType", "value": "image/png"})),
            "image/png",
            b"\x89PNG\r\n\x1a\nxx",
            true,
        ),
        (
            "iVBORw0KGgo=",
            one("$", json!({"match": "contentType", "value": "image/png"})),
            "image/png",
            b"GIF89a",
            false,
        ),
    ] {
        let expected = json!({"status": 200, "body": body, "matchingRules": rules});
        let found = told(expected, kind, actual);
        assert_eq!(found.is_empty(), good, "{found:?}");
    }
}

#[test]
fn statuses_and_headers_take_rules() {
    let interaction = json!({"description": "d", "request": {"path": "/"}, "response": {
        "status": 200, "headers": {"X-Id": "1", "Location": "/a"},
        "matchingRules": {
            "status": {"$": {"matchers": [{"match": "statusCode", "status": "success"}]}},
            "header": {"x-id": {"matchers": [{"match": "integer"}]}},
        },
    }});
    let Exchange::Http(_, expected) = exchange("4.0", &interaction) else { panic!() };
    for (status, id, location, expect) in [
        (204, "77", "/a", vec![]),
        (301, "77", "/a", vec!["status"]),
        (200, "x", "/a", vec!["header X-Id"]),
        (200, "7", "/b", vec!["header Location"]),
    ] {
        let of = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        let headers = vec![of("x-id", id), of("location", location)];
        let content = Content { headers, ..Content::default() };
        let found = match_response(&expected, &Response { status, content });
        assert_eq!(places(&found), expect, "{found:?}");
    }
}

#[test]
fn messages_have_contents_and_metadata() {
    let interaction = json!({
        "type": "Asynchronous/Messages", "description": "d",
        "contents": {"content": {"id": 1}, "contentType": "application/json"},
        "metadata": {"topic": "orders", "key": "k1", "contentType": "application/json"},
        "matchingRules": {
            "body": {"$.id": {"matchers": [{"match": "integer"}]}},
            "metadata": {"key": {"matchers": [{"match": "regex", "regex": "k\\d"}]}},
        },
    });
    let Exchange::Message(expected) = exchange("4.0", &interaction) else { panic!() };
    for (body, metadata, expect) in [
        (
            json!({"id": 7}),
            json!({"topic": "orders", "key": "k9", "contentType": "application/json;charset=utf-8"}),
            vec![],
        ),
        (
            json!({"id": "7"}),
            json!({"topic": "orders", "key": "k9", "contentType": "application/json"}),
            vec!["$.id"],
        ),
        (
            json!({"id": 7}),
            json!({"topic": "other", "key": "x", "contentType": "application/json"}),
            vec!["metadata key", "metadata topic"],
        ),
        (json!({"id": 7}), json!({"topic": "orders", "key": "k1"}), vec!["metadata contentType"]),
    ] {
        let metadata = metadata.as_object().unwrap().clone().into_iter().collect();
        let body = Body::received(body.to_string().into_bytes());
        let content = Content { body, ..Content::default() };
        let found = match_message(&expected, &tidegate_contract::Message { metadata, content });
        assert_eq!(places(&found), expect, "{found:?}");
    }
}
