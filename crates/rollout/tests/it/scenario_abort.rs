//! Releases that are taken back.

use tidegate_rollout::{
    AbortReason, Action, Command, Event, Phase, RolloutSpec, RunKind, RunSeen, Step, StepState,
};
use tidegate_units::{RunName, Weight};

use crate::world::{World, canary_of, percent, rev, routed, secs, set_weight, unrouted};

/// A canary of 25 % that waits, watched by the default analysis.
fn watched() -> RolloutSpec {
    let mut spec = routed(vec![set_weight(25), Step::Pause(None), set_weight(50)]);
    canary_of(&mut spec).default_watch = true;
    spec
}

/// A world in which that canary waits in its pause.
fn waiting(spec: RolloutSpec) -> World {
    let mut world = World::updating(spec);
    world.until(30, |world| world.status.phase == Phase::Paused);
    assert_eq!(world.weight_of("b"), 25);
    world
}

fn abort() -> Command {
    Command::Abort { why: Some("looks wrong".to_owned()) }
}

/// Asserts that the last plan began by giving all traffic to `a`.
fn assert_all_to_a(world: &World) {
    let first = world.last.as_ref().unwrap().actions.first();
    let Some(Action::Route { weights, .. }) = first else {
        panic!("{first:?}");
    };
    assert_eq!(weights, &[(rev("a"), Weight::FULL)]);
}

#[test]
fn a_failed_watch_takes_the_canary_back_in_the_same_plan() {
    let mut world = waiting(watched());
    world.judge(RunKind::Watch, &RunSeen::Failed("errors: odds 40".to_owned()));
    world.plan();
    assert_all_to_a(&world);
    assert_eq!(world.status.phase, Phase::Degraded);
    assert_eq!(
        world.status.message,
        "RolloutAborted: Rollout aborted update to revision 2: analysis run b-2-watch: errors: odds 40"
    );
    world.run(20);
    assert_eq!(world.count_of("b"), 1, "the replicas stay a while");
    world.run(20);
    assert_eq!((world.count_of("b"), world.weight_of("a")), (0, 100));
    assert_eq!(world.status.phase, Phase::Degraded, "until somebody does something");
    let steps = &world.last.as_ref().unwrap().report.steps;
    assert!(steps.iter().all(|step| step.state == StepState::Ahead));
    world.assert_at_rest();
}

/// With nobody of the stable revision there, one that is taken back goes on serving, and does so again
/// when all of it was away for a moment.
#[test]
fn what_is_taken_back_serves_until_the_stable_revision_does() {
    let mut world = waiting(watched());
    let break_all = |world: &mut World, name: &str, broken: bool| {
        for one in world.revisions.get_mut(&rev(name)).unwrap() {
            one.broken = broken;
        }
    };
    break_all(&mut world, "a", true);
    world.command(&abort()).unwrap();
    world.run(3);
    assert_eq!(world.weight_of("b"), 25);
    break_all(&mut world, "b", true);
    world.run(3);
    break_all(&mut world, "b", false);
    world.run(3);
    assert_eq!(world.weight_of("b"), 25);
    break_all(&mut world, "a", false);
    world.run(3);
    assert_eq!((world.weight_of("a"), world.weight_of("b")), (100, 0));
}

#[test]
fn a_run_that_could_not_be_measured_takes_it_back_too() {
    let mut world = waiting(watched());
    world.judge(RunKind::Watch, &RunSeen::Error("no answer".to_owned()));
    world.plan();
    assert_all_to_a(&world);
}

#[test]
fn a_person_takes_it_back() {
    let mut world = waiting(watched());
    world.command(&abort()).unwrap();
    world.plan();
    assert_all_to_a(&world);
    let reason = AbortReason::User { who: "ada".to_owned(), why: Some("looks wrong".to_owned()) };
    assert!(world.events.contains(&Event::Aborted { reason: reason.clone() }));
    assert_eq!(world.last.as_ref().unwrap().report.aborted, Some(reason));
    world.tick();
    let runs: Vec<_> = world.runs.values().collect();
    assert_eq!(runs, [&(RunKind::Watch, RunSeen::Successful)], "the watch is stopped");
    let told = |event: &&Event| matches!(event, Event::Aborted { .. });
    world.run(50);
    assert_eq!(world.events.iter().filter(told).count(), 1);
}

#[test]
fn aborted_replicas_can_stay_for_ever() {
    let mut spec = watched();
    canary_of(&mut spec).abort_scale_down_delay = None;
    let mut world = waiting(spec);
    world.command(&abort()).unwrap();
    world.run(100);
    assert_eq!(world.count_of("b"), 1);
    world.assert_at_rest();
}

#[test]
fn aborted_replicas_stay_until_the_stable_revision_is_whole() {
    let mut world = waiting(watched());
    world.revisions.get_mut(&rev("a")).unwrap()[0].broken = true;
    world.command(&abort()).unwrap();
    world.run(100);
    assert_eq!((world.count_of("b"), world.weight_of("a")), (1, 100));
    world.revisions.get_mut(&rev("a")).unwrap().iter_mut().for_each(|one| one.broken = false);
    world.run(30);
    assert_eq!(world.count_of("b"), 1, "the delay counts from here");
    world.run(5);
    assert_eq!(world.count_of("b"), 0);
    world.assert_at_rest();
}

#[test]
fn with_no_stable_replica_the_canary_serves_until_one_is_back() {
    let mut world = waiting(watched());
    world.revisions.values_mut().flatten().for_each(|replica| replica.broken = true);
    world.revisions.get_mut(&rev("b")).unwrap()[0].broken = false;
    world.command(&abort()).unwrap();
    world.run(3);
    assert_eq!(world.weight_of("b"), 25, "never route to nothing");
    world.run(60);
    assert_eq!(world.count_of("b"), 1, "what serves stays");
    world.revisions.get_mut(&rev("a")).unwrap()[0].broken = false;
    world.plan();
    assert_all_to_a(&world);
}

#[test]
fn without_a_router_it_rolls_back_within_its_bounds() {
    let mut spec = unrouted(10, vec![set_weight(50), Step::Pause(None)]);
    canary_of(&mut spec).max_surge = tidegate_rollout::CountOrPercent::Count(1);
    canary_of(&mut spec).max_unavailable = tidegate_rollout::CountOrPercent::Count(0);
    let mut world = World::updating(spec);
    world.until(60, |world| world.status.phase == Phase::Paused);
    assert_eq!((world.count_of("a"), world.count_of("b")), (5, 5));
    world.command(&abort()).unwrap();
    for _ in 0..40 {
        world.tick();
        let there = world.count_of("a") + world.count_of("b");
        assert!((10..=11).contains(&there), "{there}");
        let carried = world.observe().revisions[&rev("a")].available * 10;
        assert_eq!(world.status.route.last().unwrap().1.out_of(100), carried, "a tenth for each");
    }
    assert_eq!((world.count_of("a"), world.count_of("b")), (10, 0));
    assert_eq!(world.weight_of("a"), 100);
    assert_eq!(world.status.phase, Phase::Degraded);
    world.assert_at_rest();
}

#[test]
fn without_a_router_what_alone_serves_is_kept_though_its_end_was_ordered() {
    for router_hears in [false, true] {
        let mut world = World::updating(unrouted(1, Vec::new()));
        world.until(10, |world| world.count_of("b") == 1);
        world.fates = vec![None];
        world.until(10, |world| world.status.revisions[&rev("a")].replicas == 0);
        if router_hears {
            world.router = world.status.route.iter().cloned().collect();
            world.router_generation = world.status.route_generation;
        }
        world.revisions.get_mut(&rev("b")).unwrap()[0].broken = true;
        world.fates = vec![Some(0)];
        world.run(30);
        assert_eq!((world.count_of("a"), world.weight_of("a")), (1, 100));
        assert_eq!(world.status.revisions[&rev("a")].replicas, 1);
        world.revisions.get_mut(&rev("b")).unwrap()[0].broken = false;
        world.until(10, |world| world.status.phase == Phase::Healthy);
        assert_eq!((world.count_of("a"), world.weight_of("b")), (0, 100));
        world.assert_at_rest();
    }
}

/// A router that was restored from an older state, and replicas whose end was ordered in vain.
#[test]
fn what_the_router_fell_back_to_is_kept_until_it_follows() {
    let mut world = waiting(watched());
    let (older, generation) = (world.router.clone(), world.router_generation);
    world.command(&abort()).unwrap();
    world.run(20);
    world.fates = vec![None];
    world.until(20, |world| world.status.revisions[&rev("b")].replicas == 0);
    world.router = older;
    world.router_generation = generation;
    let there = world.revisions.remove(&rev("b")).unwrap();
    world.plan();
    assert_eq!(world.status.revisions[&rev("b")].replicas, 0, "what is gone is not made again");
    world.revisions.insert(rev("b"), there);
    world.plan();
    assert_eq!(world.status.revisions[&rev("b")].replicas, 1, "requests may come to it");
    world.fates = vec![Some(0)];
    world.run(5);
    assert_eq!((world.count_of("b"), world.weight_of("a")), (0, 100));
    world.assert_at_rest();
}

/// The split was decided when fewer replicas were wanted, and more are there than were asked for.
#[test]
fn an_abort_in_a_rollout_that_grows_keeps_what_the_last_split_needs() {
    let mut world = waiting(watched());
    let more = world.revisions[&rev("b")].repeat(2);
    world.revisions.insert(rev("b"), more);
    let mut seen = world.observe();
    seen.routed = None;
    world.spec.replicas = 8;
    world.command(&abort()).unwrap();
    world.plan_on(&seen);
    assert_eq!(world.status.revisions[&rev("b")].replicas, 2, "a quarter of eight");
}

#[test]
fn it_can_be_taken_back_after_a_promotion_in_full() {
    let mut world = waiting(watched());
    world.run(20);
    world.start_time.insert(rev("b"), Some(secs(15)));
    world.command(&Command::PromoteFull).unwrap();
    world.run(10);
    assert_eq!(world.weight_of("b"), 25, "no weight before the replicas are there");
    assert_eq!(world.count_of("b"), 4);
    world.command(&abort()).unwrap();
    world.plan();
    assert_all_to_a(&world);
    assert_eq!(world.status.phase, Phase::Degraded);
}

#[test]
fn safety_works_while_it_is_held() {
    let holds: [fn(&mut World); 2] =
        [|world| world.command(&Command::Pause).unwrap(), |world| world.spec.paused = true];
    for hold in holds {
        let mut world = waiting(watched());
        hold(&mut world);
        world.run(5);
        assert_eq!(world.status.message, "manually paused");
        world.judge(RunKind::Watch, &RunSeen::Failed("errors".to_owned()));
        world.plan();
        assert_all_to_a(&world);
    }
}

#[test]
fn a_retry_takes_all_steps_again_with_new_runs() {
    let mut world = waiting(watched());
    world.judge(RunKind::Watch, &RunSeen::Failed("errors".to_owned()));
    world.run(60);
    world.command(&Command::Retry).unwrap();
    world.until(20, |world| world.status.phase == Phase::Paused);
    assert_eq!((world.weight_of("b"), world.status.step_index), (25, 1));
    let names: Vec<&str> = world.runs.keys().map(RunName::as_str).collect();
    assert_eq!(names, ["b-2-watch", "b-2-watch-retry1"]);
}

#[test]
fn a_new_revision_ends_an_abort() {
    let mut world = waiting(watched());
    world.command(&abort()).unwrap();
    world.run(3);
    world.spec.revision = rev("c");
    world.until(20, |world| world.status.phase == Phase::Paused);
    assert_eq!((world.weight_of("c"), world.weight_of("a")), (25, 75));
}

#[test]
fn a_return_to_stable_skips_the_steps() {
    for aborted in [false, true] {
        let mut world = waiting(watched());
        if aborted {
            world.command(&abort()).unwrap();
            world.run(3);
        }
        world.events.clear();
        world.spec.revision = rev("a");
        world.plan();
        assert!(world.events.contains(&Event::RolledBack { to: rev("a") }));
        if !aborted {
            assert_all_to_a(&world);
        }
        world.until(3, |world| world.status.phase == Phase::Healthy);
        // What was aborted stays as long as it was told to.
        world.run(if aborted { 40 } else { 2 });
        assert_eq!((world.count_of("a"), world.count_of("b")), (4, 0));
        assert_eq!(world.status.revisions[&rev("a")].number, 3);
        assert!(world.runs.values().all(|(_, seen)| *seen != RunSeen::Running));
        world.assert_at_rest();
    }
}

#[test]
fn another_revision_in_the_middle_starts_from_the_first_step() {
    let mut spec = watched();
    canary_of(&mut spec).steps.push(Step::Pause(None));
    let mut world = waiting(spec);
    world.command(&Command::Promote).unwrap();
    world.until(10, |world| world.weight_of("b") == 50);
    world.run(3);
    world.spec.revision = rev("c");
    let had = world.count_of("b");
    world.plan();
    assert_all_to_a(&world);
    world.tick();
    assert_eq!(world.count_of("b"), had, "replicas stay until the router has let go of them");
    world.until(20, |world| world.status.phase == Phase::Paused);
    assert_eq!((world.count_of("b"), world.weight_of("c")), (0, 25));
    assert!(world.events.contains(&Event::WeightSet {
        revision: rev("b"),
        from: percent(50),
        to: Weight::ZERO
    }));
}

/// With `dynamicStableScale`, where the stable revision serves nobody: who had requests keeps them while
/// its replicas are away, for it may be back sooner.
#[test]
fn what_is_away_for_a_moment_keeps_what_stable_cannot_serve() {
    let hold = |weight| [set_weight(weight), Step::Pause(None)];
    let mut spec = routed([hold(20), hold(70)].concat());
    canary_of(&mut spec).dynamic_stable = true;
    let mut world = World::updating(spec);
    world.until(60, |world| world.status.phase == Phase::Paused);
    world.command(&Command::Promote).unwrap();
    world.until(60, |world| world.weight_of("b") == 70);
    let breaks = |world: &mut World, name: &str, broken: bool| {
        for replica in world.revisions.get_mut(&rev(name)).unwrap() {
            replica.broken = broken;
        }
    };
    world.start_time.insert(rev("a"), None);
    breaks(&mut world, "a", true);
    world.spec.revision = rev("c");
    world.until(60, |world| world.weight_of("c") == 20);
    world.command(&abort()).unwrap();
    world.run(5);
    let split = |world: &World| ["a", "b", "c"].map(|name| world.weight_of(name));
    assert_eq!(split(&world), [30, 50, 20]);
    let replicas = world.count_of("b");
    breaks(&mut world, "b", true);
    world.run(5);
    assert_eq!((split(&world), world.count_of("b")), ([30, 50, 20], replicas));
    // Once the stable one is back it has all.
    world.start_time.clear();
    breaks(&mut world, "a", false);
    world.until(60, |world| world.weight_of("a") == 100);
}
