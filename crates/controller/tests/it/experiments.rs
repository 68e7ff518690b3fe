//! Experiments: templates side by side, analyses, Services, and what is left of them.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{ArgDeclaration, PrometheusQuery, Provider, Query};
use tidegate_controller::{ExperimentView, Kind, Refused, Resource};
use tidegate_experiment::{
    Analysis, ExperimentResource, ExperimentSpec, Phase, Template, TemplatePhase, TemplateResource,
};
use tidegate_ports::Runtime as _;
use tidegate_rollout::{AnalysisUse, ArgValue, TemplateUse};
use tidegate_testkit::Says;
use tidegate_units::{ObjectKey, Owner};
use tidegate_workload::Secret;

use crate::{
    bench::{Bench, key, manifest, service, sleep, template},
    metrics::asking,
};

/// Two templates, each with a Service of its own, for a minute.
pub(crate) fn experiment() -> ExperimentResource {
    let names = ["one", "two"];
    let templates = names.map(|name| Template {
        name: name.to_owned(),
        revision: format!("hash-{name}").into(),
        replicas: 1,
        min_ready: Duration::ZERO,
        service: Some(format!("ab-{name}")),
    });
    let pods = names.map(|name| {
        let mut template = template(name);
        template.meta.labels = BTreeMap::from([("variant".to_owned(), name.to_owned())]);
        let selector = template.meta.labels.clone();
        (name.to_owned(), TemplateResource { template, selector })
    });
    ExperimentResource {
        key: ab(),
        spec: ExperimentSpec {
            name: "ab".to_owned(),
            templates: templates.to_vec(),
            duration: Some(Duration::from_mins(1)),
            progress_deadline: Duration::from_secs(30),
            terminate: false,
            analyses: Vec::new(),
            scale_down_delay: Duration::from_secs(5),
        },
        templates: pods.into(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        made_by: None,
    }
}

fn ab() -> ObjectKey {
    ObjectKey::new("default", "ab")
}

fn analysed(required: bool) -> ExperimentResource {
    let mut experiment = experiment();
    let templates = vec![TemplateUse { name: "asking".to_owned(), cluster: false }];
    let analysis = AnalysisUse { templates, ..AnalysisUse::default() };
    experiment.spec.analyses = vec![Analysis { name: "few".to_owned(), analysis, required }];
    experiment
}

impl Bench {
    fn experiment(&self) -> ExperimentView {
        self.plane.experiment(&ab()).unwrap()
    }

    async fn until_experiment(&self, what: &str, holds: impl Fn(&ExperimentView) -> bool) {
        for _ in 0..60_000 {
            if self.plane.experiment(&ab()).is_some_and(|view| holds(&view)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never: {what}\n{:#?}", self.plane.experiment(&ab()));
    }

    /// Nothing is left of it but its record.
    async fn leaves_nothing(&self) {
        sleep(10).await;
        let replicas = self.runtime.replicas();
        assert!(replicas.iter().all(|one| one.owner != Owner::experiment(&ab())));
        let listeners = self.router.table().listeners;
        assert!(listeners.iter().all(|one| one.owner != Owner::experiment(&ab())));
        let services = self.plane.list(Kind::Service, None);
        assert!(services.iter().all(|one| !one.key.name.starts_with("ab-")));
    }
}

#[tokio::test(start_paused = true)]
async fn templates_stand_side_by_side_behind_services_of_their_own() {
    let bench = Bench::empty().await;
    bench.apply(Resource::Experiment(experiment())).await;
    bench.until_experiment("it runs", |view| view.status.phase == Phase::Running).await;
    sleep(1).await;
    let view = bench.experiment();
    assert_eq!(view.replicas.len(), 2);
    let services: Vec<_> = view.services.iter().map(|one| &*one.service.name).collect();
    assert_eq!(services, ["ab-one", "ab-two"]);
    for service in bench.plane.list(Kind::Service, None) {
        let name = service.key.name.strip_prefix("ab-").unwrap();
        let hash = &service.manifest["spec"]["selector"]["rollouts-pod-template-hash"];
        assert_eq!(hash, &format!("hash-{name}"));
    }
    let listeners = bench.router.table().listeners;
    assert_eq!(listeners.len(), 2);
    for listener in &listeners {
        assert_eq!(listener.destinations.len(), 1);
        assert_eq!(listener.destinations[0].endpoints.len(), 1);
        assert!(listener.address.port() >= 30_000);
    }
    bench.until_experiment("it ends", |view| view.status.phase == Phase::Successful).await;
    bench.leaves_nothing().await;
    assert_eq!(bench.experiment().status.phase, Phase::Successful);
}

#[tokio::test(start_paused = true)]
async fn an_analysis_that_fails_ends_it() {
    let bench = Bench::empty().await;
    bench.metrics.says(Says::Number(0.5));
    bench.apply(asking("asking", 1)).await;
    bench.apply(Resource::Experiment(analysed(false))).await;
    bench.until_experiment("it ends", |view| view.status.phase.is_completed()).await;
    let view = bench.experiment();
    assert_eq!(view.status.phase, Phase::Failed);
    assert!(view.status.message.contains("m0"), "{}", view.status.message);
    bench.leaves_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_required_analysis_that_succeeds_ends_it_early() {
    let bench = Bench::empty().await;
    bench.apply(asking("asking", 1)).await;
    let mut experiment = analysed(true);
    experiment.spec.duration = None;
    bench.apply(Resource::Experiment(experiment)).await;
    bench.until_experiment("it ends", |view| view.status.phase.is_completed()).await;
    assert_eq!(bench.experiment().status.phase, Phase::Successful);
    bench.leaves_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn one_without_its_template_ends_before_it_begins() {
    let bench = Bench::empty().await;
    bench.apply(Resource::Experiment(analysed(false))).await;
    bench.until_experiment("it ends", |view| view.status.phase == Phase::Error).await;
    let message = bench.experiment().status.message;
    assert!(message.contains("there is no AnalysisTemplate default/asking"), "{message}");
    bench.leaves_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn arguments_name_what_the_templates_are_measured_under() {
    let bench = Bench::empty().await;
    let mut experiment = analysed(false);
    let literal = |text: &str| ArgValue::Literal(text.to_owned());
    let uses = &mut experiment.spec.analyses[0].analysis;
    uses.args = vec![
        ("hash".to_owned(), literal("{{templates.two.podTemplateHash}}")),
        ("set".to_owned(), literal("{{ templates.one.replicaset.name }}")),
        ("place".to_owned(), literal("{{experiment.namespace}}/{{experiment.name}}")),
    ];
    let Resource::AnalysisTemplate(mut template) = asking("asking", 1) else { panic!() };
    for name in ["hash", "set", "place"] {
        template.args.push(ArgDeclaration { name: name.to_owned(), ..ArgDeclaration::default() });
    }
    template.metrics[0].name = "{{args.hash}} {{args.set}} {{args.place}}".to_owned();
    bench.apply(Resource::AnalysisTemplate(template)).await;
    bench.apply(Resource::Experiment(experiment)).await;
    bench.until_experiment("it runs", |view| !view.runs.is_empty()).await;
    let view = bench.experiment();
    let names: Vec<_> = view.runs[0].spec.metrics.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["hash-two ab-one default/ab"], "{:?}", view.runs[0].status);
}

#[tokio::test(start_paused = true)]
async fn an_argument_from_a_secret_reaches_the_server_and_is_shown_nowhere() {
    let bench = Bench::empty().await;
    let data = BTreeMap::from([("token".to_owned(), "s3cret-t0ken".to_owned())]);
    bench
        .apply(Resource::Secret(Secret { key: ab().sibling("keys"), data, bytes: BTreeMap::new() }))
        .await;
    let Resource::AnalysisTemplate(mut template) = asking("asking", 1) else { panic!() };
    let declared = ArgDeclaration { name: "token".to_owned(), ..ArgDeclaration::default() };
    template.args.push(declared);
    let query = PrometheusQuery::new("up{token=\"{{args.token}}\"}");
    template.metrics[0].provider = Provider::Query(Query::Prometheus(query));
    bench.apply(Resource::AnalysisTemplate(template)).await;
    let mut experiment = analysed(true);
    let secret = ArgValue::Secret { name: "keys".to_owned(), key: "token".to_owned() };
    experiment.spec.analyses[0].analysis.args = vec![("token".to_owned(), secret)];
    bench.apply(Resource::Experiment(experiment)).await;
    bench.until_experiment("it ends", |view| view.status.phase.is_completed()).await;
    let asked = format!("{:?}", bench.metrics.asked());
    assert!(asked.contains("s3cret-t0ken"), "{asked}");
    let shown = serde_json::to_string(&bench.experiment()).unwrap();
    assert!(shown.contains("{{args.token}}") && !shown.contains("s3cret-t0ken"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_template_that_cannot_run_fails_it_by_its_deadline() {
    let bench = Bench::empty().await;
    bench.runtime.break_revision(&"hash-two".into(), "no such program");
    bench.apply(Resource::Experiment(experiment())).await;
    bench.until_experiment("it ends", |view| view.status.phase.is_completed()).await;
    let view = bench.experiment();
    assert_eq!(view.status.phase, Phase::Failed);
    assert!(view.status.message.contains("no such program"), "{}", view.status.message);
    assert_eq!(view.status.templates["one"].phase, TemplatePhase::Successful);
    bench.leaves_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn who_terminates_it_ends_it_once() {
    let bench = Bench::empty().await;
    let mut endless = experiment();
    endless.spec.duration = None;
    bench.apply(Resource::Experiment(endless)).await;
    bench.until_experiment("it runs", |view| view.status.phase == Phase::Running).await;
    bench.plane.terminate(Owner::experiment(&ab()), "ada").await.unwrap();
    bench.until_experiment("it ends", |view| view.status.phase == Phase::Successful).await;
    assert!(bench.experiment().spec.terminate);
    let again = bench.plane.terminate(Owner::experiment(&ab()), "ada").await;
    assert!(matches!(again, Err(Refused::Conflict { .. })), "{again:?}");
    bench.leaves_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_control_plane_that_dies_goes_on_where_it_was() {
    let bench = Bench::empty().await;
    bench.apply(asking("asking", 1)).await;
    bench.apply(Resource::Experiment(analysed(true))).await;
    bench.until_experiment("it runs", |view| !view.runs.is_empty()).await;
    let before = bench.experiment();
    let bench = bench.restart().await;
    bench.until_experiment("it is back", |view| view.replicas.len() == 2).await;
    let after = bench.experiment();
    assert_eq!(after.status.available_at, before.status.available_at);
    let ids = |view: &ExperimentView| -> Vec<_> {
        view.replicas.iter().map(|one| one.id.clone()).collect()
    };
    assert_eq!(ids(&after), ids(&before), "no replica was started again");
    assert_eq!(after.services, before.services, "no Service has moved");
    bench.until_experiment("it ends", |view| view.status.phase.is_completed()).await;
    assert_eq!(bench.experiment().status.phase, Phase::Successful);
    let bench = bench.restart().await;
    bench.leaves_nothing().await;
    assert_eq!(bench.experiment().status.phase, Phase::Successful);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_experiment_leaves_nothing_and_can_be_run_again() {
    let bench = Bench::empty().await;
    bench.apply(Resource::Experiment(experiment())).await;
    bench.until_experiment("it runs", |view| view.status.phase == Phase::Running).await;
    bench.plane.delete(Kind::Experiment, ab(), "ada").await.unwrap();
    bench.leaves_nothing().await;
    assert!(bench.plane.experiment(&ab()).is_none());
    let bench = bench.restart().await;
    assert!(bench.plane.experiment(&ab()).is_none());
    bench.apply(Resource::Experiment(experiment())).await;
    bench.until_experiment("it runs again", |view| view.status.phase == Phase::Running).await;
}

#[tokio::test(start_paused = true)]
async fn it_does_not_become_another_one_under_way() {
    let bench = Bench::empty().await;
    bench.apply(Resource::Experiment(experiment())).await;
    bench.until_experiment("it runs", |view| view.status.phase == Phase::Running).await;
    let mut larger = experiment();
    larger.spec.templates[0].replicas = 2;
    bench.apply(Resource::Experiment(larger)).await;
    bench.until_experiment("it is larger", |view| view.replicas.len() == 3).await;
    let mut other = experiment();
    other.spec.templates[0].revision = "another".into();
    let resource = Resource::Experiment(other);
    let manifest = manifest(&resource);
    let refused = bench.plane.apply(resource, manifest, "ada", "Applied").await;
    assert!(matches!(refused, Err(Refused::Conflict { .. })), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rollout_of_the_same_name_is_another_owner() {
    let bench = Bench::with_stable().await;
    let mut same = experiment();
    same.key = key();
    same.spec.name = "web".to_owned();
    bench.apply(Resource::Experiment(same)).await;
    sleep(5).await;
    assert_eq!(bench.plane.experiment(&key()).unwrap().status.phase, Phase::Running);
    assert_eq!(bench.view().replicas.len(), 3);
    assert_eq!(bench.weight("v1"), 100);
    bench.plane.delete(Kind::Experiment, key(), "ada").await.unwrap();
    sleep(10).await;
    assert!(bench.plane.experiment(&key()).is_none());
    assert_eq!(bench.view().replicas.len(), 3, "the rollout lost nothing");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_somebody_applied_reaches_the_replicas_that_it_selects() {
    let bench = Bench::empty().await;
    let mut applied = service();
    applied.selector = BTreeMap::from([("variant".to_owned(), "two".to_owned())]);
    bench.apply(Resource::Service(applied)).await;
    bench.apply(Resource::Experiment(experiment())).await;
    bench.until_experiment("it runs", |view| view.status.phase == Phase::Running).await;
    sleep(1).await;
    assert!(bench.experiment().services.iter().any(|one| one.service == key()));
    let listeners = bench.router.table().listeners;
    let listener = listeners.iter().find(|one| one.service == key()).unwrap();
    assert_eq!(listener.destinations.len(), 1);
    assert_eq!(listener.destinations[0].revision, "hash-two".into());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_somebody_elses_is_not_taken() {
    let bench = Bench::empty().await;
    let mut applied = service();
    applied.key = key().sibling("ab-two");
    bench.apply(Resource::Service(applied)).await;
    bench.apply(Resource::Experiment(experiment())).await;
    bench.until_experiment("it ends", |view| view.status.phase == Phase::Error).await;
    let message = bench.experiment().status.message;
    assert!(message.contains("Service default/ab-two is there already"), "{message}");
}
