//! Templates with all that Argo Rollouts lets them have.

use std::collections::BTreeMap;

use tidegate_analysis::{
    AnalysisTemplate, ArgDeclaration, ArgSource, Retention, SecretKey, Setting, TemplateRef,
};
use tidegate_manifest::{Resource, read};
use tidegate_rollout::{AnalysisUse, ArgValue, Step, TemplateUse};
use tidegate_units::ObjectKey;

fn only(text: &str) -> Resource {
    let documents = read("a.yaml", text).unwrap_or_else(|problems| panic!("{problems}"));
    documents.into_iter().next().unwrap().resource
}

fn template(spec: &str) -> AnalysisTemplate {
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: a}}\nspec:\n{spec}"
    );
    match only(&text) {
        Resource::AnalysisTemplate(template) => template,
        other => panic!("{other:#?}"),
    }
}

#[test]
fn a_cluster_template_belongs_to_no_namespace() {
    // A namespace is passed over, as by kubectl.
    for namespace in ["", ", namespace: shop"] {
        let text = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: ClusterAnalysisTemplate\nmetadata: {{name: a{namespace}}}\nspec:\n  metrics: [{{name: m, provider: {{prometheus: {{query: up}}}}}}]\n"
        );
        let Resource::ClusterAnalysisTemplate(template) = only(&text) else { panic!("{text}") };
        assert_eq!(template.key, ObjectKey::everywhere("a"));
        assert_eq!(template.metrics.len(), 1);
    }
}

#[test]
fn arguments_come_from_where_the_template_says() {
    let found = template(
        "  args:
  - name: service
  - {name: port, value: \"80\"}
  - {name: token, valueFrom: {secretKeyRef: {name: keys, key: a.b}}}
  - {name: region, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['region']\"}}}
  - {name: port, value: \"80\"}
  metrics: [{name: m, provider: {prometheus: {query: \"up{token='{{args.token}}'}\"}}}]
",
    );
    let plain = |name: &str| ArgDeclaration { name: name.to_owned(), ..ArgDeclaration::default() };
    let port = ArgDeclaration { default: Some("80".to_owned()), ..plain("port") };
    let key = SecretKey { secret: "keys".to_owned(), key: "a.b".to_owned() };
    let token = ArgDeclaration { from: Some(ArgSource::Secret(key)), ..plain("token") };
    let field = ArgSource::Field("metadata.labels['region']".to_owned());
    let region = ArgDeclaration { from: Some(field), ..plain("region") };
    assert_eq!(found.args, [plain("service"), port.clone(), token, region, port]);
}

#[test]
fn templates_may_name_templates_and_have_no_metric_of_their_own() {
    let found = template(
        "  templates:
  - templateName: errors
  - {templateName: latency, clusterScope: true}
  dryRun:
  - metricName: test.*
  measurementRetention:
  - {metricName: .*, limit: 20}
",
    );
    let inner = |name: &str, cluster| TemplateRef { name: name.to_owned(), cluster };
    assert_eq!(found.templates, [inner("errors", false), inner("latency", true)]);
    assert_eq!(found.dry_run, ["test.*"]);
    assert_eq!(found.retention, [Retention { metric: ".*".to_owned(), limit: 20 }]);
    assert_eq!(found.metrics, []);
}

#[test]
fn numbers_may_stand_between_quotes_and_wait_for_arguments() {
    let found = template(
        "  args: [{name: count}]
  metrics:
  - name: m
    interval: \"{{ args.count }}s\"
    initialDelay: \"\"
    count: \"{{args.count}}\"
    failureLimit: \"3\"
    inconclusiveLimit: \"{{args.count}}\"
    consecutiveErrorLimit: \"0\"
    successCondition: \"\"
    provider: {prometheus: {query: up}}
",
    );
    let metric = &found.metrics[0];
    assert_eq!(metric.count, Some(Setting::Text("{{args.count}}".to_owned())));
    assert_eq!(metric.failure_limit, Some(Setting::Known(3)));
    assert_eq!(metric.inconclusive_limit, Some(Setting::Text("{{args.count}}".to_owned())));
    assert_eq!(metric.consecutive_error_limit, Some(Setting::Known(0)));
    assert_eq!((&metric.initial_delay, &metric.success_condition), (&None, &None));
}

#[test]
fn a_rollouts_analysis_has_all_of_its_fields() {
    let text = "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, command: [web]}]}
  strategy:
    canary:
      steps:
      - analysis:
          templates:
          - {templateName: errors, clusterScope: true}
          - {templateName: latency, clusterScope: false}
          args:
          - name: none
          - {name: both, value: written, valueFrom: {podTemplateHashValue: Latest}}
          dryRun: [{metricName: a}]
          measurementRetention: [{metricName: b, limit: 3}]
          analysisRunMetadata: {labels: {team: shop}, annotations: {why: \"because\"}}
";
    let Resource::Rollout(rollout) = only(text) else { panic!("{text}") };
    let Step::Analysis(found) = &rollout.spec.canary().steps[0] else { panic!("{rollout:#?}") };
    let named = |name: &str, cluster| TemplateUse { name: name.to_owned(), cluster };
    let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    let expect = AnalysisUse {
        plugin: None,
        templates: vec![named("errors", true), named("latency", false)],
        args: vec![
            ("none".to_owned(), ArgValue::Literal(String::new())),
            ("both".to_owned(), ArgValue::LatestHash),
        ],
        dry_run: vec!["a".to_owned()],
        retention: vec![("b".to_owned(), 3)],
        labels: map("team", "shop"),
        annotations: map("why", "because"),
    };
    assert_eq!(*found, expect);
}
