//! Asks Prometheus and other servers for the values of metrics.
//!
//! Each question is a connection of its own: metrics are measured every few seconds at most, and a
//! connection that is kept may be dead by then. No proxy is used.
//!
//! Invariant: how long an answer is waited for is not decided here. Whoever asks drops the future when
//! its time is over, and with it go the connection, or the program and all that it started.

mod cloudwatch;
mod credentials;
mod datadog;
mod embedded;
mod flux;
mod graphite;
mod graphql;
mod headers;
mod influxdb;
mod kayenta;
mod names;
mod newrelic;
mod numbers;
mod oauth2;
mod plugin;
mod prometheus;
mod sigv4;
mod skywalking;
mod wavefront;
mod web;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use tidegate_analysis::{Answer, KayentaQuery, Query};
use tidegate_kayenta::CanaryConfig;
use tidegate_ports::MetricSource;
use tidegate_promql::SeriesSource;
use tidegate_workload::Secret;

pub use crate::credentials::Environment;
use tidegate_http_client::Trust;

use crate::{embedded::Embedded, kayenta::Values, names::Names};

/// The clients of all servers that metrics may name.
#[derive(Default)]
pub struct MetricClients {
    environment: Environment,
    embedded: Option<Embedded>,
    names: Names,
    trust: Trust,
    plugins: BTreeMap<String, PathBuf>,
    canary_configs: Option<Arc<CanaryConfigs>>,
}

/// Reads the canary configurations that are judged by here; in one sentence why it cannot.
pub type CanaryConfigs = dyn Fn() -> Result<Vec<CanaryConfig>, String> + Send + Sync;

impl MetricClients {
    /// Clients with what the environment says of the servers.
    pub fn new(environment: Environment) -> Self {
        Self { environment, ..Self::default() }
    }

    /// The same, with series that answer in place of a Prometheus: where a metric names no address
    /// and there is no other, and where the address is a name that only a cluster knows.
    #[must_use]
    pub fn with_series(self, series: Arc<dyn SeriesSource + Send + Sync>) -> Self {
        Self { embedded: Some(series), ..self }
    }

    /// The same, with programs that measure by themselves, by the names that metrics give them.
    #[must_use]
    pub fn with_plugins(self, plugins: BTreeMap<String, PathBuf>) -> Self {
        Self { plugins, ..self }
    }

    /// The same, with canary configurations that are judged by here, whatever server of Kayenta's a
    /// metric names. They are read anew for each judgement.
    #[must_use]
    pub fn with_canary_configs(self, canary_configs: Arc<CanaryConfigs>) -> Self {
        Self { canary_configs: Some(canary_configs), ..self }
    }

    /// Has a canary judged: here, where its configuration is known, else by the server.
    async fn kayenta(&self, query: &KayentaQuery) -> Result<Answer, String> {
        let Self { environment, embedded, names, trust, canary_configs, .. } = self;
        let embedded = embedded.as_ref().map(|series| (series, names));
        let values = Values { trust, environment, embedded };
        let configs = match canary_configs.clone() {
            None => Vec::new(),
            Some(read) => {
                let read = tokio::task::spawn_blocking(move || read()).await;
                read.map_err(|_| "the canary configurations could not be read".to_owned())??
            }
        };
        match kayenta::known(&configs, query) {
            Some(config) => kayenta::judge(config, query, &values).await,
            None => kayenta::measure(trust, names, query).await,
        }
    }
}

#[async_trait]
impl MetricSource for MetricClients {
    async fn measure(&self, query: &Query, secret: Option<&Secret>) -> Result<Answer, String> {
        let Self { environment, embedded, names, trust, plugins, .. } = self;
        match query {
            Query::Prometheus(query) => {
                let embedded = embedded.as_ref().map(|series| (series, names));
                prometheus::measure(trust, environment, embedded, query).await
            }
            Query::Web(query) => web::measure(trust, query).await,
            Query::Datadog(query) => {
                datadog::measure(trust, environment.datadog.as_ref(), query, secret).await
            }
            Query::NewRelic(query) => newrelic::measure(trust, query, secret).await,
            Query::Graphite(query) => graphite::measure(trust, query).await,
            Query::Influxdb(query) => influxdb::measure(trust, query, secret).await,
            Query::Wavefront(query) => wavefront::measure(trust, query, secret).await,
            Query::SkyWalking(query) => skywalking::measure(trust, query).await,
            Query::CloudWatch(query) => cloudwatch::measure(trust, environment, query).await,
            Query::Kayenta(query) => self.kayenta(query).await,
            Query::Plugin(query) => match plugins.get(&query.name) {
                Some(program) => plugin::measure(program, query).await,
                None => Err(unknown(&query.name)),
            },
        }
    }

    fn refuses(&self, query: &Query) -> Option<String> {
        match query {
            Query::Plugin(query) if !self.plugins.contains_key(&query.name) => {
                Some(unknown(&query.name))
            }
            _ => None,
        }
    }
}

fn unknown(plugin: &str) -> String {
    format!(
        "the server knows no plugin {plugin:?}: start it with --plugin {plugin}=PROGRAM, or ask a \
         server that has the answer, by provider.web"
    )
}
