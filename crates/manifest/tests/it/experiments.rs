//! Experiments as Argo Rollouts has them.

use std::time::Duration;

use tidegate_experiment::ExperimentResource;
use tidegate_manifest::{Resource, read};
use tidegate_rollout::{ArgValue, TemplateUse};

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
