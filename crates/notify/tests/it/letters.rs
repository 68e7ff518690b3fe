use serde_json::{Value, json};
use tidegate_notify::{HttpLetter, Letter, Success};

use crate::world::{config, happening, scene, sent, told};

fn completed(settings: &[(&str, Value)], service: &str, recipient: &str) -> Letter {
    let config = config(settings, &[("token", "s3cret\n"), ("pass", "word")]);
    let annotation = format!("notifications.argoproj.io/subscribe.on-rollout-completed.{service}");
    sent(
        &config,
        &happening("Promoted", json!({"revision": "a"})),
        &scene(&json!({annotation: recipient})),
    )
}

#[track_caller]
fn http(letter: Letter) -> HttpLetter {
    match letter {
        Letter::Http(letter) => letter,
        Letter::Mail(_) => panic!("it is a mail"),
    }
}

fn header<'a>(letter: &'a HttpLetter, name: &str) -> Option<&'a str> {
    letter
        .headers
        .iter()
        .rev()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// The example of Argo's documentation: a commit status of GitHub.
#[test]
fn a_webhook_is_asked_as_its_template_says() {
    let letter = http(completed(
        &[
            (
                "service.webhook.github",
                json!({
                    "url": "https://api.github.com",
                    "headers": [{"name": "Authorization", "value": "token $token"}],
                    "retryMax": 5, "retryWaitMin": "500ms", "retryWaitMax": 2_000_000_000_u64,
                }),
            ),
            (
                "template.rollout-completed",
                json!({"webhook": {"github": {
                    "method": "POST",
                    "path": "/repos/{{.rollout.metadata.namespace}}/statuses/x",
                    "body": "{\"state\": {{.rollout.status.phase | toJson}}}",
                }}}),
            ),
        ],
        "github",
        "",
    ));
    assert_eq!(letter.method, "POST");
    assert_eq!(letter.url, "https://api.github.com/repos/shop/statuses/x");
    assert_eq!(letter.body, "{\"state\": \"Progressing\"}");
    assert_eq!(header(&letter, "Authorization"), Some("token s3cret"));
    assert_eq!(header(&letter, "Tidegate-Delivery").unwrap().len(), 32);
    assert_eq!(letter.success, Success::Status);
}

#[test]
fn a_webhook_without_a_template_of_its_own_gets_the_message() {
    let letter = http(completed(
        &[(
            "service.webhook.plain",
            json!({"url": "http://h/x", "basicAuth": {"username": "u", "password": "$pass"}}),
        )],
        "plain",
        "",
    ));
    assert_eq!((letter.method.as_str(), letter.url.as_str()), ("GET", "http://h/x"));
    assert!(letter.body.starts_with("Rollout shop/checkout has been completed"));
    assert_eq!(header(&letter, "Authorization"), Some("Basic dTp3b3Jk"));
}

#[test]
fn slack_is_asked_to_post_with_blocks() {
    let letter = http(completed(
        &[
            (
                "service.slack",
                json!({"token": "$token", "icon": ":rocket:", "username": "tidegate", "apiURL": "http://s/api/", "disableUnfurl": true}),
            ),
            (
                "template.rollout-completed",
                json!({"message": "m", "slack": {"blocks": "[{\"type\": \"divider\"}]", "username": "{{.rollout.metadata.name}}"}}),
            ),
        ],
        "slack",
        "ops",
    ));
    assert_eq!(
        (letter.method.as_str(), letter.url.as_str()),
        ("POST", "http://s/api/chat.postMessage")
    );
    assert_eq!(header(&letter, "authorization"), Some("Bearer s3cret"));
    assert_eq!(letter.success, Success::Slack);
    let mut body: Value = serde_json::from_str(&letter.body).unwrap();
    body["metadata"]["event_payload"]["id"].take();
    let expect = json!({
        "channel": "ops", "text": "m", "username": "checkout", "icon_emoji": ":rocket:",
        "blocks": [{"type": "divider"}], "unfurl_links": false, "unfurl_media": false,
        "metadata": {"event_type": "tidegate_notification", "event_payload": {"id": null}},
    });
    assert_eq!(body, expect);
}

#[test]
fn an_e_mail_has_subject_text_and_all_its_recipients() {
    let settings = json!({"host": "smtp.example.com", "port": 587, "from": "t@example.com", "username": "u", "password": "$pass"});
    let letter = completed(&[("service.email", settings)], "email", "a@example.com, b@example.com");
    let Letter::Mail(mail) = letter else { panic!("no mail") };
    assert_eq!(mail.to, ["a@example.com", "b@example.com"]);
    assert_eq!(mail.credentials, Some(("u".to_owned(), "word".to_owned())));
    assert!(
        mail.subject.starts_with("Rollout shop/checkout has been completed"),
        "{}",
        mail.subject
    );
    assert!(mail.body.contains("web: registry.example/shop/web:2\n"), "{}", mail.body);
}

#[test]
fn cloud_events_go_in_either_mode() {
    let send = |mode: &str| {
        http(completed(
            &[("service.cloudevents.bus", json!({"url": "http://bus/", "mode": mode}))],
            "bus",
            "",
        ))
    };
    let structured = send("structured");
    assert_eq!(
        header(&structured, "content-type"),
        Some("application/cloudevents+json; charset=utf-8")
    );
    let event: Value = serde_json::from_str(&structured.body).unwrap();
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], "dev.tidegate.RolloutCompleted");
    assert_eq!(event["data"]["name"], "checkout");
    let binary = send("binary");
    assert_eq!(header(&binary, "ce-specversion"), Some("1.0"));
    assert_eq!(header(&binary, "ce-id"), event["id"].as_str());
    assert_eq!(header(&binary, "ce-time"), event["time"].as_str());
    assert_eq!(header(&binary, "ce-subject"), Some("shop/checkout"));
    assert_eq!(header(&binary, "content-type"), Some("application/json"));
    assert_eq!(serde_json::from_str::<Value>(&binary.body).unwrap(), event["data"]);
}

#[test]
fn a_delivery_is_called_the_same_however_often_it_is_made() {
    let config = config(&[("service.slack", json!({"token": "t-1"}))], &[]);
    let annotations =
        json!({"notifications.argoproj.io/subscribe.on-rollout-completed.slack": "a;b"});
    let happened = happening("Promoted", json!({"revision": "a"}));
    let ids = || -> Vec<String> {
        told(&config, &happened, &scene(&annotations)).into_iter().map(|it| it.id).collect()
    };
    let first = ids();
    assert_eq!(first, ids());
    assert_ne!(first[0], first[1]);
}
