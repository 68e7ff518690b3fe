//! Experiments that steps of a rollout make: from the step to replicas, requests, verdict, record.

use std::{collections::BTreeMap, time::Duration};

use tidegate_controller::{ExperimentView, Kind, Resource};
use tidegate_experiment::Phase as ExperimentPhase;
use tidegate_ports::Runtime as _;
use tidegate_rollout::{
    AnalysisUse, ArgValue, Command, ExperimentAnalysis, Phase, RolloutResource, RunHistory, Step,
    StepExperiment, StepTemplate, TemplateOf, TemplateService, TemplateUse,
};
use tidegate_testkit::Says;
use tidegate_traffic::Destination;
use tidegate_units::{ObjectKey, Owner, Weight};
use tidegate_workload::WorkloadMeta;

use crate::{
    bench::{Bench, canary_of, key, rollout, sleep},
    metrics::asking,
};

/// A template of `of` with this share.
fn template(name: &str, of: TemplateOf, weight: u8) -> StepTemplate {
    StepTemplate {
        name: name.to_owned(),
        of,
        replicas: 1,
        meta: WorkloadMeta::default(),
        selector: BTreeMap::new(),
        weight: Some(Weight::new(weight).unwrap()),
        service: TemplateService::Own,
    }
}

/// The rollout of the bench, whose second step is an experiment of a minute with 5 % and 10 %.
pub(crate) fn with_experiment(revision: &str, asks: Option<&str>) -> RolloutResource {
    let mut rollout = rollout(revision);
    let templates =
        vec![template("old", TemplateOf::Stable, 5), template("new", TemplateOf::Canary, 10)];
    let analyses = asks.map(|name| ExperimentAnalysis {
        name: "few".to_owned(),
        analysis: AnalysisUse {
            templates: vec![TemplateUse { name: name.to_owned(), cluster: false }],
            ..AnalysisUse::default()
        },
        required: true,
    });
    let step = StepExperiment {
        templates,
        duration: Some(Duration::from_mins(1)),
        analyses: analyses.into_iter().collect(),
        scale_down_delay: Duration::from_secs(5),
    };
    let canary = canary_of(&mut rollout.spec);
    canary.default_watch = false;
    canary.steps[1] = Step::Experiment(step);
    rollout
}

impl Bench {
    fn made(&self) -> Vec<ExperimentView> {
        self.plane.experiments(None)
    }

    /// Revision `v2` on its way until its experiment runs and its templates have their shares.
    async fn at_experiment(self, rollout: RolloutResource) -> Self {
        self.apply(Resource::Rollout(rollout)).await;
        let runs = |view: &ExperimentView| view.status.phase == ExperimentPhase::Running;
        self.until("it runs", |view| self.made().iter().any(runs) && view.report.guests.len() == 2)
            .await;
        sleep(1).await;
        self
    }

    /// What stands behind the Service of the rollout.
    fn destinations(&self) -> Vec<Destination> {
        let listeners = self.router.table().listeners;
        let own = listeners.into_iter().find(|one| one.owner == Owner::rollout(&key()));
        own.unwrap().destinations
    }

    /// Nothing is left of any experiment but its record.
    async fn no_template_serves(&self) {
        sleep(10).await;
        assert!(self.runtime.replicas().iter().all(|one| one.owner == Owner::rollout(&key())));
        assert!(self.destinations().iter().all(|one| one.owner.is_none()));
        let listeners = self.router.table().listeners;
        assert!(listeners.iter().all(|one| one.owner == Owner::rollout(&key())));
    }
}

fn owner(view: &ExperimentView) -> Owner {
    Owner::experiment(&view.key)
}

#[tokio::test(start_paused = true)]
async fn templates_get_their_share_of_the_rollouts_requests_and_are_measured_as_their_own() {
    let bench = Bench::with_stable().await.at_experiment(with_experiment("v2", None)).await;
    let made = bench.made();
    assert_eq!(made.len(), 1);
    assert_eq!(&*made[0].key.name, "web-v2-2-1");
    let mut shares: Vec<_> = bench
        .destinations()
        .iter()
        .map(|one| (one.weight.out_of(100), one.endpoints.len(), one.owner.clone()))
        .collect();
    shares.sort();
    let guest = Some(owner(&made[0]));
    assert_eq!(shares, [(5, 1, None), (5, 1, guest.clone()), (10, 1, guest), (80, 3, None)]);
    assert_eq!(made[0].services.len(), 2, "and behind Services of their own");
    sleep(10).await;
    let view = &bench.made()[0];
    let requests = |name: &str| {
        let template = view.spec.template(name).unwrap();
        view.traffic[&template.revision].requests
    };
    // Both Services of their own carry as much; what differs are the shares of the rollout's.
    assert!(requests("old") > 0 && requests("new") > requests("old"));
    bench.until("it goes on", |view| view.status.step_index > 1).await;
    bench.no_template_serves().await;
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(bench.made()[0].status.phase, ExperimentPhase::Successful, "its record is kept");
}

#[tokio::test(start_paused = true)]
async fn what_is_made_runs_the_revisions_and_reads_like_what_somebody_wrote() {
    let mut rollout = with_experiment("v2", Some("asking"));
    rollout.role_meta.canary.labels.insert("role".to_owned(), "canary".to_owned());
    let Step::Experiment(step) = &mut canary_of(&mut rollout.spec).steps[1] else { panic!() };
    step.templates[0].meta.labels.insert("ab".to_owned(), "a".to_owned());
    step.templates[1].service = TemplateService::Named("try".to_owned());
    step.analyses[0].analysis.args = vec![
        ("stable".to_owned(), ArgValue::StableHash),
        ("latest".to_owned(), ArgValue::LatestHash),
        ("name".to_owned(), ArgValue::Field("metadata.name".to_owned())),
        ("template".to_owned(), ArgValue::Literal("{{templates.new.podTemplateHash}}".to_owned())),
    ];
    let bench = Bench::with_stable().await;
    bench.apply(asking("asking", 1)).await;
    let bench = bench.at_experiment(rollout).await;
    let made = &bench.made()[0];
    assert_eq!(made.images["old"], ["web:v1"]);
    assert_eq!(made.images["new"], ["web:v2"]);
    let args = &made.spec.analyses[0].analysis.args;
    let text = |index: usize| match &args[index].1 {
        ArgValue::Literal(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!([text(0), text(1), text(2)], ["v1", "v2", "web"]);
    let resource = bench.plane.get(Kind::Experiment, &made.key).unwrap();
    let at = |path: &str| resource.manifest.pointer(path).unwrap().clone();
    assert_eq!(at("/metadata/ownerReferences/0/name"), "web");
    assert_eq!(at("/metadata/annotations/rollout.argoproj.io~1revision"), "2");
    assert_eq!(at("/metadata/labels/rollouts-pod-template-hash"), "v2");
    assert_eq!(at("/spec/duration"), "60s");
    assert_eq!(at("/spec/templates/0/template/metadata/labels/ab"), "a");
    assert_eq!(at("/spec/templates/0/selector/matchLabels/ab"), "a");
    assert_eq!(at("/spec/templates/0/selector/matchLabels/app"), "web", "those of the rollout");
    assert_eq!(at("/spec/templates/1/template/metadata/labels/role"), "canary");
    assert_eq!(at("/spec/templates/1/service/name"), "try");
    assert_eq!(at("/spec/analyses/0/args/1/value"), "v2");
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_takes_the_update_back_and_its_templates_with_it() {
    let bench = Bench::with_stable().await;
    bench.metrics.says(Says::Number(0.5));
    bench.apply(asking("asking", 1)).await;
    bench.apply(Resource::Rollout(with_experiment("v2", Some("asking")))).await;
    bench.until("aborted", |view| view.status.abort.is_some()).await;
    let view = bench.view();
    assert!(view.status.message.contains("experiment web-v2-2-1: "), "{}", view.status.message);
    sleep(1).await;
    assert_eq!(bench.weight("v1"), 100);
    bench.no_template_serves().await;

    bench.metrics.says(Says::Number(1.0));
    bench.command(Command::Retry).await;
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
    let names: Vec<_> = bench.made().iter().map(|one| one.key.name.to_string()).collect();
    assert_eq!(names, ["web-v2-2-1", "web-v2-2-1-1"]);
}

#[tokio::test(start_paused = true)]
async fn an_abort_and_another_revision_end_it_at_once() {
    for abort in [true, false] {
        let bench = Bench::with_stable().await.at_experiment(with_experiment("v2", None)).await;
        if abort {
            bench.command(Command::Abort { why: None }).await;
        } else {
            bench.apply(Resource::Rollout(rollout("v3"))).await;
        }
        sleep(1).await;
        assert_eq!(bench.weight("v1"), if abort { 100 } else { 95 });
        assert!(bench.destinations().iter().all(|one| one.owner.is_none()));
        assert!(bench.made()[0].status.phase.is_completed());
        bench.no_template_serves().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_control_plane_that_dies_at_any_moment_makes_it_once_and_loses_none() {
    for moment in 0..40 {
        let mut bench = Bench::with_stable().await;
        bench.apply(Resource::Rollout(with_experiment("v2", None))).await;
        tokio::time::sleep(Duration::from_millis(moment * 97)).await;
        bench = bench.restart().await;
        bench = bench.at_experiment(with_experiment("v2", None)).await;
        assert_eq!(bench.made().len(), 1, "died at {moment}");
        bench = bench.restart().await;
        bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
        let created = |what: &str| {
            let ledger = bench.store.ledger();
            let of = ledger.iter().filter(|entry| entry.draft.subject.kind == "Experiment");
            of.filter(|entry| entry.draft.what == what).count()
        };
        assert_eq!((created("Created"), created("Finished")), (1, 1), "died at {moment}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_somebody_deletes_is_made_again() {
    let bench = Bench::with_stable().await.at_experiment(with_experiment("v2", None)).await;
    let first = bench.made()[0].key.clone();
    bench.plane.delete(Kind::Experiment, first.clone(), "ada").await.unwrap();
    bench.until("another", |_| bench.made().iter().any(|one| one.key != first)).await;
    bench.until("the first is gone", |_| bench.plane.experiment(&first).is_none()).await;
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(bench.made().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_somebody_ends_has_succeeded() {
    let bench = Bench::with_stable().await.at_experiment(with_experiment("v2", None)).await;
    let made = owner(&bench.made()[0]);
    bench.plane.terminate(made, "ada").await.unwrap();
    bench.until("it goes on", |view| view.status.step_index == 2).await;
}

#[tokio::test(start_paused = true)]
async fn they_go_with_their_rollout_and_beyond_the_limits() {
    let bench = Bench::with_stable().await;
    let none = RunHistory { successful: 0, unsuccessful: 0 };
    let forgetful = RolloutResource { run_history: none, ..with_experiment("v2", None) };
    let bench = bench.at_experiment(forgetful).await;
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(bench.made().len(), 0, "none is kept");
    let bench = bench.at_experiment(with_experiment("v3", None)).await;
    bench.plane.delete(Kind::Rollout, key(), "ada").await.unwrap();
    sleep(40).await;
    assert_eq!(bench.plane.rollout(&key()), None);
    assert_eq!(bench.made().len(), 0);
    assert!(bench.runtime.replicas().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_router_a_template_gets_requests_where_the_service_selects_it_too() {
    let mut rollout = with_experiment("v2", None);
    canary_of(&mut rollout.spec).routed = false;
    let Step::Experiment(step) = &mut canary_of(&mut rollout.spec).steps[1] else { panic!() };
    step.templates.iter_mut().for_each(|one| one.weight = None);
    let other = ("app".to_owned(), "elsewhere".to_owned());
    step.templates[1].meta.labels.extend([other]);
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout)).await;
    bench.until("a guest", |view| !view.report.guests.is_empty()).await;
    sleep(1).await;
    let guests = bench.view().report.guests;
    assert_eq!(guests.len(), 1);
    // Three, one for 5 %, and itself.
    assert_eq!((&*guests[0].template, guests[0].weight.out_of(100)), ("old", 20));
    let sum: u32 = bench.destinations().iter().map(|one| one.weight.out_of(100)).sum();
    assert_eq!(sum, 100);
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
    bench.no_template_serves().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_somebody_has_is_left_to_them() {
    let bench = Bench::with_stable().await;
    let Phase::Healthy = bench.view().report.phase else { panic!() };
    let mut own = crate::experiments::experiment();
    own.key = ObjectKey::new("default", "web-v2-2-1");
    own.spec.name = "web-v2-2-1".to_owned();
    bench.apply(Resource::Experiment(own)).await;
    bench.apply(Resource::Rollout(with_experiment("v2", None))).await;
    bench.until("its guests", |view| view.report.guests.len() == 2).await;
    assert_eq!(bench.view().report.guests[0].experiment, "web-v2-2-1-1");
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
}
