//! Experiments as Argo Rollouts has them.

use std::{collections::BTreeMap, time::Duration};

use tidegate_experiment::ExperimentResource;
use tidegate_manifest::{Resource, read};
use tidegate_rollout::{ArgValue, Step, StepExperiment, TemplateOf, TemplateService, TemplateUse};
use tidegate_units::Weight;
use tidegate_workload::WorkloadMeta;

use crate::canary::{ROUTED, canary};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn experiment(text: &str) -> ExperimentResource {
    let documents = read("ab.yaml", text).unwrap_or_else(|problems| panic!("{problems}"));
    match documents.into_iter().next().unwrap().resource {
        Resource::Experiment(experiment) => experiment,
        other => panic!("{other:#?}"),
    }
}

#[test]
fn every_field_is_read() {
    let found = experiment(include_str!("cases/experiment.yaml"));
    let spec = &found.spec;
    assert_eq!((spec.name.as_str(), &*found.key.namespace), ("ab", "default"));
    assert_eq!(spec.duration, Some(Duration::from_mins(20)));
    assert_eq!(spec.progress_deadline, Duration::from_secs(30));
    assert_eq!(spec.scale_down_delay, Duration::ZERO);
    assert!(!spec.terminate);
    let [purple, orange] = spec.templates.as_slice() else { panic!() };
    assert_eq!((purple.name.as_str(), purple.replicas), ("purple", 1));
    assert_eq!(purple.min_ready, Duration::from_secs(10));
    assert_eq!(purple.service.as_deref(), Some("service-name"));
    assert_eq!((orange.replicas, orange.min_ready), (1, Duration::ZERO));
    assert_eq!(orange.service.as_deref(), Some("ab-orange"));
    assert_ne!(purple.revision, orange.revision);
    assert_eq!(found.templates["purple"].selector.len(), 2);
    assert_eq!(found.templates["orange"].template.containers[0].image, "demo:orange");
    let [first, compare] = spec.analyses.as_slice() else { panic!() };
    let args = [("host".to_owned(), ArgValue::Literal("purple".to_owned()))];
    assert_eq!((first.name.as_str(), first.required), ("purple", false));
    assert_eq!(first.analysis.args, args);
    assert!(compare.required);
    let template = TemplateUse { name: "compare".to_owned(), cluster: true };
    assert_eq!(compare.analysis.templates, [template]);
    for analysis in [first, compare] {
        assert_eq!(analysis.analysis.dry_run, ["latency.*"]);
        assert_eq!(analysis.analysis.retention, [("errors".to_owned(), 20)]);
        assert_eq!(analysis.analysis.labels["team"], "shop");
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let text = "\
apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {name: ab, namespace: shop}
spec:
  templates:
  - name: a
    selector: {matchLabels: {app: x}}
    template:
      metadata: {labels: {app: x}}
      spec: {containers: [{name: x, image: x}]}
";
    let spec = experiment(text).spec;
    assert_eq!(spec.duration, None);
    assert_eq!(spec.progress_deadline, Duration::from_mins(10));
    assert_eq!(spec.scale_down_delay, Duration::from_secs(30));
    assert!(!spec.terminate && spec.analyses.is_empty());
    assert_eq!((spec.templates[0].replicas, spec.templates[0].service.as_ref()), (1, None));
    assert_eq!(spec.templates[0].min_ready, Duration::ZERO);
}

#[test]
fn an_argument_may_be_a_secret_a_field_or_what_the_template_declares() {
    let text = "\
apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {name: ab}
spec:
  templates:
  - name: a
    selector: {matchLabels: {app: x}}
    template:
      metadata: {labels: {app: x}}
      spec: {containers: [{name: x, image: x}]}
  analyses:
  - name: few
    templateName: errors
    args:
    - {name: token, valueFrom: {secretKeyRef: {name: keys, key: token}}}
    - {name: region, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['region']\"}}}
    - {name: both, value: here, valueFrom: {secretKeyRef: {name: keys, key: token}}}
    - {name: empty, value: ''}
    - {name: limit}
";
    let literal = |name: &str, text: &str| (name.to_owned(), ArgValue::Literal(text.to_owned()));
    let secret = ArgValue::Secret { name: "keys".to_owned(), key: "token".to_owned() };
    let field = ArgValue::Field("metadata.labels['region']".to_owned());
    assert_eq!(
        experiment(text).spec.analyses[0].analysis.args,
        [
            ("token".to_owned(), secret),
            ("region".to_owned(), field),
            literal("both", "here"),
            literal("empty", ""),
        ]
    );
}

/// An experiment as a step of a rollout, and whether the default analysis is left on.
fn step(step: &str) -> (StepExperiment, bool) {
    let steps = format!(" [{{setWeight: 20}}, {{experiment: {step}}}]");
    let text = canary(ROUTED, &steps);
    let found = read("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let Resource::Rollout(rollout) = &found[0].resource else { panic!("{found:#?}") };
    match &rollout.spec.canary().steps[1] {
        Step::Experiment(experiment) => (experiment.clone(), rollout.spec.canary().default_watch),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_step_of_an_experiment_has_the_defaults_of_argo() {
    let (found, watched) = step("{templates: [{name: a, specRef: stable}]}");
    assert_eq!((found.duration, found.scale_down_delay), (None, secs(30)));
    assert!(found.analyses.is_empty() && watched);
    let template = &found.templates[0];
    assert_eq!((template.replicas, template.weight, template.of), (1, None, TemplateOf::Stable));
    assert_eq!(template.service, TemplateService::None);
    assert!(template.selector.is_empty() && template.meta == WorkloadMeta::default());
}

#[test]
fn every_field_of_a_step_of_an_experiment_is_taken_over() {
    let (found, watched) = step(
        "{duration: 2m, scaleDownDelaySeconds: 5, dryRun: [{metricName: slow}],
          analysisRunMetadata: {labels: {team: shop}, annotations: {note: ours}},
          templates: [
            {name: a, specRef: stable, replicas: 2, weight: 5, metadata: {labels: {ab: a}, annotations: {x: z}},
             selector: {matchLabels: {ab: a}}},
            {name: b, specRef: canary, weight: 10, service: {name: try-b}},
            {name: c, specRef: canary, service: {}}],
          analyses: [{name: few, templateName: errors, clusterScope: true, requiredForCompletion: true,
            args: [{name: hash, valueFrom: {podTemplateHashValue: Latest}}]}]}",
    );
    assert_eq!((found.duration, found.scale_down_delay), (Some(secs(120)), secs(5)));
    let [a, b, c] = found.templates.as_slice() else { panic!("{found:#?}") };
    assert_eq!((a.of, a.replicas, a.weight), (TemplateOf::Stable, 2, Weight::new(5).ok()));
    assert_eq!((&a.meta.labels, &a.selector), (&map(&[("ab", "a")]), &map(&[("ab", "a")])));
    assert_eq!(a.meta.annotations, map(&[("x", "z")]));
    assert_eq!(a.service, TemplateService::Own, "a share needs a Service");
    assert_eq!((b.of, &b.service), (TemplateOf::Canary, &TemplateService::Named("try-b".into())));
    assert_eq!((c.weight, &c.service), (None, &TemplateService::Own));
    let [few] = found.analyses.as_slice() else { panic!("{found:#?}") };
    assert!(few.required && few.name == "few" && few.analysis.templates[0].cluster);
    assert_eq!(few.analysis.args, [("hash".to_owned(), ArgValue::LatestHash)]);
    assert_eq!(few.analysis.dry_run, ["slow"]);
    assert_eq!(few.analysis.labels, map(&[("team", "shop")]));
    assert!(!watched, "it has an analysis of its own");
}
