//! Settings of services as Argo Rollouts' are written.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// How often and when something is tried again; what is not given is Tidegate's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    /// The first wait.
    pub wait_min: Option<Duration>,
    /// The longest wait.
    pub wait_max: Option<Duration>,
    /// The tries after the first.
    pub max: Option<u32>,
}

/// `service.slack`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SlackOptions {
    pub(crate) token: String,
    #[serde(default)]
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) icon: String,
    #[serde(default, rename = "apiURL")]
    pub(crate) api_url: String,
    #[serde(default)]
    pub(crate) disable_unfurl: bool,
    #[serde(default)]
    pub(crate) insecure_skip_verify: bool,
    /// Both are of the bot that people talk to, which is Argo CD's alone.
    #[serde(default, rename = "signingSecret")]
    _signing_secret: String,
    #[serde(default, rename = "channels")]
    _channels: Vec<String>,
    /// Of kept connections. There are none: each delivery is a connection of its own.
    #[serde(default, rename = "maxIdleConns")]
    _max_idle_conns: Value,
    #[serde(default, rename = "maxIdleConnsPerHost")]
    _max_idle_conns_per_host: Value,
    #[serde(default, rename = "maxConnsPerHost")]
    _max_conns_per_host: Value,
    #[serde(default, rename = "idleConnTimeout")]
    _idle_conn_timeout: Value,
}

/// `service.webhook.<name>`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WebhookOptions {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) headers: Vec<Header>,
    pub(crate) basic_auth: Option<BasicAuth>,
    #[serde(default)]
    pub(crate) insecure_skip_verify: bool,
    #[serde(default, deserialize_with = "duration")]
    pub(crate) retry_wait_min: Option<Duration>,
    #[serde(default, deserialize_with = "duration")]
    pub(crate) retry_wait_max: Option<Duration>,
    pub(crate) retry_max: Option<u32>,
    /// Of kept connections. There are none: each delivery is a connection of its own.
    #[serde(default, rename = "maxIdleConns")]
    _max_idle_conns: Value,
    #[serde(default, rename = "maxIdleConnsPerHost")]
    _max_idle_conns_per_host: Value,
    #[serde(default, rename = "maxConnsPerHost")]
    _max_conns_per_host: Value,
    #[serde(default, rename = "idleConnTimeout")]
    _idle_conn_timeout: Value,
}

/// `service.cloudevents.<name>` and `service.cdevents.<name>`, which are Tidegate's own.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EventOptions {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) mode: crate::Mode,
    #[serde(default = "EventOptions::source")]
    pub(crate) source: String,
    #[serde(default)]
    pub(crate) headers: Vec<Header>,
    pub(crate) basic_auth: Option<BasicAuth>,
    #[serde(default)]
    pub(crate) insecure_skip_verify: bool,
    #[serde(default, deserialize_with = "duration")]
    pub(crate) retry_wait_min: Option<Duration>,
    #[serde(default, deserialize_with = "duration")]
    pub(crate) retry_wait_max: Option<Duration>,
    pub(crate) retry_max: Option<u32>,
}

impl EventOptions {
    fn source() -> String {
        "/tidegate".to_owned()
    }
}

/// `service.email`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailOptions {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) from: String,
    #[serde(default)]
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) password: String,
    #[serde(default)]
    pub(crate) html: bool,
    #[serde(default)]
    pub(crate) insecure_skip_verify: bool,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BasicAuth {
    pub(crate) username: String,
    pub(crate) password: String,
}

/// `2s`, `500ms` or `1m`, or nanoseconds as Go's JSON has them.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let read = match &value {
        Value::Number(number) => number.as_u64().map(Duration::from_nanos),
        Value::String(text) => of_text(text),
        _ => None,
    };
    let wrong = || de::Error::custom(format!("{value} is no time; write it as 500ms, 2s or 1m"));
    read.map(Some).ok_or_else(wrong)
}

fn of_text(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|sign: char| sign.is_ascii_alphabetic());
    let count: u64 = digits.parse().ok()?;
    match text.get(digits.len()..)? {
        "ms" => Some(Duration::from_millis(count)),
        "s" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_secs(count.checked_mul(60)?)),
        "h" => Some(Duration::from_secs(count.checked_mul(3600)?)),
        _ => None,
    }
}
