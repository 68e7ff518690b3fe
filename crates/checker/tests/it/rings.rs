use std::time::Duration;

use tidegate_checker::{RingViolation, RouteViolation, StepViolation};
use tidegate_rollout::{
    Abort, AbortReason, AnalysisUse, CanaryScale, Ring, RunKind, RunRef, RunSeen, Step,
};
use tidegate_traffic::{RequestMatch, Rule, TextMatch, UserKey, UserShare};
use tidegate_units::{Generation, Timestamp};

use crate::{
    scene::{Scene, available, bad, began, good, hash, weight},
    world::canary_of,
};

fn visitors(percent: u16) -> Ring {
    let users = UserShare { hundredths: percent * 100, by: UserKey::Visitor, salt: String::new() };
    Ring {
        name: format!("visitors-{percent}"),
        any: vec![RequestMatch { users: Some(users), ..RequestMatch::default() }],
        scale: None,
        soak: Duration::from_secs(10),
        analysis: None,
    }
}

fn rule(percent: u16) -> Rule {
    visitors(percent).rule(&hash("new"))
}

/// Two rings of four replicas' users, 25 % and 75 %, with the first open since the scene began.
fn scene() -> Scene {
    let mut scene = Scene::new();
    canary_of(&mut scene.spec).steps =
        vec![Step::Ring(visitors(25)), Step::Ring(visitors(75)), Step::Pause(None)];
    scene.before.route = vec![(hash("stable"), weight(100))];
    scene.before.weight = weight(0);
    scene.plan.status.weight = weight(0);
    scene.plan.status.route.clone_from(&scene.before.route);
    scene.seen.routed = Some(scene.before.route.iter().cloned().collect());
    holds(&mut scene, vec![rule(25)]);
    scene.before.ring_open = Some(began());
    scene.plan.status.ring_open = Some(began());
    scene
}

/// These rules hold before and after.
fn holds(scene: &mut Scene, rules: Vec<Rule>) {
    scene.before.rules.clone_from(&rules);
    scene.plan.status.rules = rules;
}

/// Orders these rules.
fn orders(scene: &mut Scene, rules: Vec<Rule>) {
    scene.plan.status.rules = rules;
    scene.routes(&[("stable", 100)]);
}

/// Goes on to the second ring.
fn goes_on(scene: &mut Scene) {
    scene.moves_to(1);
    scene.plan.status.ring_open = None;
}

fn left() -> RingViolation {
    RingViolation::Left { ring: "visitors-25".to_owned() }
}

#[test]
fn the_next_ring_opens_beside_the_one_before() {
    good(scene(), |scene| {
        goes_on(scene);
        orders(scene, vec![rule(25), rule(75)]);
    });
    bad(
        scene(),
        |scene| {
            goes_on(scene);
            orders(scene, vec![rule(75)]);
        },
        left(),
    );
    let unset = "no step that is reached has set it";
    let refused = RouteViolation::Refused { route: "visitors-75".to_owned(), why: unset };
    bad(scene(), |scene| orders(scene, vec![rule(25), rule(75)]), refused);
}

#[test]
fn nobody_is_let_in_whom_the_ring_does_not_name() {
    let mut wider = rule(25);
    wider.any.push(RequestMatch {
        method: vec![TextMatch::Exact("GET".to_owned())],
        ..RequestMatch::default()
    });
    let mut scene = scene();
    scene.before.rules.clear();
    let why = "no step that is reached has set it";
    let refused = RouteViolation::Refused { route: "visitors-25".to_owned(), why };
    scene.before.ring_open = None;
    scene.plan.status.ring_open = None;
    bad(scene, |scene| orders(scene, vec![wider]), refused);
}

#[test]
fn whoever_is_in_goes_back_when_the_revision_is_taken_back_or_answers_no_more() {
    bad(scene(), |scene| orders(scene, vec![]), left());
    good(scene(), |scene| {
        let reason = AbortReason::User { who: "ann".into(), why: None };
        let abort = Some(Abort { at: Timestamp::from_millis(0), reason });
        scene.before.abort.clone_from(&abort);
        scene.plan.status.abort = abort;
        scene.plan.status.ring_open = None;
        orders(scene, vec![]);
    });
    good(scene(), |scene| {
        scene.seen.revisions.insert(hash("new"), available(0));
        scene.plan.status.ring_open = None;
        orders(scene, vec![]);
    });
}

#[test]
fn a_ring_opens_onto_as_many_replicas_as_its_users_need() {
    let thin = |scale: Option<CanaryScale>, available_now: u32| {
        let mut scene = scene();
        let second = Ring { scale, ..visitors(75) };
        canary_of(&mut scene.spec).steps[1] = Step::Ring(second);
        scene.seen.revisions.insert(hash("new"), available(available_now));
        scene
    };
    let opens = |scene: &mut Scene| {
        goes_on(scene);
        orders(scene, vec![rule(25), rule(75)]);
    };
    let too_thin = |available, needed| {
        let ring = "visitors-75".to_owned();
        RingViolation::TooThin { ring, available, needed }
    };
    good(thin(None, 3), opens);
    bad(thin(None, 2), opens, too_thin(2, 3));
    good(thin(Some(CanaryScale::Replicas(1)), 1), opens);
    bad(thin(Some(CanaryScale::Share(50)), 1), opens, too_thin(1, 2));
}

#[test]
fn a_ring_is_asked_before_a_route() {
    let route = tidegate_rollout::Route {
        name: "beta".to_owned(),
        any: vec![RequestMatch::default()],
        kind: tidegate_rollout::RouteKind::Mirror(weight(100)),
    };
    let mut scene = scene();
    canary_of(&mut scene.spec).steps.insert(0, Step::SetRoute(route.clone()));
    scene.at_step(1);
    let (first, second) = (rule(25), route.rule(&hash("new")));
    good(scene, |scene| holds(scene, vec![first, second]));
    let mut scene = self::scene();
    canary_of(&mut scene.spec).steps.insert(0, Step::SetRoute(route.clone()));
    scene.at_step(1);
    let behind = RingViolation::BehindRoute { ring: "visitors-25".to_owned() };
    bad(scene, |scene| holds(scene, vec![route.rule(&hash("new")), rule(25)]), behind);
}

#[test]
fn a_ring_is_passed_when_it_has_soaked_and_its_analysis_has_succeeded() {
    good(scene(), goes_on);
    let not_soaked = StepViolation::RingNotSoaked { step: 0, ring: "visitors-25".to_owned() };
    bad(
        scene(),
        |scene| {
            scene.now = began().after(Duration::from_secs(9));
            goes_on(scene);
        },
        not_soaked.clone(),
    );
    bad(
        scene(),
        |scene| {
            scene.before.ring_open = None;
            goes_on(scene);
        },
        not_soaked,
    );
    let judged = || {
        let mut scene = scene();
        let ring = Ring { analysis: Some(AnalysisUse::default()), ..visitors(25) };
        canary_of(&mut scene.spec).steps[0] = Step::Ring(ring);
        let run = RunRef { name: "run".into(), kind: RunKind::Step(0) };
        scene.before.step_run = Some(run);
        scene
    };
    bad(judged(), goes_on, StepViolation::AnalysisNotPassed { step: 0 });
    good(judged(), |scene| {
        scene.seen.runs.insert("run".into(), RunSeen::Successful);
        goes_on(scene);
    });
}

#[test]
fn a_ring_counts_as_open_once_the_router_was_seen_to_follow_it() {
    let unseen = RingViolation::NotSeen { ring: "visitors-25".to_owned() };
    let opens = |scene: &mut Scene| scene.before.ring_open = None;
    good(scene(), opens);
    bad(
        scene(),
        |scene| {
            opens(scene);
            scene.seen.routed_generation = Generation(6);
        },
        unseen.clone(),
    );
    bad(
        scene(),
        |scene| {
            opens(scene);
            scene.before.rules.clear();
            orders(scene, vec![rule(25)]);
        },
        unseen,
    );
}
