//! Going back to a revision that was left a short while ago.

use tidegate_rollout::{
    AnalysisUse, BlueGreen, Command, Event, Phase, Route, RouteKind, Shadow, Step, StepState,
};
use tidegate_traffic::{CompareSettings, RequestMatch};

use crate::world::{World, canary_of, epoch, percent, rev, routed, secs, set_weight};

/// Revisions `a`, `b`, `c` and `d` were released one after the other; `d` is stable.
fn four_released(window: u32) -> World {
    let mut world = World::settled(routed(Vec::new()));
    for next in ["b", "c", "d"] {
        world.spec.revision = rev(next);
        world.until(30, |world| world.status.stable == Some(rev(next)));
    }
    world.run(60);
    let canary = canary_of(&mut world.spec);
    canary.steps = vec![set_weight(25), Step::Pause(None)];
    canary.background = Some(AnalysisUse::default());
    world.spec.rollback_window = window;
    world.run(3);
    world.events.clear();
    world
}

#[test]
fn a_return_within_the_window_takes_no_steps_and_no_analysis() {
    for (window, to) in [(1, "c"), (2, "b"), (3, "a"), (3, "b")] {
        let mut world = four_released(window);
        world.spec.revision = rev(to);
        world.until(30, |world| world.status.stable == Some(rev(to)));
        assert!(world.events.contains(&Event::RolledBack { to: rev(to) }));
        assert!(world.runs.is_empty());
        world.until(9, |world| world.status.phase == Phase::Healthy);
        let steps = &world.last.as_ref().unwrap().report.steps;
        assert!(steps.iter().all(|step| step.state == StepState::Skipped), "{steps:?}");
    }
}

/// A route belongs to its step: who skips the step has none, however few replicas are there yet.
#[test]
fn a_return_within_the_window_sets_no_route_of_its_steps() {
    let any = vec![RequestMatch::default()];
    let shadow = Shadow::of_preview(percent(20), CompareSettings::default());
    let steps = vec![
        Step::SetRoute(Route {
            name: "beta".to_owned(),
            any: any.clone(),
            kind: RouteKind::Header,
        }),
        Step::SetRoute(Route {
            name: "copy".to_owned(),
            any,
            kind: RouteKind::Mirror(percent(50)),
        }),
        Step::Shadow(Box::new(shadow)),
        Step::Pause(None),
    ];
    let mut world = four_released(1);
    canary_of(&mut world.spec).steps = steps;
    world.spec.revision = rev("c");
    world.start_time.insert(rev("c"), Some(secs(20)));
    world.until(9, |world| world.count_of("c") == 4);
    // One replica of four is there before the others.
    let first = &mut world.revisions.get_mut(&rev("c")).unwrap()[0];
    first.started = epoch();
    for _ in 0..40 {
        world.tick();
        assert_eq!(world.router_rules, []);
    }
    assert_eq!(world.status.stable, Some(rev("c")));
    assert!(!world.events.iter().any(|event| matches!(event, Event::RoutesSet { .. })));
}

/// Whoever held it may still change what it goes to: its steps count as skipped once it is let go.
#[test]
fn a_return_that_is_held_stays_where_it_is_when_its_steps_change() {
    let mut world = four_released(1);
    canary_of(&mut world.spec).steps.clear();
    world.spec.revision = rev("c");
    world.start_time.insert(rev("c"), None);
    world.run(3);
    world.command(&Command::Pause).unwrap();
    canary_of(&mut world.spec).steps = vec![set_weight(25), Step::Pause(None)];
    world.run(3);
    assert_eq!((world.status.step_index, world.status.skipped_from), (0, None));
    world.start_time.insert(rev("c"), Some(secs(1)));
    world.command(&Command::Resume).unwrap();
    world.until(30, |world| world.status.stable == Some(rev("c")));
    assert!(world.runs.is_empty());
}

#[test]
fn a_return_beyond_the_window_takes_its_steps() {
    for (window, to) in [(0, "c"), (1, "b"), (2, "a")] {
        let mut world = four_released(window);
        world.spec.revision = rev(to);
        world.until(30, |world| world.status.phase == Phase::Paused);
        assert_eq!(world.weight_of(to), 25);
        assert!(!world.runs.is_empty());
    }
}

/// Argo Rollouts lets it through: to it any older revision is one to go back to.
#[test]
fn what_was_taken_back_takes_its_steps_again() {
    let mut world = four_released(3);
    world.spec.revision = rev("e");
    world.until(30, |world| world.status.phase == Phase::Paused);
    world.command(&Command::Abort { why: None }).unwrap();
    world.run(60);
    canary_of(&mut world.spec).steps.clear();
    world.spec.revision = rev("f");
    world.until(30, |world| world.status.stable == Some(rev("f")));
    canary_of(&mut world.spec).steps = vec![set_weight(25), Step::Pause(None)];
    world.spec.revision = rev("e");
    world.until(30, |world| world.status.phase == Phase::Paused);
    assert_eq!(world.weight_of("e"), 25);
}

#[test]
fn blue_green_goes_back_without_its_gates() {
    let mut world = four_released(3);
    let promotion = tidegate_rollout::Promotion::ByHand;
    world.spec.strategy = tidegate_rollout::Strategy::BlueGreen(BlueGreen {
        promotion,
        pre_promotion: Some(AnalysisUse::default()),
        post_promotion: Some(AnalysisUse::default()),
        ..BlueGreen::default()
    });
    world.run(3);
    world.runs.clear();
    world.spec.revision = rev("b");
    world.until(30, |world| world.status.stable == Some(rev("b")));
    assert!(world.runs.is_empty());
    world.spec.revision = rev("d");
    world.until(30, |world| !world.runs.is_empty());
    assert_eq!(world.weight_of("b"), 100, "forward, it is tested");
}

#[test]
fn going_forward_again_takes_its_steps() {
    let mut world = four_released(3);
    world.spec.revision = rev("c");
    world.until(30, |world| world.status.stable == Some(rev("c")));
    world.spec.revision = rev("d");
    world.until(30, |world| world.status.phase == Phase::Paused);
    assert_eq!(world.weight_of("d"), 25);
}

#[test]
fn a_return_can_be_stopped_like_any_other_update() {
    let mut world = four_released(3);
    world.spec.revision = rev("c");
    world.tick();
    world.command(&Command::Abort { why: None }).unwrap();
    world.run(60);
    assert_eq!((world.status.phase, world.weight_of("d")), (Phase::Degraded, 100));
    world.command(&Command::Retry).unwrap();
    world.until(30, |world| world.status.stable == Some(rev("c")));
}
