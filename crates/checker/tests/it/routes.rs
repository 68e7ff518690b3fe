use tidegate_checker::{CapacityViolation, OrderViolation, RouteViolation, StepViolation};
use tidegate_rollout::{
    Abort, AbortReason, Action, PauseReason, PauseState, Route, RouteKind, Step,
};
use tidegate_traffic::{RequestMatch, Rule};
use tidegate_units::{Generation, Timestamp};

use crate::{
    scene::{Scene, available, bad, began, good, hash, weight},
    world::canary_of,
};

fn route(name: &str) -> Route {
    let any = vec![RequestMatch::default()];
    Route { name: name.to_owned(), any, kind: RouteKind::Header }
}

fn rule(name: &str) -> Rule {
    route(name).rule(&hash("new"))
}

/// The scene with `setHeaderRoute: beta` as step 1, being taken.
fn scene() -> Scene {
    let mut scene = Scene::new();
    canary_of(&mut scene.spec).steps = vec![
        Step::SetWeight(weight(20)),
        Step::SetRoute(route("beta")),
        Step::SetWeight(weight(50)),
        Step::SetRoute(Route { any: Vec::new(), ..route("beta") }),
        Step::Pause(None),
    ];
    scene.at_step(1);
    scene
}

/// The same, with the route in force.
fn followed() -> Scene {
    let mut scene = scene();
    scene.before.rules = vec![rule("beta")];
    scene.plan.status.rules = vec![rule("beta")];
    scene
}

/// Orders these rules.
fn orders(scene: &mut Scene, rules: Vec<Rule>) {
    scene.plan.status.rules = rules;
    scene.routes(&[("new", 20), ("stable", 80)]);
}

fn refused(why: &'static str) -> RouteViolation {
    RouteViolation::Refused { route: "beta".to_owned(), why }
}

#[test]
fn a_route_is_followed_that_a_step_that_is_reached_has_set() {
    good(scene(), |scene| orders(scene, vec![rule("beta")]));
    bad(
        scene(),
        |scene| {
            scene.at_step(0);
            orders(scene, vec![rule("beta")]);
        },
        refused("no step that is reached has set it"),
    );
    bad(
        followed(),
        |scene| {
            scene.at_step(3);
        },
        refused("no step that is reached has set it"),
    );
    let mut other = rule("beta");
    other.any.push(RequestMatch::default());
    bad(scene(), |scene| orders(scene, vec![other]), refused("no step that is reached has set it"));
    let stable = route("beta").rule(&hash("stable"));
    bad(scene(), |scene| orders(scene, vec![stable]), refused("it is for another revision"));
}

#[test]
fn what_was_taken_back_gets_no_requests_past_the_split() {
    let abort = |scene: &mut Scene| {
        let reason = AbortReason::User { who: "ann".into(), why: None };
        let abort = Some(Abort { at: Timestamp::from_millis(0), reason });
        scene.before.abort.clone_from(&abort);
        scene.plan.status.abort = abort;
        scene.plan.status.weight = weight(0);
        scene.routes(&[("stable", 100)]);
    };
    bad(followed(), abort, refused("the new revision was taken back"));
    good(followed(), |scene| {
        scene.plan.status.rules.clear();
        abort(scene);
    });
}

#[test]
fn steps_that_are_skipped_set_no_route() {
    let skips = |scene: &mut Scene| {
        scene.before.promote_full = true;
        scene.at_step(5);
    };
    let returns = |scene: &mut Scene| {
        scene.spec.rollback_window = 1;
        let known = scene.before.revisions.get_mut(&hash("new")).unwrap();
        (known.was_stable, known.created_at) = (true, Timestamp::from_millis(-1));
    };
    bad(followed(), skips, refused("the steps are skipped"));
    bad(followed(), returns, refused("the steps are skipped"));
    good(scene(), returns);
}

#[test]
fn a_route_leads_to_somebody_who_answers_and_stays() {
    let nobody = RouteViolation::ToNobody { route: "beta".to_owned() };
    bad(
        scene(),
        |scene| {
            scene.seen.revisions.insert(hash("new"), available(0));
            orders(scene, vec![rule("beta")]);
        },
        nobody,
    );
    let mut scene = followed();
    scene.before.route = vec![(hash("stable"), weight(100))];
    scene.before.weight = weight(0);
    scene.plan.status.weight = weight(0);
    scene.plan.status.route.clone_from(&scene.before.route);
    scene.seen.routed = Some(scene.before.route.iter().cloned().collect());
    scene.scales("new", 0);
    let cut = CapacityViolation::CutWhileServing { revision: hash("new"), replicas: 0, needed: 1 };
    let violations = scene.violations();
    assert!(violations.contains(&cut.into()), "{violations:?}");
}

#[test]
fn a_step_is_passed_when_the_router_was_seen_to_follow_its_route() {
    good(followed(), |scene| {
        scene.moves_to(2);
    });
    let not_seen = |route: &str| StepViolation::RouteNotSeen { step: 1, route: route.to_owned() };
    bad(
        scene(),
        |scene| {
            scene.moves_to(2);
        },
        not_seen("beta"),
    );
    bad(
        followed(),
        |scene| {
            scene.seen.routed_generation = Generation(6);
            scene.moves_to(2);
        },
        not_seen("beta"),
    );
}

#[test]
fn what_is_held_gets_no_new_route() {
    bad(
        scene(),
        |scene| {
            let pause = Some(PauseState { reason: PauseReason::User, started: began() });
            scene.before.pause = pause;
            scene.plan.status.pause = pause;
            orders(scene, vec![rule("beta")]);
        },
        StepViolation::MovedWhileHeld,
    );
}

#[test]
fn the_rules_that_are_ordered_are_stored_and_new() {
    bad(
        scene(),
        |scene| {
            orders(scene, vec![rule("beta")]);
            scene.plan.status.rules.clear();
        },
        OrderViolation::NotRecorded { revision: hash("new") },
    );
    bad(
        followed(),
        |scene| {
            orders(scene, vec![]);
            scene.plan.status.generation = Generation(7);
            for action in &mut scene.plan.actions {
                if let Action::Route { generation, .. } = action {
                    *generation = Generation(7);
                }
            }
        },
        OrderViolation::GenerationStayed { generation: Generation(7) },
    );
}
