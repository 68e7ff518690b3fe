//! Questions that the network answers, and what it answers.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_condition::Value;
use tidegate_units::{RunPhase, Timestamp};

mod authentication;
mod kayenta;
mod plugin;
mod secret_use;
mod vendor;

pub use authentication::{BasicAuth, OAuth2, SigV4};
pub use kayenta::{KayentaQuery, KayentaScope, KayentaScopeDetail};
pub use plugin::{PluginAsker, PluginQuery, PluginTask};
pub use secret_use::SecretUse;
pub use vendor::{
    CloudWatchQuery, DatadogQuery, DatadogVersion, GraphiteQuery, InfluxdbQuery, NewRelicQuery,
    SkyWalkingQuery, WavefrontQuery,
};

use crate::{
    JobEnd, JsonPath, MeasurementView, Provider, Redaction, RunSpec, TimeExpression, parse_duration,
};

/// Argo's time limit for Prometheus.
const PROMETHEUS_TIMEOUT: Duration = Duration::from_secs(30);

/// Argo's time limit for `web`.
const WEB_TIMEOUT: Duration = Duration::from_secs(10);

/// Argo's time limit for `SkyWalking` and `InfluxDB`.
const SLOW_TIMEOUT: Duration = Duration::from_secs(30);

/// For a judgement of Kayenta's, and for a program that measures by itself, such as a load test.
/// Argo Rollouts waits for ever; what takes longer than this has been forgotten by whoever does it.
const LONG_TIMEOUT: Duration = Duration::from_mins(15);

/// A question to a server, complete: whoever asks it has nothing to choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Query {
    /// `provider.prometheus`.
    Prometheus(PrometheusQuery),
    /// `provider.web`.
    Web(WebQuery),
    /// `provider.datadog`.
    Datadog(DatadogQuery),
    /// `provider.newRelic`.
    NewRelic(NewRelicQuery),
    /// `provider.graphite`.
    Graphite(GraphiteQuery),
    /// `provider.influxdb`.
    Influxdb(InfluxdbQuery),
    /// `provider.wavefront`.
    Wavefront(WavefrontQuery),
    /// `provider.skywalking`.
    SkyWalking(SkyWalkingQuery),
    /// `provider.cloudWatch`.
    CloudWatch(CloudWatchQuery),
    /// `provider.kayenta`.
    Kayenta(KayentaQuery),
    /// `provider.plugin`, of a plugin that is a program of its own.
    Plugin(PluginQuery),
}

impl Query {
    /// How long an answer is waited for, as Argo Rollouts does: Prometheus, `SkyWalking` and
    /// `InfluxDB` 30 s, the others 10 s, where nothing else is given.
    pub fn timeout(&self) -> Duration {
        match self {
            Self::Prometheus(query) => query.timeout.unwrap_or(PROMETHEUS_TIMEOUT),
            Self::Web(query) => query.timeout.unwrap_or(WEB_TIMEOUT),
            Self::Datadog(query) => query.timeout(),
            // New Relic ends the query itself; this is for one that does not.
            Self::NewRelic(query) => {
                WEB_TIMEOUT + Duration::from_secs(query.timeout.unwrap_or(5).into())
            }
            Self::Influxdb(_) | Self::SkyWalking(_) | Self::CloudWatch(_) => SLOW_TIMEOUT,
            Self::Graphite(_) | Self::Wavefront(_) => WEB_TIMEOUT,
            Self::Kayenta(_) | Self::Plugin(_) => LONG_TIMEOUT,
        }
    }

    /// Facts about the metric that Argo Rollouts shows beside its results, by Argo's names.
    pub(crate) fn metadata(&self) -> BTreeMap<String, String> {
        let (name, query) = match self {
            Self::Prometheus(query) => ("ResolvedPrometheusQuery", &query.query),
            Self::NewRelic(query) => ("ResolvedNewRelicQuery", &query.query),
            _ => return BTreeMap::new(),
        };
        BTreeMap::from([(name.to_owned(), query.clone())])
    }

    /// What is wrong with it, now that its arguments are filled in.
    pub(crate) fn problem(&self) -> Option<String> {
        match self {
            Self::Prometheus(query) if query.query.is_empty() => {
                Some("the query is empty: write one in PromQL".to_owned())
            }
            Self::Prometheus(query) => query.problem(),
            Self::Web(query) => query.problem(),
            Self::Datadog(query) => query.problem(),
            Self::CloudWatch(query) => query.problem(),
            Self::SkyWalking(query) => query.problem(),
            Self::Kayenta(query) => query.problem(),
            Self::NewRelic(_)
            | Self::Graphite(_)
            | Self::Influxdb(_)
            | Self::Wavefront(_)
            | Self::Plugin(_) => None,
        }
    }

    /// The same with what only the run knows: its names, when it began, how often it measures.
    pub(crate) fn in_run(
        &self,
        spec: &RunSpec,
        started: Timestamp,
        interval: Option<Duration>,
        last: Option<&MeasurementView>,
    ) -> Self {
        match self {
            Self::Kayenta(query) => Self::Kayenta(KayentaQuery {
                run_started: Some(started),
                interval,
                ..query.clone()
            }),
            Self::Plugin(query) => {
                let asker = PluginAsker {
                    owner: spec.owner.to_string(),
                    run: query.of.clone().unwrap_or_else(|| spec.name.to_string()),
                    canary: spec.canary.to_string(),
                    stable: spec.stable.to_string(),
                };
                let mut query = PluginQuery { asker: Some(asker), ..query.clone() };
                if let Some(status) = last.and_then(MeasurementView::step_status) {
                    query.status = status;
                }
                Self::Plugin(query)
            }
            other => other.clone(),
        }
    }

    /// What a value comes to where the provider decides that, whatever the conditions say.
    pub(crate) fn verdict(&self, answer: &Answer) -> Option<RunPhase> {
        match self {
            Self::Kayenta(query) => query.verdict(&answer.value),
            Self::Plugin(_) => answer.verdict,
            _ => None,
        }
    }
}

/// A query in `PromQL`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrometheusQuery {
    /// The server's URL; where it is absent, the one that the control plane was given.
    pub address: Option<String>,
    /// `PromQL`.
    pub query: String,
    /// How long to wait for the answer; default 30 s.
    pub timeout: Option<Duration>,
    /// Whether any certificate is good enough.
    pub insecure: bool,
    /// Sent with the question.
    pub headers: Vec<Header>,
    /// Sent with the question.
    pub basic_auth: Option<BasicAuth>,
    /// Sent with the question.
    #[serde(default)]
    pub oauth2: Option<OAuth2>,
    /// Signs the question.
    #[serde(default)]
    pub sigv4: Option<SigV4>,
    /// Over which time, for all values in it; as of now, when absent.
    #[serde(default)]
    pub range: Option<RangeQuery>,
}

/// Over which time a query is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeQuery {
    /// From; see [`TimeExpression`].
    pub start: String,
    /// To; see [`TimeExpression`].
    pub end: String,
    /// From one value to the next, a duration.
    pub step: String,
}

impl RangeQuery {
    /// What is wrong with it, and in which field.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let moment = |text: &str| TimeExpression::parse(text).err();
        let step = || parse_duration(&self.step).err().map(|problem| problem.to_string());
        let start = moment(&self.start).map(|problem| ("start", problem));
        let end = || moment(&self.end).map(|problem| ("end", problem));
        start.or_else(end).or_else(|| step().map(|problem| ("step", problem)))
    }
}

/// A request to any server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebQuery {
    /// Which.
    pub method: WebMethod,
    /// Where.
    pub url: String,
    /// Sent with the request.
    pub headers: Vec<Header>,
    /// Sent with the request; none with GET.
    pub body: WebBody,
    /// How long to wait for the answer; default 10 s.
    pub timeout: Option<Duration>,
    /// Where the value stands in an answer of JSON; see [`JsonPath`]. The whole, when absent.
    pub json_path: Option<String>,
    /// Whether any certificate is good enough.
    pub insecure: bool,
    /// Sent with the request.
    #[serde(default)]
    pub basic_auth: Option<BasicAuth>,
    /// Sent with the request.
    #[serde(default)]
    pub oauth2: Option<OAuth2>,
}

impl PrometheusQuery {
    /// A query with nothing said but itself.
    pub fn new(query: &str) -> Self {
        Self {
            address: None,
            query: query.to_owned(),
            timeout: None,
            insecure: false,
            headers: Vec::new(),
            basic_auth: None,
            oauth2: None,
            sigv4: None,
            range: None,
        }
    }

    fn problem(&self) -> Option<String> {
        let range = self.range.as_ref().and_then(RangeQuery::problem);
        let range = range.map(|(field, problem)| format!("rangeQuery.{field}: {problem}"));
        range
            .or_else(|| self.basic_auth.as_ref().and_then(BasicAuth::problem))
            .or_else(|| self.oauth2.as_ref().and_then(OAuth2::problem))
    }
}

impl WebQuery {
    /// A GET of `url` with nothing said but that.
    pub fn new(url: &str) -> Self {
        Self {
            method: WebMethod::Get,
            url: url.to_owned(),
            headers: Vec::new(),
            body: WebBody::None,
            timeout: None,
            json_path: None,
            insecure: false,
            basic_auth: None,
            oauth2: None,
        }
    }

    fn problem(&self) -> Option<String> {
        let path = self.json_path.as_deref().map(JsonPath::parse);
        path.and_then(Result::err)
            .map(|problem| format!("jsonPath: {problem}"))
            .or_else(|| self.basic_auth.as_ref().and_then(BasicAuth::problem))
            .or_else(|| self.oauth2.as_ref().and_then(OAuth2::problem))
    }
}

/// The methods that Argo Rollouts allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the methods of HTTP")]
pub enum WebMethod {
    Get,
    Post,
    Put,
}

/// What is sent with a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WebBody {
    /// Nothing.
    None,
    /// A text.
    Text(String),
    /// JSON, and `Content-Type: application/json`.
    Json(serde_json::Value),
}

/// A header of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What a server answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The value that conditions are asked about.
    pub value: Value,
    /// The value as it is shown.
    pub shown: String,
    /// What else it said, such as warnings.
    pub metadata: BTreeMap<String, String>,
    /// What it came to by its own word, where it has one: then no condition is asked.
    pub verdict: Option<RunPhase>,
    /// What may be in the value that conditions are asked about, and in nothing that is kept.
    pub redaction: Redaction,
    /// When it wants to be asked again, where it says so.
    pub again: Option<Duration>,
}

/// A question that waits for its answer or has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// It was asked, and there is no answer yet.
    Waiting,
    /// It is answered, or in one sentence why it is not.
    Answered {
        /// When it was asked.
        asked_at: Timestamp,
        /// When the answer came.
        answered_at: Timestamp,
        /// The answer.
        answer: Result<Answer, String>,
    },
    /// It was a job, and has ended, or in one sentence why it could not be run.
    Ended {
        /// When it was asked for.
        asked_at: Timestamp,
        /// When it was seen to have ended.
        ended_at: Timestamp,
        /// How it ended.
        end: Result<JobEnd, String>,
    },
}

impl Provider {
    /// What has to be asked of the network for a value, if anything.
    pub fn query(&self) -> Option<&Query> {
        match self {
            Self::Query(query) => Some(query),
            Self::Router(_)
            | Self::Judge(_)
            | Self::Shadow(_)
            | Self::Decision(_)
            | Self::Job(_) => None,
        }
    }
}
