//! Without a router: requests leave a revision as fast as the others can carry them, and no faster.

use tidegate_rollout::{Command, CountOrPercent, Event, Phase, Step};

use crate::world::{Replica, World, canary_of, percent, rev, secs, set_weight, unrouted};

const ABORT: Command = Command::Abort { why: None };

/// Of ten replicas, of which two may be missing, `b` has nine and `a` is left with one.
fn nearly_done() -> World {
    let steps = vec![set_weight(90), Step::Pause(None), set_weight(0), Step::Pause(None)];
    let mut world = World::updating(unrouted(10, steps));
    world.until(60, |world| world.status.phase == Phase::Paused);
    world.run(3);
    assert_eq!((world.count_of("a"), world.count_of("b")), (1, 9));
    assert_eq!((world.weight_of("a"), world.weight_of("b")), (10, 90));
    world
}

fn available(world: &World, name: &str) -> u32 {
    world.observe().revisions.get(&rev(name)).map_or(0, |seen| seen.available)
}

/// Lets time pass until `a` has all of its requests back. No replica is ever asked to carry more than
/// an eighth of them, but for what a percent makes of it, and `b` never gets more again.
fn comes_back(world: &mut World) {
    let of_b = world.status.route.iter().find(|(it, _)| *it == rev("b"));
    let mut left = of_b.map_or(0, |(_, weight)| weight.out_of(100));
    for _ in 0..60 {
        world.tick();
        for name in ["a", "b", "c"] {
            let (share, there) = (world.weight_of(name), available(world, name));
            assert!(share * 8 <= there * 100 + 16, "{name}: {share} % on {there}");
        }
        assert!(world.weight_of("b") <= left, "{left}");
        left = world.weight_of("b");
    }
    assert_eq!((world.weight_of("b"), world.count_of("b")), (0, 0));
}

#[test]
fn an_abort_gives_back_what_stable_carries_at_once_and_the_rest_as_it_grows() {
    let mut world = nearly_done();
    world.start_time.insert(rev("a"), Some(secs(5)));
    world.command(&ABORT).unwrap();
    world.plan();
    assert_eq!(world.status.route, [(rev("b"), percent(87)), (rev("a"), percent(13))]);
    assert_eq!(world.status.revisions[&rev("a")].replicas, 4, "as many as maxSurge allows");
    comes_back(&mut world);
    assert_eq!((world.weight_of("a"), world.count_of("a")), (100, 10));
    assert_eq!(world.status.phase, Phase::Degraded);
    world.assert_at_rest();
}

#[test]
fn with_room_for_all_of_them_stable_grows_in_one_go() {
    let mut world = nearly_done();
    canary_of(&mut world.spec).max_surge = CountOrPercent::Percent(100);
    world.command(&ABORT).unwrap();
    world.plan();
    assert_eq!(world.status.revisions[&rev("a")].replicas, 10);
    comes_back(&mut world);
}

#[test]
fn a_return_and_a_third_revision_move_as_little_at_once() {
    for next in ["a", "c"] {
        let mut world = nearly_done();
        world.events.clear();
        world.start_time.insert(rev("a"), Some(secs(3)));
        world.spec.revision = rev(next);
        world.plan();
        assert!(world.status.route.contains(&(rev("b"), percent(87))));
        comes_back(&mut world);
        let back = world.events.contains(&Event::RolledBack { to: rev("a") });
        assert_eq!(back, next == "a");
        let (phase, weight) = if back { (Phase::Healthy, 0) } else { (Phase::Paused, 90) };
        assert_eq!((world.status.phase, world.weight_of("c")), (phase, weight));
        world.assert_at_rest();
    }
}

#[test]
fn a_step_back_to_nothing_moves_as_little_at_once() {
    let mut world = nearly_done();
    world.command(&Command::Promote).unwrap();
    comes_back(&mut world);
    assert_eq!((world.status.step_index, world.status.phase), (3, Phase::Paused));
}

#[test]
fn a_rolling_update_is_taken_back_as_far_as_it_came() {
    let mut world = World::updating(unrouted(10, Vec::new()));
    world.until(60, |world| world.weight_of("b") >= 60);
    world.command(&ABORT).unwrap();
    comes_back(&mut world);
    assert_eq!(world.weight_of("a"), 100);
}

/// With nobody of the stable revision left, all users stay until somebody of it is back.
#[test]
fn what_serves_alone_keeps_all_until_others_are_back() {
    let mut world = World::updating(unrouted(10, vec![set_weight(100), Step::Pause(None)]));
    world.until(60, |world| world.status.phase == Phase::Paused);
    assert_eq!((world.count_of("a"), world.weight_of("b")), (0, 100));
    world.start_time.insert(rev("a"), None);
    world.command(&ABORT).unwrap();
    world.run(10);
    assert_eq!((world.weight_of("b"), available(&world, "b") >= 8), (100, true));
    world.start_time.clear();
    comes_back(&mut world);
}

/// Replicas that came up while a person holds the update get no requests, and replace nobody.
#[test]
fn what_is_held_stands_in_for_nobody() {
    let mut world = World::updating(unrouted(10, vec![set_weight(50), Step::Pause(None)]));
    world.start_time.insert(rev("b"), Some(secs(4)));
    world.until(10, |world| world.count_of("b") > 0);
    world.command(&Command::Pause).unwrap();
    world.run(20);
    assert!(available(&world, "b") > 0 && world.weight_of("b") == 0);
    assert!(available(&world, "a") >= 8, "they alone get the requests");
    world.command(&Command::Resume).unwrap();
    world.until(60, |world| world.weight_of("b") == 50);
    assert_eq!(world.count_of("a"), 5);
}

/// Of two revisions that leave, one has a replica to spare and the other is held. A share that was
/// rounded down is taken for no more replicas than it was made of: else the spare one would stay in
/// place of one with requests, and the stable revision be given those.
#[test]
fn a_share_that_leaves_stands_for_no_more_replicas_than_it_was_made_of() {
    let mut spec = unrouted(6, Vec::new());
    let canary = canary_of(&mut spec);
    canary.max_surge = CountOrPercent::Count(1);
    canary.max_unavailable = CountOrPercent::Count(0);
    let mut world = World::updating(spec);
    world.run(10);
    world.spec.revision = rev("c");
    world.run(2);
    world.spec.paused = true;
    canary_of(&mut world.spec).steps = vec![Step::Pause(None)];
    for (name, share, wanted, there) in [("a", 50, 3, 3), ("b", 16, 1, 2), ("c", 34, 2, 2)] {
        let (started, broken) = (world.now.before(secs(60)), false);
        world.revisions.insert(rev(name), vec![Replica { started, broken }; there]);
        world.status.revisions.get_mut(&rev(name)).unwrap().replicas = wanted;
        world.router.insert(rev(name), percent(share));
    }
    world.status.route = world.router.clone().into_iter().collect();
    world.plan();
    let seen = world.observe();
    world.plan_on(&seen);
    assert!(world.status.route.contains(&(rev("a"), percent(51))), "{:?}", world.status.route);
}
