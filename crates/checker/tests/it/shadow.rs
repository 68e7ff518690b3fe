use std::time::Duration;

use tidegate_checker::{RouteViolation, SplitViolation, StepViolation};
use tidegate_rollout::{
    BlueGreen, Promotion, RunKind, RunRef, RunSeen, SHADOW_RULE, Shadow, Step, Strategy,
};
use tidegate_traffic::{CompareSettings, RequestMatch, Rule, RuleAction, TextMatch};

use crate::{
    scene::{Scene, bad, good, hash, weight},
    world::canary_of,
};

fn shadow(share: u8, seconds: Option<u64>) -> Shadow {
    Shadow {
        share: weight(share),
        any: vec![RequestMatch::default()],
        duration: seconds.map(Duration::from_secs),
        least: 100,
        settings: CompareSettings::default(),
    }
}

fn rule(share: u8) -> Rule {
    shadow(share, None).rule("3-0-0".to_owned(), &hash("new"), &hash("stable"))
}

/// A shadow at step 0, being taken; the router compares already.
fn scene(seconds: Option<u64>) -> Scene {
    let mut scene = Scene::new();
    canary_of(&mut scene.spec).steps =
        vec![Step::Shadow(Box::new(shadow(20, seconds))), Step::Pause(None)];
    let stable = vec![(hash("stable"), weight(100))];
    for status in [&mut scene.before, &mut scene.plan.status] {
        status.weight = weight(0);
        status.route.clone_from(&stable);
        status.rules = vec![rule(20)];
    }
    scene.seen.routed = Some(stable.into_iter().collect());
    scene
}

fn told(scene: &mut Scene, rules: Vec<Rule>) {
    scene.plan.status.rules = rules;
    scene.routes(&[("stable", 100)]);
}

fn refused(why: &'static str) -> RouteViolation {
    RouteViolation::Refused { route: SHADOW_RULE.to_owned(), why }
}

#[test]
fn a_shadow_is_compared_as_its_step_says_and_with_the_stable_revision() {
    good(scene(None), |_| {});
    let not_set = || refused("no step that is reached has set it");
    bad(scene(None), |scene| told(scene, vec![rule(30)]), not_set());
    bad(
        scene(None),
        |scene| {
            let mut more = rule(20);
            more.any.push(RequestMatch::default());
            told(scene, vec![more]);
        },
        not_set(),
    );
    for with in ["new", "old"] {
        let itself = shadow(20, None).rule("x".to_owned(), &hash("new"), &hash(with));
        let why = "it does not compare with the stable revision";
        bad(scene(None), |scene| told(scene, vec![itself]), refused(why));
    }
}

/// The worst that could become of a shadow: its rule is one that sends requests.
#[test]
fn a_shadow_answers_nobody() {
    bad(
        scene(None),
        |scene| {
            let then = RuleAction::Send { to: hash("new") };
            told(scene, vec![Rule { then, ..rule(20) }]);
        },
        refused("no step that is reached has set it"),
    );
    bad(
        scene(None),
        |scene| {
            scene.plan.status.weight = weight(20);
            scene.routes(&[("new", 20), ("stable", 80)]);
        },
        SplitViolation::AboveStep { step: 0, weight: weight(20), allowed: weight(0) },
    );
}

#[test]
fn a_shadow_for_a_while_is_over_with_its_step() {
    let ended = |mut scene: Scene| {
        let run = RunRef { name: "new-3-0".into(), kind: RunKind::Step(0) };
        scene.before.step_run = Some(run.clone());
        scene.seen.runs.insert(run.name, RunSeen::Successful);
        scene.moves_to(1);
        scene
    };
    bad(ended(scene(Some(60))), |_| {}, refused("no step that is reached has set it"));
    good(ended(scene(Some(60))), |scene| told(scene, vec![]));
    bad(
        scene(Some(60)),
        |scene| {
            scene.moves_to(1);
            told(scene, vec![]);
        },
        StepViolation::AnalysisNotPassed { step: 0 },
    );
    good(scene(None), |scene| {
        scene.moves_to(1);
    });
}

#[test]
fn a_shadow_is_seen_at_the_router_before_its_step_is_passed() {
    bad(
        scene(None),
        |scene| {
            scene.before.rules.clear();
            scene.moves_to(1);
            told(scene, vec![rule(20)]);
        },
        StepViolation::RouteNotSeen { step: 0, route: SHADOW_RULE.to_owned() },
    );
}

/// A preview of which 20 % are compared, until somebody promotes it.
fn preview() -> Scene {
    let mut scene = scene(None);
    scene.spec.strategy = Strategy::BlueGreen(BlueGreen {
        promotion: Promotion::ByHand,
        shadow: weight(20),
        ..BlueGreen::default()
    });
    for status in [&mut scene.before, &mut scene.plan.status] {
        status.rules = vec![of_preview(20)];
    }
    scene
}

fn of_preview(share: u8) -> Rule {
    let settings = CompareSettings::default();
    Shadow::of_preview(weight(share), settings).rule("x".to_owned(), &hash("new"), &hash("stable"))
}

#[test]
fn a_preview_is_compared_by_reads_alone_and_until_it_takes_over() {
    let refused = || refused("the preview is not to be compared, or no longer");
    good(preview(), |_| {});
    bad(preview(), |scene| told(scene, vec![of_preview(30)]), refused());
    let settings =
        CompareSettings { ignored: vec!["body".to_owned()], ..CompareSettings::default() };
    let blind = Shadow::of_preview(weight(20), settings);
    let blind = blind.rule("x".to_owned(), &hash("new"), &hash("stable"));
    bad(preview(), |scene| told(scene, vec![blind]), refused());
    let mut writes = of_preview(20);
    writes.any[0].method.push(TextMatch::Exact("POST".to_owned()));
    bad(preview(), |scene| told(scene, vec![writes]), refused());
    bad(
        preview(),
        |scene| {
            scene.before.blue_green.cleared = true;
            scene.plan.status.blue_green.cleared = true;
        },
        refused(),
    );
}
