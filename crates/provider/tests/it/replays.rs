use std::time::Duration;

use serde_json::{Value, json};
use tidegate_provider::{Asking, Report, Revisions, replay};
use tidegate_recording::recorded;

use crate::server::{Asked, Server, Told, json as answer, serve};

const SECRET: &str = "s3cr3t-value";

fn har() -> Vec<u8> {
    let entry = |method: &str, url: &str, body: Option<&str>| {
        let headers = json!([
            {"name": "Authorization", "value": format!("Bearer {SECRET}")},
            {"name": "Cookie", "value": format!("session={SECRET}")},
            {"name": "Host", "value": "shop.example.com"},
            {"name": ":authority", "value": "shop.example.com"},
        ]);
        let mut request = json!({"method": method, "url": url, "headers": headers});
        if let Some(body) = body {
            request["postData"] = json!({"mimeType": "application/json", "text": body});
        }
        json!({"request": request, "response": {}})
    };
    let url = format!("https://shop.example.com/items?token={SECRET}");
    let entries = [
        entry("GET", &url, None),
        entry("POST", "http://shop.example.com/orders#x", Some("{\"a\":1}")),
    ];
    json!({"log": {"version": "1.2", "entries": entries}}).to_string().into_bytes()
}

async fn run(file: &[u8], ignored: &[&str], base: &Server, head: &Server) -> Report {
    let revisions = Revisions {
        base: base.url.clone(),
        head: head.url.clone(),
        asking: Asking::new(Vec::new(), Duration::from_secs(20)),
        ignored: ignored.iter().map(|field| (*field).to_owned()).collect(),
    };
    replay(&recorded("file.har", file).unwrap(), &revisions).await.unwrap()
}

fn fields(report: &Report) -> Vec<(usize, Vec<&str>)> {
    let of = report.divergent.iter();
    of.map(|it| (it.number, it.differences.iter().map(|it| it.field.as_str()).collect())).collect()
}

async fn revision(items: Value) -> Server {
    serve(move |asked: &Asked| match asked.method.as_str() {
        "GET" => answer(200, &items),
        _ => answer(201, &json!({"sent": asked.body})),
    })
    .await
}

#[tokio::test]
async fn both_get_what_was_recorded() {
    let (base, head) = (revision(json!({"a": 1})).await, revision(json!({"a": 1})).await);
    let report = run(&har(), &[], &base, &head).await;
    assert_eq!((report.sent, fields(&report)), (2, vec![]));
    for server in [&base, &head] {
        let asked = server.asked();
        assert_eq!(asked[0].target, format!("/items?token={SECRET}"));
        assert!(asked[0].headers.contains(&format!("authorization: Bearer {SECRET}")));
        assert!(!asked[0].headers.contains(&"host: shop.example.com".to_owned()));
        assert_eq!((asked[1].target.as_str(), asked[1].body.as_str()), ("/orders", "{\"a\":1}"));
    }
}

#[tokio::test]
async fn differences_are_told_by_field_and_what_is_ignored_is_not() {
    let base = revision(json!({"items": [{"price": 1, "seen": "a"}], "at": 1})).await;
    let head = revision(json!({"items": [{"price": 2, "seen": "b"}], "at": 2})).await;
    let report = run(&har(), &[], &base, &head).await;
    assert_eq!(fields(&report), [(1, vec!["body.at", "body.items[].price", "body.items[].seen"])]);
    let first = &report.divergent[0].differences[1];
    assert_eq!((first.base.as_str(), first.head.as_str()), ("1", "2"));
    let report = run(&har(), &["body.at", "body.items[].seen"], &base, &head).await;
    assert_eq!(fields(&report), [(1, vec!["body.items[].price"])]);
    let report = run(&har(), &["body"], &base, &head).await;
    assert!(report.divergent.is_empty());
}

#[tokio::test]
async fn secrets_of_the_recording_are_in_no_report() {
    let base = revision(json!({"a": 1, "token": SECRET})).await;
    let head = revision(json!({"a": 2, "token": "other"})).await;
    let report = run(&har(), &[], &base, &head).await;
    let told = format!("{report:?}{}", serde_json::to_string(&report).unwrap());
    assert!(told.contains("body.token") && !told.contains(SECRET), "{told}");
    assert_eq!(report.divergent[0].request, "GET /items");
    let known = format!("{:?}", recorded("file.har", &har()).unwrap());
    assert!(!known.contains(SECRET), "{known}");
}

#[tokio::test]
async fn the_first_divergent_event_of_two_streams_is_told() {
    let stream = |kind: &'static str, text: &'static str| {
        serve(move |_: &Asked| Told {
            status: 200,
            headers: vec![("content-type", kind.to_owned())],
            body: text.to_owned(),
        })
    };
    let event = json!({"specversion": "1.0", "id": "7", "source": "/s", "type": "order.made"});
    let file = format!("{event}\n\n").into_bytes();
    let sse = "text/event-stream";
    for (kind, base, head, expect) in [
        (
            sse,
            "data: {\"a\":1}\n\ndata: {\"a\":2}\n\n",
            "data: {\"a\":1}\n\ndata: {\"a\":3}\n\n",
            Some(2),
        ),
        (sse, "data: 1\n\n", "data: 1\n\ndata: 2\n\n", Some(2)),
        ("application/x-ndjson", "{\"a\":1}\n{\"b\":1}\n", "{\"a\":2}\n{\"b\":1}\n", Some(1)),
        ("text/plain", "a", "b", None),
    ] {
        let (base, head) = (stream(kind, base).await, stream(kind, head).await);
        let report = run(&file, &[], &base, &head).await;
        assert_eq!(report.divergent[0].event, expect, "{report:?}");
        assert_eq!(report.divergent[0].request, "POST / order.made 7");
        let asked = &base.asked()[0];
        assert!(asked.headers.contains(&"content-type: application/cloudevents+json".to_owned()));
        assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), event);
    }
}

#[tokio::test]
async fn a_revision_that_does_not_answer_is_told_with_the_request() {
    let base = revision(json!({})).await;
    let revisions = Revisions {
        base: base.url.clone(),
        head: tidegate_http_client::Url::parse("http://127.0.0.1:1").unwrap(),
        asking: Asking::new(Vec::new(), Duration::from_secs(20)),
        ignored: Vec::new(),
    };
    let problem = replay(&recorded("f", &har()).unwrap(), &revisions).await.unwrap_err();
    assert!(problem.starts_with("request 1 (GET /items): http://127.0.0.1:1"), "{problem}");
    assert!(!problem.contains(SECRET), "{problem}");
}
