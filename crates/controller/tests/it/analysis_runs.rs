//! Analysis runs that are declared by themselves: run, shown, ended, kept over a restart, taken away.

use std::time::Duration;

use tidegate_analysis::{
    AnalysisRunResource, AnalysisTemplate, ArgDeclaration, RunPhase, Setting, Ttl,
};
use tidegate_controller::{AnalysisRunView, Kind, Refused, Resource};
use tidegate_testkit::Says;
use tidegate_units::{ObjectKey, Owner};

use crate::{
    bench::{Bench, manifest, sleep},
    metrics::asking,
};

fn check() -> ObjectKey {
    ObjectKey::new("default", "check")
}

/// A run that asks every 10 s, three times, whether the number is above 0.9.
fn run() -> AnalysisRunResource {
    let Resource::AnalysisTemplate(template) = asking("check", 1) else { unreachable!() };
    AnalysisRunResource {
        template,
        terminate: false,
        ttl: Ttl::default(),
        labels: [].into(),
        annotations: [].into(),
    }
}

impl Bench {
    fn run(&self) -> Option<AnalysisRunView> {
        self.plane.analysis_run(&check())
    }

    async fn until_run(&self, phase: RunPhase) -> AnalysisRunView {
        for _ in 0..60_000 {
            if let Some(view) = self.run().filter(|view| view.status.phase == phase) {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {phase:?}: {:#?}", self.run());
    }
}

#[tokio::test(start_paused = true)]
async fn it_runs_by_itself_and_is_kept_over_a_restart() {
    let bench = Bench::empty().await;
    bench.apply(Resource::AnalysisRun(run())).await;
    bench.until_run(RunPhase::Running).await;
    sleep(12).await;
    let bench = bench.restart().await;
    let view = bench.until_run(RunPhase::Successful).await;
    assert_eq!(view.status.metrics["m0"].successful, 3, "counted on, not begun anew");
    assert_eq!(bench.plane.list(Kind::AnalysisRun, None).len(), 1);
    bench.apply(Resource::AnalysisRun(run())).await;
    sleep(30).await;
    assert_eq!(bench.metrics.asked().len(), 3, "what has ended is not run again");
}

#[tokio::test(start_paused = true)]
async fn it_goes_in_its_time_by_how_it_ended() {
    let bench = Bench::empty().await;
    bench.metrics.says(Says::Number(0.5));
    let ttl = Ttl {
        after_failure: Some(Duration::from_secs(20)),
        after_success: Some(Duration::ZERO),
        after_completion: None,
    };
    bench.apply(Resource::AnalysisRun(AnalysisRunResource { ttl, ..run() })).await;
    bench.until_run(RunPhase::Failed).await;
    sleep(19).await;
    assert!(bench.run().is_some());
    sleep(2).await;
    assert!(bench.run().is_none(), "20 s after it failed");
    let bench = bench.restart().await;
    assert!(bench.run().is_none(), "nothing of it is stored");
}

#[tokio::test(start_paused = true)]
async fn somebody_may_end_it_and_it_is_asked_no_more() {
    let bench = Bench::empty().await;
    let mut endless = run();
    endless.template.metrics[0].count = None;
    bench.apply(Resource::AnalysisRun(endless.clone())).await;
    sleep(25).await;
    let asked = bench.metrics.asked().len();
    let owner = Owner::analysis_run(&check());
    bench.plane.terminate(owner.clone(), "ada").await.unwrap();
    bench.until_run(RunPhase::Successful).await;
    sleep(60).await;
    assert_eq!(bench.metrics.asked().len(), asked);
    let again = bench.plane.terminate(owner, "ada").await;
    assert!(matches!(again, Err(Refused::Conflict { .. })), "{again:?}");
    // The file that it came from still says nothing of an end.
    bench.apply(Resource::AnalysisRun(endless.clone())).await;
    endless.template.metrics[0].interval = Some(Setting::Known(Duration::from_secs(7)));
    let other = Resource::AnalysisRun(endless);
    let shown = manifest(&other);
    let refused = bench.plane.apply(other, shown, "ada", "Applied").await;
    assert!(matches!(refused, Err(Refused::Conflict { .. })), "{refused:?}");
    bench.plane.delete(Kind::AnalysisRun, check(), "ada").await.unwrap();
    assert!(bench.run().is_none());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_to_end_from_the_first_asks_nothing() {
    let bench = Bench::empty().await;
    bench.apply(Resource::AnalysisRun(AnalysisRunResource { terminate: true, ..run() })).await;
    bench.until_run(RunPhase::Successful).await;
    sleep(60).await;
    assert_eq!(bench.metrics.asked().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_argument_with_no_value_is_an_error_and_no_question() {
    let bench = Bench::empty().await;
    let mut run = run();
    let arg = ArgDeclaration { name: "host".to_owned(), ..ArgDeclaration::default() };
    run.template = AnalysisTemplate { args: vec![arg], ..run.template };
    bench.apply(Resource::AnalysisRun(run)).await;
    let view = bench.until_run(RunPhase::Error).await;
    assert!(view.status.message.contains("host"), "{}", view.status.message);
    assert!(bench.metrics.asked().is_empty());
}
