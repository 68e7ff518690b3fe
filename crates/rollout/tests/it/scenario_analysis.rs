//! Analysis runs: when they begin, what their ends mean, when they are stopped.

use tidegate_rollout::{
    Action, AnalysisUse, Command, Event, PauseReason, Phase, RolloutSpec, RunKind, RunSeen, Step,
    TemplateUse, Waiting,
};
use tidegate_units::RunName;

use crate::world::{World, canary_of, rev, routed, secs, set_weight};

fn analysis(template: &str) -> AnalysisUse {
    AnalysisUse {
        templates: vec![TemplateUse { name: template.to_owned(), ..TemplateUse::default() }],
        ..AnalysisUse::default()
    }
}

fn with_step() -> RolloutSpec {
    let analysis = Step::Analysis(analysis("smoke"));
    routed(vec![set_weight(25), analysis, set_weight(50), Step::Pause(None)])
}

fn with_background(starting_step: u32) -> RolloutSpec {
    let mut spec = routed(vec![
        set_weight(25),
        Step::Pause(Some(secs(10))),
        set_weight(50),
        Step::Pause(None),
    ]);
    canary_of(&mut spec).background = Some(analysis("slo"));
    canary_of(&mut spec).starting_step = starting_step;
    spec
}

fn undecided() -> RunSeen {
    RunSeen::Inconclusive("too few requests".to_owned())
}

fn has_run(world: &World) -> bool {
    !world.runs.is_empty()
}

fn paused_as(world: &World) -> Option<PauseReason> {
    world.status.pause.map(|pause| pause.reason)
}

#[test]
fn a_step_waits_for_its_analysis() {
    let mut world = World::updating(with_step());
    world.until(20, has_run);
    let names: Vec<&str> = world.runs.keys().map(RunName::as_str).collect();
    assert_eq!(names, ["b-2-1"]);
    world.run(20);
    assert_eq!((world.status.step_index, world.status.phase), (1, Phase::Progressing));
    let waiting = &world.last.as_ref().unwrap().report.waiting;
    assert_eq!(waiting, &[Waiting::Analysis { run: "b-2-1".into() }]);
    world.judge(RunKind::Step(1), &RunSeen::Successful);
    world.until(10, |world| world.weight_of("b") == 50);
}

#[test]
fn an_order_to_begin_names_all_that_is_needed() {
    let mut world = World::updating(with_step());
    world.until(20, |world| world.status.step_run.is_some());
    let started: Vec<&Action> = world
        .last
        .as_ref()
        .unwrap()
        .actions
        .iter()
        .filter(|action| matches!(action, Action::StartRun { .. }))
        .collect();
    let expected = Action::StartRun {
        run: "b-2-1".into(),
        kind: RunKind::Step(1),
        analysis: Some(analysis("smoke")),
        canary: rev("b"),
        stable: rev("a"),
    };
    assert_eq!(started, [&expected]);
}

#[test]
fn promoting_goes_over_a_step_that_could_not_tell() {
    let mut world = World::updating(with_step());
    world.until(20, has_run);
    world.judge(RunKind::Step(1), &undecided());
    world.run(20);
    assert_eq!(paused_as(&world), Some(PauseReason::Inconclusive));
    assert_eq!(world.status.message, "InconclusiveAnalysisRun");
    assert_eq!(world.weight_of("b"), 25);
    world.command(&Command::Promote).unwrap();
    world.until(10, |world| world.weight_of("b") == 50);
}

#[test]
fn promoting_goes_over_an_analysis_that_goes_on() {
    let mut world = World::updating(with_step());
    world.until(20, has_run);
    world.command(&Command::Promote).unwrap();
    world.run(2);
    assert_eq!(world.status.step_index, 2);
    assert!(
        world
            .events
            .contains(&Event::RunEnded { run: "b-2-1".into(), outcome: "stopped".to_owned() })
    );
    assert!(world.runs.values().all(|(_, seen)| *seen != RunSeen::Running), "it is stopped");
}

#[test]
fn a_background_analysis_begins_at_its_step_and_ends_with_the_rollout() {
    for (starting_step, weight) in [(0, 0), (1, 25), (2, 25), (3, 50)] {
        let mut world = World::updating(with_background(starting_step));
        world.until(40, has_run);
        assert_eq!(world.weight_of("b"), weight, "starting at step {starting_step}");
        world.until(40, |world| world.status.step_index == 3);
        assert_eq!(world.runs.len(), 1);
        world.command(&Command::Promote).unwrap();
        world.until(10, |world| world.status.stable == Some(rev("b")));
        world.run(2);
        assert!(world.runs.values().all(|(_, seen)| *seen != RunSeen::Running));
    }
}

#[test]
fn a_background_analysis_may_be_done_early() {
    let mut world = World::updating(with_background(0));
    world.until(10, has_run);
    world.judge(RunKind::Background, &RunSeen::Successful);
    world.until(40, |world| world.status.step_index == 3);
    let ended = |event: &&Event| matches!(event, Event::RunEnded { outcome, .. } if outcome == "successful");
    assert_eq!(world.events.iter().filter(ended).count(), 1);
}

#[test]
fn an_undecided_background_analysis_holds_once() {
    let mut world = World::updating(with_background(1));
    world.until(20, has_run);
    world.judge(RunKind::Background, &undecided());
    world.run(30);
    assert_eq!(paused_as(&world), Some(PauseReason::Inconclusive));
    assert_eq!(world.weight_of("b"), 25);
    world.command(&Command::Promote).unwrap();
    world.until(20, |world| world.weight_of("b") == 50);
    world.run(3);
    assert_eq!(paused_as(&world), Some(PauseReason::Step));
}

#[test]
fn what_follows_an_undecided_background_analysis_is_judged_by_another_one() {
    let mut world = World::updating(with_background(1));
    world.until(20, has_run);
    world.judge(RunKind::Background, &undecided());
    world.run(3);
    world.command(&Command::Promote).unwrap();
    world.until(20, |world| world.weight_of("b") == 50);
    let names: Vec<&str> = world.runs.keys().map(RunName::as_str).collect();
    assert_eq!(names, ["b-2-background", "b-2-background-retry1"]);
    world.judge(RunKind::Background, &RunSeen::Failed("too slow".to_owned()));
    world.until(5, |world| world.status.phase == Phase::Degraded);
    world.until(2, |world| world.weight_of("b") == 0);
}

#[test]
fn the_default_analysis_begins_with_the_first_weight_and_never_blocks() {
    let mut spec =
        routed(vec![set_weight(0), Step::Pause(None), set_weight(25), Step::Pause(None)]);
    canary_of(&mut spec).default_watch = true;
    let mut world = World::updating(spec);
    world.run(20);
    assert!(!has_run(&world), "no traffic, nothing to watch");
    world.command(&Command::Promote).unwrap();
    world.until(10, |world| world.weight_of("b") == 25);
    assert!(has_run(&world));
    world.judge(RunKind::Watch, &undecided());
    world.run(5);
    assert_eq!(paused_as(&world), Some(PauseReason::Step));
    world.command(&Command::Promote).unwrap();
    world.until(10, |world| world.status.stable == Some(rev("b")));
}

#[test]
fn nothing_is_watched_without_a_service() {
    let mut spec = routed(vec![set_weight(25), Step::Pause(None)]);
    canary_of(&mut spec).default_watch = true;
    let mut world = World::updating(spec);
    world.no_service = true;
    world.until(20, |world| world.status.phase == Phase::Paused);
    world.run(5);
    assert!(!has_run(&world));
    world.no_service = false;
    world.run(3);
    assert!(has_run(&world), "it begins when there is something to watch");
}

#[test]
fn a_promotion_in_full_skips_analyses() {
    let mut world = World::updating(with_step());
    world.until(20, has_run);
    world.command(&Command::PromoteFull).unwrap();
    world.tick();
    world.judge_any(&RunSeen::Failed("too late".to_owned()));
    world.until(10, |world| world.status.stable == Some(rev("b")));
    assert!(world.status.abort.is_none());
}

#[test]
fn a_run_that_is_lost_from_sight_is_asked_for_again_by_name() {
    let mut world = World::updating(with_step());
    world.until(20, has_run);
    world.runs.clear();
    world.plan();
    let asked =
        |action: &Action| matches!(action, Action::StartRun { run, .. } if run.as_str() == "b-2-1");
    assert!(world.last.as_ref().unwrap().actions.iter().any(asked));
}

#[test]
fn an_analysis_that_is_taken_out_and_put_back_measures_anew() {
    let mut world = World::updating(with_background(0));
    world.until(5, |world| !world.runs.is_empty());
    let first = world.status.background_run.clone().unwrap();
    let analysis = canary_of(&mut world.spec).background.take();
    world.tick();
    assert_eq!(world.status.background_run, None);
    canary_of(&mut world.spec).background = analysis;
    world.plan();
    let second = world.status.background_run.clone().unwrap();
    assert_eq!(second.name.as_str(), format!("{}-retry1", first.name.as_str()));
}
