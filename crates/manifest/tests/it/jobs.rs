//! `provider.job`, as people wrote it for Argo Rollouts.

use std::time::Duration;

use tidegate_analysis::Provider;
use tidegate_manifest::read;
use tidegate_workload::{EnvSource, JobRestart, JobSpec};

use crate::queries::{resolve, template};

fn metric(spec: &str, pod: &str) -> String {
    let container = "containers: [{name: test, image: 'acme/test:{{args.service}}', command: [sh, -c, 'test {{args.service}}'], env: [{name: TO, value: '{{args.service}}'}]}]";
    format!(
        "    provider:\n      job:\n        metadata: {{labels: {{a: b}}}}\n        spec: {{{spec} template: {{spec: {{{pod} {container}}}}}}}\n"
    )
}

fn job(spec: &str) -> JobSpec {
    let template = template(&metric(spec, "restartPolicy: Never,"));
    match resolve(&template, "web").unwrap().metrics.remove(0).provider {
        Provider::Job(job) => job,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_said_is_as_in_kubernetes() {
    let job = job("");
    assert_eq!((job.completions, job.parallelism, job.backoff_limit), (Some(1), 1, 6));
    assert_eq!((job.restart, job.active_deadline), (JobRestart::Never, None));
    assert_eq!(job.template.termination_grace, Duration::from_secs(30));
}

#[test]
fn arguments_are_filled_in_everywhere() {
    let job = job("");
    let container = &job.template.containers[0];
    assert_eq!(container.image, "acme/test:web");
    assert_eq!(container.command, ["sh", "-c", "test web"]);
    assert_eq!(container.env[0].source, EnvSource::Literal("web".to_owned()));
}

#[test]
fn a_label_may_wait_for_an_argument_and_a_name_may_not() {
    let text = metric("", "restartPolicy: Never,").replace(
        "template: {spec",
        "template: {metadata: {labels: {rev: '{{ args.service }}'}}, spec",
    );
    let Provider::Job(job) = resolve(&template(&text), "web").unwrap().metrics.remove(0).provider
    else {
        panic!("no job")
    };
    assert_eq!(job.template.meta.labels["rev"], "web");
    let text =
        metric("", "restartPolicy: Never,").replace("{name: test,", "{name: '{{args.service}}',");
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: a}}\nspec:\n  args: [{{name: service}}]\n  metrics:\n  - name: m\n{text}"
    );
    let problems = read("a.yaml", &text).unwrap_err().to_string();
    assert!(problems.contains("containers[0].name"), "{problems}");
}

#[test]
fn all_of_it_is_read() {
    let job = job(
        "backoffLimit: 0, activeDeadlineSeconds: 90, completions: 3, parallelism: 2, ttlSecondsAfterFinished: 5, suspend: false, completionMode: NonIndexed,",
    );
    assert_eq!((job.completions, job.parallelism, job.backoff_limit), (Some(3), 2, 0));
    assert_eq!(job.active_deadline, Some(Duration::from_secs(90)));
}

#[test]
fn parallelism_alone_is_a_queue_of_work() {
    let job = job("parallelism: 4,");
    assert_eq!((job.completions, job.parallelism), (None, 4));
}

#[track_caller]
fn refused(spec: &str, pod: &str, expect: &str) {
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: a}}\nspec:\n  args: [{{name: service}}]\n  metrics:\n  - name: m\n{}",
        metric(spec, pod)
    );
    let problems = read("a.yaml", &text).unwrap_err().to_string();
    assert!(problems.contains(expect), "{problems}");
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    refused("", "", "restartPolicy");
    refused("", "restartPolicy: Always,", "Never");
    for field in ["completionMode: Indexed,", "suspend: true,", "parallelism: 0,", "nope: 1,"] {
        let name = field.split(':').next().unwrap();
        refused(field, "restartPolicy: Never,", name);
    }
    for field in ["podFailurePolicy: {rules: []},", "backoffLimitPerIndex: 1,"] {
        refused(field, "restartPolicy: OnFailure,", "not supported");
    }
    let twice = "restartPolicy: Never, initContainers: [{name: a, image: b}],";
    refused("", twice, "initContainers");
}

#[test]
fn probes_of_services_have_no_place_in_a_job() {
    let text = metric("", "restartPolicy: Never,")
        .replace("name: test,", "name: test, livenessProbe: {exec: {command: [a]}},");
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: a}}\nspec:\n  args: [{{name: service}}]\n  metrics:\n  - name: m\n{text}"
    );
    let problems = read("a.yaml", &text).unwrap_err().to_string();
    assert!(problems.contains("not supported in a job"), "{problems}");
}
