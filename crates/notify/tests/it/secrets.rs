use serde_json::json;
use tidegate_notify::Config;

use crate::world::{happening, scene, sources, told, yaml};

#[test]
fn no_value_of_the_secret_is_in_what_is_kept_or_told() {
    let settings = [
        ("service.slack", json!({"token": "$token"})),
        (
            "service.webhook.hook",
            json!({"url": "https://h/$path", "headers": [{"name": "X", "value": "$token"}]}),
        ),
        ("service.email", json!({"host": "h", "port": "$token", "from": "f"})),
        ("template.rollout-completed", json!({"message": "{{.secrets.token}} {{.secrets}}"})),
    ];
    let sources = sources(&settings, &[("token", "xoxb-very-secret"), ("path", "T0/B0/zzzz")]);
    let config = Config::read(&sources, yaml);
    let annotations = json!({
        "notifications.argoproj.io/subscribe.on-rollout-completed.slack": "c",
        "notifications.argoproj.io/subscribe.on-rollout-completed.hook": "",
    });
    let deliveries =
        told(&config, &happening("Promoted", json!({"revision": "a"})), &scene(&annotations));
    assert_eq!(deliveries.len(), 2);
    let kept = serde_json::to_string(&deliveries).unwrap();
    let shown = format!("{config:?} {sources:?} {kept} {}", config.problems.join(" "));
    for secret in ["xoxb-very-secret", "zzzz"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(config.problems.iter().any(|problem| problem.starts_with("service.email: ")));
    assert_eq!(config.masked("answer xoxb-very-secret"), "answer (secret)");
    assert_eq!(config.services["hook"].server(), "h");
}
