//! The rules of a gradual cut-over.

use std::time::Duration;

use tidegate_checker::{BlueGreenViolation, Violation};
use tidegate_rollout::{Abort, AbortReason, BlueGreen, CutOver, Promotion, Strategy};
use tidegate_units::{Generation, Timestamp};

use crate::scene::{Scene, available, bad, began, good, hash, weight};

/// Revision `new` of four replicas takes over by 10 % and 50 %, 15 s each; the first share has held
/// since the scene began, 20 s ago.
fn scene() -> Scene {
    let mut scene = Scene::new();
    let share = |percent| CutOver { weight: weight(percent), wait: Duration::from_secs(15) };
    scene.spec.strategy = Strategy::BlueGreen(BlueGreen {
        promotion: Promotion::ByHand,
        cut_over: vec![share(10), share(50)],
        ..BlueGreen::default()
    });
    let route = vec![(hash("new"), weight(10)), (hash("stable"), weight(90))];
    for status in [&mut scene.before, &mut scene.plan.status] {
        status.route.clone_from(&route);
        status.weight = weight(10);
        status.blue_green.cleared = true;
        status.blue_green.share_since = Some(began());
    }
    scene.seen.routed = Some(route.into_iter().collect());
    scene
}

/// The next share is taken.
fn next(scene: &mut Scene, percent: u8) {
    scene.plan.status.blue_green.shares_taken = 1;
    scene.plan.status.blue_green.share_since = None;
    scene.routes(&[("new", percent), ("stable", 100 - percent)]);
}

fn early(why: &'static str) -> BlueGreenViolation {
    BlueGreenViolation::TookOverEarly { why }
}

#[test]
fn a_share_follows_the_one_that_has_held_for_its_time() {
    good(scene(), |scene| next(scene, 50));
    bad(
        scene(),
        |scene| {
            scene.now = began().after(Duration::from_secs(14));
            next(scene, 50);
        },
        early("a share has not held for its time"),
    );
    bad(
        scene(),
        |scene| {
            next(scene, 50);
            scene.plan.status.blue_green.shares_taken = 2;
            scene.plan.status.route = vec![(hash("new"), weight(100))];
            scene.plan.actions.clear();
            scene.routes(&[("new", 100)]);
        },
        early("a share has not held for its time"),
    );
}

#[test]
fn no_share_is_larger_than_the_one_whose_turn_it_is() {
    let more = early("it is given more than the share whose turn it is");
    bad(scene(), |scene| _ = scene.routes(&[("new", 100)]), more.clone());
    let mut scene = scene();
    next(&mut scene, 60);
    let found = scene.violations();
    assert_eq!(found, [BlueGreenViolation::Divided { revisions: 2 }, more].map(Violation::from));
}

#[test]
fn a_share_rises_only_with_all_replicas_there_and_every_gate_open() {
    bad(
        scene(),
        |scene| {
            scene.seen.revisions.insert(hash("new"), available(3));
            next(scene, 50);
        },
        early("not all of its replicas are available"),
    );
    bad(
        scene(),
        |scene| {
            next(scene, 50);
            scene.plan.status.blue_green.cleared = false;
        },
        early("a gate before the switch is closed"),
    );
}

#[test]
fn a_share_holds_from_when_the_router_was_seen_to_follow() {
    let unseen = early("its share was not seen at the router");
    let begins = |scene: &mut Scene| scene.before.blue_green.share_since = None;
    good(scene(), begins);
    bad(
        scene(),
        |scene| {
            begins(scene);
            scene.seen.routed_generation = Generation(6);
        },
        unseen,
    );
}

#[test]
fn what_was_taken_back_keeps_no_share() {
    let abort = |scene: &mut Scene| {
        let reason = AbortReason::User { who: "ann".into(), why: None };
        let abort = Some(Abort { at: Timestamp::from_millis(0), reason });
        scene.before.abort.clone_from(&abort);
        scene.plan.status.abort = abort;
        scene.plan.status.weight = weight(0);
    };
    good(scene(), |scene| {
        abort(scene);
        scene.routes(&[("stable", 100)]);
    });
    let mut scene = scene();
    abort(&mut scene);
    scene.routes(&[("new", 5), ("stable", 95)]);
    assert!(scene.violations().contains(&BlueGreenViolation::Divided { revisions: 2 }.into()));
}
