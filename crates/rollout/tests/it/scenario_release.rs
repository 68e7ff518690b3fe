//! Releases that go well.

use tidegate_rollout::{
    Action, Command, CountOrPercent, Event, PauseReason, Phase, RevisionRole, Step, StepState,
    Waiting,
};
use tidegate_units::{Generation, Weight};

use crate::world::{World, canary_of, percent, rev, routed, secs, set_weight, unrouted};

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
    assert_eq!(world.status.revisions[&rev("a")].scale_down_at, None);
    assert_eq!(world.status.started_at, None);
    let paused = Event::Paused { reason: PauseReason::Step };
    assert!(world.events.contains(&paused));
    world.assert_at_rest();
}

#[test]
fn ping_and_pong_change_with_every_promotion_and_nothing_else() {
    let mut world = World::settled(routed(vec![set_weight(50), Step::Pause(None)]));
    assert!(world.status.stable_is_ping, "the first revision is reached by ping");
    world.spec.revision = rev("b");
    world.until(20, |world| world.status.phase == Phase::Paused);
    world.command(&Command::Abort { why: None }).unwrap();
    world.run(40);
    assert!(world.status.stable_is_ping, "what was taken back was never stable");
    world.command(&Command::Retry).unwrap();
    world.command(&Command::PromoteFull).unwrap();
    world.until(20, |world| world.status.stable == Some(rev("b")));
    assert!(!world.status.stable_is_ping);
}

/// What a person or the ledger is told of a release, in order.
#[test]
fn the_ledger_is_told_each_thing_once_and_in_order() {
    let mut spec = routed(vec![set_weight(25), Step::Pause(Some(secs(5)))]);
    spec.replicas = 1;
    let mut world = World::updating(spec);
    world.run(80);
    let (a, b) = (rev("a"), rev("b"));
    let scaled = |revision: &tidegate_units::RevisionHash, from, to| Event::Scaled {
        revision: revision.clone(),
        from,
        to,
    };
    let weighed = |from, to| Event::WeightSet { revision: b.clone(), from, to };
    let expected = vec![
        Event::RevisionWanted { revision: b.clone(), number: 2 },
        scaled(&b, 0, 1),
        weighed(Weight::ZERO, percent(25)),
        Event::StepCompleted { index: 0 },
        Event::Paused { reason: PauseReason::Step },
        Event::StepCompleted { index: 1 },
        weighed(percent(25), Weight::FULL),
        Event::Resumed,
        Event::Promoted { revision: b.clone() },
        scaled(&a, 1, 0),
    ];
    assert_eq!(world.events, expected);
}

#[test]
fn a_canary_without_steps_goes_all_the_way() {
    let mut world = World::updating(routed(Vec::new()));
    world.until(10, |world| world.count_of("b") == 4);
    assert_eq!(world.weight_of("b"), 0, "not before all of them are available");
    world.until(10, |world| world.status.phase == Phase::Healthy);
    assert_eq!((world.weight_of("b"), world.count_of("a")), (100, 4));
}

#[test]
fn an_unrouted_canary_moves_by_replica_counts() {
    let steps = vec![set_weight(30), Step::Pause(None)];
    let mut world = World::updating(unrouted(10, steps));
    world.until(40, |world| world.status.phase == Phase::Paused);
    assert_eq!((world.count_of("a"), world.count_of("b")), (7, 3));
    assert_eq!(world.weight_of("b"), 30);
    world.command(&Command::Promote).unwrap();
    world.until(60, |world| world.status.stable == Some(rev("b")));
    assert_eq!(world.status.revisions[&rev("a")].scale_down_at, None, "nothing to wait for");
    world.until(60, |world| world.status.phase == Phase::Healthy);
    assert_eq!((world.count_of("a"), world.count_of("b")), (0, 10));
    world.assert_at_rest();
}

#[test]
fn an_unrouted_canary_keeps_its_bounds_on_the_way() {
    for (surge, missing) in [(0, 1), (1, 0), (3, 2), (0, 0)] {
        let mut spec = unrouted(6, Vec::new());
        canary_of(&mut spec).max_surge = CountOrPercent::Count(surge);
        canary_of(&mut spec).max_unavailable = CountOrPercent::Count(missing);
        let mut world = World::updating(spec);
        let most = usize::try_from(6 + surge).unwrap();
        while world.status.phase != Phase::Healthy || world.status.stable != Some(rev("b")) {
            world.tick();
            assert!(world.count_of("a") + world.count_of("b") <= most);
            assert!(world.now.since(crate::world::epoch()) < secs(200));
        }
    }
}

#[test]
fn weight_goes_down_before_replicas_do() {
    let steps = vec![set_weight(75), Step::Pause(None), set_weight(25), Step::Pause(None)];
    let mut world = World::updating(routed(steps));
    world.until(20, |world| world.status.phase == Phase::Paused);
    assert_eq!(world.count_of("b"), 3);
    world.command(&Command::Promote).unwrap();
    world.plan();
    let actions = &world.last.as_ref().unwrap().actions;
    assert!(matches!(actions[..], [Action::Route { .. }]), "{actions:?}");
    world.until(10, |world| world.count_of("b") == 1);
    assert_eq!(world.weight_of("b"), 25);
}

#[test]
fn an_older_split_with_the_same_weights_proves_nothing() {
    let mut world = World::updating(routed(vec![set_weight(25), Step::Pause(None)]));
    world.until(20, |world| world.weight_of("b") == 25);
    world.router_generation = Generation(1);
    world.plan();
    let actions = &world.last.as_ref().unwrap().actions;
    let told = |action: &Action| matches!(action, Action::Route { generation, .. } if *generation == world.status.generation);
    assert!(actions.iter().any(told), "{actions:?}");
    let waiting = &world.last.as_ref().unwrap().report.waiting;
    assert!(waiting.iter().any(|waiting| matches!(waiting, Waiting::Router { .. })));
}

#[test]
fn a_repeat_keeps_its_generation() {
    let mut world = World::updating(routed(vec![set_weight(25)]));
    world.fates = vec![None];
    world.tick();
    let (first, generation) =
        (world.last.as_ref().unwrap().actions.clone(), world.status.generation);
    world.run(20);
    assert_eq!(world.last.as_ref().unwrap().actions, first, "all were lost");
    assert_eq!(world.status.generation, generation);
    world.fates = vec![Some(0)];
    world.until(20, |world| world.weight_of("b") == 25);
    assert!(world.status.generation > generation);
}

#[test]
fn a_canary_whose_replicas_are_gone_gets_nothing_until_they_are_back() {
    let mut world = World::updating(routed(vec![set_weight(25), Step::Pause(None)]));
    world.until(20, |world| world.status.phase == Phase::Paused);
    world.revisions.get_mut(&rev("b")).unwrap()[0].broken = true;
    world.run(2);
    assert_eq!((world.weight_of("b"), world.weight_of("a")), (0, 100));
    world.revisions.get_mut(&rev("b")).unwrap()[0].broken = false;
    world.run(2);
    assert_eq!(world.weight_of("b"), 25);
}

#[test]
fn the_report_tells_roles_steps_and_counts() {
    let steps = vec![set_weight(50), Step::Pause(None), set_weight(75)];
    let mut world = World::updating(routed(steps));
    world.until(20, |world| world.status.phase == Phase::Paused);
    world.run(2);
    let report = &world.last.as_ref().unwrap().report;
    let steps: Vec<_> = report.steps.iter().map(|step| (&*step.label, step.state)).collect();
    assert_eq!(
        steps,
        [
            ("setWeight: 50", StepState::Done),
            ("pause", StepState::Active),
            ("setWeight: 75", StepState::Ahead)
        ]
    );
    let revisions: Vec<_> = report
        .revisions
        .iter()
        .map(|view| (view.revision.as_str(), view.role, view.weight.out_of(100), view.available))
        .collect();
    assert_eq!(revisions, [("b", RevisionRole::Canary, 50, 2), ("a", RevisionRole::Stable, 50, 4)]);
    assert_eq!(report.actual_weight, Some(percent(50)));
    assert_eq!(report.wanted_weight, percent(50));
    assert_eq!(report.waiting, [Waiting::Promotion { reason: PauseReason::Step }]);
    world.command(&Command::PromoteFull).unwrap();
    world.tick();
    let states: Vec<_> =
        world.last.as_ref().unwrap().report.steps.iter().map(|step| step.state).collect();
    assert_eq!(states, [StepState::Done, StepState::Skipped, StepState::Skipped]);
}

#[test]
fn without_a_router_a_step_waits_until_nothing_else_serves() {
    // A replica of stable beyond its number, or one of a revision that was on its way before.
    for surplus in ["a", "b"] {
        let mut spec = unrouted(4, vec![set_weight(50), Step::Pause(None)]);
        canary_of(&mut spec).max_surge = CountOrPercent::Count(3);
        let mut world = World::updating(spec);
        world.until(40, |world| world.status.phase == Phase::Paused);
        world.spec.revision = rev("c");
        for _ in 0..30 {
            world.pass();
            let mut seen = world.observe();
            let more = seen.revisions.entry(rev(surplus)).or_default();
            more.replicas += 1;
            more.available += 1;
            world.plan_on(&seen);
            assert_eq!(world.status.step_index, 0, "with one more of {surplus}");
        }
        world.until(10, |world| world.status.phase == Phase::Paused);
        assert_eq!((world.count_of("a"), world.count_of("c")), (2, 2));
    }
}

#[test]
fn without_a_router_no_weight_means_none_as_soon_as_stable_carries_it() {
    let steps = vec![set_weight(50), Step::Pause(None), set_weight(0), Step::Pause(None)];
    let mut world = World::updating(unrouted(4, steps));
    world.until(40, |world| world.status.phase == Phase::Paused);
    world.command(&Command::Promote).unwrap();
    world.plan();
    assert_eq!(world.status.route, [(rev("b"), percent(33)), (rev("a"), percent(67))]);
    world.until(40, |world| world.count_of("b") == 0);
    assert_eq!((world.count_of("a"), world.weight_of("a")), (4, 100));
}

#[test]
fn what_falls_on_the_way_up_comes_back_to_the_step_before() {
    let steps = vec![set_weight(25), set_weight(75), Step::Pause(None)];
    let mut world = World::updating(routed(steps));
    world.until(20, |world| world.status.step_index == 1);
    world.start_time.insert(rev("b"), Some(secs(30)));
    let first = |world: &mut World, broken| {
        let replicas = world.revisions.get_mut(&rev("b")).unwrap();
        replicas[0].started = crate::world::epoch();
        replicas[0].broken = broken;
    };
    for (broken, weight) in [(false, 25), (true, 0), (false, 25)] {
        first(&mut world, broken);
        world.run(3);
        assert_eq!(world.weight_of("b"), weight);
    }
}

fn conditions(world: &World) -> String {
    let line = |condition: &tidegate_rollout::Condition| {
        let tidegate_rollout::Condition { kind, holds, reason, message, .. } = condition;
        format!("{kind:?}={holds} {reason}: {message}\n")
    };
    world.status.conditions.iter().map(line).collect()
}

/// Scripts wait for these with `kubectl wait` and the like.
#[test]
fn the_conditions_are_those_that_scripts_wait_for() {
    let mut world = World::updating(routed(vec![set_weight(25), Step::Pause(None)]));
    world.tick();
    insta::assert_snapshot!(conditions(&world), @r"
    Available=true AvailableReason: Rollout has minimum availability
    Progressing=true ReplicaSetUpdated: more replicas need to be updated
    Paused=false RolloutPaused: 
    Completed=false RolloutCompleted: Rollout not completed, update to revision 2
    Healthy=false RolloutHealthy: Rollout is not healthy
    InvalidSpec=false InvalidSpec:
    ");
    world.until(20, |world| world.status.phase == Phase::Paused);
    insta::assert_snapshot!(conditions(&world), @r"
    Available=true AvailableReason: Rollout has minimum availability
    Progressing=true RolloutPaused: CanaryPauseStep
    Paused=true RolloutPaused: CanaryPauseStep
    Completed=false RolloutCompleted: Rollout not completed, update to revision 2
    Healthy=false RolloutHealthy: Rollout is not healthy
    InvalidSpec=false InvalidSpec:
    ");
    let since = |world: &World| world.status.conditions[0].since;
    let available_since = since(&world);
    world.command(&Command::Abort { why: None }).unwrap();
    world.tick();
    insta::assert_snapshot!(conditions(&world), @r"
    Available=true AvailableReason: Rollout has minimum availability
    Progressing=false RolloutAborted: Rollout aborted update to revision 2: by ada
    Paused=false RolloutPaused: 
    Completed=false RolloutCompleted: Rollout not completed, update to revision 2
    Healthy=false RolloutHealthy: Rollout is not healthy
    InvalidSpec=false InvalidSpec:
    ");
    assert_eq!(since(&world), available_since, "what did not change keeps its time");
    world.command(&Command::Retry).unwrap();
    world.command(&Command::PromoteFull).unwrap();
    world.until(20, |world| world.status.phase == Phase::Healthy);
    insta::assert_snapshot!(conditions(&world), @r"
    Available=true AvailableReason: Rollout has minimum availability
    Progressing=true NewReplicaSetAvailable: revision 2 has arrived
    Paused=false RolloutPaused: 
    Completed=true RolloutCompleted: Rollout completed update to revision 2
    Healthy=true RolloutHealthy: Rollout is healthy
    InvalidSpec=false InvalidSpec:
    ");
}
