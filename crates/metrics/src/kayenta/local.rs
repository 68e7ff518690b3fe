//! A canary judged here: the values that its configuration asks for, and Kayenta's judge.

use std::{collections::BTreeSet, time::Duration};

use tidegate_analysis::{Answer, KayentaQuery, KayentaScope, KayentaScopeDetail};
use tidegate_condition::Value;
use tidegate_kayenta::{
    CanaryConfig, Class, Judgement, Metric, MetricQuery, Pair, Scope, Side, Thresholds,
    prometheus_query,
};
use tidegate_units::Timestamp;

use super::{times, whole};
use tidegate_http_client::Trust;

use crate::{
    credentials::Environment,
    embedded::Embedded,
    names::Names,
    prometheus::{Window, now, range},
};

/// Values that one side of one metric may have: a week of minutes. More say no more to a rank test.
const MOST_VALUES: u64 = 11_000;

/// Where values come from.
pub(crate) struct Values<'a> {
    pub(crate) trust: &'a Trust,
    pub(crate) environment: &'a Environment,
    pub(crate) embedded: Option<(&'a Embedded, &'a Names)>,
}

/// The configuration that a metric names, where it is known here and is for its application.
pub(crate) fn known<'a>(
    configs: &'a [CanaryConfig],
    query: &KayentaQuery,
) -> Option<&'a CanaryConfig> {
    let is_for = |config: &CanaryConfig| {
        config.applications.is_empty()
            || query.application.is_empty()
            || config.applications.contains(&query.application)
    };
    configs.iter().find(|config| config.name == query.canary_config_name && is_for(config))
}

/// Judges by a configuration that is known here; the value is the score, without its fraction.
pub(crate) async fn judge(
    config: &CanaryConfig,
    query: &KayentaQuery,
    values: &Values<'_>,
) -> Result<Answer, String> {
    let now = now();
    let mut pairs = Vec::new();
    let mut sources = BTreeSet::new();
    for metric in &config.metrics {
        let found = ask(config, metric, query, values, now).await;
        let (both, from) = found.map_err(|problem| format!("metric {}: {problem}", metric.name))?;
        pairs.extend(both);
        sources.insert(from);
    }
    #[expect(clippy::cast_precision_loss, reason = "from 0 to 100")]
    let thresholds = Thresholds { pass: query.pass as f64, marginal: query.marginal as f64 };
    let judged = tokio::task::spawn_blocking({
        let config = config.clone();
        move || tidegate_kayenta::judge(&config, Some(thresholds), &pairs)
    });
    let judged = judged.await.map_err(|_| "the values could not be judged".to_owned())?;
    let judged = judged.map_err(|unknown| format!("metric {} is not configured", unknown.0))?;
    let score = whole(judged.score.score);
    let sources: Vec<_> = sources.into_iter().collect();
    let by = format!("{} of this server, on {}", tidegate_kayenta::JUDGE, sources.join(" and "));
    let metadata = [("answeredBy".to_owned(), by)].into_iter().chain(told(&judged)).collect();
    Ok(Answer { value: Value::Int(score), shown: score.to_string(), metadata, ..Answer::default() })
}

/// Why a score is what it is: each metric that did not pass.
fn told(judged: &Judgement) -> Vec<(String, String)> {
    let failed = judged.results.iter().filter(|result| result.verdict.class != Class::Pass);
    let each = failed.map(|result| {
        let tags: Vec<_> =
            result.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let name = match tags.join(",") {
            tags if tags.is_empty() => result.name.clone(),
            tags => format!("{} ({tags})", result.name),
        };
        let class = result.verdict.class.as_str();
        let muted = if result.muted { ", muted" } else { "" };
        let why = result.verdict.reason.as_deref().unwrap_or_default();
        (name, format!("{class}{muted}: {why}"))
    });
    let reason = judged.score.reason.clone().map(|reason| ("reason".to_owned(), reason));
    each.chain(reason).collect()
}

/// The values of both sides of a metric, and where they are from.
async fn ask(
    config: &CanaryConfig,
    metric: &Metric,
    query: &KayentaQuery,
    values: &Values<'_>,
    now: Timestamp,
) -> Result<(Vec<Pair>, String), String> {
    let scope = scope_of(metric, query)?;
    let side = async |detail| side(config, metric, query, detail, values, now).await;
    let (control, from) = side(&scope.control).await?;
    let (experiment, _) = side(&scope.experiment).await?;
    Ok((tidegate_kayenta::pairs(&metric.name, &experiment, &control)?, from))
}

fn scope_of<'a>(metric: &Metric, query: &'a KayentaQuery) -> Result<&'a KayentaScope, String> {
    query.scopes.iter().find(|scope| scope.name == metric.scope).ok_or_else(|| {
        let names: Vec<_> = query.scopes.iter().map(|scope| scope.name.as_str()).collect();
        format!("there is no scope {:?}; there are: {}", metric.scope, names.join(", "))
    })
}

/// The series of one side.
async fn side(
    config: &CanaryConfig,
    metric: &Metric,
    query: &KayentaQuery,
    detail: &KayentaScopeDetail,
    values: &Values<'_>,
    now: Timestamp,
) -> Result<(Side, String), String> {
    let asked = match &metric.query {
        Some(MetricQuery::Prometheus(asked)) => asked,
        Some(MetricQuery::Other(kind)) => {
            return Err(format!(
                "its values are in {kind}: only those in Prometheus are asked for"
            ));
        }
        None => return Err("it has no query".to_owned()),
    };
    let scope = Scope { scope: detail.scope.clone(), location: detail.region.clone() };
    let promql = prometheus_query(config, asked, &scope)?;
    let (window, expected) = window(query, detail, now)?;
    let Values { trust, environment, embedded } = values;
    let found = range(trust, environment, *embedded, &promql, window).await;
    let (series, from) = found.map_err(|problem| format!("{problem}, asked for {promql}"))?;
    Ok((Side { series, expected }, from))
}

/// When one side is looked at, and how many values there are then.
fn window(
    query: &KayentaQuery,
    detail: &KayentaScopeDetail,
    now: Timestamp,
) -> Result<(Window, usize), String> {
    let (start, end) = times(query, detail, now)?;
    let moment = |text: &str| {
        text.parse::<Timestamp>().map_err(|problem| format!("scope {:?}: {problem}", detail.scope))
    };
    let (start, end) = (moment(&start)?, moment(&end)?);
    let step = u64::try_from(detail.step).ok().filter(|step| *step > 0).ok_or_else(|| {
        format!(
            "scope {:?}: step is {}, and has to be 1 or more seconds",
            detail.scope, detail.step
        )
    })?;
    if end <= start {
        return Err(format!("scope {:?}: it ends at {end}, and starts at {start}", detail.scope));
    }
    let values = end.since(start).as_secs() / step;
    let expected = usize::try_from(values).unwrap_or(usize::MAX);
    if values > MOST_VALUES {
        return Err(format!(
            "scope {:?}: that is {values} values, of at most {MOST_VALUES}: a longer step gives fewer",
            detail.scope
        ));
    }
    Ok((Window { start, end, step: Duration::from_secs(step) }, expected))
}
