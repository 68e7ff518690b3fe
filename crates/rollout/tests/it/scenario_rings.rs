//! Rings: who gets the new revision before the others, ring after ring.

use tidegate_rollout::{
    AnalysisUse, CanaryScale, Command, Phase, Ring, RingState, RolloutSpec, Route, RouteKind,
    RunKind, RunSeen, Step, StepState,
};
use tidegate_traffic::{HeaderMatch, RequestMatch, RuleAction, TextMatch, UserKey, UserShare};

use crate::world::{World, canary_of, percent, rev, routed, secs, set_weight};

/// A ring of the testers.
fn testers() -> Ring {
    let header = HeaderMatch { name: "x-tester".to_owned(), any: vec![TextMatch::Present] };
    ring("testers", RequestMatch { headers: vec![header], ..RequestMatch::default() })
}

/// A ring of a share of the visitors.
fn visitors(percent: u16) -> Ring {
    let by = UserKey::Visitor;
    let users = UserShare { hundredths: percent * 100, by, salt: "default/web".to_owned() };
    let any = RequestMatch { users: Some(users), ..RequestMatch::default() };
    ring(&format!("visitors-{percent}"), any)
}

fn ring(name: &str, any: RequestMatch) -> Ring {
    let soak = std::time::Duration::ZERO;
    Ring { name: name.to_owned(), any: vec![any], scale: None, soak, analysis: None }
}

fn soaking(seconds: u64, ring: Ring) -> Step {
    Step::Ring(Ring { soak: secs(seconds), ..ring })
}

/// Revision `b` of ten replicas under way with these steps.
fn updating(steps: Vec<Step>) -> World {
    World::updating(RolloutSpec { replicas: 10, ..routed(steps) })
}

/// The names of the rules that the router follows.
fn rules(world: &World) -> Vec<&str> {
    world.router_rules.iter().map(|rule| rule.name.as_str()).collect()
}

fn three() -> Vec<Step> {
    vec![soaking(20, testers()), soaking(30, visitors(5)), soaking(20, visitors(50))]
}

#[test]
fn rings_open_one_after_the_other_and_whoever_is_in_stays_in() {
    let mut world = updating(three());
    let mut most = Vec::new();
    for _ in 0..200 {
        world.tick();
        let now: Vec<String> = rules(&world).into_iter().map(str::to_owned).collect();
        let arrived = world.status.phase == Phase::Healthy;
        assert!(now.len() >= most.len() || arrived, "{most:?} became {now:?}");
        most = now;
        let others = if arrived { 100 } else { 0 };
        assert!(world.weight_of("b") == 0 || world.status.step_index == 3 || others == 100);
        if arrived {
            break;
        }
    }
    assert_eq!((world.status.phase, world.weight_of("b")), (Phase::Healthy, 100));
    assert!(rules(&world).is_empty());
    world.assert_at_rest();
}

#[test]
fn a_ring_soaks_from_when_it_is_open_and_a_promotion_ends_that() {
    let mut world = updating(three());
    world.start_time.insert(rev("b"), Some(secs(15)));
    world.until(60, |world| world.status.phase == Phase::Paused);
    let opened = world.status.ring_open.unwrap();
    assert!(
        opened >= world.status.step_started.unwrap().after(secs(15)),
        "no sooner than replicas"
    );
    world.run(17);
    assert_eq!((rules(&world), world.status.step_index), (vec!["testers"], 0));
    world.until(9, |world| world.status.step_index == 1);
    assert!(world.now >= opened.after(secs(20)));
    world.until(60, |world| rules(world) == ["testers", "visitors-5"]);
    world.run(3);
    world.command(&Command::Promote).unwrap();
    world.until(9, |world| world.status.step_index == 2);
    world.until(60, |world| rules(world).len() == 3);
    assert!(world.router_rules.iter().all(|rule| rule.then == RuleAction::Send { to: rev("b") }));
}

#[test]
fn the_report_tells_of_the_ring_that_soaks_and_of_the_next() {
    let mut world = updating(three());
    world.until(60, |world| rules(world).len() == 2 && world.status.ring_open.is_some());
    let report = &world.last.as_ref().unwrap().report;
    let rings = report.rings.iter().map(|ring| (ring.users.as_str(), ring.state));
    assert_eq!(
        rings.collect::<Vec<_>>(),
        [
            ("header x-tester is there", RingState::Open),
            ("5% of visitors", RingState::Open),
            ("50% of visitors", RingState::Ahead),
        ]
    );
    let until = world.status.ring_open.map(|open| open.after(secs(30)));
    let soaks: Vec<_> = report.rings.iter().map(|ring| ring.soaks_until).collect();
    assert_eq!(soaks, [None, until, None]);
    let steps = report.steps.iter().map(|step| (step.label.as_str(), step.state));
    assert_eq!(
        steps.collect::<Vec<_>>(),
        [
            ("ring: testers", StepState::Done),
            ("ring: visitors-5", StepState::Active),
            ("ring: visitors-50", StepState::Ahead),
        ]
    );
}

#[test]
fn an_abort_empties_all_rings_at_once_and_a_retry_begins_with_the_first() {
    let mut world = updating(three());
    world.until(90, |world| rules(world).len() == 3);
    world.command(&Command::Abort { why: None }).unwrap();
    world.tick();
    assert!(world.status.rules.is_empty(), "told in the same tick");
    assert!(world.last.as_ref().unwrap().report.rings.is_empty());
    world.until(9, |world| rules(world).is_empty());
    world.command(&Command::Retry).unwrap();
    world.until(60, |world| !rules(world).is_empty());
    assert_eq!(rules(&world), ["testers"]);
}

#[test]
fn an_abort_that_is_tried_again_at_once_begins_with_the_first_ring_too() {
    let mut world = updating(three());
    world.until(90, |world| rules(world).len() == 3);
    world.command(&Command::Abort { why: None }).unwrap();
    world.command(&Command::Retry).unwrap();
    world.tick();
    world.until(9, |world| world.status.ring_open.is_some());
    assert_eq!((rules(&world), world.status.step_index), (vec!["testers"], 0));
}

#[test]
fn a_promotion_in_full_sends_nobody_back_and_opens_no_ring() {
    let mut world = updating(three());
    world.until(60, |world| rules(world).len() == 2 && world.status.ring_open.is_some());
    world.start_time.insert(rev("b"), Some(secs(10)));
    world.command(&Command::PromoteFull).unwrap();
    for _ in 0..60 {
        world.tick();
        if world.status.phase == Phase::Healthy {
            break;
        }
        assert!(world.weight_of("b") == 100 || rules(&world) == ["testers", "visitors-5"]);
    }
    assert_eq!((world.status.phase, world.weight_of("b")), (Phase::Healthy, 100));
}

#[test]
fn an_analysis_of_a_ring_has_to_succeed_and_its_failure_empties_all() {
    let judged = Ring { analysis: Some(AnalysisUse::default()), ..visitors(5) };
    let steps = vec![Step::Ring(testers()), Step::Ring(judged), soaking(9, visitors(50))];
    let mut world = updating(steps.clone());
    world.until(60, |world| world.status.ring_open.is_some() && world.status.step_index == 1);
    world.run(60);
    assert_eq!((world.status.step_index, world.status.phase), (1, Phase::Progressing));
    world.judge(RunKind::Step(1), &RunSeen::Successful);
    world.until(9, |world| world.status.step_index == 2);
    let mut world = updating(steps);
    world.until(60, |world| world.status.ring_open.is_some() && world.status.step_index == 1);
    world.tick();
    world.judge(RunKind::Step(1), &RunSeen::Failed("errors".to_owned()));
    world.until(9, |world| world.status.abort.is_some());
    world.tick();
    assert!(rules(&world).is_empty());
}

#[test]
fn an_analysis_that_cannot_tell_holds_the_ring_open() {
    let judged = Ring { analysis: Some(AnalysisUse::default()), soak: secs(60), ..visitors(5) };
    let mut world = updating(vec![Step::Ring(judged), Step::Ring(visitors(50))]);
    world.until(60, |world| world.status.step_run.is_some());
    world.tick();
    world.judge(RunKind::Step(0), &RunSeen::Inconclusive("too few".to_owned()));
    world.run(90);
    assert_eq!((rules(&world), world.status.step_index), (vec!["visitors-5"], 0));
    world.command(&Command::Promote).unwrap();
    world.until(9, |world| world.status.step_index == 1);
}

#[test]
fn a_ring_has_a_scale_of_its_own_or_what_its_users_need() {
    let scaled = |scale, ring| Step::Ring(Ring { scale: Some(scale), soak: secs(5), ..ring });
    let steps = vec![
        soaking(5, testers()),
        soaking(5, visitors(25)),
        scaled(CanaryScale::Replicas(4), visitors(30)),
        set_weight(20),
        Step::Pause(None),
        set_weight(80),
        Step::Pause(None),
        soaking(5, visitors(31)),
        Step::Pause(None),
    ];
    let mut world = updating(steps);
    let mut counts = Vec::new();
    let mut at = |world: &mut World, step: usize| {
        world.until(120, |world| {
            world.status.step_index == step && world.status.phase == Phase::Paused
        });
        counts.push(world.count_of("b"));
    };
    for step in [0, 1, 2, 4] {
        at(&mut world, step);
    }
    world.command(&Command::Promote).unwrap();
    at(&mut world, 6);
    world.command(&Command::Promote).unwrap();
    at(&mut world, 8);
    // One for a header; 25 % of 10; its own four, which carry 20 % of the others; 80 %; and without a
    // scale 31 % of the users and 80 % of the others.
    assert_eq!(counts, [1, 3, 4, 4, 8, 9]);
    assert_eq!(world.count_of("a"), 10, "the stable one stays whole");
}

#[test]
fn a_ring_opens_once_its_replicas_are_there_and_earlier_ones_stay_open_until_then() {
    let scaled = Ring { scale: Some(CanaryScale::Share(50)), ..visitors(10) };
    let mut world = updating(vec![soaking(40, testers()), soaking(9, scaled)]);
    world.until(60, |world| world.status.ring_open.is_some());
    world.run(30);
    world.start_time.insert(rev("b"), Some(secs(25)));
    world.until(30, |world| world.status.step_index == 1);
    world.run(15);
    assert_eq!((rules(&world), world.count_of("b")), (vec!["testers"], 5));
    world.until(30, |world| rules(world) == ["testers", "visitors-10"]);
}

#[test]
fn rings_come_before_routes_so_that_a_copy_sends_nobody_back() {
    let any = vec![RequestMatch::default()];
    let kind = RouteKind::Mirror(percent(100));
    let mirror = Step::SetRoute(Route { name: "all".to_owned(), any, kind });
    let mut spec = routed(vec![mirror, set_weight(10), soaking(5, testers()), Step::Pause(None)]);
    canary_of(&mut spec).managed_routes = vec!["all".to_owned()];
    let mut world = World::updating(spec);
    world.until(60, |world| rules(world).len() == 2);
    assert_eq!(rules(&world), ["testers", "all"]);
    world.until(60, |world| world.status.step_index == 3);
    assert_eq!(world.weight_of("b"), 10, "the others go by the weight");
}

#[test]
fn a_ring_whose_replicas_are_all_gone_closes_and_soaks_anew() {
    let mut world = updating(vec![soaking(20, testers()), Step::Pause(None)]);
    world.until(60, |world| world.status.ring_open.is_some());
    world.run(10);
    let first = world.status.ring_open;
    world.start_time.insert(rev("b"), Some(secs(5)));
    world.revisions.entry(rev("b")).or_default().clear();
    world.until(9, |world| rules(world).is_empty());
    world.until(60, |world| world.status.ring_open.is_some());
    assert!(world.status.ring_open > first && rules(&world) == ["testers"]);
    let opened = world.status.ring_open.unwrap();
    world.until(60, |world| world.status.step_index == 1);
    assert!(world.now >= opened.after(secs(20)));
}

#[test]
fn no_deadline_passes_while_a_ring_soaks_and_one_does_while_it_cannot_open() {
    let spec = |start| {
        let spec = RolloutSpec {
            progress_deadline: secs(30),
            ..routed(vec![soaking(90, testers()), Step::Pause(None)])
        };
        let mut world = World::updating(spec);
        world.start_time.insert(rev("b"), start);
        world
    };
    let mut world = spec(Some(secs(2)));
    world.until(60, |world| world.status.ring_open.is_some());
    world.run(80);
    assert_eq!(world.status.phase, Phase::Paused);
    let mut world = spec(None);
    world.until(60, |world| world.status.phase == Phase::Degraded);
    assert!(world.status.deadline_missed.is_some());
}

#[test]
fn what_is_held_opens_no_ring_and_closes_none() {
    let mut world = updating(three());
    world.until(60, |world| world.status.ring_open.is_some());
    world.command(&Command::Pause).unwrap();
    world.run(60);
    assert_eq!((rules(&world), world.status.step_index), (vec!["testers"], 0));
    world.command(&Command::Resume).unwrap();
    world.until(9, |world| world.status.step_index == 1);
}
