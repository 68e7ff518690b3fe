//! Asks Prometheus and other servers for the values of metrics.
//!
//! Each question is a connection of its own: metrics are measured every few seconds at most, and a
//! connection that is kept may be dead by then. No proxy is used.
//!
//! Invariant: nothing here waits for a limited time. Whoever asks drops the future when its time is
//! over, and with it goes the connection.

mod exchange;
mod prometheus;
mod tls;
mod url;
mod web;

use async_trait::async_trait;
use tidegate_analysis::{Answer, Query};
use tidegate_ports::MetricSource;

use crate::tls::Trust;

/// The clients of all servers that metrics may name.
#[derive(Default)]
pub struct MetricClients {
    prometheus: Option<String>,
    trust: Trust,
}

impl MetricClients {
    /// Clients that ask `prometheus`, a URL, where a metric names no address.
    pub fn new(prometheus: Option<String>) -> Self {
        Self { prometheus, trust: Trust::default() }
    }
}

#[async_trait]
impl MetricSource for MetricClients {
    async fn measure(&self, query: &Query) -> Result<Answer, String> {
        match query {
            Query::Prometheus(query) => {
                prometheus::measure(&self.trust, self.prometheus.as_deref(), query).await
            }
            Query::Web(query) => web::measure(&self.trust, query).await,
        }
    }
}
