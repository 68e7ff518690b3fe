//! Parts that need no file: statuses, headers, types of bodies, what is bounded. What rules mean is tested where they
//! are read, with contracts as consumers write them.

use tidegate_contract::{
    Body, Content, Mismatch, Part, Request, Response, match_request, match_response,
};

fn content(headers: &[(&str, &str)], body: &[u8]) -> Content {
    let of = |(name, value): &(&str, &str)| ((*name).to_owned(), vec![(*value).to_owned()]);
    let headers = headers.iter().map(of).collect();
    Content { headers, body: Body::received(body.to_vec()), ..Content::default() }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Response {
    Response { status, content: content(headers, body) }
}

fn parts(mismatches: &[Mismatch]) -> Vec<String> {
    mismatches.iter().map(|mismatch| mismatch.part.to_string()).collect()
}

#[track_caller]
fn check(expected: &Response, actual: &Response, expect: &[&str]) {
    let found = match_response(expected, actual);
    assert_eq!(parts(&found), expect, "{found:?}");
}

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];

#[test]
fn a_status_is_that_one() {
    check(&answer(200, &[], b""), &answer(200, &[], b""), &[]);
    check(&answer(200, &[], b""), &answer(201, &[], b""), &["status"]);
}

#[test]
fn headers_have_no_case_and_others_may_be_there() {
    for (name, value, actual, expect) in [
        ("X-Id", "a", ("x-id", "a"), true),
        ("X-Id", "a", ("x-id", "A"), false),
        ("X-Id", "a", ("x-other", "a"), false),
        ("X-List", "a,b", ("X-List", "a, b"), true),
        ("X-List", "a,b", ("X-List", "b, a"), false),
        ("Content-Type", "text/plain", ("content-type", "text/plain; charset=utf-8"), true),
        (
            "Content-Type",
            "text/plain; charset=UTF-8",
            ("content-type", "text/plain;charset=utf-8"),
            true,
        ),
        ("Content-Type", "text/plain; charset=utf-8", ("content-type", "text/plain"), false),
        ("Accept", "a/b;q=1, c/d", ("Accept", "a/b; q=1; x=2,c/d"), true),
    ] {
        let actual = answer(200, &[actual, ("X-More", "1")], b"");
        let found = match_response(&answer(200, &[(name, value)], b""), &actual);
        assert_eq!(found.is_empty(), expect, "{name}: {value} and {found:?}");
    }
}

#[test]
fn a_body_of_another_type_is_not_compared() {
    let html = &[("Content-Type", "text/html")][..];
    let both = ["header Content-Type", "content type"];
    check(&answer(200, JSON, b"{}"), &answer(200, html, b"<html>"), &both);
}

#[test]
fn a_body_that_is_expected_has_to_be_there_and_one_that_is_not_said_may() {
    check(&answer(200, JSON, b"{}"), &answer(200, JSON, b""), &["body $"]);
    check(&answer(200, JSON, b""), &answer(200, JSON, b"{}"), &["body $"]);
    let mut silent = answer(200, &[], b"");
    silent.content.body = Body::Missing;
    check(&silent, &answer(200, JSON, b"{}"), &[]);
    check(&answer(200, JSON, b"{}"), &answer(200, JSON, b"{"), &["body $"]);
}

#[test]
fn bytes_are_compared_as_they_are() {
    let png = &[("Content-Type", "image/png")][..];
    check(&answer(200, png, b"\x89PNG1"), &answer(200, png, b"\x89PNG1"), &[]);
    check(&answer(200, png, b"\x89PNG1"), &answer(200, png, b"\x89PNG2"), &["body $"]);
}

#[test]
fn forms_are_compared_field_by_field() {
    let form = &[("Content-Type", "application/x-www-form-urlencoded")][..];
    check(&answer(200, form, b"a=1&b=%20+x"), &answer(200, form, b"b=++x&a=1"), &[]);
    check(&answer(200, form, b"a=1"), &answer(200, form, b"a=2&c=3"), &["body $.a", "body $.c"]);
}

#[test]
fn what_is_told_is_bounded() {
    let many = |number: u32| serde_json::to_vec(&vec![number; 5000]).unwrap();
    let found = match_response(&answer(200, JSON, &many(1)), &answer(200, JSON, &many(2)));
    assert_eq!(found.len(), 200);
    let long = |letter: &str| format!("\"{}\"", letter.repeat(100_000)).into_bytes();
    let found = match_response(&answer(200, JSON, &long("a")), &answer(200, JSON, &long("b")));
    assert_eq!(found.len(), 1);
    assert!(found[0].expected.len() < 500 && found[0].problem.len() < 500);
    assert_eq!(found[0].part, Part::Body("$".to_owned()));
}

#[test]
fn a_body_that_is_too_deep_is_a_mismatch_and_no_crash() {
    let deep = "[".repeat(100_000);
    check(&answer(200, JSON, b"[]"), &answer(200, JSON, deep.as_bytes()), &["body $"]);
    let xml = &[("Content-Type", "application/xml")][..];
    let deep = "<a>".repeat(100_000);
    check(&answer(200, xml, b"<a/>"), &answer(200, xml, deep.as_bytes()), &["body $"]);
}

fn request(method: &str, path: &str, query: &[(&str, &str)], body: &[u8]) -> Request {
    let of = |(name, value): &(&str, &str)| ((*name).to_owned(), vec![Some((*value).to_owned())]);
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.iter().map(of).collect(),
        content: content(JSON, body),
    }
}

#[test]
fn of_a_request_nothing_more_may_be_there() {
    let expected = request("get", "/a", &[("q", "1")], b"{\"a\": 1}");
    for (actual, expect) in [
        (request("GET", "/a", &[("q", "1")], b"{\"a\":1}"), vec![]),
        (request("POST", "/a", &[("q", "1")], b"{\"a\":1}"), vec!["method"]),
        (request("GET", "/a/", &[("q", "1")], b"{\"a\":1}"), vec!["path"]),
        (request("GET", "/a", &[("q", "2")], b"{\"a\":1}"), vec!["query q"]),
        (request("GET", "/a", &[], b"{\"a\":1}"), vec!["query q"]),
        (request("GET", "/a", &[("q", "1"), ("r", "1")], b"{\"a\":1}"), vec!["query r"]),
        (request("GET", "/a", &[("q", "1")], b"{\"a\":1,\"b\":2}"), vec!["body $"]),
    ] {
        assert_eq!(parts(&match_request(&expected, &actual)), expect);
    }
}
