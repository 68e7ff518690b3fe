//! Releases that get stuck.

use tidegate_rollout::{AbortReason, Command, Event, Phase, RolloutSpec, Step, Waiting};
use tidegate_units::Timestamp;

use crate::world::{World, canary_of, epoch, rev, routed, secs, set_weight};

fn impatient() -> RolloutSpec {
    let mut spec = routed(vec![set_weight(25), Step::Pause(None)]);
    spec.progress_deadline = secs(20);
    spec
}

/// A world in which revision `b` is wanted and never becomes ready.
fn stuck(spec: RolloutSpec) -> World {
    let mut world = World::updating(spec);
    world.start_time.insert(rev("b"), None);
    world
}

fn exceeded(world: &World) -> usize {
    world.events.iter().filter(|event| **event == Event::DeadlineExceeded).count()
}

#[test]
fn no_progress_degrades_and_progress_mends() {
    let mut spec = impatient();
    canary_of(&mut spec).steps.insert(1, set_weight(75));
    let mut world = stuck(spec);
    let begun = world.now;
    world.until(30, |world| world.status.phase == Phase::Degraded);
    assert_eq!(world.now.since(begun), secs(21), "20 s after the first plan");
    assert_eq!(
        world.status.message,
        "ProgressDeadlineExceeded: revision 2 made no progress for 20 s"
    );
    world.run(50);
    assert_eq!(exceeded(&world), 1, "told once");
    assert!(world.status.abort.is_none(), "nobody asked for an abort");
    world.start_time.clear();
    world.until(5, |world| world.status.step_index == 1);
    assert_eq!(world.status.phase, Phase::Progressing);
    world.until(5, |world| world.status.phase == Phase::Paused);
}

#[test]
fn the_deadline_can_abort() {
    let mut spec = impatient();
    spec.progress_deadline_abort = true;
    let mut world = stuck(spec);
    world.until(30, |world| world.status.abort.is_some());
    assert_eq!(world.status.abort.as_ref().unwrap().reason, AbortReason::Deadline);
    assert!(world.status.message.starts_with("RolloutAborted: "), "{}", world.status.message);
    world.run(40);
    assert_eq!(world.count_of("b"), 0);
}

#[test]
fn an_abort_asked_for_later_still_comes() {
    let mut world = stuck(impatient());
    world.run(40);
    world.spec.progress_deadline_abort = true;
    world.tick();
    assert!(world.status.abort.is_some());
}

/// One replica of the canary comes up now and then, and goes down again; the others never do.
fn crashes_on_and_on(steps: Vec<Step>) -> World {
    let mut spec = impatient();
    canary_of(&mut spec).steps = steps;
    spec.progress_deadline_abort = true;
    let mut world = World::updating(spec);
    world.start_time.insert(rev("b"), Some(secs(2)));
    for _ in 0..60 {
        world.tick();
        let now = world.now;
        let replicas = world.revisions.entry(rev("b")).or_default();
        for (index, replica) in replicas.iter_mut().enumerate() {
            replica.broken = index > 0;
            if now.since(replica.started) > secs(5) {
                replica.started = now;
            }
        }
    }
    world
}

#[test]
fn coming_back_from_a_crash_is_no_progress() {
    let one_weight = vec![set_weight(100), Step::Pause(None)];
    // The weight goes and comes with the replica, without getting nearer to that of the step.
    let two_weights = vec![set_weight(25), set_weight(75), Step::Pause(None)];
    for steps in [one_weight, two_weights] {
        let world = crashes_on_and_on(steps);
        assert_eq!(world.status.abort.as_ref().unwrap().reason, AbortReason::Deadline);
    }
}

#[test]
fn a_retry_after_a_promotion_in_full_takes_the_steps() {
    let mut spec = impatient();
    spec.progress_deadline_abort = true;
    let mut world = stuck(spec);
    world.tick();
    world.command(&Command::PromoteFull).unwrap();
    world.until(40, |world| world.status.abort.is_some());
    world.start_time.clear();
    world.command(&Command::Retry).unwrap();
    world.run(20);
    assert_eq!((world.weight_of("b"), world.status.phase), (25, Phase::Paused));
}

#[test]
fn what_waits_as_it_should_misses_no_deadline() {
    let holds: [fn(&mut World); 3] =
        [|_| {}, |world| world.command(&Command::Pause).unwrap(), |world| world.spec.paused = true];
    for hold in holds {
        let mut world = World::updating(impatient());
        world.until(10, |world| world.status.phase == Phase::Paused);
        hold(&mut world);
        world.run(100);
        assert_eq!((world.status.phase, exceeded(&world)), (Phase::Paused, 0));
    }
}

#[test]
fn the_clock_starts_anew_after_a_pause() {
    let mut world = stuck(impatient());
    world.run(15);
    world.command(&Command::Pause).unwrap();
    // Nobody plans until the deadline would have passed.
    (0..30).for_each(|_| world.pass());
    world.run(70);
    world.command(&Command::Resume).unwrap();
    world.run(15);
    assert_eq!(exceeded(&world), 0);
    world.run(10);
    assert_eq!(exceeded(&world), 1);
}

#[test]
fn a_release_that_is_done_can_degrade_but_not_abort() {
    let mut spec = impatient();
    spec.progress_deadline_abort = true;
    let mut world = World::settled(spec);
    world.revisions.get_mut(&rev("a")).unwrap()[0].broken = true;
    world.run(2);
    assert_eq!(world.status.phase, Phase::Progressing);
    world.until(30, |world| world.status.phase == Phase::Degraded);
    assert!(world.status.abort.is_none());
}

#[test]
fn a_first_revision_can_degrade_but_not_abort() {
    let mut spec = impatient();
    spec.progress_deadline_abort = true;
    let mut world = World::new(spec);
    world.start_time.insert(rev("a"), None);
    world.run(40);
    assert_eq!((world.status.phase, exceeded(&world)), (Phase::Degraded, 1));
    assert_eq!(world.status.abort, None, "there is nothing to go back to");
    world.start_time.clear();
    world.until(5, |world| world.status.phase == Phase::Healthy);
}

#[test]
fn an_obstacle_is_named_until_it_is_mended() {
    let mut world = stuck(impatient());
    let mend = "image ghcr.io/x is neither a file: nor in the image map";
    world.obstacles.insert(rev("b"), mend.to_owned());
    world.run(5);
    assert_eq!((world.status.phase, world.status.message.as_str()), (Phase::Progressing, mend));
    let waiting = &world.last.as_ref().unwrap().report.waiting;
    assert!(waiting.contains(&Waiting::Obstacle { revision: rev("b"), message: mend.to_owned() }));
    world.run(20);
    assert_eq!(world.status.phase, Phase::Degraded);
    assert!(world.status.message.ends_with(mend), "{}", world.status.message);
    world.obstacles.clear();
    world.start_time.clear();
    world.until(10, |world| world.status.phase == Phase::Paused);
}

#[test]
fn it_wakes_at_the_next_moment_that_counts() {
    let at = |seconds: u64| -> Option<Timestamp> { Some(epoch().after(secs(seconds))) };
    let mut spec = impatient();
    canary_of(&mut spec).steps = vec![set_weight(25), Step::Pause(Some(secs(45)))];
    canary_of(&mut spec).scale_down_delay = secs(70);
    spec.min_ready = secs(7);
    let mut world = World::settled(spec);
    let wake = |world: &World| world.last.as_ref().unwrap().wake_at;
    assert_eq!(wake(&world), None, "at rest nothing is awaited");

    world.spec.revision = rev("b");
    // Planned at 41, ordered and there at 42, ready at 43.
    world.run(3);
    assert_eq!(wake(&world), at(43 + 7), "a ready replica becomes available");
    world.until(20, |world| world.status.phase == Phase::Paused);
    let pause_began = world.status.pause.unwrap().started;
    world.tick();
    assert_eq!(wake(&world), Some(pause_began.after(secs(45))), "the pause ends");
    world.until(90, |world| world.status.phase == Phase::Healthy);
    let promoted = world.now;
    world.run(2);
    assert_eq!(wake(&world), Some(promoted.after(secs(70))), "the old replicas go");

    world.start_time.insert(rev("c"), None);
    world.spec.revision = rev("c");
    world.tick();
    let begun = world.now;
    world.run(3);
    assert_eq!(wake(&world), Some(begun.after(secs(20))), "the deadline passes");

    world.fates = vec![None];
    world.start_time.clear();
    world.run(15);
    let plan = world.last.as_ref().unwrap();
    assert!(plan.events.is_empty() && !plan.actions.is_empty(), "the router does not hear");
    assert_eq!(plan.wake_at, Some(world.now.after(secs(5))), "an order is repeated");
}

#[test]
fn a_router_that_does_not_hear_of_a_return_is_told_of() {
    let mut world = World::updating(impatient());
    world.until(10, |world| world.status.phase == Phase::Paused);
    world.fates = vec![None];
    world.spec.revision = rev("a");
    world.run(5);
    assert_eq!(world.status.message, "waiting for the router to follow the split");
    world.run(20);
    assert_eq!((world.status.phase, exceeded(&world)), (Phase::Degraded, 1));
    assert_eq!(world.count_of("b"), 1, "the router may still send it requests");
    world.fates = vec![Some(0)];
    world.until(3, |world| world.status.phase == Phase::Healthy);
}
