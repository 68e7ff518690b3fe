//! Metrics that are jobs.

use std::time::Duration;

use tidegate_analysis::{AnalysisTemplate, JobEnd, MetricTemplate, Provider, RunPhase, Setting};
use tidegate_controller::{Resource, RolloutView};
use tidegate_rollout::Command;
use tidegate_workload::{JobRestart, JobSpec};

use crate::bench::{Bench, analysed, rollout, sleep};

/// A template that runs a job twice.
fn testing() -> Resource {
    let job = JobSpec {
        template: (*rollout("test").template).clone(),
        restart: JobRestart::Never,
        completions: Some(1),
        parallelism: 1,
        backoff_limit: 0,
        active_deadline: None,
    };
    let metric = MetricTemplate {
        interval: Some(Setting::Known(Duration::from_secs(10))),
        count: Some(Setting::Known(2)),
        ..MetricTemplate::new("smoke test", Provider::Job(job))
    };
    Resource::AnalysisTemplate(AnalysisTemplate {
        metrics: vec![metric],
        ..AnalysisTemplate::new(crate::bench::key().sibling("testing"))
    })
}

/// A bench whose canary has a job running.
async fn begun() -> Bench {
    let bench = Bench::with_stable().await;
    bench.apply(testing()).await;
    bench.apply(Resource::Rollout(analysed("v2", "testing"))).await;
    bench.until("a job", |_| !bench.jobs.started().is_empty()).await;
    bench
}

fn run_phase(view: &RolloutView) -> Option<RunPhase> {
    view.runs.first().map(|run| run.status.phase)
}

fn names(bench: &Bench) -> Vec<String> {
    bench.jobs.started().into_iter().map(|order| order.name).collect()
}

#[tokio::test(start_paused = true)]
async fn each_measurement_is_a_job_and_successes_promote() {
    let bench = begun().await;
    sleep(100).await;
    assert_eq!(names(&bench).len(), 1, "it may take as long as it takes");
    bench.jobs.end(Ok(JobEnd::Complete));
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    let names = names(&bench);
    assert_eq!(names.len(), 2);
    assert!(names[0].ends_with(".smoke-test.1") && names[1].ends_with(".smoke-test.2"));
    assert!(names.iter().all(|name| name.len() <= 63));
    let measured = &bench.view().runs[0].status.metrics["smoke test"].measurements;
    let told: Vec<&str> = measured.iter().map(|one| &*one.metadata["job-name"]).collect();
    assert_eq!(told, names);
    assert_eq!(measured[0].metadata["job-namespace"], "default");
    assert_eq!(bench.jobs.stopped(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_fails_takes_the_canary_back() {
    let bench = begun().await;
    bench.jobs.end(Ok(JobEnd::Failed("it ended with exit code 1".to_owned())));
    bench.until("it is taken back", |view| view.report.aborted.is_some()).await;
    assert_eq!(run_phase(&bench.view()), Some(RunPhase::Failed));
    let message = bench.view().runs[0].status.message.clone();
    assert!(message.contains("it ended with exit code 1"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_be_run_shows_neither() {
    let bench = begun().await;
    bench.jobs.end(Ok(JobEnd::NoImage("no process is known for it".to_owned())));
    bench.until("it is inconclusive", |view| run_phase(view) == Some(RunPhase::Inconclusive)).await;
    assert!(bench.view().report.aborted.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_control_plane_that_restarts_finds_the_job_and_counts_it_once() {
    let bench = begun().await;
    let bench = bench.restart().await;
    sleep(1).await;
    assert_eq!(names(&bench).len(), 1, "the same one");
    assert_eq!((bench.jobs.running().len(), bench.jobs.stopped().len()), (1, 0));
    bench.jobs.end(Ok(JobEnd::Complete));
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(names(&bench).len(), 2);
    let metric = &bench.view().runs[0].status.metrics["smoke test"];
    assert_eq!((metric.count, metric.successful), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_was_counted_is_written_down_before_its_job_is_forgotten() {
    let bench = begun().await;
    bench.jobs.end(Ok(JobEnd::Complete));
    bench
        .until("it is counted", |view| {
            view.runs.first().is_some_and(|run| run.status.metrics["smoke test"].count == 1)
        })
        .await;
    let bench = bench.restart().await;
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    let names = names(&bench);
    assert_eq!(names.len(), 2, "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_is_stopped_with_its_run_which_shows_neither() {
    let bench = begun().await;
    let name = names(&bench).remove(0);
    bench.command(Command::Abort { why: None }).await;
    bench
        .until("the run has ended", |view| {
            view.runs.first().is_some_and(|run| run.status.completed_at.is_some())
        })
        .await;
    sleep(1).await;
    assert_eq!(bench.jobs.stopped(), [name]);
    let metric = &bench.view().runs[0].status.metrics["smoke test"];
    assert_eq!((metric.inconclusive, metric.phase), (1, RunPhase::Inconclusive));
    assert_eq!(metric.measurements[0].message, "Metric Terminated");
}
