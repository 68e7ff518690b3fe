//! Blue-green: a revision is made whole beside the one that serves, takes over in one step, is
//! judged, and becomes stable or is taken back.

mod cut_over;
mod shadow;
mod taken_back;

use std::time::Duration;

use tidegate_rollout::{
    Action, AnalysisUse, BlueGreen, Command, Event, PauseReason, Phase, Promotion, RevisionRole,
    RolloutSpec, RunKind, RunSeen, StepState, Strategy, TemplateUse, Waiting,
};
use tidegate_units::Weight;

use crate::world::{World, rev, routed, secs};

const ABORT: Command = Command::Abort { why: None };

fn analysis(template: &str) -> AnalysisUse {
    AnalysisUse {
        templates: vec![TemplateUse { name: template.to_owned(), ..TemplateUse::default() }],
        ..AnalysisUse::default()
    }
}

fn spec(settings: BlueGreen) -> RolloutSpec {
    RolloutSpec { strategy: Strategy::BlueGreen(settings), ..routed(Vec::new()) }
}

/// A world in which revision `a` is stable and `b` wanted.
fn updating(settings: BlueGreen) -> World {
    World::updating(spec(settings))
}

fn by_hand() -> BlueGreen {
    BlueGreen { promotion: Promotion::ByHand, ..BlueGreen::default() }
}

fn with_both_analyses() -> BlueGreen {
    BlueGreen {
        pre_promotion: Some(analysis("smoke")),
        post_promotion: Some(analysis("slo")),
        ..BlueGreen::default()
    }
}

/// Ticks until users get revision `name`, by the router's word.
fn until_active(world: &mut World, name: &str) {
    world.until(30, |world| world.weight_of(name) == 100);
}

fn until_run(world: &mut World, kind: RunKind) {
    world.until(30, |world| world.runs.values().any(|(known, _)| *known == kind));
}

/// What the last plan told the router, if anything.
fn routed_to(world: &World) -> Option<Vec<(String, u32)>> {
    let actions = &world.last.as_ref().unwrap().actions;
    actions.iter().find_map(|action| match action {
        Action::Route { weights, .. } => Some(
            weights.iter().map(|(name, weight)| (name.to_string(), weight.out_of(100))).collect(),
        ),
        _ => None,
    })
}

fn steps(world: &World) -> Vec<(String, StepState)> {
    let steps = &world.last.as_ref().unwrap().report.steps;
    steps.iter().map(|step| (step.label.clone(), step.state)).collect()
}

#[test]
fn by_default_the_new_revision_takes_over_once_all_of_it_is_available() {
    let mut world = updating(BlueGreen::default());
    world.start_time.insert(rev("b"), Some(secs(5)));
    for _ in 0..5 {
        world.tick();
        assert_eq!((world.weight_of("a"), world.weight_of("b")), (100, 0));
    }
    assert_eq!((world.count_of("a"), world.count_of("b")), (4, 4));
    assert_eq!(world.status.message, "updated replicas are still becoming available");
    until_active(&mut world, "b");
    let shares: Vec<_> = world
        .events
        .iter()
        .filter(|event| matches!(event, Event::WeightSet { .. }))
        .cloned()
        .collect();
    let taken = Event::WeightSet { revision: rev("b"), from: Weight::ZERO, to: Weight::FULL };
    assert_eq!(shares, [taken], "at once, and nothing in between");
    world.until(5, |world| world.status.stable == Some(rev("b")));
    assert_eq!(world.status.phase, Phase::Healthy);
    assert_eq!(world.count_of("a"), 4, "the old one stands by");
}

#[test]
fn one_missing_replica_keeps_it_from_taking_over() {
    let mut world = updating(BlueGreen::default());
    world.until(30, |world| world.count_of("b") == 4);
    world.revisions.get_mut(&rev("b")).unwrap()[0].broken = true;
    world.run(30);
    assert_eq!((world.weight_of("a"), world.weight_of("b")), (100, 0));
    world.revisions.get_mut(&rev("b")).unwrap()[0].broken = false;
    until_active(&mut world, "b");
}

#[test]
fn the_old_replicas_stay_for_their_time() {
    for (delay, left) in [(30, [4, 0]), (60, [4, 4]), (0, [0, 0])] {
        let delay = secs(delay);
        let mut world = updating(BlueGreen { scale_down_delay: delay, ..BlueGreen::default() });
        world.until(30, |world| world.status.stable == Some(rev("b")));
        let mut seen = [0; 2];
        for count in &mut seen {
            world.run(20);
            *count = world.count_of("a");
        }
        assert_eq!(seen, left, "{delay:?}");
    }
}

#[test]
fn a_revision_that_stands_by_takes_over_again_at_once() {
    let settings = BlueGreen { scale_down_delay: secs(60), ..with_both_analyses() };
    let mut world = updating(BlueGreen { promotion: Promotion::ByHand, ..settings });
    world.command(&Command::PromoteFull).unwrap_err();
    world.tick();
    world.command(&Command::PromoteFull).unwrap();
    world.until(30, |world| world.status.stable == Some(rev("b")));
    world.run(20);
    world.spec.revision = rev("a");
    world.plan();
    assert_eq!(routed_to(&world), Some(vec![("a".to_owned(), 100)]), "in the same plan");
    assert!(world.events.contains(&Event::RolledBack { to: rev("a") }));
    world.until(5, |world| world.status.stable == Some(rev("a")));
    assert!(world.runs.is_empty(), "nothing is measured");
}

#[test]
fn a_revision_that_went_takes_all_gates_again() {
    let mut world = updating(by_hand());
    world.until(30, |world| world.status.phase == Phase::Paused);
    world.command(&Command::Promote).unwrap();
    world.until(30, |world| world.status.stable == Some(rev("b")));
    world.run(40);
    assert_eq!(world.count_of("a"), 0);
    world.spec.revision = rev("a");
    world.until(30, |world| world.status.phase == Phase::Paused);
    assert_eq!(world.weight_of("b"), 100);
}

#[test]
fn a_superseded_preview_that_was_never_stable_does_not_come_back_ungated() {
    let mut world = updating(by_hand());
    world.until(30, |world| world.status.phase == Phase::Paused);
    world.spec.revision = rev("c");
    world.run(8);
    assert_eq!((world.status.phase, world.count_of("c")), (Phase::Paused, 4));
    assert_eq!(world.count_of("b"), 4, "it stays for scaleDownDelaySeconds");
    world.command(&Command::Promote).unwrap();
    world.until(30, |world| world.status.stable == Some(rev("c")));
    world.spec.revision = rev("b");
    world.until(30, |world| world.status.phase == Phase::Paused);
    assert_eq!(world.weight_of("c"), 100);
}

#[test]
fn with_auto_promotion_off_it_waits_to_be_promoted() {
    let mut world = updating(by_hand());
    world.run(400);
    assert_eq!((world.status.phase, world.weight_of("a")), (Phase::Paused, 100));
    assert_eq!(world.status.message, "BlueGreenPause");
    let waiting = &world.last.as_ref().unwrap().report.waiting;
    assert_eq!(waiting, &[Waiting::Promotion { reason: PauseReason::BlueGreen }]);
    assert_eq!(
        steps(&world),
        [
            ("preview".to_owned(), StepState::Done),
            ("pause".to_owned(), StepState::Active),
            ("switch".to_owned(), StepState::Ahead),
        ]
    );
    world.command(&Command::Promote).unwrap();
    world.plan();
    assert_eq!(routed_to(&world), Some(vec![("b".to_owned(), 100)]));
    world.until(5, |world| world.status.phase == Phase::Healthy);
    assert!(steps(&world).iter().all(|(_, state)| *state == StepState::Done));
}

#[test]
fn auto_promotion_seconds_are_counted_from_full_health() {
    let promotion = Promotion::After(secs(20));
    let mut world = updating(BlueGreen { promotion, ..BlueGreen::default() });
    world.start_time.insert(rev("b"), Some(secs(10)));
    world.until(30, |world| world.status.phase == Phase::Paused);
    let paused = world.now;
    world.tick();
    let wake = world.last.as_ref().unwrap().wake_at;
    assert_eq!(wake, Some(paused.after(secs(20))));
    world.until(60, |world| world.weight_of("b") == 100);
    let took = world.now.since(paused);
    assert!(took >= secs(20) && took < secs(23), "{took:?}");
}

#[test]
fn somebody_may_promote_before_the_pause_is_over() {
    let promotion = Promotion::After(secs(200));
    let mut world = updating(BlueGreen { promotion, ..BlueGreen::default() });
    world.until(30, |world| world.status.phase == Phase::Paused);
    world.command(&Command::Promote).unwrap();
    world.until(3, |world| world.weight_of("b") == 100);
}

#[test]
fn a_pause_that_is_taken_out_of_the_spec_holds_no_more() {
    let mut world = updating(by_hand());
    world.until(30, |world| world.status.phase == Phase::Paused);
    world.spec = RolloutSpec { revision: rev("b"), ..spec(BlueGreen::default()) };
    world.until(3, |world| world.weight_of("b") == 100);
}

#[test]
fn fewer_replicas_preview_and_all_take_over() {
    let settings = BlueGreen { preview_replicas: Some(1), ..by_hand() };
    let mut world = updating(settings);
    world.run(60);
    assert_eq!((world.status.phase, world.count_of("b")), (Phase::Paused, 1));
    world.command(&Command::Promote).unwrap();
    world.until(10, |world| world.count_of("b") == 4);
    assert_eq!(world.weight_of("a"), 100, "not before all are available");
    until_active(&mut world, "b");
    world.until(5, |world| world.status.phase == Phase::Healthy);
}

#[test]
fn a_promotion_in_full_asks_for_all_replicas_and_for_nothing_else() {
    let settings = BlueGreen { preview_replicas: Some(1), ..with_both_analyses() };
    let mut world = updating(BlueGreen { promotion: Promotion::ByHand, ..settings });
    until_run(&mut world, RunKind::PrePromotion);
    world.command(&Command::PromoteFull).unwrap();
    world.until(10, |world| world.count_of("b") == 4);
    assert_eq!(world.weight_of("a"), 100);
    world.until(10, |world| world.status.stable == Some(rev("b")));
    assert!(world.runs.values().all(|(kind, _)| *kind == RunKind::PrePromotion));
    assert_eq!(
        steps(&world)[1..],
        [
            ("prePromotionAnalysis: smoke".to_owned(), StepState::Skipped),
            ("pause".to_owned(), StepState::Skipped),
            ("switch".to_owned(), StepState::Done),
            ("postPromotionAnalysis: slo".to_owned(), StepState::Skipped),
        ]
    );
}

#[test]
fn it_takes_over_between_the_two_analyses() {
    let mut world = updating(with_both_analyses());
    until_run(&mut world, RunKind::PrePromotion);
    assert_eq!(world.last.as_ref().unwrap().report.phase, Phase::Progressing);
    world.run(30);
    assert_eq!(world.weight_of("a"), 100, "until the first has succeeded");
    world.judge(RunKind::PrePromotion, &RunSeen::Successful);
    until_active(&mut world, "b");
    until_run(&mut world, RunKind::PostPromotion);
    world.run(60);
    assert_eq!(world.status.stable, Some(rev("a")), "until the second has succeeded");
    assert_eq!(world.status.message, "waiting for analysis to complete");
    assert_eq!(world.count_of("a"), 4, "longer than scaleDownDelaySeconds");
    let view = &world.last.as_ref().unwrap().report.revisions;
    let roles: Vec<_> = view.iter().map(|seen| (seen.number, seen.role)).collect();
    assert_eq!(roles, [(2, RevisionRole::Active), (1, RevisionRole::Stable)]);
    world.judge(RunKind::PostPromotion, &RunSeen::Successful);
    world.until(3, |world| world.status.stable == Some(rev("b")));
    assert_eq!(world.status.phase, Phase::Healthy);
    world.run(31);
    assert_eq!(world.count_of("a"), 0);
    world.assert_at_rest();
}

#[test]
fn a_failed_analysis_before_the_switch_takes_it_back_unseen() {
    for verdict in [RunSeen::Failed("worse".to_owned()), RunSeen::Error("no answer".to_owned())] {
        let mut world = updating(with_both_analyses());
        until_run(&mut world, RunKind::PrePromotion);
        world.judge(RunKind::PrePromotion, &verdict);
        world.plan();
        assert_eq!((world.status.phase, world.weight_of("a")), (Phase::Degraded, 100));
        world.run(60);
        assert!(!world.events.iter().any(|event| matches!(event, Event::WeightSet { .. })));
        assert_eq!(world.count_of("b"), 0);
    }
}

#[test]
fn a_failed_analysis_after_the_switch_gives_everything_back_in_one_plan() {
    for verdict in [RunSeen::Failed("worse".to_owned()), RunSeen::Error("no answer".to_owned())] {
        let mut world = updating(BlueGreen { pre_promotion: None, ..with_both_analyses() });
        until_run(&mut world, RunKind::PostPromotion);
        world.judge(RunKind::PostPromotion, &verdict);
        world.plan();
        assert_eq!(routed_to(&world), Some(vec![("a".to_owned(), 100)]));
        assert!(matches!(world.last.as_ref().unwrap().actions[0], Action::Route { .. }));
        world.run(20);
        assert_eq!(world.count_of("b"), 4, "it stays for abortScaleDownDelaySeconds");
        world.run(20);
        assert_eq!((world.count_of("a"), world.count_of("b")), (4, 0));
        assert_eq!(world.status.phase, Phase::Degraded);
        world.assert_at_rest();
    }
}

#[test]
fn an_analysis_that_could_not_tell_holds_it_and_is_measured_again() {
    let mut world = updating(with_both_analyses());
    until_run(&mut world, RunKind::PrePromotion);
    world.judge(RunKind::PrePromotion, &RunSeen::Inconclusive("few".to_owned()));
    world.run(20);
    assert_eq!(world.status.message, "InconclusiveAnalysisRun");
    assert_eq!(world.weight_of("a"), 100);
    world.command(&Command::Promote).unwrap();
    world.run(5);
    assert_eq!(world.runs.len(), 2, "it is measured again, not believed");
    assert_eq!(world.weight_of("a"), 100);
    world.judge(RunKind::PrePromotion, &RunSeen::Successful);
    until_run(&mut world, RunKind::PostPromotion);
    world.judge(RunKind::PostPromotion, &RunSeen::Inconclusive("few".to_owned()));
    world.run(20);
    assert_eq!((world.status.phase, world.weight_of("b")), (Phase::Paused, 100));
    assert_eq!(world.status.stable, Some(rev("a")));
    world.command(&ABORT).unwrap();
    world.plan();
    assert_eq!(routed_to(&world), Some(vec![("a".to_owned(), 100)]));
}
