//! Routes that steps set: when they hold, in which order, and when they are gone.

use tidegate_rollout::{Command, Event, Phase, Route, RouteKind, Step};
use tidegate_traffic::{HeaderMatch, RequestMatch, RuleAction, TextMatch};

use crate::world::{World, canary_of, percent, rev, routed, set_weight};

fn header(name: &str, value: &str) -> Route {
    let exact = TextMatch::Exact(value.to_owned());
    let field = HeaderMatch { name: "x-beta".to_owned(), any: vec![exact] };
    let any = vec![RequestMatch { headers: vec![field], ..RequestMatch::default() }];
    Route { name: name.to_owned(), any, kind: RouteKind::Header }
}

fn mirror(name: &str, share: u8) -> Route {
    let any = vec![RequestMatch::default()];
    Route { name: name.to_owned(), any, kind: RouteKind::Mirror(percent(share)) }
}

fn removed(name: &str) -> Route {
    Route { name: name.to_owned(), any: Vec::new(), kind: RouteKind::Header }
}

fn set(route: Route) -> Step {
    Step::SetRoute(route)
}

/// The names of the rules that the router follows.
fn rules(world: &World) -> Vec<&str> {
    world.router_rules.iter().map(|rule| rule.name.as_str()).collect()
}

/// Revision `b` under way with these steps, until it is paused.
fn paused(steps: Vec<Step>) -> World {
    let mut spec = routed(steps);
    canary_of(&mut spec).managed_routes = vec!["first".to_owned(), "second".to_owned()];
    let mut world = World::updating(spec);
    world.until(60, |world| world.status.phase == Phase::Paused);
    world
}

#[test]
fn a_route_holds_from_its_step_on_and_is_gone_with_the_promotion() {
    let steps =
        vec![set_weight(25), set(header("first", "yes")), Step::Pause(None), set_weight(50)];
    let mut world = paused(steps);
    assert_eq!((rules(&world), world.weight_of("b")), (vec!["first"], 25));
    assert_eq!(world.router_rules[0].then, RuleAction::Send { to: rev("b") });
    world.command(&Command::Promote).unwrap();
    world.until(40, |world| world.weight_of("b") == 50);
    assert_eq!(rules(&world), ["first"]);
    world.until(40, |world| world.status.phase == Phase::Healthy);
    assert!(world.router_rules.is_empty() && world.status.rules.is_empty());
    let told: Vec<_> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::RoutesSet { routes, sends } => Some((routes.join(" "), *sends)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [("first".to_owned(), true), (String::new(), false)]);
}

#[test]
fn a_step_without_a_match_takes_its_route_away_and_a_later_one_replaces_it() {
    let steps = vec![
        set_weight(25),
        set(header("first", "yes")),
        set(header("second", "yes")),
        Step::Pause(None),
        set(removed("first")),
        set(mirror("second", 10)),
        Step::Pause(None),
    ];
    let mut world = paused(steps);
    assert_eq!(rules(&world), ["first", "second"]);
    world.command(&Command::Promote).unwrap();
    world.until(40, |world| world.status.step_index == 6);
    assert_eq!(rules(&world), ["second"]);
    let share = percent(10);
    assert_eq!(world.router_rules[0].then, RuleAction::Mirror { to: rev("b"), share });
}

#[test]
fn managed_routes_are_the_order_whatever_the_steps_are() {
    let world = paused(vec![
        set_weight(25),
        set(header("second", "yes")),
        set(mirror("first", 50)),
        Step::Pause(None),
    ]);
    assert_eq!(rules(&world), ["first", "second"]);
}

#[test]
fn an_abort_takes_the_routes_away_with_the_weight() {
    let mut world = paused(vec![set_weight(25), set(header("first", "yes")), Step::Pause(None)]);
    world.command(&Command::Abort { why: None }).unwrap();
    world.tick();
    world.tick();
    assert_eq!((rules(&world), world.weight_of("b")), (vec![], 0));
    world.command(&Command::Retry).unwrap();
    world.until(60, |world| world.status.phase == Phase::Paused);
    assert_eq!(rules(&world), ["first"], "a retry sets them again");
}

#[test]
fn a_promotion_in_full_takes_the_routes_away() {
    let mut world = paused(vec![set_weight(25), set(header("first", "yes")), Step::Pause(None)]);
    world.command(&Command::PromoteFull).unwrap();
    world.run(2);
    assert!(world.router_rules.is_empty());
}

#[test]
fn no_route_leads_to_a_revision_with_no_replica_to_answer() {
    let mut world = paused(vec![set_weight(25), set(header("first", "yes")), Step::Pause(None)]);
    world.start_time.insert(rev("b"), None);
    world.run(3);
    assert!(world.router_rules.is_empty(), "its replicas are gone");
    world.start_time.clear();
    world.run(3);
    assert_eq!(rules(&world), ["first"], "and back");
    let first = World::updating(routed(vec![set(header("first", "yes")), Step::Pause(None)]));
    let mut first = first;
    first.until(40, |world| world.status.phase == Phase::Paused);
    assert!(first.router_rules.is_empty(), "a weight of nothing has no replica");
}

#[test]
fn a_revision_keeps_a_replica_while_a_route_leads_to_it() {
    let steps = vec![
        set_weight(50),
        set(header("first", "yes")),
        set_weight(0),
        Step::Pause(None),
        set(removed("first")),
        Step::Pause(None),
    ];
    let mut world = paused(steps);
    world.run(5);
    assert_eq!((rules(&world), world.weight_of("b"), world.count_of("b")), (vec!["first"], 0, 1));
    world.command(&Command::Promote).unwrap();
    world.until(40, |world| world.status.step_index == 5);
    world.run(5);
    assert_eq!((rules(&world), world.count_of("b")), (vec![], 0));
}

#[test]
fn another_revision_gets_the_routes_for_itself() {
    let mut world = paused(vec![set_weight(25), set(header("first", "yes")), Step::Pause(None)]);
    world.spec.revision = rev("c");
    world.tick();
    world.tick();
    assert!(world.router_rules.iter().all(|rule| rule.then.revision() != &rev("b")));
    world.until(60, |world| world.status.phase == Phase::Paused);
    assert_eq!(world.router_rules[0].then.revision(), &rev("c"));
}

#[test]
fn a_step_waits_until_the_router_follows_its_route() {
    let spec = routed(vec![set_weight(25), set(header("first", "yes")), Step::Pause(None)]);
    let mut world = World::updating(spec);
    world.until(60, |world| world.status.weight == percent(25));
    world.fates = vec![None];
    world.run(5);
    assert_eq!(world.status.step_index, 1, "the order is lost");
    world.fates = vec![Some(0)];
    world.run(3);
    assert_eq!((world.status.step_index, rules(&world)), (2, vec!["first"]));
}
