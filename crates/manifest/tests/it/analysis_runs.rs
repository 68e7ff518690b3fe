//! Analysis runs that are declared by themselves, and names that are made.

use std::time::Duration;

use tidegate_analysis::{AnalysisRunResource, Ttl};
use tidegate_manifest::{Resource, read, read_file};

fn run(text: &str) -> AnalysisRunResource {
    let documents = read("run.yaml", text).unwrap_or_else(|problems| panic!("{problems}"));
    match documents.into_iter().next().unwrap().resource {
        Resource::AnalysisRun(run) => run,
        other => panic!("{other:#?}"),
    }
}

const RUN: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisRun
metadata: {name: check, namespace: shop, labels: {team: web}}
spec:
  args: [{name: host, value: example.com}]
  metrics:
  - name: alive
    provider: {web: {url: 'http://{{args.host}}/', jsonPath: '{$.ok}'}}
  dryRun: [{metricName: ali.*}]
  measurementRetention: [{metricName: alive, limit: 3}]
  terminate: true
  ttlStrategy: {secondsAfterCompletion: 60, secondsAfterFailure: 0}
status: {phase: Running}
";

#[test]
fn every_field_of_a_run_is_read() {
    let run = run(RUN);
    assert_eq!(run.template.key.to_string(), "shop/check");
    assert_eq!(run.labels["team"], "web");
    assert_eq!((run.template.args.len(), run.template.metrics.len()), (1, 1));
    assert_eq!((run.template.dry_run.len(), run.template.retention.len()), (1, 1));
    assert!(run.terminate);
    let ttl = Ttl {
        after_completion: Some(Duration::from_mins(1)),
        after_failure: Some(Duration::ZERO),
        after_success: None,
    };
    assert_eq!(run.ttl, ttl);
    let resolved = run.resolve(&|path| Err(format!("no {path}"))).unwrap();
    assert_eq!(resolved.metrics.len(), 1);
}

fn refusal(from: &str, to: &str) -> String {
    let text = RUN.replace(from, to);
    assert_ne!(text, RUN);
    read("run.yaml", &text).unwrap_err().to_string()
}

#[test]
fn a_run_by_itself_measures_no_revision() {
    let web = "{web: {url: 'http://{{args.host}}/', jsonPath: '{$.ok}'}}";
    let told = refusal(web, "{plugin: {tidegate/judge: {}}}");
    assert!(told.contains("a run by itself is about no revision"), "{told}");
    let told = refusal("secondsAfterCompletion: 60", "secondsAfterSuccess: -1");
    assert!(told.contains("secondsAfterSuccess"), "{told}");
}

#[test]
fn a_name_is_made_of_generate_name_and_of_what_the_object_says() {
    let generated = RUN.replace("name: check", "generateName: check-");
    let name = |text: &str| {
        let reading = read_file("run.yaml", text).unwrap();
        let document = &reading.documents[0];
        let name = document.resource.key().name.to_string();
        assert_eq!(document.manifest["metadata"]["name"], name.as_str());
        assert!(reading.notes[0].message.contains(&name));
        name
    };
    let first = name(&generated);
    assert_eq!((first.len(), &first[..6]), (11, "check-"));
    assert_eq!(name(&generated), first, "the same file is the same object");
    assert_ne!(name(&generated.replace("limit: 3", "limit: 4")), first);
    let both = RUN.replace("name: check", "name: check, generateName: check-");
    assert_eq!(run(&both).template.key.name.to_string(), "check", "a name counts before");
    let empty = RUN.replace("name: check", "generateName: ''");
    assert!(read("run.yaml", &empty).unwrap_err().to_string().contains("\"name\" is missing"));
}
