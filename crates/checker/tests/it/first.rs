//! A first revision that is followed before it was stable.

use tidegate_checker::{PromotionViolation, SplitViolation, StepViolation};

use crate::scene::{Scene, available, bad, good, hash, weight};

/// Users get revision `stable`, the first one, and `new` is taken up: the plan makes `stable` what it
/// is called.
fn followed() -> Scene {
    let mut scene = Scene::new();
    scene.before.stable = None;
    scene.before.step_index = scene.spec.canary().steps.len();
    let route = vec![(hash("stable"), weight(100))];
    for status in [&mut scene.before, &mut scene.plan.status] {
        status.route.clone_from(&route);
        status.weight = weight(0);
    }
    scene.seen.routed = Some(route.into_iter().collect());
    scene.seen.revisions.insert(hash("stable"), available(1));
    scene
}

fn gives_all(scene: &mut Scene) {
    scene.routes(&[("new", 100)]);
    scene.plan.status.weight = weight(100);
}

#[test]
fn who_serves_is_stable_to_who_follows() {
    good(followed(), |_| {});
    let kept = PromotionViolation::FirstNotKept { revision: hash("stable") };
    bad(followed(), |scene| scene.plan.status.stable = None, kept);
    // With nobody to answer there is nobody to be kept.
    good(followed(), |scene| {
        scene.seen.revisions.remove(&hash("stable"));
        scene.plan.status.stable = None;
        gives_all(scene);
    });
    let wrongly =
        PromotionViolation::PromotedWrongly { revision: hash("stable"), why: "it is not wanted" };
    let gone = |scene: &mut Scene| {
        scene.seen.revisions.remove(&hash("stable"));
    };
    bad(followed(), gone, wrongly);
}

#[test]
fn its_users_are_behind_the_gates_of_who_follows() {
    let (weight, allowed) = (weight(100), weight(20));
    bad(followed(), gives_all, SplitViolation::AboveStep { weight, allowed, step: 0 });
    bad(
        followed(),
        |scene| {
            scene.moves_to(1);
        },
        StepViolation::WeightNotSeen { step: 0, weight: allowed },
    );
}
