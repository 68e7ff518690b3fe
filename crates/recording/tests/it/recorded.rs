use serde_json::{Value, json};
use tidegate_recording::{MOST_RECORDED, MOST_RECORDING_BYTES, Recorded, recorded};

fn har(request: &Value) -> Vec<u8> {
    json!({"log": {"entries": [{"request": request}]}}).to_string().into_bytes()
}

fn one(bytes: &[u8]) -> Recorded {
    let mut all = recorded("file", bytes).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn a_request_of_a_har_file_is_what_was_sent() {
    for (url, target) in [
        ("https://a.example/b?c=1#d", "/b?c=1"),
        ("http://a.example", "/"),
        ("http://a.example?c", "/?c"),
        ("http://a.example:81/b/", "/b/"),
    ] {
        assert_eq!(one(&har(&json!({"method": "GET", "url": url}))).target, target);
    }
    let headers = json!([
        {"name": "X-A", "value": "1"}, {"name": "content-length", "value": "5"}, {"name": ":path", "value": "/"},
    ]);
    let data = json!({"mimeType": "a", "params": [{"name": "a", "value": "1"}, {"name": "b"}]});
    let posted = one(&har(
        &json!({"method": "POST", "url": "http://a/b", "headers": headers, "postData": data}),
    ));
    assert_eq!(posted.headers, [("X-A".to_owned(), "1".to_owned())]);
    assert_eq!(posted.body, b"a=1&b=");
    assert_eq!(posted.name(), "POST /b");
}

#[test]
fn an_event_is_sent_as_it_is() {
    let event =
        json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": {"a": 1}});
    let posted = one(format!("\n{event}\r\n").as_bytes());
    assert_eq!((posted.method.as_str(), posted.target.as_str()), ("POST", "/"));
    assert_eq!(serde_json::from_slice::<Value>(&posted.body).unwrap(), event);
    assert_eq!(posted.name(), "POST / t 1");
}

#[track_caller]
fn check(bytes: &[u8], expect: &str) {
    let problem = recorded("file", bytes).unwrap_err().to_string();
    assert!(problem.contains(expect), "{problem:?} should say {expect:?}");
}

#[test]
fn what_is_no_recording_is_told_with_its_place() {
    check(b"", "file:1:1: there is nothing in it");
    check(b"{\"log\": {}}", "log.entries is missing");
    check(&har(&json!({"url": "http://a/"})), "log.entries[0].request.method is missing");
    check(
        &har(&json!({"method": "GET", "url": "ws://a/"})),
        "log.entries[0].request.url is \"ws://a/\"",
    );
    check(b"{\"log\": {\"entries\": [{}]}}", "log.entries[0] has no request");
    let good = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"});
    check(
        format!("{good}\n{{\"id\": \"1\"}}\n").as_bytes(),
        "file:2:1: \"specversion\" is missing",
    );
    check(format!("{good}\n{{oops\n").as_bytes(), "file:2:2: this is no JSON");
}

#[test]
fn a_recording_is_bounded() {
    check(&vec![b' '; MOST_RECORDING_BYTES + 1], "longer than 128 MiB");
    let line =
        json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}).to_string() + "\n";
    check(line.repeat(MOST_RECORDED + 1).as_bytes(), "more than 100000 requests");
}
