//! What people may ask for, and what they are told when it makes no sense.

use tidegate_rollout::{Command, Event, PauseReason, Phase, RunKind, RunSeen, Step, Waiting};

use crate::world::{World, canary_of, percent, rev, routed, secs, set_weight};

fn abort() -> Command {
    Command::Abort { why: None }
}

/// Checks that a command is refused in these words.
fn check(world: &mut World, command: &Command, reason: &str, hint: &str) {
    let before = world.status.clone();
    let refused = world.command(command).unwrap_err();
    assert_eq!(refused.to_string(), reason);
    assert_eq!(refused.hint.as_deref(), Some(hint));
    assert_eq!(world.status, before);
}

fn paused() -> World {
    let mut world = World::updating(routed(vec![
        set_weight(25),
        Step::Pause(None),
        set_weight(50),
        Step::Pause(None),
    ]));
    world.until(20, |world| world.status.phase == Phase::Paused);
    world
}

#[test]
fn a_release_that_is_done_takes_no_commands() {
    let mut world = World::settled(routed(vec![set_weight(25)]));
    let why = "no update is on its way, the wanted revision is stable";
    let begin = "apply a new revision to begin an update";
    let undo = "use undo to go back to an earlier revision";
    for (command, verb, hint) in [
        (Command::Promote, "promote", begin),
        (Command::PromoteFull, "promote in full", begin),
        (Command::Pause, "pause", begin),
        (Command::Retry, "retry", begin),
        (abort(), "abort", undo),
    ] {
        check(&mut world, &command, &format!("cannot {verb}: {why}"), hint);
    }
    let look = "see what it waits for with rollout get";
    check(&mut world, &Command::Resume, "cannot resume: it is not paused", look);
}

#[test]
fn the_first_revision_cannot_be_taken_back() {
    let mut world = World::new(routed(Vec::new()));
    world.tick();
    let reason = "cannot abort: the first revision takes no steps and has none before it";
    check(&mut world, &abort(), reason, "apply another revision, or delete the rollout");
}

#[test]
fn a_revision_that_is_not_taken_up_yet_takes_no_commands() {
    let mut world = World::updating(routed(Vec::new()));
    let reason = "cannot abort: the new revision is not taken up yet";
    check(&mut world, &abort(), reason, "it was applied a moment ago; try again");
}

#[test]
fn an_aborted_release_takes_only_a_retry() {
    let mut world = paused();
    world.command(&abort()).unwrap();
    world.tick();
    let hint = "use retry to take its steps again, or undo to go back to the stable revision";
    for (command, verb) in [
        (Command::Promote, "promote"),
        (Command::PromoteFull, "promote in full"),
        (Command::Pause, "pause"),
        (abort(), "abort"),
    ] {
        check(&mut world, &command, &format!("cannot {verb}: the update is aborted"), hint);
    }
    world.command(&Command::Retry).unwrap();
    let reason = "cannot retry: the update is not aborted";
    check(&mut world, &Command::Retry, reason, "use promote to go on from a pause");
}

#[test]
fn what_is_held_says_how_to_let_it_go_on() {
    let mut world = paused();
    let reason = "cannot resume: a pause step holds it, not a person";
    check(&mut world, &Command::Resume, reason, "use promote to go over the step");
    world.command(&Command::Pause).unwrap();
    let reason = "cannot pause: it is paused already";
    check(&mut world, &Command::Pause, reason, "use resume to let it go on");
}

#[test]
fn an_undecided_analysis_is_accepted_or_not() {
    let mut spec = routed(vec![set_weight(25), Step::Pause(None)]);
    let analysis = tidegate_rollout::AnalysisUse::default();
    canary_of(&mut spec).background = Some(analysis);
    let mut world = World::updating(spec);
    world.until(20, |world| world.status.phase == Phase::Paused);
    world.judge(RunKind::Background, &RunSeen::Inconclusive("too few".to_owned()));
    world.tick();
    let hint = "use promote to accept the analysis, or abort to take the update back";
    let reason = "cannot resume: an inconclusive analysis holds it";
    check(&mut world, &Command::Resume, reason, hint);
    let reason = "cannot pause: an inconclusive analysis holds it already";
    check(&mut world, &Command::Pause, reason, hint);
}

/// As in Argo Rollouts: a promotion lets go of all that holds it, the pause below included.
#[test]
fn promoting_passes_the_pause_that_an_undecided_analysis_came_over() {
    let mut world = paused();
    canary_of(&mut world.spec).background = Some(tidegate_rollout::AnalysisUse::default());
    world.until(5, |world| !world.runs.is_empty());
    world.judge(RunKind::Background, &RunSeen::Inconclusive("too few".to_owned()));
    world.tick();
    assert_eq!(world.status.pause.map(|pause| pause.reason), Some(PauseReason::Inconclusive));
    world.command(&Command::Promote).unwrap();
    world.until(9, |world| world.status.step_index == 3);
}

/// As `spec.paused` in Argo Rollouts, which `pause` sets there.
#[test]
fn a_pause_by_hand_outlasts_all_but_a_resume() {
    let by_hand = |world: &World| world.status.pause.map(|pause| pause.reason);
    let check = |change: fn(&mut World), resumed: fn(&World) -> bool| {
        let mut world = paused();
        world.command(&Command::Pause).unwrap();
        world.tick();
        world.events.clear();
        change(&mut world);
        world.run(30);
        assert_eq!(by_hand(&world), Some(PauseReason::User));
        let new = world.router.keys().filter(|revision| **revision != rev("a"));
        assert!(new.map(|revision| world.router[revision]).all(|share| share <= percent(25)));
        let told = |event: &&Event| matches!(event, Event::Paused { .. } | Event::Resumed);
        assert_eq!(world.events.iter().filter(told).count(), 0, "{:?}", world.events);
        world.command(&Command::Resume).unwrap();
        world.until(30, resumed);
    };
    check(|world| world.spec.revision = rev("c"), |world| world.weight_of("c") == 25);
    check(
        |world| canary_of(&mut world.spec).steps = vec![set_weight(50), Step::Pause(None)],
        |world| world.weight_of("b") == 50,
    );
    check(
        |world| {
            world.command(&abort()).unwrap();
            world.run(3);
            assert_eq!((world.weight_of("b"), world.status.phase), (0, Phase::Degraded));
            world.command(&Command::Retry).unwrap();
        },
        |world| world.weight_of("b") == 25,
    );
    check(
        |world| {
            world.spec.revision = rev("a");
            world.run(5);
            world.spec.revision = rev("d");
        },
        |world| world.weight_of("d") == 25,
    );
}

#[test]
fn nothing_is_left_to_promote_after_the_last_step() {
    let mut world = World::updating(routed(vec![set_weight(25)]));
    world.until(20, |world| world.weight_of("b") == 25);
    world.start_time.insert(rev("b"), Some(secs(100)));
    world.until(5, |world| world.status.step_index == 1);
    let reason = "cannot promote: all steps are done, the replicas are on their way";
    check(&mut world, &Command::Promote, reason, "wait with rollout status");
}

#[test]
fn a_pause_freezes_steps_and_weight_until_it_is_resumed() {
    let mut world = World::updating(routed(vec![
        set_weight(25),
        Step::Pause(Some(secs(10))),
        set_weight(50),
        Step::Pause(None),
    ]));
    world.until(20, |world| world.status.phase == Phase::Paused);
    world.command(&Command::Pause).unwrap();
    world.tick();
    let report = &world.last.as_ref().unwrap().report;
    assert_eq!(report.waiting, [Waiting::Promotion { reason: PauseReason::User }]);
    world.run(60);
    assert_eq!((world.weight_of("b"), world.status.step_index), (25, 1));
    world.command(&Command::Resume).unwrap();
    world.run(4);
    assert_eq!(world.weight_of("b"), 50, "the time of the step went by");
}

#[test]
fn a_pause_before_the_replicas_are_there_keeps_the_weight_away() {
    let mut world = World::updating(routed(vec![set_weight(25), Step::Pause(None)]));
    world.tick();
    world.command(&Command::Pause).unwrap();
    world.run(30);
    assert_eq!((world.count_of("b"), world.weight_of("b")), (1, 0));
    world.command(&Command::Promote).unwrap();
    world.until(5, |world| world.weight_of("b") == 25);
    world.run(5);
    assert_eq!(world.status.step_index, 1, "it went on, and skipped nothing");
}

#[test]
fn promoting_twice_before_a_plan_goes_over_one_step() {
    let mut world = paused();
    world.command(&Command::Promote).unwrap();
    world.command(&Command::Promote).unwrap();
    world.run(20);
    assert_eq!((world.weight_of("b"), world.status.step_index), (50, 3));
}

#[test]
fn a_promotion_in_full_waits_for_replicas_alone() {
    let mut world = paused();
    world.command(&Command::PromoteFull).unwrap();
    world.tick();
    assert_eq!((world.weight_of("b"), world.count_of("b")), (25, 1));
    world.until(10, |world| world.status.stable == Some(rev("b")));
    assert_eq!(world.weight_of("b"), 100);
}

#[test]
fn a_promotion_is_for_the_step_it_was_asked_for() {
    // A new revision comes before the plan that would have gone over the step.
    let mut world = World::updating(routed(vec![set_weight(25), Step::Pause(None)]));
    world.start_time.insert(rev("b"), None);
    world.run(3);
    world.command(&Command::Promote).unwrap();
    world.spec.revision = rev("c");
    world.tick();
    assert_eq!(world.status.step_index, 0);

    // The same step comes again after a retry.
    let mut world = paused();
    world.command(&Command::Promote).unwrap();
    world.run(10);
    assert_eq!(world.status.step_index, 3);
    world.command(&abort()).unwrap();
    world.run(3);
    world.command(&Command::Retry).unwrap();
    world.run(30);
    assert_eq!(world.status.step_index, 1);

    // No plan comes between the promotion, the abort and the retry.
    let mut world = World::updating(routed(vec![Step::Pause(None), set_weight(25)]));
    world.until(20, |world| world.status.phase == Phase::Paused);
    for command in [Command::Promote, abort(), Command::Retry] {
        world.command(&command).unwrap();
    }
    world.run(30);
    assert_eq!(world.status.step_index, 0);
}

#[test]
fn a_pause_right_after_a_promotion_holds_it_until_it_is_resumed() {
    let mut world = paused();
    world.command(&Command::Promote).unwrap();
    world.command(&Command::Pause).unwrap();
    world.run(20);
    let held = world.status.pause.map(|pause| pause.reason);
    assert_eq!((world.status.step_index, held), (1, Some(PauseReason::User)));
    world.command(&Command::Resume).unwrap();
    world.run(20);
    assert_eq!(world.status.step_index, 3, "the promotion was for the first pause alone");
}

#[test]
fn a_retry_right_after_an_abort_keeps_no_run() {
    let mut spec = routed(vec![set_weight(25), Step::Pause(None)]);
    canary_of(&mut spec).default_watch = true;
    let mut world = World::updating(spec);
    world.until(20, |world| world.status.phase == Phase::Paused);
    world.command(&abort()).unwrap();
    world.command(&Command::Retry).unwrap();
    world.run(20);
    let names: Vec<&str> = world.runs.keys().map(tidegate_units::RunName::as_str).collect();
    assert_eq!(names, ["b-2-watch", "b-2-watch-retry1"]);
    let going_on = |(_, seen): &&(RunKind, RunSeen)| *seen == RunSeen::Running;
    assert_eq!(world.runs.values().filter(going_on).count(), 1);
}

#[test]
fn a_pause_holds_back_even_the_last_word() {
    let mut world = World::updating(routed(vec![set_weight(25)]));
    world.tick();
    world.until(20, |world| world.status.weight == tidegate_units::Weight::FULL);
    world.command(&Command::Pause).unwrap();
    world.run(20);
    assert_eq!((world.status.stable.clone(), world.weight_of("b")), (Some(rev("a")), 100));
    world.command(&Command::Resume).unwrap();
    world.tick();
    assert_eq!(world.status.stable, Some(rev("b")));
}
