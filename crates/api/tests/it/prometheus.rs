//! What clients of Prometheus ask, and how they are answered.

use std::sync::Arc;

use hyper::Method;
use serde_json::{Value, json};
use tidegate_api::MetricsAccess;
use tidegate_series::{Part, Standing};
use tidegate_traffic::TrafficReading;
use tidegate_units::{ObjectKey, Owner, Timestamp};

use crate::{
    access::Somebody,
    house::{Answer, House, TOKEN},
};

/// 2023-11-14 22:13:20 UTC.
const BEGIN: i64 = 1_700_000_000;

/// A house whose revision `r1` answered ten times a second for a minute, once of them with 503.
async fn counted(access: MetricsAccess) -> House {
    let house = House::with_access(access).await;
    let owner = Owner::rollout(&ObjectKey::new("default", "web"));
    let mut reading = TrafficReading::default();
    for second in 0..=60 {
        reading.at = Timestamp::from_millis((BEGIN + second) * 1000);
        let listener = ObjectKey::new("default", "web");
        let standing = |_: &_, _: &_| Standing {
            part: Part::Stable,
            listener: Some(listener.clone()),
            service: Some((listener.clone(), 80)),
        };
        house.recorder.history().record(&Arc::new(reading.clone()), standing);
        let revisions = reading.revisions.entry(owner.clone()).or_default();
        let total = &mut revisions.entry("r1".into()).or_default().total;
        total.requests += 10;
        total.by_code.record(200, 9);
        total.by_code.record(503, 1);
        for _ in 0..10 {
            total.latency.record(20_000);
        }
    }
    house
}

async fn get(house: &House, path: &str) -> Answer {
    house.ask_with(Method::GET, path, &[("host", "127.0.0.1")], "").await
}

async fn post(house: &House, path: &str, form: &str) -> Answer {
    let headers =
        [("host", "localhost:7420"), ("content-type", "application/x-www-form-urlencoded")];
    house.ask_with(Method::POST, path, &headers, form).await
}

#[track_caller]
fn check(answer: &Answer, expect: &Value) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.json(), json!({"status": "success", "data": expect}));
}

const SHARE: &str = "sum(rate(tidegate_router_requests_total{code!~\"5..\"}[30s]))\
                     / sum(rate(tidegate_router_requests_total[30s]))";

#[tokio::test]
async fn a_query_is_answered_at_a_moment_and_over_a_time() {
    let house = counted(MetricsAccess::Open).await;
    let query: String = url::form_urlencoded::byte_serialize(SHARE.as_bytes()).collect();
    let at = BEGIN + 60;
    let expect = json!({"resultType": "vector", "result": [{"metric": {}, "value": [at, "0.9"]}]});
    let asked = format!("query={query}&time={at}");
    check(&get(&house, &format!("/api/v1/query?{asked}")).await, &expect);
    check(&post(&house, "/api/v1/query", &asked).await, &expect);
    let asked = format!("query={query}&start={}&end={at}&step=10s", at - 10);
    let values = json!([[at - 10, "0.9"], [at, "0.9"]]);
    let expect = json!({"resultType": "matrix", "result": [{"metric": {}, "values": values}]});
    check(&get(&house, &format!("/api/v1/query_range?{asked}")).await, &expect);
    check(&post(&house, "/api/v1/query_range", &asked).await, &expect);
    let expect = json!({"resultType": "scalar", "result": [0, "2"]});
    check(&post(&house, "/api/v1/query", "query=1%2B1&time=0").await, &expect);
}

#[tokio::test]
async fn what_grafana_asks_of_a_source_is_there() {
    let house = counted(MetricsAccess::Open).await;
    let series = "match[]=tidegate_router_requests_total{code=\"503\"}";
    let labels = json!({"__name__": "tidegate_router_requests_total", "class": "5xx", "code": "503",
        "listener": "default/web", "revision": "r1", "rollout": "default/web"});
    check(&post(&house, "/api/v1/series", series).await, &json!([labels]));
    let names = json!(["__name__", "class", "code", "listener", "revision", "rollout"]);
    check(&post(&house, "/api/v1/labels", series).await, &names);
    let path = "/api/v1/label/code/values?match[]=tidegate_router_requests_total";
    check(&get(&house, path).await, &json!(["200", "503"]));
    let late = format!("{path}&start={}", BEGIN + 100);
    check(&get(&house, &late).await, &json!([]));
    let names = get(&house, "/api/v1/label/__name__/values").await.json();
    let names = names["data"].as_array().unwrap().clone();
    for name in ["istio_requests_total", "tidegate_router_latency_seconds_bucket"] {
        assert!(names.contains(&json!(name)), "{names:?}");
    }
    let told = get(&house, "/api/v1/metadata?metric=tidegate_router_latency_seconds").await.json();
    assert_eq!(told["data"]["tidegate_router_latency_seconds"][0]["type"], "histogram", "{told}");
    let built = get(&house, "/api/v1/status/buildinfo").await.json();
    assert_eq!(built["data"]["version"], "2.42.0", "{built}");
    check(&get(&house, "/api/v1/rules").await, &json!({"groups": []}));
    check(&post(&house, "/api/v1/query_exemplars", "query=up").await, &json!([]));
}

#[tokio::test]
async fn mistakes_are_told_as_prometheus_tells_them() {
    let house = House::build().await;
    let check = async |path: &str, status: u16, kind: &str, error: &str| {
        let answer = get(&house, path).await;
        assert_eq!(answer.status, status, "{path}");
        let expect = json!({"status": "error", "errorType": kind, "error": error});
        assert_eq!(answer.json(), expect, "{path}");
    };
    let bad = async |path: &str, error: &str| check(path, 400, "bad_data", error).await;
    let empty = "1:1: parse error: no expression found in input";
    bad("/api/v1/query", &format!("invalid parameter \"query\": {empty}")).await;
    bad("/api/v1/query?query=1&time=x", "invalid parameter \"time\": Invalid time value for 'time': cannot parse \"x\" to a valid timestamp").await;
    bad(
        "/api/v1/query_range?query=1",
        "invalid parameter \"start\": cannot parse \"\" to a valid timestamp",
    )
    .await;
    bad(
        "/api/v1/query_range?query=1&start=2&end=1",
        "invalid parameter \"end\": end timestamp must not be before start time",
    )
    .await;
    bad(
        "/api/v1/query_range?query=1&start=1&end=2&step=x",
        "invalid parameter \"step\": cannot parse \"x\" to a valid duration",
    )
    .await;
    bad("/api/v1/query_range?query=1&start=1&end=2&step=0", "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer").await;
    bad("/api/v1/query_range?query=1&start=1&end=20000&step=1", "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)").await;
    bad("/api/v1/query_range?query=up%5B5m%5D&start=1&end=2&step=1", "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector").await;
    bad("/api/v1/series", "no match[] parameter provided").await;
    bad(
        "/api/v1/series?match[]=%7Ba=%22%22%7D",
        "invalid parameter \"match[]\": match[] must contain at least one non-empty matcher",
    )
    .await;
    check(
        "/api/v1/query?query=topk(NaN,vector(1))",
        422,
        "execution",
        "Scalar value NaN overflows int64",
    )
    .await;
    check(
        "/api/v1/query?query=1&timeout=0",
        503,
        "timeout",
        "query timed out in expression evaluation",
    )
    .await;
    let long = format!("query={}", "1%2B".repeat(20_000));
    assert_eq!(post(&house, "/api/v1/query", &long).await.status, 400);
}

#[tokio::test]
async fn the_newest_values_can_be_scraped() {
    let house = counted(MetricsAccess::Open).await;
    let answer = get(&house, "/metrics").await;
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(answer.text().contains("\nnginx_ingress_controller_requests{"), "{}", answer.text());
}

#[tokio::test]
async fn a_page_of_others_reads_nothing() {
    let house = House::build().await;
    let ask = async |host: &str| {
        house.ask_with(Method::GET, "/api/v1/query?query=1", &[("host", host)], "").await
    };
    for host in ["evil.example", "localhost.evil.example:7420"] {
        assert_eq!(ask(host).await.status, 401, "{host}");
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("host", host), ("authorization", bearer.as_str())];
        let known = house.ask_with(Method::GET, "/api/v1/query?query=1", &headers, "").await;
        assert_eq!(known.status, 200, "{host}");
    }
    for host in ["localhost", "LOCALHOST:7420", "127.0.0.1:7420", "[::1]:7420"] {
        let answer = ask(host).await;
        assert_eq!(answer.status, 200, "{host}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

/// The server's own name is how the world comes to it, through a proxy on its machine.
#[tokio::test]
async fn by_the_servers_own_name_only_who_is_known_reads() {
    let url = "https://tidegate.example.com".to_owned();
    let house = House::with(|options| options.public_url = Some(url)).await;
    let mut headers = vec![("host", "tidegate.example.com")];
    let ask = async |headers: &[(&str, &str)]| {
        house.ask_with(Method::GET, "/metrics", headers, "").await.status
    };
    assert_eq!(ask(&headers).await, 401);
    let bearer = format!("Bearer {TOKEN}");
    headers.push(("authorization", &bearer));
    assert_eq!(ask(&headers).await, 200);
}

#[tokio::test]
async fn with_a_token_only_when_the_server_is_told_so() {
    let house = counted(MetricsAccess::Token).await;
    for path in ["/api/v1/query?query=1", "/metrics", "/api/v1/labels"] {
        assert_eq!(get(&house, path).await.status, 401, "{path}");
        let bearer = format!("Bearer {TOKEN}");
        let answer = house.ask_with(Method::GET, path, &[("authorization", &bearer)], "").await;
        assert_eq!(answer.status, 200, "{path}");
    }
    let viewer = house.somebody("vera", "viewer").await;
    house.account("otto").await;
    house.bind("otto", "admin", "other").await;
    let stranger = house.token(&json!({"account": "otto"})).await;
    house.account("noel").await;
    let nobody = house.token(&json!({"account": "noel"})).await;
    let count =
        format!("/api/v1/query?query=count(tidegate_router_requests_total)&time={}", BEGIN + 60);
    let data = async |who: &Somebody<'_>, path: &str| who.get(path).await.json()["data"].clone();
    assert_eq!(data(&viewer, &count).await["result"][0]["value"][1], "9");
    assert_eq!(data(&stranger, &count).await["result"], json!([]));
    for path in ["/api/v1/labels", "/api/v1/label/code/values"] {
        assert_ne!(data(&viewer, path).await, json!([]), "{path}");
        assert_eq!(data(&stranger, path).await, json!([]), "{path}");
    }
    assert!(viewer.get("/metrics").await.text().contains("tidegate_router_requests_total{"));
    assert_eq!(stranger.get("/metrics").await.text(), "");
    assert_eq!(nobody.get(&count).await.status, 403);
    // Resources of the same paths ask for it in any case.
    let house = House::build().await;
    assert_eq!(get(&house, "/api/v1/services").await.status, 401);
}
