//! Providers that ask services, as the documentation of Argo Rollouts writes them.

use serde_json::json;
use tidegate_analysis::{
    AnalysisTemplate, CloudWatchQuery, DatadogQuery, DatadogVersion, GraphiteQuery, InfluxdbQuery,
    NewRelicQuery, OAuth2, Provider, Query, SigV4, SkyWalkingQuery, WavefrontQuery,
};

use crate::queries::{resolve, template};

/// What is asked once `service` is filled in with `web`.
#[track_caller]
fn query(provider: &str) -> Query {
    query_for(provider, "web")
}

#[track_caller]
fn query_for(provider: &str, service: &str) -> Query {
    let mut resolved = resolve(&metric(provider), service).unwrap();
    let Provider::Query(query) = resolved.metrics.remove(0).provider else { panic!("{provider}") };
    query
}

fn metric(provider: &str) -> AnalysisTemplate {
    let indented: Vec<_> = provider.lines().map(|line| format!("      {line}\n")).collect();
    template(&format!("    provider:\n{}", indented.concat()))
}

#[test]
fn datadog_is_read_in_both_versions() {
    let v1 = "datadog:
  interval: 5m
  query: |
    sum:requests.error.rate{service:{{args.service}}}";
    let expect = DatadogQuery {
        interval: Some("5m".to_owned()),
        query: "sum:requests.error.rate{service:web}\n".to_owned(),
        ..DatadogQuery::default()
    };
    assert_eq!(query(v1), Query::Datadog(expect));
    let v2 = "datadog:
  apiVersion: v2
  interval: 5m
  queries:
    a: sum:requests.errors{service:{{args.service}}}.as_count()
    b: sum:requests{service:{{args.service}}}.as_count()
  formula: \"moving_rollup(a, 60, 'sum') / b\"
  aggregator: avg
  requestTimeout: 30s
  secretRef:
    name: my-datadog
    namespaced: true";
    let queries = [
        ("a", "sum:requests.errors{service:web}.as_count()"),
        ("b", "sum:requests{service:web}.as_count()"),
    ];
    let expect = DatadogQuery {
        version: DatadogVersion::V2,
        interval: Some("5m".to_owned()),
        query: String::new(),
        queries: queries.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
        formula: "moving_rollup(a, 60, 'sum') / b".to_owned(),
        aggregator: "avg".to_owned(),
        secret: "my-datadog".to_owned(),
        namespaced: true,
        timeout: Some("30s".to_owned()),
    };
    assert_eq!(query(v2), Query::Datadog(expect));
}

#[test]
fn services_with_one_query_are_read() {
    let new_relic = NewRelicQuery {
        profile: "my-newrelic-secret".to_owned(),
        query: "FROM Transaction SELECT count(*) where appName='web'".to_owned(),
        timeout: Some(10),
    };
    assert_eq!(
        query(
            "newRelic: {profile: my-newrelic-secret, timeout: 10, query: \"FROM Transaction SELECT count(*) where appName='{{ args.service }}'\"}"
        ),
        Query::NewRelic(new_relic)
    );
    let graphite = GraphiteQuery {
        address: "http://graphite.example.com:9090".to_owned(),
        query: "target=web.a&from=-5min".to_owned(),
    };
    assert_eq!(
        query(
            "graphite: {address: \"http://graphite.example.com:9090\", query: \"target={{args.service}}.a&from=-5min\"}"
        ),
        Query::Graphite(graphite)
    );
    let influxdb = InfluxdbQuery {
        profile: "my-influxdb-secret".to_owned(),
        query: "from(bucket: \"web\")".to_owned(),
    };
    assert_eq!(
        query(
            "influxdb: {profile: my-influxdb-secret, query: 'from(bucket: \"{{args.service}}\")'}"
        ),
        Query::Influxdb(influxdb)
    );
    let wavefront = WavefrontQuery {
        address: "example.wavefront.com".to_owned(),
        query: "sum(web)".to_owned(),
    };
    assert_eq!(
        query("wavefront: {address: example.wavefront.com, query: \"sum({{args.service}})\"}"),
        Query::Wavefront(wavefront)
    );
    let skywalking = SkyWalkingQuery {
        address: "http://skywalking-oap:12800".to_owned(),
        query: "query q($duration: Duration!) { web }".to_owned(),
        interval: "3m".to_owned(),
    };
    assert_eq!(
        query(
            "skywalking: {interval: 3m, address: \"http://skywalking-oap:12800\", query: \"query q($duration: Duration!) { {{args.service}} }\"}"
        ),
        Query::SkyWalking(skywalking)
    );
}

#[test]
fn cloudwatch_is_read_in_the_form_of_its_service() {
    let text = r#"cloudWatch:
  interval: 30m
  metricDataQueries:
  - {"id": "rate", "expression": "errors / requests", "period": "60"}
  - id: errors
    metricStat:
      metric:
        namespace: app
        metricName: errors
        dimensions: [{name: service, value: "{{args.service}}"}]
      period: 300
      stat: Sum
      unit: Count
    returnData: false"#;
    let errors = json!({
        "Id": "errors",
        "ReturnData": false,
        "MetricStat": {
            "Stat": "Sum", "Period": 300, "Unit": "Count",
            "Metric": {
                "Namespace": "app", "MetricName": "errors",
                "Dimensions": [{"Name": "service", "Value": "web"}],
            },
        },
    });
    let rate = json!({"Id": "rate", "Expression": "errors / requests", "Period": 60});
    let expect = CloudWatchQuery { interval: Some("30m".to_owned()), queries: vec![rate, errors] };
    assert_eq!(query(text), Query::CloudWatch(expect));
}

#[test]
fn a_period_may_be_an_argument() {
    let text = r#"cloudWatch:
  metricDataQueries:
  - {id: rate, expression: errors / requests, period: "{{args.service}}"}"#;
    let Query::CloudWatch(query) = query_for(text, "300") else { panic!() };
    assert_eq!(query.sent().unwrap()[0]["Period"], 300);
    let problem = resolve(&metric(text), "5m").unwrap_err().problem;
    assert_eq!(problem, "period: \"5m\" is no number of seconds");
}

#[test]
fn clients_prove_who_they_are() {
    let client = OAuth2 {
        token_url: "https://login.example.com/token".to_owned(),
        client_id: "web".to_owned(),
        client_secret: "secret".to_owned(),
        scopes: vec!["a".to_owned()],
    };
    let oauth2 = "oauth2: {tokenUrl: \"https://login.example.com/token\", clientId: \"{{args.service}}\", clientSecret: secret, scopes: [a]}";
    let web = query(&format!("web:\n  url: http://w\n  authentication:\n    {oauth2}"));
    assert!(matches!(web, Query::Web(web) if web.oauth2 == Some(client.clone())));
    let prometheus = query(&format!(
        "prometheus:\n  query: up\n  authentication:\n    sigv4: {{region: us-east-1}}\n    {oauth2}"
    ));
    let region = Some(SigV4 { region: "us-east-1".to_owned() });
    assert!(
        matches!(prometheus, Query::Prometheus(one) if one.oauth2 == Some(client) && one.sigv4 == region)
    );
    // As Argo Rollouts has it in its examples: nothing said is nothing asked.
    let nothing = query(
        "web: {url: http://w, authentication: {oauth2: {tokenUrl: \"\"}, basicAuth: {}, sigv4: {}}}",
    );
    assert!(matches!(nothing, Query::Web(web) if web.oauth2.is_none() && web.basic_auth.is_none()));
    let nowhere = query("prometheus: {query: up, address: \"\"}");
    assert!(matches!(nowhere, Query::Prometheus(one) if one.address.is_none()));
}
