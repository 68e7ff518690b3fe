//! Exposure as a budget: which shares a revision gets, and what ends the step.

use tidegate_exposure::Limit;
use tidegate_rollout::{
    CanaryScale, Command, Event, ExposureSettings, PauseReason, Phase, RolloutSpec, Step, Waiting,
};

use crate::world::{World, percent, rev, routed, secs, set_weight};

fn auto(settings: ExposureSettings) -> Step {
    Step::Auto(Box::new(settings))
}

fn spec() -> RolloutSpec {
    routed(vec![auto(ExposureSettings::default()), Step::Pause(None)])
}

/// A world in which `b` is on its way, with so many requests a second.
fn serving(spec: RolloutSpec, rate: u64) -> World {
    let mut world = World::updating(spec);
    world.traffic = (rate, None);
    world
}

/// The shares that `b` was given, in percent.
fn given(world: &World) -> Vec<String> {
    let to = world.events.iter().filter_map(|event| match event {
        Event::WeightSet { revision, to, .. } if *revision == rev("b") => Some(to.to_string()),
        _ => None,
    });
    to.collect()
}

#[test]
fn a_good_revision_gets_more_as_the_evidence_allows() {
    let mut world = serving(spec(), 300);
    world.until(60, |world| world.weight_of("b") == 5);
    world.run(5);
    assert_eq!(world.status.message, "waiting for evidence of what the revision does");
    world.until(200, |world| world.status.step_index == 1);
    assert_eq!(given(&world), ["1%", "5%", "25%", "50%", "100%"]);
    let decided = |event: &&Event| matches!(event, Event::ShareDecided { .. });
    assert_eq!(world.events.iter().filter(decided).count(), 6, "and that the last is given");
    assert_eq!(world.status.exposure, None);
    world.run(20);
    assert_eq!((world.status.phase, world.weight_of("b")), (Phase::Paused, 100));
    world.command(&Command::Promote).unwrap();
    world.until(60, |world| world.status.phase == Phase::Healthy);
}

#[test]
fn replicas_come_before_the_share_that_needs_them() {
    let mut world = serving(spec(), 300);
    world.start_time.insert(rev("b"), Some(secs(30)));
    world.until(30, |world| world.status.exposure.is_some());
    for _ in 0..300 {
        world.tick();
        let (weight, replicas) = (world.router.get(&rev("b")), world.revisions.get(&rev("b")));
        let needed = weight.map_or(0, |weight| weight.rounded_up(4));
        let seen = world.observe().revisions.get(&rev("b")).map_or(0, |seen| seen.available);
        assert!(seen >= needed, "{needed} of {}", replicas.map_or(0, Vec::len));
    }
    assert_eq!((world.weight_of("b"), world.status.deadline_missed), (100, None));
}

#[test]
fn a_revision_that_fails_is_sent_no_more_than_the_budget_and_a_person_is_asked() {
    let mut world = serving(spec(), 100);
    world.traffic = (100, Some(1));
    world.until(400, |world| world.status.phase == Phase::Paused);
    world.run(5);
    let reason = world.status.pause.map(|pause| pause.reason);
    assert_eq!(reason, Some(PauseReason::InconclusiveExposure));
    assert_eq!(world.weight_of("b"), 0);
    assert!(world.counted.unwrap().canary.errors <= 50, "{:?}", world.counted);
    let refused = world.command(&Command::Resume).unwrap_err();
    assert!(refused.reason.contains("budget"), "{refused}");
    world.command(&Command::Abort { why: None }).unwrap();
    world.until(60, |world| world.status.phase == Phase::Degraded);
    world.traffic = (300, None);
    world.command(&Command::Retry).unwrap();
    world.until(300, |world| world.status.step_index == 1);
}

#[test]
fn a_promotion_goes_over_the_step_whatever_is_shown() {
    let mut world = serving(spec(), 300);
    world.until(60, |world| world.weight_of("b") == 1);
    world.command(&Command::Promote).unwrap();
    world.until(20, |world| world.status.step_index == 1);
    world.until(20, |world| world.weight_of("b") == 100);
    let mut world = serving(spec(), 0);
    world.run(10);
    world.command(&Command::PromoteFull).unwrap();
    world.until(60, |world| world.status.phase == Phase::Healthy);
}

#[test]
fn what_a_person_holds_rises_when_it_is_let_go() {
    let mut world = serving(spec(), 300);
    world.until(60, |world| world.weight_of("b") == 5);
    world.command(&Command::Pause).unwrap();
    world.run(120);
    assert_eq!(world.weight_of("b"), 5);
    world.command(&Command::Resume).unwrap();
    world.until(120, |world| world.weight_of("b") == 100);
}

#[test]
fn without_traffic_it_waits_and_says_so_and_a_deadline_asks_a_person() {
    let deadline = Some(secs(700));
    let steps = vec![auto(ExposureSettings { deadline, ..ExposureSettings::default() })];
    let mut world = World::updating(routed(steps));
    world.counted = Some(tidegate_exposure::Counted { at: world.now, ..Default::default() });
    for _ in 0..690 {
        world.counted.as_mut().unwrap().at = world.now;
        world.tick();
    }
    assert_eq!((world.status.phase, world.status.deadline_missed), (Phase::Progressing, None));
    let waiting = &world.last.as_ref().unwrap().report.waiting;
    let limit = waiting.iter().find_map(|it| match it {
        Waiting::Exposure { outlook } => Some(outlook.limit),
        _ => None,
    });
    assert_eq!(limit, Some(Limit::Traffic));
    let message = &world.status.message;
    assert_eq!(message, "waiting for requests to judge the revision by: there are none");
    world.until(30, |world| world.status.phase == Phase::Paused);
    world.command(&Command::Promote).unwrap();
    world.until(60, |world| world.status.phase == Phase::Healthy);
}

#[test]
fn it_goes_on_from_the_share_before_and_ends_where_it_is_told_to() {
    let settings = ExposureSettings { max: percent(20), ..ExposureSettings::default() };
    let mut world = serving(routed(vec![set_weight(10), auto(settings), Step::Pause(None)]), 400);
    world.until(300, |world| world.status.step_index == 2);
    assert_eq!(given(&world), ["10%", "20%"]);
    world.run(30);
    assert_eq!(world.weight_of("b"), 20);
}

#[test]
fn another_revision_or_other_steps_begin_with_nothing_known() {
    let mut world = serving(spec(), 300);
    world.until(60, |world| world.weight_of("b") == 25);
    world.spec.strategy = routed(vec![auto(ExposureSettings::default())]).strategy;
    world.tick();
    world.until(30, |world| world.weight_of("b") == 1);
    let levels = &world.status.exposure.as_ref().unwrap().levels;
    assert!(levels.iter().all(|level| level.charged.get() < 25.0), "{levels:?}");
}

#[test]
fn a_scale_of_its_own_holds_for_every_share() {
    let scale = Step::SetScale(CanaryScale::Replicas(3));
    let mut world = serving(routed(vec![scale, auto(ExposureSettings::default())]), 300);
    world.until(60, |world| world.weight_of("b") == 1);
    assert_eq!(world.status.revisions[&rev("b")].replicas, 3);
    world.until(200, |world| world.status.phase == Phase::Healthy);
}

/// An abort goes back to the first step, which may be one by evidence too: what another step has come to
/// is not its own.
#[test]
fn an_abort_leaves_nothing_of_the_step() {
    let mut spec =
        routed(vec![auto(ExposureSettings::default()), auto(ExposureSettings::default())]);
    spec.progress_deadline = std::time::Duration::from_secs(20);
    spec.progress_deadline_abort = true;
    let mut world = serving(spec, 300);
    world.start_time.insert(rev("b"), None);
    world.until(5, |world| world.status.exposure.is_some());
    world.command(&Command::Promote).unwrap();
    world.until(5, |world| world.status.step_index == 1);
    world.until(60, |world| world.status.abort.is_some());
    assert_eq!((world.status.step_index, &world.status.exposure), (0, &None));
}
