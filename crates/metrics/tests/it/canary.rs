//! Canaries that are judged here, by configurations that the server was given.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tidegate_analysis::{Answer, KayentaQuery, KayentaScope, KayentaScopeDetail, Query};
use tidegate_kayenta::{CanaryConfig, Metric, MetricQuery, MetricSettings, PrometheusQuery};
use tidegate_metrics::{Environment, MetricClients};
use tidegate_ports::MetricSource as _;
use tidegate_promql::{Labels, Matcher, NAME, Point, Series, SeriesSource};

use crate::server::{Server, ok};

/// `latency{app}`: a stable one about 100, a canary three times that, for the last ten minutes.
struct Latencies;

impl SeriesSource for Latencies {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64, _: usize) -> Option<Vec<Series>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let now = i64::try_from(now).unwrap();
        let series = [("stable", 100.0, 0), ("same", 100.0, 5), ("slow", 300.0, 9)];
        let series = series.map(|(app, least, later)| {
            let labels = Labels::new([(NAME, "latency"), ("app", app)]);
            let point = |second: i64| Point {
                at: second * 1000,
                value: least + f64::from(u8::try_from((second * 7919 + later) % 23).unwrap()),
            };
            let points = (now - 600..=now).map(point);
            let points = points.filter(|point| (from..=to).contains(&point.at)).collect();
            Series { labels, points }
        });
        let wanted = |series: &Series| matchers.iter().all(|m| m.matches_labels(&series.labels));
        Some(series.into_iter().filter(wanted).collect())
    }
}

fn metric(name: &str, template: &str) -> Metric {
    let query = PrometheusQuery {
        inline_template: template.to_owned(),
        metric_name: "latency".to_owned(),
        ..PrometheusQuery::default()
    };
    Metric {
        name: name.to_owned(),
        groups: vec!["all".to_owned()],
        settings: MetricSettings::default(),
        scope: "default".to_owned(),
        query: Some(MetricQuery::Prometheus(query)),
    }
}

fn config() -> CanaryConfig {
    CanaryConfig {
        name: "shop".to_owned(),
        applications: vec!["guestbook".to_owned()],
        metrics: vec![
            metric("p90", "app=\"${scope}\""),
            metric("twice", "PromQL:sum(latency{app=\"${scope}\"}) * 0 + 7"),
        ],
        ..CanaryConfig::default()
    }
}

fn query(canary: &str) -> KayentaQuery {
    let side = |scope: &str| KayentaScopeDetail {
        scope: scope.to_owned(),
        step: 10,
        ..KayentaScopeDetail::default()
    };
    KayentaQuery {
        address: "http://kayenta.spinnaker:8090".to_owned(),
        application: "guestbook".to_owned(),
        canary_config_name: "shop".to_owned(),
        pass: 90,
        marginal: 75,
        scopes: vec![KayentaScope {
            name: "default".to_owned(),
            control: side("stable"),
            experiment: side(canary),
        }],
        interval: Some(Duration::from_mins(5)),
        ..KayentaQuery::default()
    }
}

async fn judged_with(
    config: CanaryConfig,
    query: KayentaQuery,
    prometheus: Option<String>,
) -> Result<Answer, String> {
    let named =
        |name: &str| (name == "ARGO_ROLLOUTS_PROMETHEUS_ADDRESS").then(|| prometheus.clone());
    let environment = Environment::read(|name| named(name).flatten());
    let clients = MetricClients::new(environment)
        .with_series(Arc::new(Latencies))
        .with_canary_configs(Arc::new(move || Ok(vec![config.clone()])));
    clients.measure(&Query::Kayenta(query), None).await
}

async fn judged(config: CanaryConfig, query: KayentaQuery) -> Result<Answer, String> {
    judged_with(config, query, None).await
}

#[tokio::test]
async fn a_canary_is_judged_on_the_routers_own_series() {
    let fine = judged(config(), query("same")).await.unwrap();
    assert_eq!(fine.shown, "100");
    let by = "NetflixACAJudge-v1.0 of this server, on the router's own series";
    assert_eq!(fine.metadata["answeredBy"], by);
    assert_eq!(fine.metadata.len(), 1);
    let slow = judged(config(), query("slow")).await.unwrap();
    assert_eq!(slow.shown, "50");
    let why = &slow.metadata["p90"];
    // The values follow the clock, so that the estimate moves a little with the second.
    let by = why.strip_prefix("High: the canary's values are higher by ");
    let by = by.and_then(|rest| rest.split(' ').next()).and_then(|by| by.parse::<f64>().ok());
    assert!(by.is_some_and(|by| (150.0..250.0).contains(&by)), "{why}");
}

#[tokio::test]
async fn a_canary_that_nobody_measured_fails() {
    let gone = judged(config(), query("gone")).await.unwrap();
    assert_eq!(gone.shown, "0");
    assert_eq!(gone.metadata["p90"], "Nodata: the canary has no values");
    assert_eq!(gone.metadata["reason"], "2 of 2 metrics have no data");
}

#[tokio::test]
async fn a_prometheus_of_the_server_is_asked_as_kayenta_asks_it() {
    let matrix = |values: &str| {
        ok(&format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"__name__":"x","zone":"a"}},"values":[{values}]}}]}}}}"#
        ))
    };
    let stable = matrix(r#"[1,"1"],[2,"2"],[3,"1.5"],[4,"NaN"]"#);
    let canary = matrix(r#"[1,"8"],[2,"9"],[3,"8.5"],[4,"9"]"#);
    let server = Server::start(&[&stable, &canary]).await;
    let config = CanaryConfig { metrics: vec![metric("m", "app=\"${scope}\"")], ..config() };
    let mut query = query("slow");
    let scope = &mut query.scopes[0];
    for side in [&mut scope.control, &mut scope.experiment] {
        side.start = "2026-01-01T00:00:00Z".to_owned();
        side.end = "2026-01-01T00:01:00Z".to_owned();
    }
    let found = judged_with(config, query, Some(server.url(""))).await.unwrap();
    assert_eq!(found.shown, "0");
    assert!(found.metadata["m (zone=a)"].starts_with("High: "), "{:?}", found.metadata);
    let asked = server.asked();
    assert_eq!(
        asked[0].lines().next().unwrap(),
        "GET /api/v1/query_range?query=avg%28latency%7Bapp%3D%22stable%22%7D%29&\
         start=1767225600.000&end=1767225660.000&step=10 HTTP/1.1"
    );
}

#[tokio::test]
async fn what_cannot_be_asked_is_told() {
    let with = |change: fn(&mut Metric)| {
        let mut config = config();
        change(&mut config.metrics[0]);
        config
    };
    for (config, query, expect) in [
        (
            with(|m| m.scope = "web".to_owned()),
            query("same"),
            "no scope \"web\"; there are: default",
        ),
        (with(|m| m.query = None), query("same"), "metric p90: it has no query"),
        (
            with(|m| m.query = Some(MetricQuery::Other("datadog".to_owned()))),
            query("same"),
            "its values are in datadog",
        ),
        (
            CanaryConfig { metrics: vec![metric("m", "PromQL:up{")], ..config() },
            query("same"),
            "asked for up{",
        ),
        (
            CanaryConfig { metrics: vec![metric("m", "a=\"${project}\"")], ..config() },
            query("same"),
            "${project} has no value",
        ),
        (config(), KayentaQuery { interval: None, ..query("same") }, "needs an interval"),
    ] {
        let found = judged(config, query).await.unwrap_err();
        assert!(found.contains(expect), "{found}");
    }
    let mut query = query("same");
    query.scopes[0].control.step = 0;
    let found = judged(config(), query.clone()).await.unwrap_err();
    assert!(found.contains("step is 0"), "{found}");
    query.scopes[0].control.step = 10;
    query.scopes[0].control.start = "2020-01-01T00:00:00Z".to_owned();
    let found = judged(config(), query.clone()).await.unwrap_err();
    assert!(found.contains("a longer step"), "{found}");
    query.scopes[0].control.start = "2999-01-01T00:00:00Z".to_owned();
    let found = judged(config(), query).await.unwrap_err();
    assert!(found.contains("it ends at"), "{found}");
}

#[tokio::test]
async fn a_configuration_that_is_not_known_here_is_asked_of_the_server() {
    for query in [
        KayentaQuery { canary_config_name: "other".to_owned(), ..query("same") },
        KayentaQuery { application: "other".to_owned(), ..query("same") },
    ] {
        let server = Server::start(&[&ok("[]")]).await;
        let there = KayentaQuery { address: server.url(""), ..query.clone() };
        let found = judged(config(), there).await.unwrap_err();
        assert!(found.contains("there is no canary configuration"), "{found}");
        let found = judged(config(), query).await.unwrap_err();
        assert!(found.contains("--canary-configs"), "{found}");
    }
}

#[tokio::test]
async fn configurations_that_cannot_be_read_are_told() {
    let clients = MetricClients::new(Environment::default())
        .with_canary_configs(Arc::new(|| Err("shop.json is gone".to_owned())));
    let found = clients.measure(&Query::Kayenta(query("same")), None).await;
    assert_eq!(found, Err("shop.json is gone".to_owned()));
}
