//! Metrics and the access log.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    backend::Backend,
    fixture::{Wire, World, free_address},
};

async fn metrics(world: &World) -> BTreeMap<String, f64> {
    let address = world.router.as_ref().unwrap().metrics().unwrap();
    let written = std::fs::read_to_string(world.folder.path().join("router/metrics.addr")).unwrap();
    assert_eq!(written, address.to_string());
    let answer = Wire::new(address).await.ask("GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(answer.status, 200);
    let samples = answer.body.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

#[tokio::test]
async fn metrics_tell_what_happened() {
    let replica = Backend::answering(200, "ok", Duration::from_millis(3)).await;
    let mut world = World::with(|settings| settings.metrics = Some("127.0.0.1:0".parse().unwrap()));
    world.apply(&[("r", 100, &[replica.address, free_address()])]).await;
    let mut client = world.connect().await;
    for _ in 0..5 {
        client.get().await;
    }
    world.apply(&[("r", 100, &[])]).await;
    client.get().await;
    let found = metrics(&world).await;
    let labels = r#"listener="default/web",rollout="default/web",revision="r""#;
    let value = |name: &str, more: &str| {
        let key = format!("tidegate_router_{name}{{{labels}{more}}}");
        *found.get(&key).unwrap_or_else(|| panic!("{key} is not in {found:#?}"))
    };
    assert_eq!(value("requests_total", r#",class="2xx",code="200""#), 5.0);
    assert_eq!(value("requests_total", r#",class="2xx""#), 0.0);
    assert_eq!(value("requests_total", r#",class="unanswered""#), 2.0);
    assert_eq!(value("latency_seconds_count", ""), 5.0);
    assert_eq!(value("latency_seconds_bucket", r#",le="0.001""#), 0.0);
    assert_eq!(value("latency_seconds_bucket", r#",le="10""#), 5.0);
    assert!(value("latency_seconds_sum", "") > 0.015);
    assert_eq!(found["tidegate_router_retries_total"], 1.0);
    assert_eq!(found["tidegate_router_table_generation"], 2.0);
    assert_eq!(found["tidegate_router_table_kept"], 1.0);
    assert_eq!(found["tidegate_router_connections"], 1.0);
    assert_eq!(found[r#"tidegate_router_errors_total{reason="no-replica"}"#], 1.0);
}

#[tokio::test]
async fn the_metrics_address_gives_nothing_else() {
    let world = World::with(|settings| settings.metrics = Some("127.0.0.1:0".parse().unwrap()));
    let address = world.router.as_ref().unwrap().metrics().unwrap();
    for path in ["/reading", "/table", "/"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
        assert_eq!(Wire::new(address).await.ask(&request).await.status, 404);
    }
}

#[tokio::test]
async fn the_access_log_has_a_line_for_each_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let replica = Backend::named("hello").await;
    let mut world = World::with(|settings| settings.access_log = Some(path.clone()));
    world.apply(&[("r", 100, &[replica.address])]).await;
    world.connect().await.ask("GET /a?b HTTP/1.1\r\nhost: web\r\n\r\n").await;
    world.apply(&[("r", 100, &[])]).await;
    world.get().await;
    let router = world.router.take().unwrap();
    tokio::task::spawn_blocking(|| router.stop()).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0]["method"], "GET");
    assert_eq!(lines[0]["path"], "/a?b");
    assert_eq!((&lines[0]["status"], &lines[0]["bytes"]), (&200.into(), &5.into()));
    assert_eq!((&lines[0]["revision"], &lines[0]["service"]), (&"r".into(), &"default/web".into()));
    assert_eq!((&lines[1]["status"], &lines[1]["error"]), (&503.into(), &"no-replica".into()));
}
