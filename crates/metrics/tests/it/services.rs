//! Recorded conversations with the services that people rent, as their documentation has them.

use serde_json::{Value as Json, json};
use tidegate_analysis::{
    CloudWatchQuery, DatadogQuery, DatadogVersion, GraphiteQuery, InfluxdbQuery, NewRelicQuery,
    Query, SkyWalkingQuery, WavefrontQuery,
};
use tidegate_units::ObjectKey;
use tidegate_workload::Secret;

use crate::{
    answer,
    server::{Server, ok},
};

fn secret(entries: &[(&str, &str)]) -> Secret {
    let data = entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Secret { key: ObjectKey::new("argo-rollouts", "keys"), data: data.collect(), bytes: [].into() }
}

/// The only request, and the JSON in its body.
fn asked(server: &Server) -> (String, Json) {
    let asked = server.asked();
    assert_eq!(asked.len(), 1, "{asked:#?}");
    let (head, body) = asked[0].split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), serde_json::from_str(body).unwrap_or_default())
}

fn begins(head: &str, line: &str) {
    assert!(head.starts_with(&line.to_lowercase()), "{head}");
}

fn has(head: &str, lines: &[&str]) {
    for line in lines {
        assert!(head.contains(&format!("\r\n{}", line.to_lowercase())), "{line:?} in {head}");
    }
}

#[tokio::test]
async fn datadog_v1_is_asked_with_the_keys_of_the_environment() {
    let series = r#"{"status":"ok","series":[{"metric":"a","pointlist":[[1598867910000.0,0.5],[1598867925000.0,0.25]]}]}"#;
    let server = Server::start(&[&ok(series)]).await;
    let query = DatadogQuery { query: "sum:errors{a:b}".to_owned(), ..DatadogQuery::default() };
    let address = server.url("");
    let environment =
        [("DD_API_KEY", "api"), ("DD_APP_KEY", "app"), ("DD_ADDRESS", address.as_str())];
    let found = answer(Query::Datadog(query), &environment, None).await.unwrap();
    assert_eq!(found.shown, "0.25");
    let (head, _) = asked(&server);
    begins(&head, "GET /api/v1/query?from=");
    assert!(head.contains("&query=sum%3aerrors%7ba%3ab%7d&to="), "{head}");
    has(&head, &["DD-API-KEY: api", "DD-APPLICATION-KEY: app"]);
    let number = |name: &str| -> u64 {
        let after = head.split(&format!("{name}=")).nth(1).unwrap();
        after.split(['&', ' ']).next().unwrap().parse().unwrap()
    };
    assert_eq!(number("to") - number("from"), 300, "the default of 5 minutes");
}

#[tokio::test]
async fn datadog_v2_is_asked_with_the_keys_of_a_secret() {
    let columns =
        r#"{"data":{"attributes":{"columns":[{"name":"f","type":"number","values":[0.0006]}]}}}"#;
    let server = Server::start(&[&ok(columns)]).await;
    let queries = [("a", "sum:errors{}"), ("b", "sum:hits{}")];
    let query = DatadogQuery {
        version: DatadogVersion::V2,
        interval: Some("10m".to_owned()),
        queries: queries.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
        formula: "a / b".to_owned(),
        secret: "keys".to_owned(),
        ..DatadogQuery::default()
    };
    let keys = secret(&[("api-key", "api"), ("app-key", "app\n"), ("address", &server.url("/"))]);
    let environment = [("DD_API_KEY", "no"), ("DD_APP_KEY", "no")];
    let found = answer(Query::Datadog(query), &environment, Some(&keys)).await.unwrap();
    assert_eq!(found.shown, "0.0006");
    let (head, body) = asked(&server);
    begins(&head, "POST /api/v2/query/scalar HTTP/1.1");
    has(&head, &["DD-API-KEY: api", "DD-APPLICATION-KEY: app", "content-type: application/json"]);
    let attributes = &body["data"]["attributes"];
    assert_eq!(body["data"]["type"], "scalar_request");
    assert_eq!(attributes["formulas"], json!([{"formula": "a / b"}]));
    let one = |name: &str, query: &str| json!({"aggregator": "last", "data_source": "metrics", "name": name, "query": query});
    let queries = json!([one("a", "sum:errors{}"), one("b", "sum:hits{}")]);
    assert_eq!(attributes["queries"], queries);
    let moment = |name: &str| attributes[name].as_u64().unwrap();
    assert_eq!(moment("to") - moment("from"), 600_000, "milliseconds");
}

#[tokio::test]
async fn datadog_without_keys_says_where_they_are_looked_for() {
    let query = || DatadogQuery { query: "a".to_owned(), ..DatadogQuery::default() };
    let problem = answer(Query::Datadog(query()), &[], None).await.unwrap_err();
    assert_eq!(problem, "there is no Secret datadog with Datadog's keys");
    let problem = answer(Query::Datadog(query()), &[], Some(&secret(&[("api-key", "a")]))).await;
    assert_eq!(problem.unwrap_err(), "the Secret argo-rollouts/keys has no app-key");
}

#[tokio::test]
async fn new_relic_is_asked_in_graphql() {
    let results = r#"{"data":{"actor":{"account":{"nrql":{"results":[{"successRate":99.5}]}}}}}"#;
    let server = Server::start(&[&ok(results)]).await;
    let keys = secret(&[
        ("personal-api-key", "NRAK-1"),
        ("account-id", "12345"),
        ("base-url-nerdgraph", &server.url("/graphql")),
    ]);
    let query = NewRelicQuery { query: "FROM T SELECT 1".to_owned(), ..NewRelicQuery::default() };
    let found = answer(Query::NewRelic(query), &[], Some(&keys)).await.unwrap();
    assert_eq!(found.shown, r#"{"successRate":99.5}"#);
    let (head, body) = asked(&server);
    begins(&head, "POST /graphql HTTP/1.1");
    has(&head, &["API-Key: NRAK-1", "content-type: application/json"]);
    let variables = json!({"accountId": 12345, "query": "FROM T SELECT 1", "timeout": 5});
    assert_eq!(body["variables"], variables);
    let text = body["query"].as_str().unwrap();
    assert!(text.contains("nrql(query: $query, timeout: $timeout) { results }"), "{text}");
}

#[tokio::test]
async fn graphite_is_asked_for_json() {
    let series = r#"[{"target":"x","datapoints":[[0.5,1],[null,2],[1,3]]}]"#;
    let server = Server::start(&[&ok(series)]).await;
    let query = GraphiteQuery {
        address: server.url("/graphite/"),
        query: "target=summarize(\n  asPercent(a.b, sum(c.*)),\n  '5min'\n)&from=-5min".to_owned(),
    };
    let found = answer(Query::Graphite(query), &[], None).await.unwrap();
    assert_eq!(found.shown, "[0.5,1]");
    let (head, _) = asked(&server);
    begins(
        &head,
        "GET /graphite/render?target=summarize%28asPercent%28a.b%2Csum%28c.*%29%29%2C%275min%27%29&from=-5min&format=json HTTP/1.1",
    );
}

#[tokio::test]
async fn influxdb_is_asked_in_flux() {
    let csv = "#datatype,string,long,double\r\n#group,false,false,false\r\n#default,_result,,\r\n,result,table,_value\r\n,,0,0.97\r\n";
    let server = Server::start(&[&ok(csv)]).await;
    let keys = secret(&[("authToken", "t0k"), ("org", "a b"), ("address", &server.url(""))]);
    let query =
        InfluxdbQuery { query: "from(bucket: \"a\")".to_owned(), ..InfluxdbQuery::default() };
    let found = answer(Query::Influxdb(query), &[], Some(&keys)).await.unwrap();
    assert_eq!(found.shown, "[0.97]");
    let (head, body) = asked(&server);
    begins(&head, "POST /api/v2/query?org=a+b HTTP/1.1");
    has(&head, &["Authorization: Token t0k"]);
    assert_eq!((&body["query"], &body["type"]), (&json!("from(bucket: \"a\")"), &json!("flux")));
    assert_eq!(body["dialect"]["annotations"], json!(["datatype", "group", "default"]));
}

#[tokio::test]
async fn wavefront_is_asked_with_the_token_of_its_address() {
    let series = r#"{"query":"a","timeseries":[{"label":"x","data":[[1,0.95]]}]}"#;
    let server = Server::start(&[&ok(series)]).await;
    let address = server.url("");
    let keys = secret(&[(address.as_str(), "t0k"), ("other", "x")]);
    let query = WavefrontQuery { address: address.clone(), query: "ts(\"a\")".to_owned() };
    let found = answer(Query::Wavefront(query.clone()), &[], Some(&keys)).await.unwrap();
    assert_eq!((found.shown.as_str(), found.metadata["timestamps"].as_str()), ("0.95", "1"));
    let (head, _) = asked(&server);
    begins(&head, "GET /api/v2/chart/api?q=ts%28%22a%22%29&s=");
    assert!(head.contains("&p=1&g=s&i=true&strict=false http/1.1"), "{head}");
    has(&head, &["Authorization: Bearer t0k"]);
    let problem = answer(Query::Wavefront(query), &[], Some(&secret(&[]))).await.unwrap_err();
    assert_eq!(
        problem,
        format!("there is no token for {address} in a Secret wavefront-api-tokens")
    );
}

#[tokio::test]
async fn skywalking_is_asked_over_a_duration() {
    let results =
        r#"{"data":{"service_apdex":{"label":null,"values":{"values":[{"value":9900}]}}}}"#;
    let server = Server::start(&[&ok(results)]).await;
    let query = SkyWalkingQuery {
        address: server.url(""),
        query: "query queryData($duration: Duration!) { a }".to_owned(),
        interval: "3m".to_owned(),
    };
    let found = answer(Query::SkyWalking(query), &[], None).await.unwrap();
    assert!(found.shown.contains("9900"), "{found:?}");
    let (head, body) = asked(&server);
    begins(&head, "POST /graphql HTTP/1.1");
    let duration = &body["variables"]["duration"];
    assert_eq!(duration["step"], "MINUTE");
    assert_eq!(duration["start"].as_str().unwrap().len(), "2026-01-31 2359".len());
}

#[tokio::test]
async fn cloudwatch_is_asked_with_a_signature() {
    let results = r#"{"MetricDataResults":[{"Id":"rate","Values":[0.01,0.02]}]}"#;
    let server = Server::start(&[&ok(results)]).await;
    let query = CloudWatchQuery {
        interval: None,
        queries: vec![json!({"Id": "rate", "Expression": "errors / requests"})],
    };
    let address = server.url("");
    let environment = [
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "session"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", address.as_str()),
    ];
    let found = answer(Query::CloudWatch(query.clone()), &environment, None).await.unwrap();
    assert_eq!(found.shown, "[[0.01 0.02]]");
    let (head, body) = asked(&server);
    begins(&head, "POST / HTTP/1.1");
    let credential = "Authorization: AWS4-HMAC-SHA256 Credential=AKID/";
    let target = "X-Amz-Target: GraniteServiceVersion20100801.GetMetricData";
    let kind = "Content-Type: application/x-amz-json-1.0";
    has(&head, &[credential, target, kind, "X-Amz-Security-Token: session", "X-Amz-Date: 20"]);
    let scope = "/eu-west-1/monitoring/aws4_request, signedheaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, signature=";
    assert!(head.contains(scope), "{head}");
    assert_eq!(body["MetricDataQueries"], json!(query.queries));
    let moment = |name: &str| body[name].as_u64().unwrap();
    assert_eq!(moment("EndTime") - moment("StartTime"), 300);
    for (known, problem) in [(0, "there are no keys of AWS"), (2, "there is no region of AWS")] {
        let found = answer(Query::CloudWatch(query.clone()), &environment[..known], None).await;
        assert!(found.unwrap_err().starts_with(problem));
    }
}

#[test]
fn the_environment_shows_none_of_its_keys() {
    let environment = tidegate_metrics::Environment::read(|name| Some(format!("{name}-secret")));
    assert!(!format!("{environment:?}").contains("secret"));
}
