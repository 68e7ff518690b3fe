//! Programs that measure by themselves.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _, time::Duration};

use serde_json::json;
use tidegate_analysis::{Answer, PluginQuery, PluginTask, Query, RunPhase};
use tidegate_metrics::{Environment, MetricClients};
use tidegate_ports::MetricSource as _;

/// What a shell script answers, asked under the name `acme/check`.
async fn ask(script: &str) -> Result<Answer, String> {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("check");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let plugins = BTreeMap::from([("acme/check".to_owned(), program)]);
    let clients = MetricClients::new(Environment::default()).with_plugins(plugins);
    let query = query("acme/check");
    let asked = clients.measure(&query, None);
    tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap()
}

fn query(name: &str) -> Query {
    Query::Plugin(PluginQuery::new(name, json!({"users": 5}), PluginTask::Metric))
}

#[tokio::test]
async fn a_program_reads_what_it_is_asked_and_answers() {
    let found = ask("grep -o '\"users\":5' >&2 && echo '{\"value\": 0.5}'").await.unwrap();
    assert_eq!((found.shown.as_str(), found.verdict), ("0.5", None));
    let found = ask("echo '{\"phase\": \"Failed\", \"message\": \"slow\"}'").await.unwrap();
    assert_eq!(
        (found.verdict, found.metadata["message"].as_str()),
        (Some(RunPhase::Failed), "slow")
    );
}

#[tokio::test]
async fn what_goes_wrong_is_told() {
    for (script, expect) in [
        ("echo no server >&2; exit 3", "exit status: 3: no server"),
        ("echo done", "expected value"),
        ("echo '{\"worth\": 1}'", "unknown field `worth`"),
    ] {
        let found = ask(script).await.unwrap_err();
        assert!(found.contains(expect) && found.contains("acme/check"), "{found}");
    }
    let clients = MetricClients::new(Environment::default());
    let found = clients.refuses(&query("acme/other")).unwrap();
    assert!(found.contains("--plugin acme/other=PROGRAM"), "{found}");
    assert_eq!(clients.measure(&query("acme/other"), None).await, Err(found));
    let lost = BTreeMap::from([("acme/other".to_owned(), "/no/such/program".into())]);
    let found = clients.with_plugins(lost).measure(&query("acme/other"), None).await.unwrap_err();
    assert!(found.contains("/no/such/program"), "{found}");
}

#[tokio::test]
async fn much_output_and_unread_input_hold_nothing_up() {
    let found = ask("yes | head -c 9000000 >&2; echo '{\"value\": 1}'").await.unwrap();
    assert_eq!(found.shown, "1");
    let found = ask("yes '{' | head -c 9000000").await.unwrap_err();
    assert!(found.contains("acme/check"), "{found}");
}
