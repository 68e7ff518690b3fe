//! Steps that programs take: what they are called for when a release does not end as it began.

use tidegate_rollout::{
    AnalysisUse, Command, Phase, PluginTask, PluginUse, RolloutSpec, RunKind, RunSeen, Step,
};

use crate::world::{World, rev, routed, secs, set_weight};

/// A step that a program takes.
pub(crate) fn by_program(name: &str) -> Step {
    let config = serde_json::json!({ "users": 5 });
    let plugin = PluginUse { name: name.to_owned(), config, task: PluginTask::Run, of: None };
    Step::Analysis(AnalysisUse { plugin: Some(Box::new(plugin)), ..AnalysisUse::default() })
}

/// Three programs one after the other, then a pause.
fn three() -> RolloutSpec {
    let programs = ["acme/one", "acme/two", "acme/three"].map(by_program);
    routed([vec![set_weight(25)], programs.to_vec(), vec![Step::Pause(None)]].concat())
}

/// An update in which so many programs have done their steps, and the next one is on its way.
fn after(done: usize) -> World {
    let mut world = World::updating(three());
    for step in 1..=done {
        world.until(20, |world| world.status.step_index == step && !world.runs.is_empty());
        world.run(2);
        world.judge(RunKind::Step(step), &RunSeen::Successful);
    }
    world.until(20, |world| world.status.step_index == done + 1);
    world.run(2);
    world
}

/// The calls that were begun, by the run of the step that each is about.
fn calls(world: &World) -> Vec<String> {
    let begun = world.runs.iter().filter(|(_, (kind, _))| matches!(kind, RunKind::PluginCall(_)));
    begun.map(|(name, _)| name.to_string()).collect()
}

/// Lets the call that is on its way end.
fn ends(world: &mut World, step: usize, verdict: &RunSeen) {
    world.judge(RunKind::PluginCall(step), verdict);
    world.run(2);
}

#[test]
fn an_abort_undoes_what_programs_did_the_last_step_first_and_one_by_one() {
    let mut world = after(2);
    assert_eq!(world.status.plugin_steps.len(), 3);
    world.command(&Command::Abort { why: None }).unwrap();
    world.run(3);
    assert_eq!(calls(&world), ["b-2-3-abort"], "the one that is on its way");
    ends(&mut world, 3, &RunSeen::Error("it ended with 1".to_owned()));
    assert_eq!(calls(&world), ["b-2-2-abort", "b-2-3-abort"]);
    ends(&mut world, 2, &RunSeen::Failed(String::new()));
    ends(&mut world, 1, &RunSeen::Successful);
    assert_eq!(calls(&world), ["b-2-1-abort", "b-2-2-abort", "b-2-3-abort"]);
    assert!(world.status.plugin_calls.is_empty());
    assert_eq!(world.status.phase, Phase::Degraded);
    world.run(60);
    world.assert_at_rest();
}

#[test]
fn a_program_that_failed_has_nothing_to_undo() {
    let mut world = after(1);
    world.judge(RunKind::Step(2), &RunSeen::Failed("no".to_owned()));
    world.run(3);
    assert!(world.status.abort.is_some());
    assert_eq!(calls(&world), ["b-2-1-abort"]);
    ends(&mut world, 1, &RunSeen::Successful);
    assert_eq!(calls(&world), ["b-2-1-abort"]);
}

#[test]
fn a_retry_takes_the_steps_again_and_what_is_owed_is_called_all_the_same() {
    let mut world = after(1);
    world.command(&Command::Abort { why: None }).unwrap();
    world.run(2);
    world.command(&Command::Retry).unwrap();
    world.run(2);
    assert_eq!(calls(&world), ["b-2-2-abort"]);
    ends(&mut world, 2, &RunSeen::Successful);
    ends(&mut world, 1, &RunSeen::Successful);
    world.until(20, |world| world.status.step_index == 1);
    world.run(2);
    assert_eq!(world.status.plugin_steps.len(), 1, "the first, by another run");
    world.command(&Command::Abort { why: None }).unwrap();
    world.run(2);
    assert_eq!(calls(&world), ["b-2-1-abort", "b-2-1-retry1-abort", "b-2-2-abort"]);
}

#[test]
fn a_new_revision_keeps_what_programs_did_but_calls_that_are_owed_are_made() {
    let mut world = after(1);
    world.spec.revision = rev("c");
    world.run(3);
    assert!(calls(&world).is_empty());
    let mut world = after(1);
    world.command(&Command::Abort { why: None }).unwrap();
    world.run(2);
    world.spec.revision = rev("c");
    world.run(3);
    ends(&mut world, 2, &RunSeen::Successful);
    ends(&mut world, 1, &RunSeen::Successful);
    assert_eq!(calls(&world), ["b-2-1-abort", "b-2-2-abort"]);
}

#[test]
fn a_promotion_in_full_tells_the_program_that_is_on_its_way_to_stop() {
    let mut world = after(1);
    world.command(&Command::PromoteFull).unwrap();
    world.run(2);
    assert_eq!(calls(&world), ["b-2-2-terminate"]);
    world.until(40, |world| world.status.stable == Some(rev("b")));
    ends(&mut world, 2, &RunSeen::Successful);
    world.run(60);
    assert_eq!(calls(&world), ["b-2-2-terminate"], "who is done is not told");
    world.assert_at_rest();
}

/// Argo Rollouts tells it at the end of the release, not when its step is passed.
#[test]
fn a_program_that_was_promoted_over_is_told_to_stop_at_the_end() {
    let mut world = after(2);
    world.command(&Command::Promote).unwrap();
    world.until(10, |world| world.status.phase == Phase::Paused);
    assert!(calls(&world).is_empty());
    world.command(&Command::Promote).unwrap();
    world.until(60, |world| world.status.stable == Some(rev("b")));
    world.run(2);
    assert_eq!(calls(&world), ["b-2-3-terminate"]);
    assert!(world.status.plugin_steps.is_empty());
}

#[test]
fn a_program_that_was_promoted_over_undoes_its_step_in_an_abort() {
    let mut world = after(2);
    world.command(&Command::Promote).unwrap();
    world.until(10, |world| world.status.phase == Phase::Paused);
    world.command(&Command::Abort { why: None }).unwrap();
    world.run(2);
    assert_eq!(calls(&world), ["b-2-3-abort"]);
    world.run(secs(5).as_secs().try_into().unwrap());
    assert_eq!(calls(&world), ["b-2-3-abort"], "the next one waits for its end");
}
