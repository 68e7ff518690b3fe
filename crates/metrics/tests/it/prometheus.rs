//! The conversation with Prometheus.

use tidegate_analysis::{BasicAuth, PrometheusQuery, Query, RangeQuery};

use crate::{
    answer, ask, header, prometheus,
    server::{Server, ok},
};

const ONE: &str = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.95"]}]}}"#;

#[tokio::test]
async fn a_query_is_posted_as_a_form() {
    let server = Server::start(&[&ok(ONE)]).await;
    let query = PrometheusQuery {
        headers: vec![header("X-Scope-OrgID", "acme")],
        basic_auth: Some(BasicAuth { username: "ada".into(), password: "secret".into() }),
        ..prometheus(&server.url("/under/"))
    };
    assert_eq!(ask(Query::Prometheus(query)).await, Ok("[0.95]".to_owned()));
    let asked = &server.asked()[0];
    assert!(asked.starts_with("POST /under/api/v1/query HTTP/1.1\r\n"), "{asked}");
    let (_, body) = asked.split_once("\r\n\r\n").unwrap();
    let query = "query=sum%28rate%28x%7Ba%3D%22b+c%22%7D%5B1m%5D%29%29+%2B+1&time=";
    assert!(body.starts_with(query), "{body}");
    let time: f64 = body.rsplit('=').next().unwrap().parse().unwrap();
    assert!(time > 1.7e9, "{time} s since 1970");
    for line in [
        "content-type: application/x-www-form-urlencoded",
        "x-scope-orgid: acme",
        "authorization: Basic YWRhOnNlY3JldA==",
    ] {
        assert!(asked.contains(&format!("\r\n{line}\r\n")), "{asked}");
    }
}

#[tokio::test]
async fn a_range_query_names_its_begin_end_and_step() {
    let body = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"NaN"]]}]}}"#;
    let server = Server::start(&[&ok(body)]).await;
    let range = RangeQuery {
        start: "now() - duration(\"1h\")".to_owned(),
        end: "now()".to_owned(),
        step: "1m30s".to_owned(),
    };
    let query = PrometheusQuery { range: Some(range), ..prometheus(&server.url("")) };
    assert_eq!(ask(Query::Prometheus(query)).await, Ok("[1,NaN]".to_owned()));
    let asked = &server.asked()[0];
    assert!(asked.starts_with("POST /api/v1/query_range HTTP/1.1\r\n"), "{asked}");
    let value = |name: &str| -> f64 {
        let after = asked.split(&format!("&{name}=")).nth(1).unwrap();
        after.split('&').next().unwrap().parse().unwrap()
    };
    let (length, step) = (value("end") - value("start"), value("step"));
    assert!((length - 3_600.0).abs() < 0.01 && (step - 90.0).abs() < 0.01, "{asked}");
}

#[tokio::test]
async fn where_posts_are_not_allowed_it_is_asked_with_get() {
    for status in ["405 Method Not Allowed", "501 Not Implemented"] {
        let server = Server::start(&[&crate::server::answer(status, "", ""), &ok(ONE)]).await;
        let query = prometheus(&server.url("?tenant=a"));
        assert_eq!(ask(Query::Prometheus(query)).await, Ok("[0.95]".to_owned()));
        let asked = &server.asked()[1];
        assert!(asked.starts_with("GET /api/v1/query?tenant=a&query=sum%28rate"), "{asked}");
        assert!(asked.ends_with("\r\n\r\n"), "{asked}");
    }
}

#[tokio::test]
async fn a_metric_without_an_address_asks_the_servers_own() {
    let server = Server::start(&[&ok(ONE)]).await;
    let query = Query::Prometheus(PrometheusQuery { address: None, ..prometheus("") });
    let address = server.url("");
    let environment = [("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS", address.as_str())];
    assert_eq!(answer(query.clone(), &environment, None).await.unwrap().shown, "[0.95]");
    let problem = ask(query).await.unwrap_err();
    assert!(problem.starts_with("it names no address of Prometheus"), "{problem}");
}

#[tokio::test]
async fn what_prometheus_refuses_is_told_in_its_words() {
    let body = r#"{"status":"error","errorType":"bad_data","error":"1:4: parse error"}"#;
    let server = Server::start(&[&crate::server::answer("400 Bad Request", "", body)]).await;
    let problem = ask(Query::Prometheus(prometheus(&server.url("")))).await;
    assert_eq!(problem, Err(format!("{}: bad_data: 1:4: parse error", server.url("/"))));
}
