//! Specs that change under way.

use tidegate_rollout::{
    Action, AnalysisUse, Command, CountOrPercent, Event, Phase, RolloutStatus, Step,
};
use tidegate_units::RevisionHash;

use crate::world::{World, canary_of, percent, rev, routed, secs, set_weight, unrouted};

fn paused_at_50() -> World {
    let steps = vec![set_weight(50), Step::Pause(None), set_weight(75), Step::Pause(None)];
    let mut world = World::updating(routed(steps));
    world.until(20, |world| world.status.phase == Phase::Paused);
    world
}

#[test]
fn replicas_follow_the_spec_in_proportion() {
    let mut world = paused_at_50();
    world.spec.replicas = 10;
    world.run(4);
    assert_eq!((world.count_of("a"), world.count_of("b"), world.weight_of("b")), (10, 5, 50));
    world.spec.replicas = 2;
    world.run(4);
    assert_eq!((world.count_of("a"), world.count_of("b"), world.weight_of("b")), (2, 1, 50));
    world.assert_at_rest();
}

#[test]
fn an_unrouted_canary_scales_in_proportion() {
    let mut world = World::updating(unrouted(4, vec![set_weight(50), Step::Pause(None)]));
    world.until(40, |world| world.status.phase == Phase::Paused);
    world.spec.replicas = 10;
    world.run(20);
    assert_eq!((world.count_of("a"), world.count_of("b")), (5, 5));
    world.spec.replicas = 2;
    world.run(20);
    assert_eq!((world.count_of("a"), world.count_of("b")), (1, 1));
}

#[test]
fn no_replicas_at_all_is_a_wish_like_any_other() {
    for mut spec in [routed(vec![set_weight(50)]), unrouted(0, vec![set_weight(50)])] {
        spec.replicas = 0;
        let mut world = World::settled(spec);
        world.spec.revision = rev("b");
        world.until(5, |world| world.status.stable == Some(rev("b")));
        world.until(2, |world| world.status.phase == Phase::Healthy);
        world.spec.replicas = 2;
        world.until(10, |world| world.count_of("b") == 2 && world.weight_of("b") == 100);
        world.until(3, |world| world.status.phase == Phase::Healthy);
        world.assert_at_rest();
    }
}

#[test]
fn a_rollout_can_be_scaled_to_nothing_in_the_middle() {
    let mut world = paused_at_50();
    world.spec.replicas = 0;
    world.run(5);
    assert_eq!((world.count_of("a"), world.count_of("b")), (0, 0));
    assert_eq!(world.status.stable, Some(rev("a")), "a pause holds all the same");
    world.spec.replicas = 4;
    world.run(6);
    assert_eq!((world.count_of("b"), world.weight_of("b")), (2, 50));
}

#[test]
fn nothing_moves_while_the_spec_is_paused() {
    let mut world = World::settled(routed(vec![set_weight(50)]));
    world.spec.paused = true;
    world.spec.revision = rev("b");
    world.run(20);
    assert_eq!((world.count_of("b"), world.status.step_index), (0, 0));
    assert_eq!(
        (world.status.phase, world.status.message.as_str()),
        (Phase::Paused, "manually paused")
    );
    let refused = world.command(&Command::Promote).unwrap_err();
    assert_eq!(refused.hint.as_deref(), Some("apply it with spec.paused: false"));
    world.spec.paused = false;
    world.until(20, |world| world.status.stable == Some(rev("b")));
}

#[test]
fn changed_steps_start_over() {
    let mut world = paused_at_50();
    canary_of(&mut world.spec).steps = vec![set_weight(25), Step::Pause(None)];
    world.plan();
    assert_eq!(world.status.step_index, 0);
    world.run(3);
    assert_eq!((world.weight_of("b"), world.status.step_index), (25, 1));
    assert_eq!(world.status.attempt, 1, "runs get new names");
}

#[test]
fn changed_steps_are_judged_anew_from_the_starting_step_on() {
    let mut world = paused_at_50();
    let canary = canary_of(&mut world.spec);
    (canary.background, canary.starting_step) = (Some(AnalysisUse::default()), 1);
    world.tick();
    let first = world.status.background_run.clone().unwrap();
    canary_of(&mut world.spec).steps = vec![set_weight(25), Step::Pause(None)];
    world.plan();
    assert_eq!(world.status.background_run, None);
    world.until(5, |world| world.status.step_index == 1);
    world.tick();
    assert_ne!(world.status.background_run.as_ref().unwrap().name, first.name);
}

#[test]
fn changed_steps_try_what_was_taken_back_again() {
    let mut world = paused_at_50();
    world.command(&Command::Abort { why: None }).unwrap();
    world.run(3);
    assert_eq!((world.status.phase, world.weight_of("b")), (Phase::Degraded, 0));
    canary_of(&mut world.spec).steps = vec![set_weight(25), Step::Pause(None)];
    world.until(9, |world| world.status.phase == Phase::Paused);
    assert_eq!((world.weight_of("b"), world.status.step_index), (25, 1));
    assert_eq!((&world.status.abort, world.status.attempt), (&None, 1));
}

/// As in Argo Rollouts: what is paused is the way to another revision.
#[test]
fn replicas_are_replaced_while_the_spec_is_paused() {
    let mut world = paused_at_50();
    world.spec.paused = true;
    world.tick();
    let moment = world.now.after(secs(1));
    world.spec.restart_at = Some(moment);
    world.until(20, |world| world.status.restarted_at == Some(moment));
    let replicas = world.revisions.values().flatten();
    assert!(replicas.copied().all(|replica| replica.started >= moment));
    assert_eq!((world.status.step_index, world.status.phase), (1, Phase::Paused));
}

#[test]
fn changed_steps_mean_nothing_to_a_release_that_is_done() {
    let mut world = World::settled(routed(vec![set_weight(25)]));
    canary_of(&mut world.spec).steps = vec![set_weight(50), Step::Pause(None)];
    world.tick();
    world.assert_at_rest();
    assert_eq!((world.status.phase, world.status.step_index), (Phase::Healthy, 2));
}

#[test]
fn old_replicas_are_replaced_at_the_moment_asked_for() {
    let mut world = World::settled(routed(vec![set_weight(25)]));
    let moment = world.now.after(secs(10));
    world.spec.restart_at = Some(moment);
    world.tick();
    assert_eq!(world.last.as_ref().unwrap().wake_at, Some(moment));
    assert_eq!(world.last.as_ref().unwrap().actions, Vec::new());
    assert_eq!(world.status.phase, Phase::Healthy, "it is not due yet");
    world.until(12, |world| world.status.restart_before == Some(moment));
    let asked = |action: &Action| matches!(action, Action::Scale { restart_before, replicas: 4, .. } if *restart_before == Some(moment));
    assert!(world.last.as_ref().unwrap().actions.iter().any(asked));
    assert_eq!(world.status.message, "rollout is restarting");
    world.until(10, |world| world.status.restarted_at == Some(moment));
    assert!(world.revisions[&rev("a")].iter().all(|replica| replica.started >= moment));
    assert!(world.events.contains(&Event::Restarted));
    assert_eq!(world.status.phase, Phase::Healthy);
    world.assert_at_rest();
}

#[test]
fn revisions_beyond_the_limit_are_forgotten_oldest_first() {
    let mut spec = routed(Vec::new());
    spec.revision_history_limit = 2;
    canary_of(&mut spec).scale_down_delay = secs(1);
    let mut world = World::settled(spec);
    for name in ["b", "c", "d", "e"] {
        world.spec.revision = rev(name);
        world.run(30);
    }
    let known: Vec<&str> = world.status.revisions.keys().map(RevisionHash::as_str).collect();
    assert_eq!(known, ["c", "d", "e"]);
    let forgotten: Vec<_> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Forgotten { revision } => Some(revision.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(forgotten, ["a", "b"]);
}

#[test]
fn replicas_that_nobody_knows_end_once_nothing_is_routed_to_them() {
    let mut world = World::settled(routed(Vec::new()));
    let replicas = world.revisions[&rev("a")].clone();
    world.revisions.insert(rev("lost"), replicas);
    let ends = |action: &Action| matches!(action, Action::Scale { revision, replicas: 0, .. } if *revision == rev("lost"));
    let mut seen = world.observe();
    seen.routed = None;
    world.plan_on(&seen);
    assert!(!world.last.as_ref().unwrap().actions.iter().any(ends), "nobody knows where it goes");
    let router = world.router.clone();
    world.router = [(rev("lost"), percent(100))].into();
    world.plan();
    assert!(!world.last.as_ref().unwrap().actions.iter().any(ends));
    world.router = router;
    world.plan();
    assert!(world.last.as_ref().unwrap().actions.iter().any(ends));
    world.run(2);
    assert_eq!(world.count_of("lost"), 0);
}

/// The status is lost while nothing may move: what serves is all that is known.
#[test]
fn what_serves_is_kept_by_a_rollout_that_was_forgotten_while_paused() {
    for mut spec in [routed(Vec::new()), unrouted(4, Vec::new())] {
        canary_of(&mut spec).max_unavailable = CountOrPercent::Count(0);
        let mut world = World::settled(spec);
        world.spec.paused = true;
        world.status = RolloutStatus::default();
        world.run(5);
        assert_eq!(world.status.revisions[&rev("a")].replicas, 4);
        assert_eq!((world.count_of("a"), world.weight_of("a")), (4, 100));
    }
}

#[test]
fn a_status_survives_being_stored() {
    let world = paused_at_50();
    let stored = serde_json::to_string(&world.status).unwrap();
    let read: RolloutStatus = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, world.status);
}

#[test]
fn a_promotion_in_full_is_for_one_revision() {
    let mut world = paused_at_50();
    world.start_time.insert(rev("b"), None);
    world.command(&Command::PromoteFull).unwrap();
    world.tick();
    world.spec.revision = rev("c");
    world.until(20, |world| world.status.phase == Phase::Paused);
    assert_eq!((world.weight_of("c"), world.status.step_index), (50, 1));
}

#[test]
fn no_analysis_begins_while_the_spec_is_paused() {
    let mut spec = routed(vec![set_weight(50)]);
    let analysis = AnalysisUse::default();
    canary_of(&mut spec).background = Some(analysis);
    let mut world = World::settled(spec);
    world.spec.paused = true;
    world.spec.revision = rev("b");
    world.run(5);
    assert!(world.runs.is_empty());
    world.spec.paused = false;
    world.run(3);
    assert_eq!(world.runs.len(), 1);
}
