//! Metrics that servers are asked for, beside the ticks.

use std::time::Duration;

use tidegate_analysis::{
    AnalysisTemplate, MetricTemplate, PluginQuery, PluginTask, PrometheusQuery, Provider, Query,
    RunPhase, Setting,
};
use tidegate_controller::{Resource, RolloutView};
use tidegate_rollout::{AnalysisUse, Command, Phase, PluginUse, RolloutResource, Step};
use tidegate_testkit::Says;

use crate::bench::{Bench, analysed, canary_of, rollout, sleep};

/// A template that asks every 10 s, three times, whether the number is above 0.9.
pub(crate) fn asking(name: &str, metrics: usize) -> Resource {
    let query = Query::Prometheus(PrometheusQuery {
        timeout: Some(Duration::from_secs(5)),
        ..PrometheusQuery::new("success")
    });
    let metric = |number: usize| MetricTemplate {
        interval: Some(Setting::Known(Duration::from_secs(10))),
        count: Some(Setting::Known(3)),
        success_condition: Some("result > 0.9".to_owned()),
        ..MetricTemplate::new(&format!("m{number}"), Provider::Query(query.clone()))
    };
    Resource::AnalysisTemplate(AnalysisTemplate {
        metrics: (0..metrics).map(metric).collect(),
        ..AnalysisTemplate::new(crate::bench::key().sibling(name))
    })
}

/// A bench with a canary whose analysis has begun.
async fn begun(metrics: usize, says: Says) -> Bench {
    let bench = Bench::with_stable().await;
    bench.metrics.says(says);
    bench.apply(asking("asking", metrics)).await;
    bench.apply(Resource::Rollout(analysed("v2", "asking"))).await;
    bench.until("it was asked", |view| !view.runs.is_empty()).await;
    bench.until("a question", |_| !bench.metrics.asked().is_empty()).await;
    bench
}

fn phase(view: &RolloutView) -> Option<RunPhase> {
    view.runs.first().map(|run| run.status.phase)
}

fn counted(view: &RolloutView) -> u32 {
    view.runs.first().map_or(0, |run| run.status.metrics["m0"].count)
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_promotes_and_each_measurement_is_one_question() {
    let bench = begun(1, Says::Slowly(0.99, Duration::from_secs(3))).await;
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(phase(&bench.view()), Some(RunPhase::Successful));
    assert_eq!(bench.metrics.asked().len(), 3);
    let run = &bench.view().runs[0];
    for measured in &run.status.metrics["m0"].measurements {
        let took = measured.finished_at.since(measured.started_at);
        assert!(took >= Duration::from_secs(3), "{measured:?}");
        assert_eq!(measured.value, "0.99");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_answer_takes_the_canary_back() {
    let bench = begun(1, Says::Number(0.5)).await;
    bench.until("it is taken back", |view| view.report.aborted.is_some()).await;
    assert_eq!(phase(&bench.view()), Some(RunPhase::Failed));
    assert_eq!(bench.weight("v2"), 0);
    assert_eq!(bench.metrics.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_holds_nothing_up_and_is_an_error_after_its_time() {
    let bench = begun(1, Says::Nothing).await;
    // The control plane answers and acts meanwhile.
    bench.command(Command::Pause).await;
    assert!(bench.view().report.phase == Phase::Paused);
    bench.command(Command::Resume).await;
    bench.until("an error", |view| view.runs[0].status.metrics["m0"].errors == 1).await;
    let message = bench.view().runs[0].status.metrics["m0"].message.clone();
    assert_eq!(message, "no answer within 5s");
    assert_eq!(bench.metrics.open(), 0, "what is too late is given up");
    bench.metrics.says(Says::Number(1.0));
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(bench.metrics.asked().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_takes_the_canary_back_after_five_errors() {
    let bench = begun(1, Says::Error("connection refused".to_owned())).await;
    bench.until("it is taken back", |view| view.report.aborted.is_some()).await;
    assert_eq!(phase(&bench.view()), Some(RunPhase::Error));
    assert_eq!(bench.metrics.asked().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_fails_is_an_error_of_its_measurement_alone() {
    let bench = begun(1, Says::Number(1.0)).await;
    bench.metrics.says_next([Says::Panic]);
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    let metric = &bench.view().runs[0].status.metrics["m0"];
    assert_eq!((metric.errors, metric.count), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_control_plane_that_restarts_in_between_asks_again() {
    let bench = begun(1, Says::Nothing).await;
    let asked = bench.metrics.asked().len();
    let bench = bench.restart().await;
    sleep(1).await;
    assert_eq!(bench.metrics.asked().len(), asked + 1, "the question of before is gone");
    assert_eq!(bench.metrics.open(), 1, "its connection too");
    bench.metrics.says(Says::Number(1.0));
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_measured_before_a_restart_is_not_asked_again() {
    let bench = begun(1, Says::Number(1.0)).await;
    bench.until("two measurements", |view| counted(view) == 2).await;
    sleep(2).await;
    let bench = bench.restart().await;
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(bench.metrics.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ended_takes_its_questions_back() {
    let bench = begun(3, Says::Nothing).await;
    assert_eq!(bench.metrics.open(), 3);
    bench.command(Command::Abort { why: None }).await;
    sleep(1).await;
    assert_eq!(bench.metrics.open(), 0);
    let ended = bench.view().runs[0].clone();
    assert!(ended.status.completed_at.is_some());
    sleep(60).await;
    assert_eq!(bench.view().runs[0], ended, "nothing comes late");
    assert_eq!(bench.metrics.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn one_bad_answer_takes_the_other_questions_back() {
    let bench = Bench::with_stable().await;
    bench.metrics.says(Says::Nothing);
    bench.metrics.says_next([Says::Slowly(0.1, Duration::from_secs(1))]);
    bench.apply(asking("asking", 3)).await;
    bench.apply(Resource::Rollout(analysed("v2", "asking"))).await;
    bench.until("it is taken back", |view| view.report.aborted.is_some()).await;
    assert_eq!(phase(&bench.view()), Some(RunPhase::Failed));
    assert_eq!((bench.metrics.open(), bench.metrics.asked().len()), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn so_many_are_asked_at_once_and_the_rest_has_its_turn() {
    let bench = begun(50, Says::Slowly(1.0, Duration::from_secs(2))).await;
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(bench.metrics.most_open(), 32);
    assert_eq!(bench.metrics.asked().len(), 150);
}

/// A bench where nobody answers, with a canary that all of `queries` are asked of.
async fn begun_with(queries: Vec<Query>) -> Bench {
    let metrics = queries.into_iter().enumerate();
    let metric = |(number, query)| MetricTemplate {
        success_condition: Some("result > 0.9".to_owned()),
        ..MetricTemplate::new(&format!("m{number}"), Provider::Query(query))
    };
    let template = AnalysisTemplate {
        metrics: metrics.map(metric).collect(),
        ..AnalysisTemplate::new(crate::bench::key().sibling("asking"))
    };
    let bench = Bench::with_stable().await;
    bench.metrics.says(Says::Nothing);
    bench.apply(Resource::AnalysisTemplate(template)).await;
    bench.apply(Resource::Rollout(analysed("v2", "asking"))).await;
    bench.until("it was asked", |view| !view.runs.is_empty()).await;
    bench
}

/// A question that is waited for so long.
fn within(limit: u64) -> Query {
    let timeout = Some(Duration::from_secs(limit));
    Query::Prometheus(PrometheusQuery { timeout, ..PrometheusQuery::new("success") })
}

#[tokio::test(start_paused = true)]
async fn programs_that_take_long_take_no_turn_from_servers() {
    let program = PluginQuery::new("acme/load", serde_json::json!({}), PluginTask::Metric);
    let mut queries = vec![Query::Plugin(program); 40];
    queries.push(within(5));
    let bench = begun_with(queries).await;
    bench.until("an error", |view| view.runs[0].status.metrics["m40"].errors == 1).await;
    assert_eq!(bench.view().runs[0].status.metrics["m40"].message, "no answer within 5s");
    assert_eq!(bench.metrics.most_open(), 33);
}

#[tokio::test(start_paused = true)]
async fn who_has_no_turn_in_time_is_told_so() {
    let mut queries = vec![within(60); 32];
    queries.push(within(5));
    let bench = begun_with(queries).await;
    bench.until("an error", |view| view.runs[0].status.metrics["m32"].errors == 1).await;
    let message = bench.view().runs[0].status.metrics["m32"].message.clone();
    assert_eq!(message, "it was not asked: 32 other questions had no answer within 5s");
    assert_eq!(bench.metrics.asked().len(), 32);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_could_not_be_written_down_is_not_lost() {
    let bench = begun(1, Says::Slowly(1.0, Duration::from_secs(3))).await;
    bench.store.fail();
    sleep(4).await;
    assert_eq!(counted(&bench.view()), 0);
    bench.store.recover();
    bench.until("a measurement", |view| counted(view) == 1).await;
    assert_eq!(bench.metrics.asked().len(), 1);
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(bench.metrics.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_metric_is_shown_with_its_query() {
    let bench = begun(1, Says::Number(1.0)).await;
    let shown = bench.view().runs[0].status.metrics["m0"].metadata.clone();
    assert_eq!(shown["ResolvedPrometheusQuery"], "success");
}

/// A rollout one step of which a program takes.
fn by_plugin(revision: &str) -> RolloutResource {
    let config = serde_json::json!({"users": 5});
    let (name, task) = ("acme/warm-up".to_owned(), tidegate_rollout::PluginTask::Run);
    let plugin = Some(Box::new(PluginUse { name, config, task, of: None }));
    let mut rollout = rollout(revision);
    canary_of(&mut rollout.spec).steps[3] =
        Step::Analysis(AnalysisUse { plugin, ..AnalysisUse::default() });
    rollout
}

#[tokio::test(start_paused = true)]
async fn a_program_takes_a_step() {
    let bench = Bench::with_stable().await;
    bench.metrics.says(Says::Slowly(1.0, Duration::from_secs(40)));
    bench.apply(Resource::Rollout(by_plugin("v2"))).await;
    bench.until("the program runs", |view| !view.runs.is_empty()).await;
    sleep(30).await;
    let view = bench.view();
    assert_eq!(view.status.step_index, 3, "it is waited for");
    let label = view.report.steps.iter().map(|step| step.label.as_str()).nth(3);
    assert_eq!(label, Some("plugin: acme/warm-up"));
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    let asked = bench.metrics.asked();
    let [Query::Plugin(query)] = asked.as_slice() else { panic!("{asked:#?}") };
    assert_eq!((query.task, query.config["users"].as_i64()), (PluginTask::Step, Some(5)));
    let by = query.asker.as_ref().unwrap();
    assert_eq!((by.owner.as_str(), by.canary.as_str()), ("default/web", "v2"));
}

/// What the program was called for, with what it had said.
fn called(bench: &Bench) -> Vec<(PluginTask, String)> {
    let asked = bench.metrics.asked();
    let plugins = asked.iter().filter_map(|query| match query {
        Query::Plugin(query) => Some((query.task, query.status.to_string())),
        _ => None,
    });
    plugins.collect()
}

/// Argo Rollouts asks again until the step is done or the release is taken back.
#[tokio::test(start_paused = true)]
async fn a_program_that_cannot_be_run_is_tried_again_from_where_it_was() {
    let bench = Bench::with_stable().await;
    bench.metrics.says(Says::Error("no such program".to_owned()));
    bench.metrics.says_next([Says::Step(RunPhase::Inconclusive, None, "{\"job\":7}")]);
    bench.apply(Resource::Rollout(by_plugin("v2"))).await;
    bench.until("the program runs", |_| !called(&bench).is_empty()).await;
    sleep(450).await;
    let tried = called(&bench);
    assert!((15..=16).contains(&tried.len()), "each 30 s: {}", tried.len());
    let job = |task| (task, "{\"job\":7}".to_owned());
    assert_eq!(tried[0], (PluginTask::Step, "null".to_owned()));
    assert!(tried[1..].iter().all(|call| *call == job(PluginTask::Step)), "{tried:?}");
    assert_eq!(bench.view().report.aborted, None);
    bench.metrics.says(Says::Step(RunPhase::Successful, None, "null"));
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    assert!(called(&bench).iter().all(|(task, _)| *task == PluginTask::Step));
}

#[tokio::test(start_paused = true)]
async fn a_program_is_asked_again_when_it_wants_to_be() {
    let bench = Bench::with_stable().await;
    let later = |seconds| Some(Duration::from_secs(seconds));
    bench.metrics.says(Says::Step(RunPhase::Inconclusive, later(100), "1"));
    bench.apply(Resource::Rollout(by_plugin("v2"))).await;
    bench.until("the program runs", |_| !called(&bench).is_empty()).await;
    sleep(95).await;
    assert_eq!(called(&bench).len(), 1);
    sleep(10).await;
    assert_eq!(called(&bench).len(), 2);
    // A control plane that begins anew keeps to that.
    let bench = bench.restart().await;
    sleep(80).await;
    assert_eq!(called(&bench).len(), 2);
    sleep(20).await;
    assert_eq!(called(&bench).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_program_undoes_its_step_once_with_what_it_last_said() {
    let bench = Bench::with_stable().await;
    bench.metrics.says(Says::Step(RunPhase::Inconclusive, None, "{\"job\":7}"));
    bench.apply(Resource::Rollout(by_plugin("v2"))).await;
    bench.until("the program runs", |_| !called(&bench).is_empty()).await;
    bench.metrics.says(Says::Error("nothing to undo".to_owned()));
    bench.command(Command::Abort { why: None }).await;
    bench.until("it is called", |view| view.status.plugin_calls.is_empty()).await;
    sleep(100).await;
    let undone = called(&bench).split_off(1);
    assert_eq!(undone, [(PluginTask::Abort, "{\"job\":7}".to_owned())]);
    let asked = bench.metrics.asked();
    let [Query::Plugin(step), Query::Plugin(call)] = asked.as_slice() else { panic!("{asked:#?}") };
    let run = |query: &PluginQuery| query.asker.clone().unwrap().run;
    assert_eq!(run(call), run(step), "by the same run");
    assert_eq!(bench.view().report.phase, Phase::Degraded);
}

#[tokio::test(start_paused = true)]
async fn a_program_stops_when_the_release_is_complete_without_it() {
    let bench = Bench::with_stable().await;
    bench.metrics.says(Says::Step(RunPhase::Inconclusive, None, "3"));
    bench.apply(Resource::Rollout(by_plugin("v2"))).await;
    bench.until("the program runs", |_| !called(&bench).is_empty()).await;
    bench.metrics.says(Says::Step(RunPhase::Successful, None, "null"));
    bench.command(Command::PromoteFull).await;
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    sleep(100).await;
    assert_eq!(called(&bench)[1..], [(PluginTask::Terminate, "3".to_owned())]);
}
