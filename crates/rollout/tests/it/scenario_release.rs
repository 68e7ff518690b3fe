//! Releases that go well.

use tidegate_rollout::{Command, Event, PauseReason, Phase, Step, StepState, Waiting};

use crate::world::{World, rev, routed, secs, set_weight, unrouted};

#[test]
fn the_first_revision_takes_no_steps() {
    let mut world = World::new(routed(vec![set_weight(5), Step::Pause(None)]));
    world.tick();
    assert_eq!(world.status.phase, Phase::Progressing);
    world.run(6);
    assert_eq!(world.status.phase, Phase::Healthy, "{}", world.status.message);
    assert_eq!(world.status.stable, Some(rev("a")));
    assert_eq!((world.weight_of("a"), world.count_of("a")), (100, 4));
    let steps = &world.last.as_ref().unwrap().report.steps;
    assert!(steps.iter().all(|step| step.state == StepState::Skipped));
    world.assert_at_rest();
}

#[test]
fn a_routed_canary_walks_its_steps_and_becomes_stable() {
    let steps =
        vec![set_weight(25), Step::Pause(Some(secs(10))), set_weight(50), Step::Pause(None)];
    let mut world = World::updating(routed(steps));
    world.until(10, |world| world.weight_of("b") == 25);
    assert_eq!((world.count_of("a"), world.count_of("b")), (4, 1));
    world.until(3, |world| world.status.phase == Phase::Paused);
    assert_eq!(world.status.message, "CanaryPauseStep");
    let waiting = &world.last.as_ref().unwrap().report.waiting;
    assert!(matches!(waiting[..], [Waiting::PauseUntil { .. }]));
    world.until(20, |world| world.weight_of("b") == 50);
    assert_eq!((world.count_of("a"), world.count_of("b")), (4, 2));
    world.run(50);
    assert_eq!(world.weight_of("b"), 50, "an indefinite pause holds");
    world.command(&Command::Promote).unwrap();
    world.until(10, |world| world.status.stable == Some(rev("b")));
    assert_eq!((world.weight_of("b"), world.count_of("a")), (100, 4));
    world.until(3, |world| world.status.phase == Phase::Healthy);
    world.run(40);
    assert_eq!(world.count_of("a"), 0, "the old ones go after the delay");
    assert!(world.events.contains(&Event::Paused { reason: PauseReason::Step }));
    world.assert_at_rest();
}

#[test]
fn an_unrouted_canary_moves_by_replica_counts() {
    let steps = vec![set_weight(30), Step::Pause(None)];
    let mut world = World::updating(unrouted(10, steps));
    world.until(40, |world| world.status.phase == Phase::Paused);
    assert_eq!((world.count_of("a"), world.count_of("b")), (7, 3));
    assert_eq!(world.weight_of("b"), 30);
    world.command(&Command::Promote).unwrap();
    world.until(60, |world| world.status.phase == Phase::Healthy);
    assert_eq!((world.count_of("a"), world.count_of("b")), (0, 10));
    world.assert_at_rest();
}
