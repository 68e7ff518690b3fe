//! Providers that ask servers, as people wrote them for Argo Rollouts.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{
    AnalysisTemplate, BasicAuth, Header, KayentaQuery, KayentaScope, KayentaScopeDetail,
    PluginQuery, PluginTask, PrometheusQuery, Provider, Query, RangeQuery, ResolveError, Resolved,
    RunRequest, Surroundings, TemplateRef, WebBody, WebMethod, WebQuery, resolve_run,
};
use tidegate_manifest::{Resource, read};

pub(crate) fn template(metric: &str) -> AnalysisTemplate {
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: a}}\nspec:\n  args: [{{name: service}}]\n  metrics:\n  - name: m\n{metric}"
    );
    let documents = read("a.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    match documents.into_iter().next().unwrap().resource {
        Resource::AnalysisTemplate(template) => template,
        other => panic!("{other:#?}"),
    }
}

/// A namespace with one template.
struct Only<'a>(&'a AnalysisTemplate);

impl Surroundings for Only<'_> {
    fn template(&self, _: &TemplateRef) -> Option<&AnalysisTemplate> {
        Some(self.0)
    }

    fn field(&self, path: &str) -> Result<String, String> {
        Err(path.to_owned())
    }
}

pub(crate) fn resolve(
    template: &AnalysisTemplate,
    service: &str,
) -> Result<Resolved, ResolveError> {
    let request = RunRequest {
        templates: vec![TemplateRef { name: "a".to_owned(), cluster: false }],
        args: BTreeMap::from([("service".to_owned(), service.to_owned())]),
        ..RunRequest::default()
    };
    resolve_run(&request, &Only(template))
}

/// What is asked once `service` is filled in.
#[track_caller]
fn check(metric: &str, expect: Query) {
    let mut resolved = resolve(&template(metric), "web").unwrap();
    assert_eq!(resolved.metrics.remove(0).provider, Provider::Query(expect));
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

#[test]
fn prometheus_is_read_with_its_arguments() {
    // From the documentation of Argo Rollouts.
    check(
        r#"
    successCondition: result[0] >= 0.95
    failureLimit: 3
    provider:
      prometheus:
        address: http://prometheus.example.com:9090
        timeout: 40
        headers:
          - key: X-Scope-OrgID
            value: tenant_{{args.service}}
        query: |
          sum(irate(
            istio_requests_total{destination_service=~"{{args.service}}",response_code!~"5.*"}[5m]
          ))
        authentication:
          basicAuth:
            username: "{{ args.service }}"
            password: secret
          sigv4: {}
        insecure: true
        rangeQuery:
          start: 'now() - duration("1h")'
          end: now()
          step: 1m
"#,
        Query::Prometheus(PrometheusQuery {
            address: Some("http://prometheus.example.com:9090".to_owned()),
            query: "sum(irate(\n  istio_requests_total{destination_service=~\"web\",response_code!~\"5.*\"}[5m]\n))\n".to_owned(),
            timeout: Some(Duration::from_secs(40)),
            insecure: true,
            headers: vec![header("X-Scope-OrgID", "tenant_web")],
            basic_auth: Some(BasicAuth {
                username: "web".to_owned(),
                password: "secret".to_owned(),
            }),
            oauth2: None,
            sigv4: None,
            range: Some(RangeQuery {
                start: "now() - duration(\"1h\")".to_owned(),
                end: "now()".to_owned(),
                step: "1m".to_owned(),
            }),
        }),
    );
    check(
        "    provider: {prometheus: {query: up}}\n",
        Query::Prometheus(PrometheusQuery::new("up")),
    );
}

#[test]
fn web_is_read_with_its_arguments() {
    check(
        r#"
    successCondition: result == true
    provider:
      web:
        method: POST
        url: "http://my-server.com/api/v1/measurement?service={{ args.service }}"
        timeoutSeconds: 20
        headers:
          - key: Authorization
            value: "Bearer {{ args.service }}"
        jsonBody:
          service: "{{args.service}}"
          nested: [{"{{args.service}}": 1.5}, null, true]
        jsonPath: "{$.data.{{args.service}}.ok}"
"#,
        Query::Web(WebQuery {
            method: WebMethod::Post,
            url: "http://my-server.com/api/v1/measurement?service=web".to_owned(),
            headers: vec![header("Authorization", "Bearer web")],
            body: WebBody::Json(
                serde_json::json!({"service": "web", "nested": [{"web": 1.5}, null, true]}),
            ),
            timeout: Some(Duration::from_secs(20)),
            json_path: Some("{$.data.web.ok}".to_owned()),
            insecure: false,
            basic_auth: None,
            oauth2: None,
        }),
    );
    check(
        "    provider: {web: {url: \"http://p\", timeoutSeconds: 0, jsonPath: \"\", body: \"\"}}\n",
        Query::Web(WebQuery::new("http://p")),
    );
}

#[test]
fn what_arguments_make_wrong_is_told_when_they_are_filled_in() {
    let template =
        template("    provider: {web: {url: \"http://p\", jsonPath: \"{{args.service}}\"}}\n");
    let problem = resolve(&template, "$.a").unwrap_err();
    assert_eq!(
        problem.to_string(),
        "metric \"m\".provider: jsonPath: \"$.a\" stands outside of braces: write {$.path.to.value}"
    );
}

#[test]
fn kayenta_is_read_with_all_that_it_compares() {
    let side = |scope: &str| KayentaScopeDetail {
        scope: scope.to_owned(),
        region: "us".to_owned(),
        step: 60,
        start: "2026-01-01T00:00:00Z".to_owned(),
        end: String::new(),
    };
    for threshold in ["threshold", "thresholds"] {
        check(
            &format!(
                "    provider:
      kayenta:
        address: https://kayenta.example.com
        application: guestbook
        canaryConfigName: my-test
        metricsAccountName: a
        configurationAccountName: b
        storageAccountName: c
        {threshold}: {{pass: 90, marginal: 75}}
        lookback: true
        scopes:
        - name: default
          controlScope: {{scope: 'stable {{{{args.service}}}}', region: us, step: 60, start: '2026-01-01T00:00:00Z'}}
          experimentScope: {{scope: canary, region: us, step: 60, start: '2026-01-01T00:00:00Z'}}
"
            ),
            Query::Kayenta(KayentaQuery {
                address: "https://kayenta.example.com".to_owned(),
                application: "guestbook".to_owned(),
                canary_config_name: "my-test".to_owned(),
                metrics_account_name: "a".to_owned(),
                configuration_account_name: "b".to_owned(),
                storage_account_name: "c".to_owned(),
                pass: 90,
                marginal: 75,
                scopes: vec![KayentaScope {
                    name: "default".to_owned(),
                    control: side("stable web"),
                    experiment: side("canary"),
                }],
                lookback: true,
                run_started: None,
                interval: None,
            }),
        );
    }
}

#[test]
fn the_config_of_a_plugin_is_its_own() {
    let config = serde_json::json!({"testId": "web", "deep": [{"flag": true}, 1.5, null]});
    check(
        "    provider: {plugin: {acme/k6: {testId: '{{args.service}}', deep: [{flag: true}, 1.5, null]}}}\n",
        Query::Plugin(PluginQuery::new("acme/k6", config, PluginTask::Metric)),
    );
}
