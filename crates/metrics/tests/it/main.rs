//! The clients against servers that answer oddly.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod canary;
mod embedded;
mod kayenta;
mod odd;
mod plugins;
mod prometheus;
mod redirects;
mod server;
mod services;
mod tls;
mod tokens;

use std::time::Duration;

use tidegate_analysis::{Answer, Header, PrometheusQuery, Query, WebQuery};
use tidegate_metrics::{Environment, MetricClients};
use tidegate_ports::MetricSource as _;
use tidegate_workload::Secret;

/// A request to `url` as plain as can be.
pub(crate) fn web(url: &str) -> WebQuery {
    WebQuery::new(url)
}

/// A query to the Prometheus at `url` as plain as can be.
pub(crate) fn prometheus(url: &str) -> PrometheusQuery {
    let query = PrometheusQuery::new("sum(rate(x{a=\"b c\"}[1m])) + 1");
    PrometheusQuery { address: Some(url.to_owned()), ..query }
}

pub(crate) fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

/// What is shown of the answer, or the problem.
pub(crate) async fn ask(query: Query) -> Result<String, String> {
    answer(query, &[], None).await.map(|answer| answer.shown)
}

/// What is answered to a server with this environment, which gives this Secret.
pub(crate) async fn answer(
    query: Query,
    environment: &[(&str, &str)],
    secret: Option<&Secret>,
) -> Result<Answer, String> {
    let variable = |name: &str| {
        let found = environment.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let clients = MetricClients::new(Environment::read(variable));
    let asked = clients.measure(&query, secret);
    tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap()
}
