//! Series of this process in place of a Prometheus.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use tidegate_analysis::{Answer, PrometheusQuery, Query, RangeQuery};
use tidegate_metrics::{Environment, MetricClients};
use tidegate_ports::MetricSource as _;
use tidegate_promql::{Labels, Matcher, NAME, Point, Series, SeriesSource};

use crate::{
    prometheus,
    server::{Server, ok},
};

/// A counter that grew by two each second for the last minute.
struct Growing;

impl SeriesSource for Growing {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64, _: usize) -> Option<Vec<Series>> {
        let labels = Labels::new([(NAME, "requests"), ("code", "200")]);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let now = i64::try_from(now).unwrap();
        let moments = (now - 60..=now).map(|second| second * 1000);
        let points = moments
            .zip((0..).step_by(2))
            .filter(|(at, _)| (from..=to).contains(at))
            .map(|(at, count)| Point { at, value: f64::from(count) })
            .collect();
        let wanted = matchers.iter().all(|matcher| matcher.matches_labels(&labels));
        Some(if wanted { vec![Series { labels, points }] } else { Vec::new() })
    }
}

async fn ask(address: Option<&str>, query: &str, other: Option<String>) -> Result<Answer, String> {
    let query = PrometheusQuery {
        address: address.map(str::to_owned),
        query: query.to_owned(),
        ..prometheus("")
    };
    ask_for(query, other).await
}

async fn ask_for(query: PrometheusQuery, other: Option<String>) -> Result<Answer, String> {
    let named = |name: &str| (name == "ARGO_ROLLOUTS_PROMETHEUS_ADDRESS").then(|| other.clone());
    let environment = Environment::read(|name| named(name).flatten());
    let clients = MetricClients::new(environment).with_series(Arc::new(Growing));
    clients.measure(&Query::Prometheus(query), None).await
}

#[tokio::test]
async fn they_answer_where_no_server_is_named() {
    for address in [None, Some("")] {
        let answer = ask(address, "round(rate(requests[30s]))", None).await.unwrap();
        assert_eq!(answer.shown, "[2]");
        let why = "the router's own series: the metric names no address";
        assert_eq!(answer.metadata["answeredBy"], why);
    }
    let nothing = ask(None, "rate(other[30s])", None).await.unwrap();
    assert_eq!(nothing.shown, "[]");
}

#[tokio::test]
async fn they_answer_for_a_server_that_only_a_cluster_knows() {
    for host in ["prometheus.tidegate-tests", "prometheus-server.tidegate-tests.svc.cluster.local"]
    {
        let address = format!("http://{host}:9090");
        let answer = ask(Some(&address), "scalar(requests) * 0", None).await.unwrap();
        assert_eq!(answer.shown, "0");
        let why = format!("the router's own series: this machine does not know {host}");
        assert_eq!(answer.metadata["answeredBy"], why);
    }
}

#[tokio::test]
async fn they_answer_for_nobody_else() {
    const ONE: &str = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"0.5"]}}"#;
    let server = Server::start(&[&ok(ONE), &ok(ONE)]).await;
    let url = server.url("");
    for (address, other) in [(None, Some(url.clone())), (Some(url.as_str()), None)] {
        let answer = ask(address, "requests", other).await.unwrap();
        assert_eq!((answer.shown.as_str(), answer.metadata.len()), ("0.5", 0));
    }
    let gone = ask(Some("http://127.0.0.1:1"), "requests", None).await.unwrap_err();
    assert!(gone.contains("Connection refused"), "{gone}");
    let gone = ask(Some("http://prometheus.example.invalid:9090"), "requests", None).await;
    assert!(gone.is_err(), "{gone:?}");
}

#[tokio::test]
async fn a_range_is_all_values_in_it() {
    let range = RangeQuery {
        start: "now() - duration(\"20s\")".into(),
        end: "now()".into(),
        step: "10s".into(),
    };
    let query = PrometheusQuery {
        address: None,
        query: "round(rate(requests[10s]))".into(),
        range: Some(range),
        ..prometheus("")
    };
    let answer = ask_for(query.clone(), None).await.unwrap();
    assert_eq!(answer.shown, "[2,2,2]");
    let backwards = RangeQuery {
        start: "now()".into(),
        end: "now() - duration(\"1m\")".into(),
        step: "10s".into(),
    };
    let problem = ask_for(PrometheusQuery { range: Some(backwards), ..query }, None).await;
    assert_eq!(problem, Err("bad_data: the range has no moment in it".to_owned()));
}

#[tokio::test]
async fn mistakes_are_told_in_the_words_of_prometheus() {
    for (query, expect) in [
        (
            "rate(requests)",
            "bad_data: 1:6: parse error: expected type range vector in call to function \"rate\", got instant vector",
        ),
        ("topk(NaN, requests)", "execution: Scalar value NaN overflows int64"),
        ("\"text\"", "it answered with a string, which is no number"),
    ] {
        assert_eq!(ask(None, query, None).await, Err(expect.to_owned()));
    }
}
