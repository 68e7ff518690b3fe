//! The rules of blue-green.

use std::time::Duration;

use tidegate_checker::{
    BlueGreenViolation, CapacityViolation, SplitViolation, StepViolation, Violation,
};
use tidegate_rollout::{
    Abort, AbortReason, AnalysisUse, BlueGreen, PauseReason, PauseState, Promotion, RunKind,
    RunRef, RunSeen, Strategy,
};
use tidegate_units::{Generation, Timestamp};

use crate::scene::{Scene, available, bad, began, good, hash};

/// Revision `stable` has all requests, with four replicas; `new` is whole beside it, and an analysis
/// and a person have to let it take over.
fn preview() -> Scene {
    let mut scene = Scene::new();
    let analysis = AnalysisUse::default();
    scene.spec.strategy = Strategy::BlueGreen(BlueGreen {
        promotion: Promotion::ByHand,
        pre_promotion: Some(analysis.clone()),
        post_promotion: Some(analysis),
        ..BlueGreen::default()
    });
    had_all(&mut scene, "stable");
    scene
}

/// `new` has taken over, and is not stable yet.
fn active() -> Scene {
    let mut scene = preview();
    had_all(&mut scene, "new");
    for status in [&mut scene.before, &mut scene.plan.status] {
        status.blue_green.cleared = true;
    }
    scene
}

/// Users get one revision, by the last plan and by the router's word.
fn had_all(scene: &mut Scene, name: &str) {
    let route = vec![(hash(name), crate::scene::weight(100))];
    for status in [&mut scene.before, &mut scene.plan.status] {
        status.route.clone_from(&route);
        status.weight = crate::scene::weight(if name == "new" { 100 } else { 0 });
    }
    scene.seen.routed = Some(route.into_iter().collect());
    scene.seen.routed_generation = Generation(7);
}

fn settings(scene: &mut Scene) -> &mut BlueGreen {
    match &mut scene.spec.strategy {
        Strategy::BlueGreen(settings) => settings,
        Strategy::Canary(_) => panic!("not blue-green"),
    }
}

fn ran(scene: &mut Scene, kind: RunKind, seen: RunSeen) {
    scene.before.step_run = Some(RunRef { name: "run".into(), kind });
    scene.seen.runs.insert("run".into(), seen);
}

fn early(why: &'static str) -> BlueGreenViolation {
    BlueGreenViolation::TookOverEarly { why }
}

/// Who was taken back keeps its replicas until the stable one has been whole for a while.
#[test]
fn an_aborted_revision_stays_for_its_time() {
    let aborted = |recovered: Option<u64>, delay: Option<u64>| {
        let mut scene = preview();
        settings(&mut scene).abort_scale_down_delay = delay.map(Duration::from_secs);
        let abort = Abort { at: began(), reason: AbortReason::Deadline };
        for status in [&mut scene.before, &mut scene.plan.status] {
            status.abort = Some(abort.clone());
            status.recovered_at = recovered.map(|after| began().after(Duration::from_secs(after)));
        }
        scene.scales("new", 0);
        scene
    };
    let cut = || CapacityViolation::AbortedCut { revision: hash("new") };
    good(aborted(Some(5), Some(15)), |_| {});
    bad(aborted(Some(10), Some(15)), |_| {}, cut());
    bad(aborted(None, Some(15)), |_| {}, cut());
    bad(aborted(Some(5), None), |_| {}, cut());
    bad(aborted(Some(5), Some(15)), |scene| scene.before.recovered_at = None, cut());
}

fn take_over(scene: &mut Scene) {
    scene.routes(&[("new", 100)]);
    scene.plan.status.weight = crate::scene::weight(100);
}

#[test]
fn it_takes_over_when_all_was_let_through() {
    good(preview(), |scene| {
        scene.before.blue_green.cleared = true;
        take_over(scene);
    });
    good(preview(), |scene| {
        scene.before.promote_full = true;
        take_over(scene);
    });
    good(preview(), |scene| {
        settings(scene).promotion = Promotion::AtOnce;
        ran(scene, RunKind::PrePromotion, RunSeen::Successful);
        scene.plan.status.blue_green.tested = true;
        take_over(scene);
    });
    good(preview(), |scene| {
        settings(scene).promotion = Promotion::After(Duration::from_secs(20));
        scene.before.blue_green.tested = true;
        scene.before.blue_green.paused_at = Some(began());
        take_over(scene);
    });
}

#[test]
fn no_gate_is_passed_over() {
    bad(preview(), take_over, early("its analysis was not seen to succeed"));
    bad(
        preview(),
        |scene| {
            ran(scene, RunKind::PostPromotion, RunSeen::Successful);
            take_over(scene);
        },
        early("its analysis was not seen to succeed"),
    );
    bad(
        preview(),
        |scene| {
            scene.before.blue_green.tested = true;
            take_over(scene);
        },
        early("nobody promoted it"),
    );
    bad(
        preview(),
        |scene| {
            settings(scene).promotion = Promotion::After(Duration::from_secs(21));
            scene.before.blue_green.tested = true;
            scene.before.blue_green.paused_at = Some(began());
            take_over(scene);
        },
        early("its pause has not ended"),
    );
}

#[test]
fn nothing_is_remembered_that_was_not_so() {
    bad(
        preview(),
        |scene| scene.plan.status.blue_green.tested = true,
        early("its analysis was not seen to succeed"),
    );
    bad(
        preview(),
        |scene| {
            scene.before.blue_green.tested = true;
            scene.plan.status.blue_green.cleared = true;
        },
        early("nobody promoted it"),
    );
    bad(
        preview(),
        |scene| scene.plan.status.blue_green.returning = true,
        early("it does not stand by"),
    );
    bad(
        active(),
        |scene| scene.plan.status.blue_green.proven = true,
        BlueGreenViolation::NotProven { revision: hash("new") },
    );
}

#[test]
fn only_what_stood_by_from_before_takes_over_ungated() {
    let returns = |scene: &mut Scene, was_stable: bool, until: i64, created: i64| {
        scene.before.current = Some(hash("stable"));
        let now = scene.now.as_millis();
        let record = scene.before.revisions.get_mut(&hash("new")).unwrap();
        record.was_stable = was_stable;
        record.scale_down_at = Some(Timestamp::from_millis(now + until));
        record.created_at = Timestamp::from_millis(created);
        let stable = scene.before.revisions.get_mut(&hash("stable")).unwrap();
        stable.created_at = Timestamp::from_millis(10);
        scene.plan.status.blue_green.returning = true;
        take_over(scene);
    };
    good(preview(), |scene| returns(scene, true, 1, 0));
    let refused = [(false, 1, 0), (true, 0, 0), (true, 1, 10)];
    for (was_stable, until, created) in refused {
        let mut scene = preview();
        returns(&mut scene, was_stable, until, created);
        let expected =
            [early("its analysis was not seen to succeed"), early("it does not stand by")];
        let expected = expected.map(Violation::from);
        assert_eq!(scene.violations(), expected, "{was_stable} {until} {created}");
    }
}

#[test]
fn it_takes_over_whole_or_not_at_all() {
    let part = BlueGreenViolation::TookOverInPart { available: 3, needed: 4 };
    bad(
        preview(),
        |scene| {
            scene.before.promote_full = true;
            scene.seen.revisions.insert(hash("new"), available(3));
            take_over(scene);
        },
        part,
    );
    bad(
        preview(),
        |scene| {
            scene.before.promote_full = true;
            scene.routes(&[("new", 50), ("stable", 50)]);
        },
        BlueGreenViolation::Divided { revisions: 2 },
    );
}

#[test]
fn what_is_held_does_not_take_over() {
    bad(
        preview(),
        |scene| {
            scene.before.blue_green.cleared = true;
            let reason = PauseReason::Inconclusive;
            scene.before.pause = Some(PauseState { reason, started: began() });
            take_over(scene);
        },
        StepViolation::MovedWhileHeld,
    );
    good(preview(), |scene| {
        scene.before.blue_green.cleared = true;
        let reason = PauseReason::BlueGreen;
        scene.before.pause = Some(PauseState { reason, started: began() });
        take_over(scene);
    });
}

fn becomes_stable(scene: &mut Scene) {
    let until = scene.now.after(Duration::from_secs(30));
    scene.plan.status.stable = Some(hash("new"));
    let left = scene.plan.status.revisions.get_mut(&hash("stable")).unwrap();
    left.scale_down_at = Some(until);
}

#[test]
fn it_becomes_stable_after_the_second_analysis() {
    good(active(), |scene| {
        ran(scene, RunKind::PostPromotion, RunSeen::Successful);
        becomes_stable(scene);
    });
    let skipped: [fn(&mut Scene); 3] = [
        |scene| scene.before.promote_full = true,
        |scene| scene.before.blue_green.returning = true,
        |scene| settings(scene).post_promotion = None,
    ];
    for change in skipped {
        good(active(), |scene| {
            change(scene);
            becomes_stable(scene);
        });
    }
    let not_proven = || BlueGreenViolation::NotProven { revision: hash("new") };
    bad(active(), becomes_stable, not_proven());
    bad(
        active(),
        |scene| {
            ran(scene, RunKind::PrePromotion, RunSeen::Successful);
            becomes_stable(scene);
        },
        not_proven(),
    );
    bad(
        active(),
        |scene| {
            scene.before.blue_green.proven = true;
            scene.seen.revisions.insert(hash("new"), available(3));
            becomes_stable(scene);
        },
        BlueGreenViolation::TookOverInPart { available: 3, needed: 4 },
    );
}

#[test]
fn who_was_stable_stands_by() {
    let cut =
        |replicas| BlueGreenViolation::StandbyCut { revision: hash("stable"), replicas, needed: 4 };
    bad(
        active(),
        |scene| {
            scene.before.blue_green.proven = true;
            becomes_stable(scene);
            scene.scales("stable", 3);
        },
        cut(3),
    );
    bad(
        active(),
        |scene| {
            scene.before.blue_green.proven = true;
            becomes_stable(scene);
            scene.now = scene.now.after(Duration::from_millis(1));
        },
        cut(4),
    );
    good(active(), |scene| {
        scene.before.blue_green.proven = true;
        settings(scene).scale_down_revision_limit = Some(0);
        becomes_stable(scene);
        scene.scales("stable", 0);
    });
}

#[test]
fn an_old_one_stands_by_until_its_time_or_until_there_are_too_many() {
    let old = |scene: &mut Scene, limit: Option<u32>, until: i64| {
        settings(scene).scale_down_revision_limit = limit;
        scene.had("old", 4);
        let now = scene.now.as_millis();
        let record = scene.before.revisions.get_mut(&hash("old")).unwrap();
        record.was_stable = true;
        record.scale_down_at = Some(Timestamp::from_millis(now + until));
        scene.seen.revisions.insert(hash("old"), available(4));
        scene.scales("old", 0);
    };
    let cut = || BlueGreenViolation::StandbyCut { revision: hash("old"), replicas: 0, needed: 4 };
    bad(preview(), |scene| old(scene, None, 1), cut());
    bad(preview(), |scene| old(scene, Some(1), 1), cut());
    good(preview(), |scene| old(scene, Some(0), 1));
    good(preview(), |scene| old(scene, None, 0));
}

#[test]
fn who_is_superseded_while_active_may_stay_so_but_nobody_else() {
    let third = |scene: &mut Scene| {
        scene.had("third", 4).wants("third", 4);
        scene.seen.revisions.insert(hash("third"), available(4));
    };
    good(preview(), |scene| {
        third(scene);
        had_all(scene, "third");
        scene.routes(&[("third", 100)]);
    });
    bad(
        preview(),
        |scene| {
            third(scene);
            scene.before.promote_full = true;
            scene.routes(&[("third", 100)]);
        },
        SplitViolation::Stray { revision: hash("third"), weight: crate::scene::weight(100) },
    );
}

#[test]
fn an_abort_gives_everything_back() {
    let aborted = |scene: &mut Scene| {
        let reason = AbortReason::Deadline;
        scene.plan.status.abort = Some(Abort { at: scene.now, reason });
    };
    bad(active(), aborted, SplitViolation::AbortedButServing { weight: crate::scene::weight(100) });
    good(active(), |scene| {
        aborted(scene);
        scene.routes(&[("stable", 100)]);
        scene.plan.status.weight = crate::scene::weight(0);
    });
}
