//! Resources as rows, from the shape that Kubernetes gives them.

use serde_json::Value;
use tidegate_controller::Kind;
use tidegate_units::Timestamp;

use crate::{table::Table, times};

/// The resources of a kind as a table; the column NAMESPACE is always there.
pub(crate) fn table(kind: Kind, items: &[Value], wide: bool, now: Timestamp) -> Table {
    let (mut table, row): (Table, fn(&Value) -> Vec<String>) = match kind {
        Kind::Rollout => (
            Table::new([
                "NAMESPACE",
                "NAME",
                "STRATEGY",
                "STATUS",
                "STEP",
                "SET-WEIGHT",
                "READY",
                "DESIRED",
                "UP-TO-DATE",
                "AVAILABLE",
                "AGE",
                "STABLE",
                "CURRENT",
                "IMAGES",
                "MESSAGE",
            ]),
            rollout,
        ),
        Kind::Experiment => (
            Table::new(["NAMESPACE", "NAME", "STATUS", "AVAILABLE", "ANALYSES", "AGE", "MESSAGE"]),
            experiment,
        ),
        Kind::AnalysisRun => {
            (Table::new(["NAMESPACE", "NAME", "STATUS", "AGE", "METRICS", "MESSAGE"]), analysis_run)
        }
        Kind::Deployment => (Table::new(["NAMESPACE", "NAME", "AGE", "IMAGES"]), deployment),
        Kind::Service => {
            (Table::new(["NAMESPACE", "NAME", "PORTS", "AGE", "LISTEN", "SELECTOR"]), service)
        }
        Kind::AnalysisTemplate | Kind::ClusterAnalysisTemplate => {
            (Table::new(["NAMESPACE", "NAME", "METRICS", "AGE", "ARGS"]), analysis_template)
        }
        Kind::ConfigMap | Kind::Secret => (Table::new(["NAMESPACE", "NAME", "DATA", "AGE"]), data),
    };
    for item in items {
        let mut cells = vec![text(item, "/metadata/namespace"), text(item, "/metadata/name")];
        cells.extend(row(item));
        cells.insert(age_column(kind), age(item, now));
        table.row(cells);
    }
    if wide {
        return table;
    }
    let only_wide = ["STABLE", "CURRENT", "IMAGES", "MESSAGE", "SELECTOR", "ARGS"];
    let table = only_wide.iter().fold(table, |table, head| table.without(head));
    if kind == Kind::Rollout { table.without("AGE") } else { table }
}

const fn age_column(kind: Kind) -> usize {
    match kind {
        Kind::Rollout => 10,
        Kind::Experiment => 5,
        Kind::Deployment => 2,
        _ => 3,
    }
}

fn rollout(item: &Value) -> Vec<String> {
    let has = |strategy: &str| item.pointer(&format!("/spec/strategy/{strategy}")).is_some();
    let strategy = match (has("canary"), has("blueGreen")) {
        (true, _) => "Canary",
        (false, true) => "BlueGreen",
        (false, false) => "unknown",
    };
    let steps = array(item, "/spec/strategy/canary/steps");
    let number = |path: &str| item.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let step = match number("/status/currentStepIndex") {
        _ if steps.is_empty() => String::new(),
        index => format!("{index}/{}", steps.len()),
    };
    let desired = item.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
    vec![
        strategy.to_owned(),
        text(item, "/status/phase"),
        step,
        text(item, "/status/canary/weights/canary/weight"),
        format!("{}/{}", number("/status/readyReplicas"), number("/status/replicas")),
        desired.to_string(),
        number("/status/updatedReplicas").to_string(),
        number("/status/availableReplicas").to_string(),
        text(item, "/status/stableRS"),
        text(item, "/status/currentPodHash"),
        texts(&array(item, "/spec/template/spec/containers"), "/image"),
        text(item, "/status/message"),
    ]
}

fn experiment(item: &Value) -> Vec<String> {
    let number = |one: &Value| one.get("availableReplicas").and_then(Value::as_u64).unwrap_or(0);
    let available: u64 = array(item, "/status/templateStatuses").iter().map(number).sum();
    let wanted = |one: &Value| one.get("replicas").and_then(Value::as_u64).unwrap_or(1);
    let wanted: u64 = array(item, "/spec/templates").iter().map(wanted).sum();
    let runs = array(item, "/status/analysisRuns");
    let runs = runs.iter().map(|one| format!("{}={}", text(one, "/name"), text(one, "/phase")));
    vec![
        text(item, "/status/phase"),
        format!("{available}/{wanted}"),
        runs.collect::<Vec<_>>().join(","),
        text(item, "/status/message"),
    ]
}

fn analysis_run(item: &Value) -> Vec<String> {
    let results = array(item, "/status/metricResults");
    let results =
        results.iter().map(|one| format!("{}={}", text(one, "/name"), text(one, "/phase")));
    let results = results.collect::<Vec<_>>().join(",");
    vec![text(item, "/status/phase"), results, text(item, "/status/message")]
}

fn deployment(item: &Value) -> Vec<String> {
    vec![texts(&array(item, "/spec/template/spec/containers"), "/image")]
}

fn service(item: &Value) -> Vec<String> {
    let listen = array(item, "/status/loadBalancer/ingress")
        .into_iter()
        .flat_map(|it| array(&it, "/ports").into_iter().map(move |port| address(&it, &port)));
    let listen = listen.collect::<Vec<_>>().join(",");
    vec![texts(&array(item, "/spec/ports"), "/port"), listen, pairs(item, "/spec/selector")]
}

/// Where a port listens, and why it does not.
fn address(ingress: &Value, port: &Value) -> String {
    let address = format!("{}:{}", text(ingress, "/ip"), text(port, "/port"));
    match text(port, "/error") {
        note if note.is_empty() => address,
        note => format!("{address} ({note})"),
    }
}

fn analysis_template(item: &Value) -> Vec<String> {
    let names = |path: &str| texts(&array(item, path), "/name");
    vec![names("/spec/metrics"), names("/spec/args")]
}

fn data(item: &Value) -> Vec<String> {
    let count =
        |path: &str| item.pointer(path).and_then(Value::as_object).map_or(0, serde_json::Map::len);
    vec![(count("/data") + count("/stringData")).to_string()]
}

fn age(item: &Value, now: Timestamp) -> String {
    text(item, "/metadata/creationTimestamp")
        .parse::<Timestamp>()
        .map_or_else(|_| String::new(), |created| times::age(now.since(created)))
}

fn text(item: &Value, path: &str) -> String {
    match item.pointer(path) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn array(item: &Value, path: &str) -> Vec<Value> {
    item.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn texts(items: &[Value], path: &str) -> String {
    items.iter().map(|item| text(item, path)).collect::<Vec<_>>().join(",")
}

fn pairs(item: &Value, path: &str) -> String {
    let map = item.pointer(path).and_then(Value::as_object);
    let pairs = map
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    pairs.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(300_000);

    fn web() -> Value {
        json!({
            "metadata": {"name": "web", "namespace": "shop",
                "creationTimestamp": "1970-01-01T00:00:00.000Z"},
            "spec": {"replicas": 3,
                "strategy": {"canary": {"steps": [{"setWeight": 5}, {"pause": {}}]}},
                "template": {"spec": {"containers": [{"image": "web:2"}, {"image": "side:1"}]}}},
            "status": {"phase": "Paused", "message": "CanaryPauseStep", "currentStepIndex": 1,
                "readyReplicas": 4, "replicas": 4, "updatedReplicas": 1, "availableReplicas": 4,
                "stableRS": "aaa", "currentPodHash": "bbb",
                "canary": {"weights": {"canary": {"weight": 5}}}},
        })
    }

    #[test]
    fn rollouts_have_the_columns_of_argo() {
        let bare = json!({"metadata": {"name": "new", "namespace": "shop"}, "spec": {}});
        let blue = json!({
            "metadata": {"name": "blue", "namespace": "shop"},
            "spec": {"strategy": {"blueGreen": {"activeService": "blue"}}},
            "status": {"phase": "Healthy"},
        });
        insta::assert_snapshot!(table(Kind::Rollout, &[web(), blue, bare], false, NOW).without("NAMESPACE"), @r"
        NAME   STRATEGY    STATUS    STEP   SET-WEIGHT   READY   DESIRED   UP-TO-DATE   AVAILABLE
        web    Canary      Paused    1/2    5            4/4     3         1            4
        blue   BlueGreen   Healthy   -      -            0/0     1         0            0
        new    unknown     -         -      -            0/0     1         0            0
        ");
        insta::assert_snapshot!(table(Kind::Rollout, &[web()], true, NOW), @r"
        NAMESPACE   NAME   STRATEGY   STATUS   STEP   SET-WEIGHT   READY   DESIRED   UP-TO-DATE   AVAILABLE   AGE   STABLE   CURRENT   IMAGES         MESSAGE
        shop        web    Canary     Paused   1/2    5            4/4     3         1            4           5m    aaa      bbb       web:2,side:1   CanaryPauseStep
        ");
    }

    #[test]
    fn experiments_say_how_far_they_are() {
        let item = json!({
            "metadata": {"name": "ab", "namespace": "shop"},
            "spec": {"templates": [{"name": "a"}, {"name": "b", "replicas": 2}]},
            "status": {"phase": "Failed", "message": "too slow",
                "templateStatuses": [{"name": "a", "availableReplicas": 1},
                    {"name": "b", "availableReplicas": 2}],
                "analysisRuns": [{"name": "fast", "phase": "Failed"}]},
        });
        insta::assert_snapshot!(table(Kind::Experiment, &[item], true, NOW), @r"
        NAMESPACE   NAME   STATUS   AVAILABLE   ANALYSES      AGE   MESSAGE
        shop        ab     Failed   3/3         fast=Failed   -     too slow
        ");
    }

    #[test]
    fn other_kinds_have_what_tells_them_apart() {
        let service = json!({
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}, {"port": 81}]},
            "status": {"loadBalancer": {"ingress": [
                {"ip": "127.0.0.1", "ports": [{"port": 8080}]},
                {"ip": "127.0.0.1", "ports": [{"port": 81, "error": "it is in use"}]}]}},
        });
        insta::assert_snapshot!(table(Kind::Service, &[service], true, NOW), @r"
        NAMESPACE   NAME   PORTS   AGE   LISTEN                                       SELECTOR
        shop        web    80,81   -     127.0.0.1:8080,127.0.0.1:81 (it is in use)   app=web
        ");
        let secret =
            json!({"metadata": {"name": "key"}, "data": {"a": ""}, "stringData": {"b": ""}});
        insta::assert_snapshot!(table(Kind::Secret, &[secret], false, NOW), @r"
        NAMESPACE   NAME   DATA   AGE
        -           key    2      -
        ");
    }
}
