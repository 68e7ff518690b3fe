//! The clients against servers that answer oddly.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod odd;
mod prometheus;
mod redirects;
mod server;
mod tls;

use std::time::Duration;

use tidegate_analysis::{Header, PrometheusQuery, Query, WebBody, WebMethod, WebQuery};
use tidegate_metrics::MetricClients;
use tidegate_ports::MetricSource as _;

/// A request to `url` as plain as can be.
pub(crate) fn web(url: &str) -> WebQuery {
    WebQuery {
        method: WebMethod::Get,
        url: url.to_owned(),
        headers: Vec::new(),
        body: WebBody::None,
        timeout: None,
        json_path: None,
        insecure: false,
    }
}

/// A query to the Prometheus at `url` as plain as can be.
pub(crate) fn prometheus(url: &str) -> PrometheusQuery {
    PrometheusQuery {
        address: Some(url.to_owned()),
        query: "sum(rate(x{a=\"b c\"}[1m])) + 1".to_owned(),
        timeout: None,
        insecure: false,
        headers: Vec::new(),
        basic_auth: None,
        range: None,
    }
}

pub(crate) fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

/// What is shown of the answer, or the problem.
pub(crate) async fn ask(query: Query) -> Result<String, String> {
    let clients = MetricClients::new(None);
    let answer = tokio::time::timeout(Duration::from_secs(20), clients.measure(&query)).await;
    answer.unwrap().map(|answer| answer.shown)
}
