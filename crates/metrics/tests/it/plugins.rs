//! Programs that measure by themselves.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use serde_json::json;
use tidegate_analysis::{Answer, PluginQuery, PluginTask, Query, RunPhase};
use tidegate_metrics::{Environment, MetricClients};
use tidegate_ports::MetricSource as _;

/// What a shell script answers, asked under the name `acme/check`.
async fn ask(script: &str) -> Result<Answer, String> {
    let folder = tempfile::tempdir().unwrap();
    ask_in(folder.path(), script).await
}

/// The same, of a script in `folder`.
async fn ask_in(folder: &Path, script: &str) -> Result<Answer, String> {
    let program = folder.join("check");
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

/// A child that writes its id to `child` and works for minutes.
const CHILD: &str =
    "sleep 300 & echo $! > $(dirname $0)/new && mv $(dirname $0)/new $(dirname $0)/child";

/// Waits until what `folder/child` names is written and satisfies.
async fn wait_for(folder: &Path, is_so: impl Fn(&str) -> bool) {
    let look = async {
        while !std::fs::read_to_string(folder.join("child")).is_ok_and(|pid| is_so(pid.trim())) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), look).await.unwrap();
}

/// Whether it runs no more; it may be left to be reaped.
fn is_dead(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.map_or(true, |stat| stat.contains(") Z "))
}

#[tokio::test]
async fn a_process_that_is_left_behind_neither_delays_the_answer_nor_stays() {
    let folder = tempfile::tempdir().unwrap();
    let found = ask_in(folder.path(), &format!("{CHILD}; echo '{{\"value\": 1}}'")).await;
    assert_eq!(found.unwrap().shown, "1");
    wait_for(folder.path(), is_dead).await;
}

#[tokio::test]
async fn who_no_longer_wants_the_answer_ends_all_that_the_program_started() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("{CHILD}; wait");
    tokio::select! {
        found = ask_in(folder.path(), &script) => panic!("{found:?}"),
        () = wait_for(folder.path(), |pid| !is_dead(pid)) => {}
    }
    wait_for(folder.path(), is_dead).await;
}
