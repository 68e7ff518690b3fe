use tidegate_checker::{PromotionViolation, SplitViolation};
use tidegate_rollout::{Abort, AbortReason, Action, Threshold};
use tidegate_units::{Generation, Timestamp};

use crate::{
    scene::{Scene, available, bad, good, hash, weight},
    world::canary_of,
};

fn aborted() -> Abort {
    let reason = AbortReason::User { who: "ann".into(), why: None };
    Abort { at: Timestamp::from_millis(0), reason }
}

#[test]
fn a_split_gives_away_all_requests_among_known_revisions() {
    good(Scene::new(), |scene| {
        scene.routes(&[("new", 10), ("stable", 90)]);
    });
    for split in [[("new", 20), ("stable", 79)], [("new", 20), ("stable", 81)]] {
        bad(
            Scene::new(),
            |scene| {
                scene.routes(&split);
            },
            SplitViolation::WeightSum { off: weight(1) },
        );
    }
    bad(
        Scene::new(),
        |scene| {
            scene.routes(&[("new", 10), ("stable", 80), ("new", 10)]);
        },
        SplitViolation::NamedTwice { revision: hash("new") },
    );
    bad(
        Scene::new(),
        |scene| {
            scene.routes(&[("new", 20), ("stable", 80), ("typo", 0)]);
        },
        SplitViolation::UnknownRevision { revision: hash("typo") },
    );
    bad(
        Scene::new(),
        |scene| {
            let (revision, replicas, generation) = (hash("typo"), 1, Generation(8));
            scene.plan.status.generation = generation;
            scene.plan.actions =
                vec![Action::Scale { revision, replicas, restart_before: None, generation }];
        },
        SplitViolation::UnknownRevision { revision: hash("typo") },
    );
}

#[test]
fn nobody_is_sent_where_nobody_answers() {
    let raise = |scene: &mut Scene| {
        scene.before.route = vec![(hash("new"), weight(5)), (hash("stable"), weight(95))];
        scene.routes(&[("new", 20), ("stable", 80)]);
    };
    good(Scene::new(), raise);
    bad(
        Scene::new(),
        |scene| {
            raise(scene);
            scene.seen.revisions.insert(hash("new"), available(0));
        },
        SplitViolation::NothingAvailable { revision: hash("new"), weight: weight(20) },
    );
    // The stable revision may be down: an abort gives it the requests back all the same.
    good(Scene::new(), |scene| {
        scene.seen.revisions.insert(hash("stable"), available(0));
        scene.plan.status.abort = Some(aborted());
        scene.plan.status.weight = weight(0);
        scene.routes(&[("new", 0), ("stable", 100)]);
    });
    good(Scene::new(), |scene| {
        scene.seen.revisions.clear();
        scene.spec.replicas = 0;
        raise(scene);
    });
}

#[test]
fn a_share_rises_only_as_far_as_replicas_carry_it() {
    let raise = |there: u32| {
        move |scene: &mut Scene| {
            scene.before.route = vec![(hash("new"), weight(5)), (hash("stable"), weight(95))];
            scene.routes(&[("new", 20), ("stable", 80)]);
            scene.spec.replicas = 10;
            scene.seen.revisions.insert(hash("new"), available(there));
            scene.seen.revisions.insert(hash("stable"), available(10));
            for record in scene.plan.status.revisions.values_mut() {
                record.replicas = 10;
            }
        }
    };
    good(Scene::new(), raise(2));
    let raised = SplitViolation::RaisedAboveReplicas {
        revision: hash("new"),
        weight: weight(20),
        available: 1,
    };
    bad(Scene::new(), raise(1), raised);
    // With nobody else to answer, one that has too much is better than none.
    good(Scene::new(), |scene| {
        raise(1)(scene);
        scene.seen.revisions.insert(hash("stable"), available(0));
    });
    // Who says that half of them suffice, says so of shares too.
    good(Scene::new(), |scene| {
        raise(1)(scene);
        canary_of(&mut scene.spec).progress_threshold = Threshold::Percent(50);
    });
}

#[test]
fn what_gets_requests_is_to_have_replicas() {
    let none = |scene: &mut Scene| {
        scene.had("new", 0).wants("new", 0);
        scene.seen.revisions.remove(&hash("new"));
    };
    bad(
        Scene::new(),
        none,
        SplitViolation::RoutedToNone { revision: hash("new"), weight: weight(20) },
    );
    good(Scene::new(), |scene| {
        none(scene);
        scene.routes(&[("new", 0), ("stable", 100)]);
    });
}

#[test]
fn the_new_revision_gets_what_its_step_allows_and_no_more() {
    bad(
        Scene::new(),
        |scene| {
            scene.routes(&[("new", 21), ("stable", 79)]);
        },
        SplitViolation::AboveStep { weight: weight(21), allowed: weight(20), step: 0 },
    );
    bad(
        Scene::new(),
        |scene| {
            scene.before.weight = weight(21);
            scene.plan.status.weight = weight(21);
        },
        SplitViolation::AboveStep { weight: weight(21), allowed: weight(20), step: 0 },
    );
    // A pause and an analysis keep the weight of the step before them.
    good(Scene::new(), |scene| {
        scene.at_step(2);
    });
    // Lowered steps take what was given before.
    bad(
        Scene::new(),
        |scene| {
            scene.at_step(3);
            scene.before.route = vec![(hash("new"), weight(60)), (hash("stable"), weight(40))];
        },
        SplitViolation::AboveStep { weight: weight(60), allowed: weight(50), step: 3 },
    );
    good(Scene::new(), |scene| {
        scene.before.promote_full = true;
        scene.plan.status.promote_full = true;
        scene.plan.status.weight = weight(100);
        scene.routes(&[("new", 100), ("stable", 0)]);
    });
    // With nobody left in the stable revision, what the new one has may stay.
    good(Scene::new(), |scene| {
        scene.at_step(3);
        scene.before.route = vec![(hash("new"), weight(60)), (hash("stable"), weight(40))];
        scene.seen.revisions.insert(hash("stable"), available(0));
    });
}

#[test]
fn an_abort_takes_all_requests_back_and_keeps_them() {
    let abort = |scene: &mut Scene| {
        scene.plan.status.abort = Some(aborted());
        scene.plan.status.weight = weight(0);
    };
    good(Scene::new(), |scene| {
        abort(scene);
        scene.routes(&[("new", 0), ("stable", 100)]);
    });
    bad(Scene::new(), abort, SplitViolation::AbortedButServing { weight: weight(20) });
    bad(
        Scene::new(),
        |scene| {
            abort(scene);
            scene.routes(&[("new", 1), ("stable", 99)]);
        },
        SplitViolation::AbortedButServing { weight: weight(1) },
    );
    let forget = |scene: &mut Scene| {
        scene.before.abort = Some(aborted());
        scene.before.weight = weight(0);
        scene.plan.status.weight = weight(0);
        scene.routes(&[("new", 0), ("stable", 100)]);
    };
    bad(Scene::new(), forget, PromotionViolation::AbortForgotten);
    good(Scene::new(), |scene| {
        forget(scene);
        scene.before.steps_hash = 9;
    });
    good(Scene::new(), |scene| {
        forget(scene);
        scene.before.current = Some(hash("earlier"));
    });
}

#[test]
fn nobody_but_the_stable_and_the_new_revision_is_served() {
    let third = |scene: &mut Scene| {
        scene.had("earlier", 4).wants("earlier", 4);
        scene.seen.revisions.insert(hash("earlier"), available(4));
        scene.before.route = vec![(hash("earlier"), weight(20)), (hash("stable"), weight(80))];
    };
    bad(
        Scene::new(),
        third,
        SplitViolation::Stray { revision: hash("earlier"), weight: weight(20) },
    );
    good(Scene::new(), |scene| {
        third(scene);
        scene.routes(&[("stable", 100)]);
    });
    // Before there is a stable revision, whatever serves may go on, but get no more; the first is kept.
    let first = |scene: &mut Scene| {
        third(scene);
        scene.before.stable = None;
        scene.plan.status.stable = Some(hash("earlier"));
    };
    good(Scene::new(), first);
    bad(
        Scene::new(),
        |scene| {
            first(scene);
            scene.routes(&[("earlier", 10), ("stable", 90)]);
        },
        SplitViolation::Stray { revision: hash("stable"), weight: weight(90) },
    );
}
