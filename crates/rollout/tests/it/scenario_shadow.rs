//! Shadows: when answers are compared, with whom, and what comes of it.

use tidegate_rollout::{AbortReason, Command, Phase, RunKind, RunSeen, Shadow, Step};
use tidegate_traffic::{CompareSettings, Comparing, RequestMatch, RuleAction};

use crate::world::{World, percent, rev, routed, secs, set_weight};

fn shadow(share: u8, seconds: Option<u64>) -> Step {
    Step::Shadow(Box::new(Shadow {
        share: percent(share),
        any: vec![RequestMatch::default()],
        duration: seconds.map(secs),
        least: 100,
        settings: CompareSettings::default(),
    }))
}

/// What the router compares.
fn comparing(world: &World) -> Option<&Comparing> {
    world.router_rules.iter().find_map(|rule| match &rule.then {
        RuleAction::Compare(comparing) => Some(comparing),
        _ => None,
    })
}

#[test]
fn a_shadow_has_the_replicas_that_its_share_needs_and_no_user() {
    let mut world = World::updating(routed(vec![shadow(50, None), Step::Pause(None)]));
    world.until(60, |world| world.status.phase == Phase::Paused);
    let found = comparing(&world).unwrap();
    assert_eq!((&found.to, &found.with, found.share), (&rev("b"), &rev("a"), percent(50)));
    let wanted = |world: &World| world.status.revisions[&rev("b")].replicas;
    assert_eq!((world.weight_of("b"), wanted(&world)), (0, world.spec.replicas.div_ceil(2)));
    world.command(&Command::Promote).unwrap();
    world.until(60, |world| world.status.phase == Phase::Healthy);
    assert_eq!((comparing(&world), world.weight_of("b")), (None, 100));
}

#[test]
fn a_shadow_for_a_while_is_over_when_it_is_found_alike() {
    let mut world = World::updating(routed(vec![shadow(20, Some(60)), Step::Pause(None)]));
    world.until(60, |world| !world.runs.is_empty());
    assert!(comparing(&world).is_some(), "the router compares before anybody judges");
    let (kind, _) = world.runs.values().next().unwrap();
    assert_eq!(*kind, RunKind::Step(0));
    world.judge(RunKind::Step(0), &RunSeen::Successful);
    world.until(60, |world| world.status.phase == Phase::Paused);
    world.run(3);
    assert_eq!((world.status.step_index, comparing(&world)), (1, None));
}

#[test]
fn a_difference_takes_the_revision_back_before_it_has_a_user() {
    let mut world = World::updating(routed(vec![shadow(20, Some(60)), set_weight(50)]));
    world.until(60, |world| !world.runs.is_empty());
    world.judge(RunKind::Step(0), &RunSeen::Failed("body.price".to_owned()));
    world.until(60, |world| world.status.phase == Phase::Degraded);
    world.run(3);
    let reason = world.status.abort.as_ref().map(|abort| &abort.reason);
    assert!(
        matches!(reason, Some(AbortReason::Analysis { message, .. }) if message == "body.price")
    );
    assert_eq!((comparing(&world), world.weight_of("b")), (None, 0));
}

#[test]
fn one_that_could_not_tell_waits_for_somebody_to_decide() {
    let mut world = World::updating(routed(vec![shadow(20, Some(60)), Step::Pause(None)]));
    world.until(60, |world| !world.runs.is_empty());
    world.judge(RunKind::Step(0), &RunSeen::Inconclusive("12 of 100".to_owned()));
    world.until(60, |world| world.status.phase == Phase::Paused);
    assert_eq!(
        (world.status.step_index, world.status.message.as_str()),
        (0, "InconclusiveAnalysisRun")
    );
    assert!(comparing(&world).is_some(), "it compares while somebody looks");
    world.command(&Command::Promote).unwrap();
    world.until(60, |world| world.status.step_index == 1);
    world.run(3);
    assert_eq!(comparing(&world), None);
}

#[test]
fn a_later_step_ends_it_and_another_begins_anew() {
    let steps = vec![
        shadow(20, None),
        Step::Pause(None),
        shadow(0, None),
        Step::Pause(None),
        shadow(20, None),
        Step::Pause(None),
    ];
    let mut world = World::updating(routed(steps));
    let mut names = Vec::new();
    for step in [1, 3, 5] {
        world.until(60, |world| {
            world.status.phase == Phase::Paused && world.status.step_index == step
        });
        names.push(comparing(&world).map(|it| it.name.clone()));
        world.command(&Command::Promote).unwrap();
    }
    assert!(names[0].is_some() && names[1].is_none() && names[2].is_some(), "{names:?}");
    assert_ne!(names[0], names[2]);
}

#[test]
fn a_retry_begins_its_comparison_anew() {
    let mut world = World::updating(routed(vec![shadow(20, None), Step::Pause(None)]));
    world.until(60, |world| world.status.phase == Phase::Paused);
    let first = comparing(&world).unwrap().name.clone();
    world.command(&Command::Abort { why: None }).unwrap();
    world.until(60, |world| comparing(world).is_none());
    world.command(&Command::Retry).unwrap();
    world.until(60, |world| world.status.phase == Phase::Paused);
    assert_ne!(comparing(&world).unwrap().name, first);
}
