use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use tidegate_contract::Pact;
use tidegate_http_client::{
    Url,
    header::{HeaderName, HeaderValue},
};
use tidegate_provider::{Asking, Outcome, Settings, Verdict, verify};

use crate::server::{Told, json as answer, serve};

fn pact(version: &str, interactions: &Value) -> Pact {
    let file = json!({
        "consumer": {"name": "web"}, "provider": {"name": "orders"}, "interactions": interactions,
        "metadata": {"pactSpecification": {"version": version}},
    });
    tidegate_pact::read("web-orders.json", file.to_string().as_bytes()).unwrap()
}

fn settings(provider: &Url) -> Settings {
    Settings {
        provider: provider.clone(),
        states: None,
        teardown: false,
        messages: None,
        asking: Asking::new(Vec::new(), Duration::from_secs(20)),
        at_once: 4,
    }
}

fn outcomes(verdicts: &[Verdict]) -> Vec<String> {
    let told = |verdict: &Verdict| match &verdict.outcome {
        Outcome::Kept => "kept".to_owned(),
        Outcome::Broken { mismatches } => {
            mismatches.iter().map(|it| it.part.to_string()).collect::<Vec<_>>().join(", ")
        }
        Outcome::Unasked { problem } => format!("unasked: {problem}"),
    };
    verdicts.iter().map(told).collect()
}

fn order() -> Value {
    json!({
        "description": "an order",
        "request": {"method": "GET", "path": "/orders/1", "query": "full=yes&tag=a%20b", "headers": {"Accept": "application/json"}},
        "response": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": {"id": 1, "name": "tea"},
            "matchingRules": {"$.body": {"match": "type"}}},
    })
}

#[tokio::test]
async fn a_provider_is_asked_what_the_consumer_asks() {
    let server = serve(|_| answer(200, &json!({"id": 7, "name": "rum", "more": 1}))).await;
    let verdicts = verify(&pact("2", &json!([order()])), &settings(&server.url)).await;
    assert_eq!(outcomes(&verdicts), ["kept"]);
    let asked = server.asked();
    assert_eq!(asked[0].method, "GET");
    assert_eq!(asked[0].target, "/orders/1?full=yes&tag=a%20b");
    assert!(asked[0].headers.contains(&"accept: application/json".to_owned()));
}

#[tokio::test]
async fn what_it_breaks_is_told_by_place() {
    for (told, expect) in [
        (answer(200, &json!({"id": "7", "name": "rum"})), "body $.id"),
        (answer(404, &json!({"id": 7, "name": "rum"})), "status"),
        (answer(200, &json!({"id": 7})), "body $"),
        (
            Told { status: 200, headers: Vec::new(), body: "plain".into() },
            "header Content-Type, content type",
        ),
    ] {
        let (status, headers, body) = (told.status, told.headers, told.body);
        let server =
            serve(move |_| Told { status, headers: headers.clone(), body: body.clone() }).await;
        let verdicts = verify(&pact("2", &json!([order()])), &settings(&server.url)).await;
        assert_eq!(outcomes(&verdicts), [expect]);
        assert!(verdicts[0].fails());
    }
}

#[tokio::test]
async fn a_pending_interaction_fails_nothing() {
    let server = serve(|_| answer(500, &json!({}))).await;
    let mut interaction = order();
    interaction["pending"] = json!(true);
    interaction["type"] = json!("Synchronous/HTTP");
    interaction["request"]["query"] = json!({"full": ["yes"]});
    interaction["response"] = json!({"status": 200});
    let verdicts = verify(&pact("4", &json!([interaction])), &settings(&server.url)).await;
    assert_eq!(outcomes(&verdicts), ["status"]);
    assert!(!verdicts[0].fails());
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_told() {
    let server = serve(|_| answer(200, &json!({}))).await;
    let dead = Url::parse("http://127.0.0.1:1").unwrap();
    let verdicts = verify(&pact("2", &json!([order()])), &settings(&dead)).await;
    assert!(outcomes(&verdicts)[0].starts_with("unasked: http://127.0.0.1:1"), "{verdicts:?}");
    assert!(verdicts[0].fails());
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn headers_of_the_command_line_stand_in_place_of_the_contracts() {
    let server = serve(|_| answer(200, &json!({"id": 7, "name": "rum"}))).await;
    let mut settings = settings(&server.url);
    let token = HeaderValue::from_static("Bearer new");
    settings.asking = Asking::new(
        vec![(HeaderName::from_static("authorization"), token)],
        Duration::from_secs(20),
    );
    let mut interaction = order();
    interaction["request"]["headers"]["Authorization"] = json!("Bearer old");
    verify(&pact("2", &json!([interaction])), &settings).await;
    let sent: Vec<_> = server.asked()[0].headers.clone();
    let sent: Vec<_> = sent.iter().filter(|line| line.starts_with("authorization")).collect();
    assert_eq!(sent, ["authorization: Bearer new"]);
}

#[tokio::test]
async fn states_are_told_before_and_after_and_their_answers_are_asked_with() {
    let server = serve(|asked| match asked.target.as_str() {
        "/states" | "/orders/42" => answer(200, &json!({"id": 42})),
        _ => answer(404, &json!({})),
    })
    .await;
    let interaction = json!({
        "description": "an order",
        "providerStates": [{"name": "an order", "params": {"of": "Ada"}}],
        "request": {"method": "GET", "path": "/orders/1", "generators": {"path": {"type": "ProviderState", "expression": "/orders/${id}"}}},
        "response": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": {"id": 42}},
    });
    let mut settings = settings(&server.url);
    settings.states = Some(server.url.below("/states"));
    settings.teardown = true;
    let verdicts = verify(&pact("3", &json!([interaction])), &settings).await;
    assert_eq!(outcomes(&verdicts), ["kept"]);
    assert_eq!(verdicts[0].states, ["an order"]);
    let asked = server.asked();
    let targets: Vec<_> = asked.iter().map(|it| it.target.as_str()).collect();
    assert_eq!(targets, ["/states", "/orders/42", "/states"]);
    let told: Vec<Value> =
        [0, 2].map(|at: usize| serde_json::from_str(&asked[at].body).unwrap()).into();
    assert_eq!(
        told[0],
        json!({"consumer": "web", "state": "an order", "params": {"of": "Ada"}, "action": "setup"})
    );
    assert_eq!(told[1]["action"], "teardown");
}

#[tokio::test]
async fn a_state_that_fails_is_told_and_nothing_is_asked() {
    let server = serve(|_| answer(500, &json!({"why": "no database"}))).await;
    let mut interaction = order();
    interaction["providerState"] = json!("an order");
    let mut settings = settings(&server.url);
    settings.states = Some(server.url.below("/states"));
    let verdicts = verify(&pact("2", &json!([interaction])), &settings).await;
    let told = &outcomes(&verdicts)[0];
    assert!(told.contains("the setup of the state \"an order\" failed"), "{told}");
    assert!(told.contains("no database"), "{told}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn messages_are_asked_for_with_their_metadata() {
    let metadata = |topic: &str| BASE64_STANDARD.encode(json!({"topic": topic}).to_string());
    let interaction = json!({
        "type": "Asynchronous/Messages", "description": "an order was made",
        "providerStates": [{"name": "an order"}],
        "contents": {"content": {"id": 1}, "contentType": "application/json"},
        "metadata": {"topic": "orders", "contentType": "application/json"},
    });
    for (topic, id, expect) in [("orders", 1, "kept"), ("others", 2, "body $.id, metadata topic")] {
        let told = metadata(topic);
        let server = serve(move |_| {
            let mut told_answer = answer(200, &json!({"id": id}));
            told_answer.headers.push(("pact-message-metadata", told.clone()));
            told_answer
        })
        .await;
        let pact = pact("4", &json!([interaction]));
        let mut settings = settings(&server.url);
        settings.messages = Some(server.url.below("/messages"));
        let verdicts = verify(&pact, &settings).await;
        assert_eq!(outcomes(&verdicts), [expect]);
        let asked = &server.asked()[0];
        assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/messages"));
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!(body["description"], "an order was made");
        assert_eq!(body["providerStates"][0]["name"], "an order");
    }
}

#[tokio::test]
async fn a_message_with_an_answer_is_sent_and_its_answer_compared() {
    let server = serve(|asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        answer(200, &json!({"echo": body["request"]["contents"]["content"]}))
    })
    .await;
    let interaction = json!({
        "type": "Synchronous/Messages", "description": "a question",
        "request": {"contents": {"content": "ping", "contentType": "text/plain"}},
        "response": [{"contents": {"content": {"echo": "ping"}, "contentType": "application/json"}}],
    });
    let verdicts = verify(&pact("4", &json!([interaction])), &settings(&server.url)).await;
    assert_eq!(outcomes(&verdicts), ["kept"]);
}

#[tokio::test]
async fn a_redirect_is_followed_unless_it_is_what_is_expected() {
    let server = serve(|asked| match asked.target.as_str() {
        "/old" => Told {
            status: 302,
            headers: vec![("location", "/new".to_owned())],
            body: String::new(),
        },
        _ => answer(200, &json!({})),
    })
    .await;
    let of = |status: u16| json!({"description": "d", "request": {"method": "GET", "path": "/old"}, "response": {"status": status}});
    let verdicts =
        verify(&pact("2", &json!([of(200), of(302), of(301)])), &settings(&server.url)).await;
    assert_eq!(outcomes(&verdicts), ["kept", "kept", "status"]);
}
