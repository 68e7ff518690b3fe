//! How many replicas each revision has on the way: scales of their own, and stable ones that shrink.

use tidegate_rollout::{
    AnalysisUse, CanaryScale, Command, Phase, RolloutSpec, RunKind, RunSeen, Step, StepState,
    Threshold,
};

use tidegate_units::Weight;

use crate::world::{World, canary_of, rev, routed, secs, set_weight, unrouted};

fn scale(replicas: u32) -> Step {
    Step::SetScale(CanaryScale::Replicas(replicas))
}

/// Ten replicas that take these steps, with a pause after each.
fn ten(steps: &[Step]) -> RolloutSpec {
    let paused = steps.iter().flat_map(|step| [step.clone(), Step::Pause(None)]);
    RolloutSpec { replicas: 10, ..routed(paused.collect()) }
}

fn dynamic(steps: &[Step]) -> RolloutSpec {
    let mut spec = ten(steps);
    let canary = canary_of(&mut spec);
    canary.dynamic_stable = true;
    canary.abort_scale_down_delay = Some(secs(0));
    spec
}

/// Replicas of stable and canary, and the canary's share, once it waits in the n-th pause.
fn at_pause(world: &mut World, nth: usize) -> (usize, usize, u32) {
    if nth > 0 {
        world.command(&Command::Promote).unwrap();
        world.plan();
    }
    let index = 2 * nth + 1;
    world
        .until(60, |world| world.status.step_index == index && world.status.phase == Phase::Paused);
    world.run(5);
    (world.count_of("a"), world.count_of("b"), world.weight_of("b"))
}

#[test]
fn a_scale_of_its_own_holds_until_the_canary_follows_its_share_again() {
    let steps = [
        scale(3),
        set_weight(50),
        Step::SetScale(CanaryScale::Share(80)),
        Step::SetScale(CanaryScale::MatchTraffic),
        scale(15),
        scale(1),
    ];
    let mut world = World::updating(ten(&steps));
    assert_eq!(at_pause(&mut world, 0), (10, 3, 0), "replicas and no share");
    assert_eq!(at_pause(&mut world, 1), (10, 3, 50), "few replicas with half of the requests");
    assert_eq!(at_pause(&mut world, 2), (10, 8, 50));
    assert_eq!(at_pause(&mut world, 3), (10, 5, 50));
    assert_eq!(at_pause(&mut world, 4), (10, 15, 50), "more than are wanted in the end");
    assert_eq!(at_pause(&mut world, 5), (10, 1, 50));
    world.assert_at_rest();
    world.command(&Command::Promote).unwrap();
    world.until(60, |world| world.status.phase == Phase::Healthy);
    assert_eq!((world.count_of("b"), world.weight_of("b")), (10, 100));
}

#[test]
fn a_step_may_set_a_scale_and_a_weight_and_wait_all_at_once() {
    let all = Step::Several(vec![Step::Pause(Some(secs(20))), scale(3), set_weight(50)]);
    let scaled = Step::Several(vec![scale(6), set_weight(60)]);
    let mut world = World::updating(RolloutSpec {
        replicas: 10,
        ..routed(vec![all, scaled, Step::Pause(None)])
    });
    world.run(19);
    assert_eq!((world.count_of("b"), world.weight_of("b"), world.status.step_index), (3, 50, 0));
    world.until(60, |world| world.status.step_index == 2);
    world.run(5);
    assert_eq!((world.count_of("b"), world.weight_of("b")), (6, 60));
    world.assert_at_rest();
}

#[test]
fn an_analysis_beside_a_scale_has_to_succeed() {
    let analysis = Step::Analysis(AnalysisUse::default());
    let step = Step::Several(vec![scale(3), analysis]);
    let mut world = World::updating(RolloutSpec { replicas: 10, ..routed(vec![step]) });
    world.run(30);
    assert_eq!((world.count_of("b"), world.status.step_index), (3, 0), "scaled, and not yet known");
    world.judge(RunKind::Step(0), &RunSeen::Failed("errors".to_owned()));
    world.until(9, |world| world.status.abort.is_some());
}

#[test]
fn a_canary_scaled_to_nothing_gets_nothing() {
    let mut world = World::updating(ten(&[set_weight(50), scale(0), set_weight(80)]));
    assert_eq!(at_pause(&mut world, 0), (10, 5, 50));
    world.command(&Command::Promote).unwrap();
    world.tick();
    assert_eq!((world.weight_of("b"), world.count_of("b")), (50, 5), "told in this tick");
    world.tick();
    assert_eq!((world.weight_of("b"), world.count_of("b")), (0, 5), "its share goes first");
    world.until(9, |world| world.count_of("b") == 0);
    world.command(&Command::Promote).unwrap();
    world.run(9);
    assert_eq!((world.count_of("b"), world.weight_of("b"), world.status.step_index), (0, 0, 5));
    world.assert_at_rest();
}

#[test]
fn an_abort_ends_a_scale_of_its_own() {
    let mut world = World::updating(ten(&[scale(7)]));
    assert_eq!(at_pause(&mut world, 0), (10, 7, 0));
    world.command(&Command::Abort { why: None }).unwrap();
    world.run(29);
    assert_eq!(world.count_of("b"), 7);
    world.run(5);
    assert_eq!(world.count_of("b"), 0);
    world.assert_at_rest();
}

#[test]
fn a_revision_has_no_fewer_replicas_than_it_may() {
    let mut spec = dynamic(&[set_weight(5), set_weight(95), scale(1)]);
    canary_of(&mut spec).least_replicas = 3;
    let mut world = World::updating(spec);
    assert_eq!(at_pause(&mut world, 0), (10, 3, 5));
    assert_eq!(at_pause(&mut world, 1), (3, 10, 95));
    assert_eq!(at_pause(&mut world, 2), (10, 1, 95), "a number is meant as it is written");
    world.command(&Command::Abort { why: None }).unwrap();
    world.until(60, |world| world.count_of("b") == 0);
    assert_eq!((world.count_of("a"), world.weight_of("a")), (10, 100));
    world.spec.replicas = 2;
    world.command(&Command::Retry).unwrap();
    world.until(60, |world| world.status.phase == Phase::Paused);
    assert_eq!((world.count_of("a"), world.count_of("b")), (2, 2), "never more than are wanted");
}

#[test]
fn a_dynamic_stable_revision_shrinks_as_its_share_does_and_never_before() {
    let mut world = World::updating(dynamic(&[set_weight(20), set_weight(60), set_weight(100)]));
    assert_eq!(at_pause(&mut world, 0), (8, 2, 20));
    world.command(&Command::Promote).unwrap();
    world.start_time.insert(rev("b"), None);
    world.run(10);
    assert_eq!((world.count_of("a"), world.count_of("b")), (10, 6), "nothing is carried by those");
    assert_eq!(world.weight_of("a"), 100);
    world.start_time.clear();
    world.until(30, |world| world.weight_of("b") == 60);
    world.run(4);
    assert_eq!((world.count_of("a"), world.count_of("b")), (4, 6));
    assert_eq!(at_pause(&mut world, 2), (0, 10, 100));
    world.command(&Command::Promote).unwrap();
    world.until(20, |world| world.status.phase == Phase::Healthy);
    assert_eq!((world.count_of("a"), world.count_of("b")), (0, 10));
    world.assert_at_rest();
}

/// With `maxTrafficWeight: 1000` a weight of 1 is 0.1 %, and replicas carry whole thousandths.
#[test]
fn weights_of_a_thousand_are_finer_than_a_percent() {
    let fine = |part| Weight::of(part, 1000).unwrap();
    let step = |part| Step::SetWeight(fine(part));
    let mut spec = dynamic(&[step(1), step(125), step(999)]);
    canary_of(&mut spec).max_weight = 1000;
    let mut world = World::updating(spec);
    let share = |world: &World| world.router.get(&rev("b")).copied().unwrap_or_default();
    for (nth, (part, counts)) in
        [(1, (10, 1)), (125, (9, 2)), (999, (1, 10))].into_iter().enumerate()
    {
        let (stable, canary, _) = at_pause(&mut world, nth);
        assert_eq!(((stable, canary), share(&world)), (counts, fine(part)));
        if nth < 2 {
            world.command(&Command::Promote).unwrap();
        }
    }
    let labels: Vec<_> = world.last.as_ref().unwrap().report.steps.iter().collect();
    assert_eq!(labels[0].label, "setWeight: 1");
}

/// Of seven replicas three carry 428 thousandths, not 428.57.
#[test]
fn stable_replicas_carry_whole_parts_of_the_weight() {
    let mut spec = dynamic(&[Step::SetWeight(Weight::of(999, 1000).unwrap())]);
    spec.replicas = 7;
    canary_of(&mut spec).max_weight = 1000;
    let mut world = World::updating(spec);
    at_pause(&mut world, 0);
    world.start_time.insert(rev("a"), Some(secs(6)));
    world.command(&Command::Abort { why: None }).unwrap();
    for _ in 0..60 {
        world.tick();
        let share = world.router.get(&rev("a")).copied().unwrap_or_default();
        let carries = world.observe().revisions[&rev("a")].available * 1000 / 7;
        assert_eq!(Weight::of(share.out_of(1000), 1000), Some(share));
        assert!(share.out_of(1000) <= carries.max(1), "{share} on {carries}");
    }
    assert_eq!((world.weight_of("a"), world.count_of("b")), (100, 0));
    world.assert_at_rest();
}

/// Argo Rollouts gives back the share step by step, as the stable replicas come.
#[test]
fn an_abort_gives_a_dynamic_stable_revision_its_share_as_it_grows() {
    for steps in [vec![set_weight(20), set_weight(80)], vec![set_weight(80)]] {
        let last = steps.len() - 1;
        let mut world = World::updating(dynamic(&steps));
        for nth in 0..last {
            at_pause(&mut world, nth);
        }
        assert_eq!(at_pause(&mut world, last), (2, 8, 80));
        world.start_time.insert(rev("a"), Some(secs(6)));
        world.command(&Command::Abort { why: None }).unwrap();
        let mut shares = vec![80];
        for _ in 0..60 {
            world.tick();
            let (share, carries) = (world.weight_of("a"), world.observe());
            let carries = carries.revisions[&rev("a")].available * 10;
            assert!(share <= carries.max(20), "{share} on {carries}");
            let whole = world.count_of("a") + world.count_of("b");
            assert!(whole <= 18, "{whole} replicas at once");
            shares.push(world.weight_of("b"));
        }
        shares.dedup();
        let expected: &[u32] = if last == 0 { &[80, 0] } else { &[80, 20, 0] };
        assert_eq!(shares, expected);
        assert_eq!((world.count_of("a"), world.count_of("b")), (10, 0));
        world.assert_at_rest();
    }
}

/// Two of three replicas carry 66 %, less than the step's weight leaves them.
#[test]
fn an_aborted_canary_of_thirds_keeps_no_share() {
    let thirds = |count| Step::SetWeight(Weight::of(count, 3).unwrap());
    let mut spec = dynamic(&[thirds(1), thirds(2)]);
    spec.replicas = 3;
    let mut world = World::updating(spec);
    for nth in 0..2 {
        at_pause(&mut world, nth);
    }
    world.command(&Command::Abort { why: None }).unwrap();
    world.until(20, |world| world.weight_of("a") == 100 && world.count_of("b") == 0);
    assert_eq!(world.count_of("a"), 3);
    world.assert_at_rest();
}

#[test]
fn an_aborted_dynamic_canary_stays_if_a_delay_says_so() {
    let mut spec = dynamic(&[set_weight(80)]);
    canary_of(&mut spec).abort_scale_down_delay = Some(secs(20));
    let mut world = World::updating(spec);
    assert_eq!(at_pause(&mut world, 0), (2, 8, 80));
    world.command(&Command::Abort { why: None }).unwrap();
    world.until(20, |world| world.count_of("a") == 10 && world.weight_of("a") == 100);
    world.run(15);
    assert_eq!(world.count_of("b"), 8);
    world.run(10);
    assert_eq!(world.count_of("b"), 0);
}

/// The one that is replaced keeps what the stable revision cannot carry yet.
#[test]
fn what_a_dynamic_stable_revision_cannot_carry_stays_where_it_was() {
    for next in ["a", "c"] {
        let mut world = World::updating(dynamic(&[set_weight(80)]));
        assert_eq!(at_pause(&mut world, 0), (2, 8, 80));
        world.start_time.insert(rev("a"), Some(secs(5)));
        world.spec.revision = rev(next);
        for _ in 0..60 {
            world.tick();
            let stable = world.observe().revisions[&rev("a")].available;
            assert!(world.weight_of("a") <= (stable * 10).max(20));
            if world.weight_of("b") > 0 {
                assert!(world.count_of("b") > 0);
            }
        }
        assert_eq!((world.weight_of("b"), world.count_of("b")), (0, 0));
        let expected = if next == "a" { (10, 100) } else { (2, 20) };
        assert_eq!((world.count_of("a"), world.weight_of("a")), expected);
        world.assert_at_rest();
    }
}

#[test]
fn with_a_threshold_a_step_is_done_before_all_replicas_are_there() {
    let mut spec = routed(vec![set_weight(100), Step::Pause(Some(secs(1)))]);
    spec.replicas = 10;
    canary_of(&mut spec).progress_threshold = Threshold::Percent(80);
    let mut world = World::updating(spec);
    world.until(5, |world| world.count_of("b") == 10);
    world
        .revisions
        .get_mut(&rev("b"))
        .unwrap()
        .iter_mut()
        .take(3)
        .for_each(|one| one.broken = true);
    world.run(10);
    assert_eq!((world.weight_of("b"), world.status.step_index), (0, 0), "seven are too few");
    world.revisions.get_mut(&rev("b")).unwrap()[0].broken = false;
    world.until(20, |world| world.status.stable == Some(rev("b")));
    assert_eq!(world.status.phase, Phase::Progressing, "two are still missing");
    world.revisions.get_mut(&rev("b")).unwrap().iter_mut().for_each(|one| one.broken = false);
    world.until(9, |world| world.status.phase == Phase::Healthy);
}

#[test]
fn without_a_threshold_a_step_waits_for_all_replicas() {
    let mut spec = routed(vec![set_weight(100), Step::Pause(Some(secs(1)))]);
    spec.replicas = 10;
    let mut world = World::updating(spec);
    world.until(5, |world| world.count_of("b") == 10);
    world.revisions.get_mut(&rev("b")).unwrap()[0].broken = true;
    world.run(30);
    assert_eq!((world.weight_of("b"), world.status.step_index), (0, 0), "nine are too few");
    world.revisions.get_mut(&rev("b")).unwrap()[0].broken = false;
    world.until(20, |world| world.status.stable == Some(rev("b")));
}

#[test]
fn a_threshold_holds_without_a_router_too() {
    let mut spec = unrouted(10, vec![set_weight(50), Step::Pause(None)]);
    canary_of(&mut spec).progress_threshold = Threshold::Count(4);
    let mut world = World::updating(spec);
    world.until(30, |world| world.count_of("b") == 5);
    world.revisions.get_mut(&rev("b")).unwrap()[0].broken = true;
    world.until(30, |world| world.status.phase == Phase::Paused);
    let steps = &world.last.as_ref().unwrap().report.steps;
    assert_eq!(steps[0].state, StepState::Done);
}

#[test]
fn of_the_old_revisions_only_so_many_wait_for_their_end() {
    let mut spec = routed(Vec::new());
    canary_of(&mut spec).scale_down_revision_limit = Some(1);
    canary_of(&mut spec).scale_down_delay = secs(100);
    let mut world = World::settled(spec);
    for (next, old, older) in [("b", "a", "z"), ("c", "b", "a"), ("d", "c", "b")] {
        world.spec.revision = rev(next);
        world.until(30, |world| world.status.stable == Some(rev(next)));
        world.run(3);
        assert_eq!((world.count_of(old), world.count_of(older)), (4, 0));
    }
    world.run(101);
    assert_eq!(world.count_of("c"), 0);
    world.assert_at_rest();
}

#[test]
fn without_a_limit_all_old_revisions_wait_for_their_end() {
    let mut spec = routed(Vec::new());
    canary_of(&mut spec).scale_down_delay = secs(1_000);
    let mut world = World::settled(spec);
    for next in ["b", "c", "d"] {
        world.spec.revision = rev(next);
        world.until(30, |world| world.status.stable == Some(rev(next)));
        world.run(3);
    }
    assert_eq!(["a", "b", "c", "d"].map(|name| world.count_of(name)), [4; 4]);
}

/// A scale in percent leaves the stable revision fewer replicas; a lower weight after it gives it more
/// requests all the same.
#[test]
fn a_dynamic_stable_revision_grows_for_what_comes_back_to_it_whatever_the_scale() {
    let half = Step::SetScale(CanaryScale::Share(50));
    let mut world = World::updating(dynamic(&[set_weight(20), half, set_weight(10)]));
    assert_eq!(at_pause(&mut world, 0), (8, 2, 20));
    assert_eq!(at_pause(&mut world, 1), (8, 5, 20));
    assert_eq!(at_pause(&mut world, 2), (9, 5, 10));
}

/// Whenever a router begins to split between three revisions of which the stable one shrinks: what it
/// does not carry stays with the others as each of them had it, and is not heaped on one.
#[test]
fn what_a_dynamic_stable_revision_cannot_carry_is_heaped_on_nobody() {
    for (second, third) in (1..12).flat_map(|second| (1..12).map(move |third| (second, third))) {
        let mut world = World::updating(unrouted(4, Vec::new()));
        world.fates = vec![Some(0), Some(0), Some(0), Some(2)];
        world.run(second);
        world.spec.revision = rev("c");
        world.run(third);
        let canary = canary_of(&mut world.spec);
        (canary.routed, canary.dynamic_stable) = (true, true);
        // Each plan is checked.
        world.run(20);
    }
}
