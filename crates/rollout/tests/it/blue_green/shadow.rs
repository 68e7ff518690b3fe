//! A preview that is compared with what users get, before it takes over.

use tidegate_rollout::{BlueGreen, Command, Phase, RunKind, RunSeen};
use tidegate_traffic::{CompareSettings, Comparing, RuleAction};

use super::{by_hand, updating, with_both_analyses};
use crate::world::{World, percent, rev};

fn comparing(world: &World) -> Option<&Comparing> {
    world.router_rules.iter().find_map(|rule| match &rule.then {
        RuleAction::Compare(comparing) => Some(comparing),
        _ => None,
    })
}

#[test]
fn a_preview_is_compared_from_its_first_replica_until_it_takes_over() {
    let mut world = updating(BlueGreen { shadow: percent(20), ..by_hand() });
    world.until(60, |world| world.status.phase == Phase::Paused);
    world.run(3);
    let found = comparing(&world).unwrap();
    assert_eq!((&found.to, &found.with, found.share), (&rev("b"), &rev("a"), percent(20)));
    assert_eq!(world.weight_of("b"), 0);
    world.command(&Command::Promote).unwrap();
    world.until(60, |world| world.status.phase == Phase::Healthy);
    assert_eq!((comparing(&world), world.weight_of("b")), (None, 100));
    assert!(world.status.rules.is_empty());
}

#[test]
fn its_analysis_is_asked_while_it_is_compared() {
    let mut world = updating(BlueGreen { shadow: percent(100), ..with_both_analyses() });
    world.until(60, |world| !world.runs.is_empty());
    world.run(3);
    assert!(comparing(&world).is_some());
    world.judge(RunKind::PrePromotion, &RunSeen::Failed("body.price".to_owned()));
    world.until(60, |world| world.status.phase == Phase::Degraded);
    world.run(3);
    assert_eq!((comparing(&world), world.weight_of("b")), (None, 0));
}

#[test]
fn it_is_compared_as_closely_as_it_says() {
    let compare =
        CompareSettings { ignored: vec!["body.build".to_owned()], ..CompareSettings::default() };
    let mut world =
        updating(BlueGreen { shadow: percent(20), compare: compare.clone(), ..by_hand() });
    world.until(60, |world| world.status.phase == Phase::Paused);
    world.run(3);
    assert_eq!(comparing(&world).unwrap().settings, compare);
}

#[test]
fn by_default_all_of_an_answer_is_compared() {
    let mut world = updating(BlueGreen { shadow: percent(20), ..by_hand() });
    world.until(60, |world| world.status.phase == Phase::Paused);
    world.run(3);
    assert!(comparing(&world).unwrap().settings.ignored.is_empty());
}

#[test]
fn without_a_share_nothing_is_compared() {
    let mut world = updating(by_hand());
    world.until(60, |world| world.status.phase == Phase::Paused);
    assert_eq!(comparing(&world), None);
}
