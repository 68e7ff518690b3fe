//! Kayenta's canary judgements, as Argo Rollouts asks for them: a configuration is looked up by its
//! name, a judgement is begun, and its score is asked for until it is there.

mod local;

use std::time::Duration;

use hyper::{HeaderMap, Method, header::CONTENT_TYPE};
use serde_json::{Map, Value as Json, json};
use tidegate_analysis::{Answer, KayentaQuery, KayentaScopeDetail};
use tidegate_condition::Value;
use tidegate_units::Timestamp;
use url::form_urlencoded::Serializer;

use tidegate_http_client::{Proof, Question, Reply, Trust, Url, exchange};

use crate::{names::Names, prometheus::now};

/// How long to wait before the score is asked for again: Argo waits 15 s each time; a judgement of
/// a few metrics takes a second or two.
const ASK_AGAIN: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
];

/// How long one of the requests may take, as in Argo Rollouts.
const REQUEST_LIMIT: Duration = Duration::from_secs(15);

pub(crate) use local::{Values, judge, known};

/// Has the canary judged; the value is the score, without its fraction as in Argo Rollouts.
pub(crate) async fn measure(
    trust: &Trust,
    names: &Names,
    query: &KayentaQuery,
) -> Result<Answer, String> {
    let base = Url::parse(&query.address)?;
    if names.is_nobody(&base.host()).await {
        return Err(format!(
            "this machine does not know {}: have the canary judged here, by a server that was \
             started with --canary-configs PATH and finds {:?} there",
            base.host(),
            query.canary_config_name
        ));
    }
    let scopes = scopes(query, now())?;
    let config = config_id(trust, &base, query).await?;
    let run = begin(trust, &base, query, &config, scopes).await?;
    let mut pauses = ASK_AGAIN.iter();
    let mut pause = ASK_AGAIN[0];
    let score = loop {
        pause = pauses.next().copied().unwrap_or(pause);
        tokio::time::sleep(pause).await;
        let url = base.below(&format!("/canary/{run}"));
        let reply = get(trust, url.clone()).await?;
        if let Some(score) = score(&reply).map_err(|problem| format!("{url}: {problem}"))? {
            break score;
        }
    };
    Ok(Answer {
        value: Value::Int(score),
        shown: score.to_string(),
        metadata: [("canaryExecutionId".to_owned(), run)].into(),
        ..Answer::default()
    })
}

/// The account whose configurations are looked up is the one for storage, as in Argo Rollouts.
async fn config_id(trust: &Trust, base: &Url, query: &KayentaQuery) -> Result<String, String> {
    let mut url = base.below("/canaryConfig");
    url.ask(&pairs(&[
        ("application", &query.application),
        ("configurationAccountName", &query.storage_account_name),
    ]));
    let told = url.clone();
    let body = json_of(&get(trust, url).await?).map_err(|problem| format!("{told}: {problem}"))?;
    let configs = body.as_array().map(Vec::as_slice).unwrap_or_default();
    let field = |config: &Json, name: &str| config.get(name)?.as_str().map(str::to_owned);
    let named = |config: &&Json| {
        field(config, "name").as_deref() == Some(query.canary_config_name.as_str())
    };
    configs.iter().find(named).and_then(|config| field(config, "id")).ok_or_else(|| {
        format!("{told}: there is no canary configuration {:?}", query.canary_config_name)
    })
}

async fn begin(
    trust: &Trust,
    base: &Url,
    query: &KayentaQuery,
    config: &str,
    scopes: Map<String, Json>,
) -> Result<String, String> {
    let mut url = base.below(&format!("/canary/{config}"));
    url.ask(&pairs(&[
        ("application", &query.application),
        ("metricsAccountName", &query.metrics_account_name),
        ("configurationAccountName", &query.configuration_account_name),
        ("storageAccountName", &query.storage_account_name),
    ]));
    let thresholds = json!({ "pass": query.pass, "marginal": query.marginal });
    let body = json!({ "scopes": scopes, "thresholds": thresholds }).to_string();
    let told = url.clone();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    let proof = Proof::Trusted;
    let question = Question { method: Method::POST, url, headers, body: body.into(), proof };
    let reply = json_of(&soon(trust, question).await?);
    let reply = reply.map_err(|problem| format!("{told}: {problem}"))?;
    let run = reply.get("canaryExecutionId").and_then(Json::as_str).unwrap_or_default();
    if run.is_empty() {
        return Err(format!("{told}: its answer has no canaryExecutionId"));
    }
    Ok(run.to_owned())
}

/// Each scope with its times.
fn scopes(query: &KayentaQuery, now: Timestamp) -> Result<Map<String, Json>, String> {
    let side = |detail: &KayentaScopeDetail| -> Result<Json, String> {
        let (start, end) = times(query, detail, now)?;
        Ok(json!({
            "scope": detail.scope,
            "location": detail.region,
            "step": detail.step,
            "start": start,
            "end": end,
        }))
    };
    let scopes = query.scopes.iter().map(|scope| {
        let (control, experiment) = (side(&scope.control)?, side(&scope.experiment)?);
        let both = json!({ "controlScope": control, "experimentScope": experiment });
        Ok((scope.name.clone(), both))
    });
    scopes.collect()
}

/// From when to when values are compared, as RFC 3339 writes it: where no time is given, from the
/// beginning of the run or one interval ago, until now.
fn times(
    query: &KayentaQuery,
    detail: &KayentaScopeDetail,
    now: Timestamp,
) -> Result<(String, String), String> {
    let start = match (detail.start.as_str(), query.lookback, query.run_started, query.interval) {
        ("", true, Some(started), _) => started.whole_seconds(),
        ("", false, _, Some(interval)) => now.before(interval).whole_seconds(),
        ("", ..) => {
            let problem =
                "with no start in a scope, the metric needs an interval or lookback: true";
            return Err(problem.to_owned());
        }
        (given, ..) => given.to_owned(),
    };
    let end = match detail.end.as_str() {
        "" => now.whole_seconds(),
        given => given.to_owned(),
    };
    Ok((start, end))
}

fn pairs(pairs: &[(&str, &String)]) -> String {
    let mut asked = Serializer::new(String::new());
    asked.extend_pairs(pairs);
    asked.finish()
}

async fn get(trust: &Trust, url: Url) -> Result<Reply, String> {
    let (headers, body) = (HeaderMap::new(), bytes::Bytes::new());
    soon(trust, Question { method: Method::GET, url, headers, body, proof: Proof::Trusted }).await
}

async fn soon(trust: &Trust, question: Question) -> Result<Reply, String> {
    let url = question.url.clone();
    let answer = tokio::time::timeout(REQUEST_LIMIT, exchange(trust, question)).await;
    answer.unwrap_or_else(|_| Err(format!("{url}: no answer within {REQUEST_LIMIT:?}")))
}

fn json_of(reply: &Reply) -> Result<Json, String> {
    if reply.status.as_u16() != 200 {
        return Err(reply.refusal());
    }
    serde_json::from_slice(&reply.body).map_err(|problem| format!("its answer: {problem}"))
}

/// The score, once the judgement is complete.
fn score(reply: &Reply) -> Result<Option<i64>, String> {
    let body = json_of(reply)?;
    match body.get("complete").and_then(Json::as_bool) {
        None => return Err("its answer does not say whether it is complete".to_owned()),
        Some(false) => return Ok(None),
        Some(true) => {}
    }
    let score = body.pointer("/result/judgeResult/score/score").and_then(Json::as_f64);
    let score = score.ok_or("its answer has no score")?;
    Ok(Some(whole(score)))
}

/// A score as Argo takes it.
#[expect(clippy::cast_possible_truncation, reason = "Argo's rule: the fraction is left out")]
fn whole(score: f64) -> i64 {
    score as i64
}
