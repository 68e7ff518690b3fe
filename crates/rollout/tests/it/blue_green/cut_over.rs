//! A switch that is gradual: one share of the requests after the other.

use tidegate_rollout::CutOver;

use super::*;
use crate::world::percent;

fn gradual(shares: &[(u8, u64)]) -> BlueGreen {
    let share =
        |(weight, wait): &(u8, u64)| CutOver { weight: percent(*weight), wait: secs(*wait) };
    BlueGreen { cut_over: shares.iter().map(share).collect(), ..BlueGreen::default() }
}

/// The shares that revision `b` was ever told to have, in order.
fn shares(world: &World) -> Vec<u32> {
    let share = |event: &Event| match event {
        Event::WeightSet { revision, to, .. } if *revision == rev("b") => Some(to.out_of(100)),
        _ => None,
    };
    world.events.iter().filter_map(share).collect()
}

#[test]
fn requests_are_taken_share_by_share_each_for_its_time() {
    let mut world = updating(gradual(&[(10, 20), (50, 30)]));
    world.until(30, |world| world.weight_of("b") == 10);
    world.run(19);
    assert_eq!((world.weight_of("b"), world.count_of("a"), world.count_of("b")), (10, 4, 4));
    world.until(9, |world| world.weight_of("b") == 50);
    world.run(29);
    assert_eq!(world.weight_of("b"), 50);
    world.until(9, |world| world.weight_of("b") == 100);
    world.until(9, |world| world.status.stable == Some(rev("b")));
    assert_eq!(shares(&world), [10, 50, 100]);
    assert_eq!(world.count_of("a"), 4, "the old one stands by");
    world.run(40);
    world.assert_at_rest();
}

#[test]
fn by_default_there_are_no_shares() {
    assert!(BlueGreen::default().cut_over.is_empty());
}

#[test]
fn the_report_tells_of_the_shares_and_of_how_long_one_holds() {
    let mut world = updating(gradual(&[(10, 20), (50, 30)]));
    world.until(30, |world| world.status.blue_green.share_since.is_some());
    let report = &world.last.as_ref().unwrap().report;
    let steps: Vec<_> = report.steps.iter().map(|it| (it.label.as_str(), it.state)).collect();
    let expected = [
        ("preview", StepState::Done),
        ("cut over: 10% for 20s", StepState::Active),
        ("cut over: 50% for 30s", StepState::Ahead),
        ("switch", StepState::Ahead),
    ];
    assert_eq!(steps, expected);
    let until = world.status.blue_green.share_since.unwrap().after(secs(20));
    assert!(report.waiting.contains(&Waiting::PauseUntil { until }), "{:?}", report.waiting);
    let reached = report.blue_green.clone().unwrap();
    assert_eq!((reached.active, reached.preview), (Some(rev("a")), rev("b")));
    assert_eq!(report.wanted_weight, percent(10));
}

#[test]
fn an_abort_takes_everything_back_at_once() {
    let mut world = updating(gradual(&[(10, 5), (50, 600)]));
    world.until(60, |world| world.weight_of("b") == 50);
    world.command(&ABORT).unwrap();
    world.tick();
    assert_eq!(routed_to(&world), Some(vec![("a".to_owned(), 100)]));
    world.command(&Command::Retry).unwrap();
    world.until(60, |world| world.weight_of("b") == 10);
}

#[test]
fn another_revision_sends_everything_back_and_begins_with_the_first_share() {
    let mut world = updating(gradual(&[(10, 5), (50, 600)]));
    world.until(60, |world| world.weight_of("b") == 50);
    world.spec.revision = rev("c");
    world.plan();
    assert_eq!(routed_to(&world), Some(vec![("a".to_owned(), 100)]));
    world.until(60, |world| world.weight_of("c") == 10);
    assert_eq!(world.weight_of("b"), 0);
}

#[test]
fn a_promotion_ends_the_share_that_holds_and_one_in_full_all() {
    let mut world = updating(gradual(&[(10, 600), (30, 600), (50, 600)]));
    world.until(60, |world| world.status.blue_green.share_since.is_some());
    world.command(&Command::Promote).unwrap();
    world.until(9, |world| world.weight_of("b") == 30);
    world.command(&Command::PromoteFull).unwrap();
    world.until(9, |world| world.weight_of("b") == 100);
    assert_eq!(shares(&world), [10, 30, 100]);
    world.until(9, |world| world.status.phase == Phase::Healthy);
    let report = &world.last.as_ref().unwrap().report;
    let waits = |wait: &Waiting| matches!(wait, Waiting::PauseUntil { .. });
    assert!(!report.waiting.iter().any(waits), "no share is left to hold");
    world.run(40);
    world.assert_at_rest();
}

#[test]
fn the_gates_come_before_the_first_share_and_the_last_one_after_all() {
    let settings = BlueGreen { cut_over: gradual(&[(25, 5)]).cut_over, ..with_both_analyses() };
    let mut world = updating(settings);
    until_run(&mut world, RunKind::PrePromotion);
    world.run(20);
    assert_eq!(world.weight_of("b"), 0);
    world.judge(RunKind::PrePromotion, &RunSeen::Successful);
    world.until(20, |world| world.weight_of("b") == 25);
    assert!(world.runs.values().all(|(kind, _)| *kind != RunKind::PostPromotion));
    until_run(&mut world, RunKind::PostPromotion);
    assert_eq!(world.weight_of("b"), 100);
    world.judge(RunKind::PostPromotion, &RunSeen::Failed("slow".to_owned()));
    world.tick();
    assert_eq!(routed_to(&world), Some(vec![("a".to_owned(), 100)]));
}

#[test]
fn a_lost_replica_keeps_the_share_from_rising_and_all_lost_give_it_back() {
    let mut world = updating(gradual(&[(50, 10), (75, 10)]));
    world.until(60, |world| world.status.blue_green.share_since.is_some());
    world.revisions.get_mut(&rev("b")).unwrap()[0].broken = true;
    world.run(40);
    assert_eq!(world.weight_of("b"), 50, "three of four carry the half");
    for replica in world.revisions.get_mut(&rev("b")).unwrap() {
        replica.broken = true;
    }
    world.until(9, |world| world.weight_of("a") == 100);
    for replica in world.revisions.get_mut(&rev("b")).unwrap() {
        replica.broken = false;
    }
    world.until(60, |world| world.weight_of("b") == 75);
}

#[test]
fn what_is_held_stays_at_its_share() {
    let mut world = updating(gradual(&[(10, 5), (50, 5)]));
    world.until(60, |world| world.status.blue_green.share_since.is_some());
    world.command(&Command::Pause).unwrap();
    world.run(60);
    assert_eq!(world.weight_of("b"), 10);
    world.command(&Command::Resume).unwrap();
    world.until(60, |world| world.status.phase == Phase::Healthy);
}

#[test]
fn no_deadline_passes_while_a_share_holds() {
    let mut spec = spec(gradual(&[(10, 120)]));
    spec.progress_deadline = secs(30);
    let mut world = World::updating(spec);
    world.until(60, |world| world.status.blue_green.share_since.is_some());
    world.run(100);
    assert_eq!((world.status.phase, world.weight_of("b")), (Phase::Progressing, 10));
}

#[test]
fn the_default_analysis_compares_the_two_while_both_have_users() {
    let settings = BlueGreen { default_watch: true, ..gradual(&[(10, 30)]) };
    let mut world = updating(settings.clone());
    world.until(30, |world| world.weight_of("b") == 10);
    until_run(&mut world, RunKind::Watch);
    world.judge(RunKind::Watch, &RunSeen::Failed("worse".to_owned()));
    world.tick();
    assert_eq!(routed_to(&world), Some(vec![("a".to_owned(), 100)]));
    let at_once = BlueGreen { cut_over: Vec::new(), ..settings };
    let mut world = updating(at_once);
    world.until(60, |world| world.status.phase == Phase::Healthy);
    assert!(world.runs.is_empty(), "no two have users where all are switched at once");
}
