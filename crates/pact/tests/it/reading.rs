use serde_json::{Value, json};
use tidegate_contract::{Body, DataType, Exchange, Generator, Pact, Token};
use tidegate_pact::{content_hash, read};

fn pact(version: &str, part: &str, interaction: &Value) -> Pact {
    let file = json!({
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        part: [interaction],
        "metadata": {"pactSpecification": {"version": version}},
    });
    read("web-orders.json", file.to_string().as_bytes()).unwrap()
}

#[test]
fn the_version_is_found_wherever_a_library_writes_it() {
    for (metadata, expect) in [
        (json!({"pactSpecification": {"version": "2.0.0"}}), "2"),
        (json!({"pactSpecification": {"version": "4.0"}}), "4"),
        (json!({"pactSpecificationVersion": "1.1.0"}), "1.1"),
        (json!({"pact-specification": {"version": "1.0.0"}}), "1"),
        (json!({}), "3"),
    ] {
        let file = json!({
            "consumer": {"name": "c"}, "provider": {"name": "p"}, "interactions": [], "metadata": metadata,
        });
        assert_eq!(read("f", file.to_string().as_bytes()).unwrap().specification, expect);
    }
}

#[test]
fn version_2_has_one_state_a_text_for_a_query_and_paths_that_name_their_part() {
    let interaction = json!({
        "description": "an order",
        "providerState": "order 1 exists",
        "request": {"method": "get", "path": "/orders", "query": "id=1&id=2&empty&q=a%20b"},
        "response": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": {"id": 1},
            "matchingRules": {"$.body.id": {"match": "type"}, "$.headers.X-A": {"match": "regex", "regex": "a+"}}},
    });
    let pact = pact("2.0.0", "interactions", &interaction);
    let [one] = &pact.interactions[..] else { panic!("{pact:?}") };
    assert_eq!(one.states[0].name, "order 1 exists");
    let Exchange::Http(request, response) = &one.exchange else { panic!("{one:?}") };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(request.method, "GET");
    assert_eq!(
        request.query,
        [
            ("id".to_owned(), vec![some("1"), some("2")]),
            ("empty".to_owned(), vec![None]),
            ("q".to_owned(), vec![some("a b")]),
        ]
    );
    let paths = |category: &tidegate_contract::Category| -> Vec<Vec<Token>> {
        category.iter().map(|(path, _)| path.tokens().to_vec()).collect()
    };
    let field = |name: &str| Token::Field(name.to_owned());
    assert_eq!(paths(&response.content.rules.body), [vec![Token::Root, field("id")]]);
    assert_eq!(paths(&response.content.rules.header), [vec![Token::Root, field("X-A")]]);
}

#[test]
fn version_3_has_states_with_particulars_and_messages() {
    let message = json!({
        "description": "an order was made",
        "providerStates": [{"name": "a user", "params": {"id": 7}}, {"name": "an order"}],
        "contents": {"id": 1},
        "metaData": {"contentType": "application/json", "topic": "orders"},
    });
    let pact = pact("3.0.0", "messages", &message);
    let one = &pact.interactions[0];
    assert_eq!(one.states[0].params["id"], 7);
    assert_eq!(one.states[1].name, "an order");
    let Exchange::Message(message) = &one.exchange else { panic!("{one:?}") };
    assert_eq!(message.metadata["topic"], "orders");
    assert_eq!(message.content.body.bytes(), b"{\"id\":1}");
}

#[test]
fn version_4_says_how_a_body_is_encoded() {
    for (body, expect) in [
        (json!({"content": {"a": 1}, "contentType": "application/json"}), Some(&b"{\"a\":1}"[..])),
        (json!({"content": "aGk=", "contentType": "image/png", "encoded": "base64"}), Some(b"hi")),
        (json!({"content": "text", "contentType": "text/plain", "encoded": false}), Some(b"text")),
        (json!({"content": "text", "contentType": "application/json"}), Some(b"\"text\"")),
        (
            json!({"content": "\"text\"", "contentType": "application/json", "encoded": "JSON"}),
            Some(b"\"text\""),
        ),
        (json!({"content": ""}), Some(b"")),
        (json!({"content": null}), None),
    ] {
        let interaction = json!({
            "type": "Synchronous/HTTP", "description": "d", "pending": true,
            "comments": {"text": ["why"], "testname": "t"},
            "request": {"method": "GET", "path": "/"}, "response": {"status": 200, "body": body},
        });
        let pact = pact("4.0", "interactions", &interaction);
        let one = &pact.interactions[0];
        assert!(one.pending);
        assert_eq!(one.comments, ["why"]);
        let Exchange::Http(_, response) = &one.exchange else { panic!("{one:?}") };
        match expect {
            Some(bytes) => assert_eq!(response.content.body.bytes(), bytes, "{body}"),
            None => assert_eq!(response.content.body, Body::Null),
        }
    }
}

#[test]
fn version_4_has_messages_with_answers() {
    let interaction = json!({
        "type": "Synchronous/Messages", "description": "d",
        "request": {"contents": {"content": "ping", "contentType": "text/plain"}},
        "response": [{"contents": {"content": "pong", "contentType": "text/plain"}, "metadata": {"k": "v"}}],
    });
    let pact = pact("4.0", "interactions", &interaction);
    let Exchange::SyncMessage(request, answers) = &pact.interactions[0].exchange else {
        panic!("{pact:?}")
    };
    assert_eq!(request.content.body.bytes(), b"ping");
    assert_eq!(answers[0].content.body.bytes(), b"pong");
    assert_eq!(answers[0].metadata["k"], "v");
}

#[test]
fn generators_of_requests_are_read() {
    let interaction = json!({
        "description": "d",
        "request": {"method": "GET", "path": "/o/1", "generators": {
            "path": {"type": "ProviderState", "expression": "/o/${id}", "dataType": "STRING"},
            "query": {"q": {"type": "RandomInt", "min": 1, "max": 2}},
            "header": {"X": {"type": "Uuid", "format": "simple"}},
            "body": {"$.at": {"type": "Date", "format": "yyyy"}, "$.u": {"type": "MockServerURL", "example": "a", "regex": "b"}},
        }},
        "response": {"status": 200, "generators": {"body": {"$.id": {"type": "RandomInt"}}}},
    });
    let pact = pact("3.0.0", "interactions", &interaction);
    let Exchange::Http(request, _) = &pact.interactions[0].exchange else { panic!("{pact:?}") };
    let made = &request.content.generators;
    assert_eq!(made.path, Some(Generator::ProviderState("/o/${id}".to_owned(), DataType::Text)));
    assert_eq!(made.query["q"], Generator::RandomInt(1, 2));
    assert_eq!(made.body.len(), 2);
    assert_eq!(made.body[1].1, Generator::AsWritten);
}

#[test]
fn the_hash_is_of_what_is_asked_and_not_of_how_it_is_written() {
    let hash = |text: &str| content_hash(text.as_bytes()).unwrap();
    let one = hash(r#"{"consumer":{"name":"a"},"interactions":[{"description":"d","x":1}]}"#);
    let same = hash(r#"{"interactions": [{"x": 1, "description": "d"}], "_links": {}}"#);
    let other = hash(r#"{"interactions": [{"x": 2, "description": "d"}]}"#);
    assert_eq!(one, same);
    assert_ne!(one, other);
    assert_eq!(one.len(), 64);
}
