//! Walks every route and every row of the table, on a control plane in memory.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tidegate_controller::{ControlPlane, Pace, Ports};
use tidegate_series::Recorder;
use tidegate_testkit::{
    FakeJobs, FakeMetrics, FakeRouter, FakeRuntime, MemoryStore, Says, TokioClock,
};

use crate::{
    Metrics, MetricsAccess, Options, Token,
    door::demand::{Demand, TABLE},
    routes::{Api, addresses, routes},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn api() -> (Api, Metrics) {
    let clock = TokioClock::new();
    let ports = Ports {
        clock: Arc::new(clock),
        runtime: Arc::new(FakeRuntime::new(clock, Duration::from_millis(20))),
        router: Arc::new(FakeRouter::new(clock, 100.0)),
        store: Arc::new(MemoryStore::default()),
        metrics: Arc::new(FakeMetrics::new(Says::Number(1.0))),
        jobs: Arc::new(FakeJobs::default()),
    };
    let access = MetricsAccess::Token;
    let control = ControlPlane::start(ports, Pace::default()).await.unwrap();
    let stopping = tokio::sync::watch::channel(false).1;
    let metrics = Metrics { recorder: Arc::new(Recorder::default()), access };
    let options = Options::new(Token::new(TOKEN).unwrap(), metrics.clone(), Arc::new(clock));
    (Api::new(control, options, stopping), metrics)
}

/// Every path of a router, as its `Debug` form tells them: there is no other way to ask.
fn paths(router: &Router<Api>) -> BTreeSet<String> {
    let told = format!("{router:?}");
    let quoted = told.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with('/')).map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn every_address_has_a_row_and_every_row_an_address() {
    let (api, metrics) = api().await;
    let mut paths = paths(&addresses(&api, &metrics));
    // What axum itself has for all other addresses.
    paths.remove("/{*__private__axum_fallback}");
    paths.remove("/");
    let rows = TABLE.iter().map(|(_, path, _)| (*path).to_owned()).filter(|path| path != "/");
    let rows: BTreeSet<_> = rows.collect();
    assert!(paths.len() > 30, "{paths:?}");
    assert_eq!(paths, rows);
}

#[tokio::test]
async fn every_row_answers_the_owner_and_nobody_who_is_not_known() {
    let (api, metrics) = api().await;
    let routes = TowerToHyperService::new(routes(api, &metrics));
    for (method, path, demand) in TABLE {
        let kind = match *path {
            path if path.starts_with("/api/") => "services",
            path if path.starts_with("/apis/apps/") => "deployments",
            path if path.contains("{namespace}") => "rollouts",
            _ => "clusteranalysistemplates",
        };
        let action = if path.contains("/rollouts/") { "pause" } else { "terminate" };
        let uri = path.replace("{kind}", kind).replace("{action}", action);
        let uri = uri.replace("{namespace}", "default").replace("{name}", "web");
        let ask = async |token: Option<&str>| {
            let request = Request::builder().method(method).uri(&uri);
            let mut request = request.header("host", "127.0.0.1");
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let answer = routes.call(request.body(Body::empty()).unwrap()).await.unwrap();
            answer.status().as_u16()
        };
        let closed = *demand != Demand::Nothing;
        assert_eq!(ask(None).await == 401, closed, "{method} {uri}");
        assert_eq!(ask(Some(&TOKEN[1..])).await == 401, closed, "{method} {uri}");
        let owner = ask(Some(TOKEN)).await;
        assert!(![401, 403, 405].contains(&owner) && owner < 500, "{method} {uri}: {owner}");
    }
}
