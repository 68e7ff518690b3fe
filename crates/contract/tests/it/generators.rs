use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_contract::{
    Body, Content, DataType, Generator, Generators, Path, Request, Source, UuidFormat, generate,
};

fn request(body: &Value, generators: Generators) -> Request {
    let headers = vec![
        ("Content-Type".to_owned(), vec!["application/json".to_owned()]),
        ("X-Id".to_owned(), vec!["old".to_owned()]),
    ];
    let body = Body::received(body.to_string().into_bytes());
    Request {
        method: "POST".to_owned(),
        path: "/orders/1".to_owned(),
        query: vec![("id".to_owned(), vec![Some("old".to_owned())])],
        content: Content { headers, body, generators, ..Content::default() },
    }
}

fn made(request: &Request) -> Result<Request, String> {
    let states = BTreeMap::from([("id".to_owned(), json!(42)), ("name".to_owned(), json!("Ada"))]);
    let now = "2026-01-31T13:05:09.120+01:00[+01:00]".parse().unwrap();
    let mut bits = 0u64;
    let mut random = move || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bits >> 7
    };
    generate(request, &mut Source { now, states: &states, random: &mut random })
}

#[track_caller]
fn body_of(generator: Generator, old: &Value) -> Value {
    let path = Path::parse("$.it").unwrap();
    let generators = Generators { body: vec![(path, generator)], ..Generators::default() };
    let made = made(&request(&json!({ "it": old, "other": 1 }), generators)).unwrap();
    let body: Value = serde_json::from_slice(made.content.body.bytes()).unwrap();
    assert_eq!(body["other"], 1, "nothing else is changed");
    body["it"].clone()
}

fn state(expression: &str, kind: DataType) -> Generator {
    Generator::ProviderState(expression.to_owned(), kind)
}

#[test]
fn what_a_provider_tells_of_its_state_is_asked_of_it() {
    assert_eq!(body_of(state("id", DataType::Raw), &json!(1)), 42);
    assert_eq!(body_of(state("${id}", DataType::Raw), &json!(1)), 42);
    assert_eq!(body_of(state("${id}", DataType::Text), &json!(1)), "42");
    assert_eq!(body_of(state("/u/${id}/${name}", DataType::Raw), &json!("")), "/u/42/Ada");
    let generators = Generators {
        path: Some(state("/orders/${id}", DataType::Raw)),
        header: BTreeMap::from([("x-id".to_owned(), state("id", DataType::Raw))]),
        query: BTreeMap::from([("id".to_owned(), state("id", DataType::Raw))]),
        ..Generators::default()
    };
    let made = made(&request(&json!({}), generators)).unwrap();
    assert_eq!(made.path, "/orders/42");
    assert_eq!(made.query, [("id".to_owned(), vec![Some("42".to_owned())])]);
    assert_eq!(made.content.header("X-Id").as_deref(), Some("42"));
}

#[test]
fn what_a_provider_does_not_tell_is_an_error() {
    for (expression, kind, expect) in [
        ("gone", DataType::Raw, "has no \"gone\""),
        ("${id", DataType::Raw, "\"}\" is missing"),
        ("name", DataType::Number, "which is no number"),
        ("name", DataType::Boolean, "which is no boolean"),
    ] {
        let path = Some(state(expression, kind));
        let generators = Generators { path, ..Generators::default() };
        let problem = made(&request(&json!({}), generators)).unwrap_err();
        assert!(problem.contains(expect), "{problem}");
    }
}

#[test]
fn random_values_are_of_the_size_and_kind_that_is_asked_for() {
    let number = body_of(Generator::RandomInt(3, 5), &json!(1)).as_i64().unwrap();
    assert!((3..=5).contains(&number), "{number}");
    assert_eq!(body_of(Generator::RandomInt(3, 3), &json!("1")), "3");
    assert!(body_of(Generator::RandomDecimal(6), &json!(1.5)).is_f64());
    let text = body_of(Generator::RandomString(20), &json!(""));
    assert_eq!(text.as_str().unwrap().len(), 20);
    let hexadecimal = body_of(Generator::RandomHexadecimal(12), &json!(""));
    assert!(hexadecimal.as_str().unwrap().bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(body_of(Generator::RandomBoolean, &json!(true)).is_boolean());
    assert_eq!(body_of(Generator::AsWritten, &json!("as is")), "as is");
    let endless = body_of(Generator::RandomString(usize::MAX), &json!(""));
    assert_eq!(endless.as_str().unwrap().len(), 4096, "no contract fills the memory");
}

#[test]
fn uuids_are_of_version_4_in_every_format() {
    for (format, size, begin) in [
        (UuidFormat::Lower, 36, ""),
        (UuidFormat::Upper, 36, ""),
        (UuidFormat::Simple, 32, ""),
        (UuidFormat::Urn, 45, "urn:uuid:"),
    ] {
        let uuid = body_of(Generator::Uuid(format), &json!(""));
        let uuid = uuid.as_str().unwrap();
        assert_eq!((uuid.len(), uuid.starts_with(begin)), (size, true), "{uuid}");
        let plain = uuid.trim_start_matches(begin).replace('-', "");
        assert_eq!(plain.as_bytes()[12], b'4', "{uuid}");
        assert!(b"89abAB".contains(&plain.as_bytes()[16]), "{uuid}");
        assert_eq!(format == UuidFormat::Upper, uuid == uuid.to_uppercase());
    }
}

#[test]
fn moments_are_written_as_the_format_says() {
    for (format, expect) in [
        ("yyyy-MM-dd", "2026-01-31"),
        ("HH:mm:ss.SSS", "13:05:09.120"),
        ("h:mm a", "1:05 PM"),
        ("yyyy-MM-dd'T'HH:mm:ssXXX", "2026-01-31T13:05:09+01:00"),
        ("EEE, d MMM yy Z", "Sat, 31 Jan 26 +0100"),
    ] {
        assert_eq!(body_of(Generator::Moment(format.to_owned()), &json!("")), expect, "{format}");
    }
}
