use tidegate_checker::{CapacityViolation, PromotionViolation};
use tidegate_rollout::CountOrPercent;
use tidegate_units::Generation;

use crate::scene::{Scene, available, bad, good, hash, weight};
use crate::world::canary_of;

/// The new revision has all requests and is about to become stable.
fn promoted(scene: &mut Scene) {
    scene.at_step(5);
    scene.before.weight = weight(100);
    scene.plan.status.weight = weight(100);
    scene.before.route = vec![(hash("new"), weight(100))];
    scene.seen.routed = Some([(hash("new"), weight(100))].into());
    scene.plan.status.stable = Some(hash("new"));
}

#[test]
fn a_revision_becomes_stable_when_it_has_earned_it() {
    good(Scene::new(), promoted);
    let wrongly = |why| PromotionViolation::PromotedWrongly { revision: hash("new"), why };
    bad(
        Scene::new(),
        |scene| {
            promoted(scene);
            scene.at_step(4);
        },
        PromotionViolation::PromotedEarly { revision: hash("new") },
    );
    good(Scene::new(), |scene| {
        promoted(scene);
        scene.at_step(1);
        scene.before.promote_full = true;
    });
    bad(
        Scene::new(),
        |scene| {
            promoted(scene);
            scene.seen.revisions.insert(hash("new"), available(0));
        },
        wrongly("none of its replicas is available"),
    );
    bad(
        Scene::new(),
        |scene| {
            promoted(scene);
            scene.seen.routed =
                Some([(hash("new"), weight(99)), (hash("stable"), weight(1))].into());
        },
        wrongly("the router was not seen to send it all requests"),
    );
    bad(
        Scene::new(),
        |scene| {
            promoted(scene);
            scene.plan.status.abort = Some(tidegate_rollout::Abort {
                at: scene.now,
                reason: tidegate_rollout::AbortReason::Deadline,
            });
        },
        wrongly("it is aborted"),
    );
    bad(
        Scene::new(),
        |scene| {
            promoted(scene);
            scene.had("earlier", 4).wants("earlier", 4);
            scene.plan.status.stable = Some(hash("earlier"));
        },
        PromotionViolation::PromotedWrongly { revision: hash("earlier"), why: "it is not wanted" },
    );
    bad(
        Scene::new(),
        |scene| {
            promoted(scene);
            scene.plan.status.stable = None;
        },
        PromotionViolation::StableLost { revision: hash("stable") },
    );
}

#[test]
fn the_stable_revision_can_take_all_requests_back() {
    bad(
        Scene::new(),
        |scene| {
            scene.had("stable", 3).wants("stable", 3);
            scene.seen.revisions.insert(hash("stable"), available(3));
        },
        CapacityViolation::StableTooSmall { replicas: 3, needed: 4 },
    );
    good(Scene::new(), |scene| {
        scene.spec.replicas = 3;
        scene.scales("stable", 3);
    });
}

#[test]
fn no_replica_goes_while_requests_may_come_to_it() {
    // Half of the requests of four replicas need two.
    let halved = |scene: &mut Scene| {
        scene.at_step(3);
        scene.before.route = vec![(hash("new"), weight(50)), (hash("stable"), weight(50))];
        scene.seen.routed = Some(scene.before.route.iter().cloned().collect());
    };
    good(Scene::new(), |scene| {
        halved(scene);
        scene.scales("new", 2);
    });
    let cut = |replicas, needed| CapacityViolation::CutWhileServing {
        revision: hash("new"),
        replicas,
        needed,
    };
    bad(
        Scene::new(),
        |scene| {
            halved(scene);
            scene.scales("new", 1);
        },
        cut(1, 2),
    );
    // What it is told now may take a while to be followed.
    bad(
        Scene::new(),
        |scene| {
            halved(scene);
            scene.routes(&[("stable", 100)]).scales("new", 0);
        },
        cut(0, 2),
    );
    // A router that confirmed an older split only may follow either.
    bad(
        Scene::new(),
        |scene| {
            halved(scene);
            scene.seen.routed = Some([(hash("stable"), weight(100))].into());
            scene.seen.routed_generation = Generation(6);
            scene.routes(&[("stable", 100)]).scales("new", 0);
        },
        cut(0, 2),
    );
    good(Scene::new(), |scene| {
        scene.before.route = vec![(hash("stable"), weight(100))];
        scene.seen.routed = Some([(hash("stable"), weight(100))].into());
        scene.scales("new", 0);
    });
}

#[test]
fn the_old_stable_revision_stays_until_it_is_unused() {
    let after = |percent| {
        move |scene: &mut Scene| {
            promoted(scene);
            scene.before.stable = Some(hash("new"));
            scene.seen.routed = Some(
                [(hash("new"), weight(100 - percent)), (hash("stable"), weight(percent))].into(),
            );
            scene.scales("stable", 0);
        }
    };
    good(Scene::new(), after(0));
    bad(
        Scene::new(),
        after(1),
        CapacityViolation::CutWhileServing { revision: hash("stable"), replicas: 0, needed: 1 },
    );
}

#[test]
fn without_a_router_enough_replicas_stay_available() {
    let moved = |stable, missing| {
        move |scene: &mut Scene| {
            canary_of(&mut scene.spec).max_unavailable = CountOrPercent::Count(missing);
            scene.scales("stable", stable);
        }
    };
    good(Scene::unrouted(), moved(1, 1));
    bad(Scene::unrouted(), moved(1, 0), CapacityViolation::TooFewAvailable { left: 3, needed: 4 });
    bad(Scene::unrouted(), moved(0, 1), CapacityViolation::TooFewAvailable { left: 2, needed: 3 });
    // Those that are not available may go.
    good(Scene::unrouted(), |scene| {
        moved(0, 0)(scene);
        scene.seen.revisions.insert(hash("stable"), available(0));
    });
}

#[test]
fn without_a_router_nobody_gets_more_than_its_replicas_carry() {
    let routed = |new, stable| {
        move |scene: &mut Scene| {
            scene.routes(&[("new", new), ("stable", stable)]);
            scene.plan.status.weight = weight(new);
        }
    };
    let overloaded = |share, carries| CapacityViolation::Overloaded {
        revision: hash("stable"),
        weight: weight(share),
        carries: weight(carries),
    };
    // Of four replicas, one may be missing: two carry two thirds.
    good(Scene::unrouted(), routed(40, 60));
    bad(Scene::unrouted(), routed(1, 99), overloaded(99, 69));
    let mut scene = Scene::unrouted();
    scene.routes(&[("stable", 100)]);
    scene.plan.status.weight = weight(0);
    let few = CapacityViolation::TooFewServe { left: 2, needed: 3 };
    assert_eq!(scene.violations(), [few.into(), overloaded(100, 68).into()]);
    // With nobody else to answer, few replicas are better than none.
    good(Scene::unrouted(), |scene| {
        scene.routes(&[("stable", 100)]);
        scene.plan.status.weight = weight(0);
        scene.seen.revisions.insert(hash("new"), available(0));
    });
}

/// An order that was given may not have been carried out, and is given again with every plan.
#[test]
fn an_order_that_was_given_before_is_judged_anew() {
    let given = |name: &'static str, replicas: u32| {
        move |scene: &mut Scene| {
            scene.had(name, replicas).scales(name, replicas);
        }
    };
    // Half of the replicas of four are there, and one may be missing.
    good(Scene::unrouted(), given("stable", 1));
    bad(
        Scene::unrouted(),
        given("stable", 0),
        CapacityViolation::TooFewAvailable { left: 2, needed: 3 },
    );
    // What is forgotten is told to go as well.
    bad(
        Scene::unrouted(),
        |scene| {
            scene.had("old", 0);
            scene.seen.revisions = [(hash("old"), available(4))].into();
        },
        CapacityViolation::TooFewAvailable { left: 0, needed: 3 },
    );
    // A router that fell back to an older split, in which a fifth of the requests needs a replica.
    let fallen_back = |replicas| {
        move |scene: &mut Scene| {
            scene.before.route = vec![(hash("stable"), weight(100))];
            scene.plan.status.route.clone_from(&scene.before.route);
            given("new", replicas)(scene);
        }
    };
    good(Scene::new(), fallen_back(1));
    let cut = CapacityViolation::CutWhileServing { revision: hash("new"), replicas: 0, needed: 1 };
    bad(Scene::new(), fallen_back(0), cut);
    // Where nothing is there any more, nothing is cut.
    good(Scene::new(), |scene| {
        fallen_back(0)(scene);
        scene.seen.revisions.remove(&hash("new"));
    });
}

#[test]
fn replicas_that_nobody_knows_go_when_nothing_is_routed_to_them() {
    let cleared = |percent| {
        move |scene: &mut Scene| {
            scene.seen.revisions.insert(hash("lost"), available(2));
            scene.seen.routed = Some(
                [(hash("lost"), weight(percent)), (hash("new"), weight(100 - percent))].into(),
            );
            scene.scales("lost", 0);
            scene.plan.status.revisions.remove(&hash("lost"));
        }
    };
    for scene in [Scene::new, Scene::unrouted] {
        good(scene(), cleared(0));
        let cut =
            CapacityViolation::CutWhileServing { revision: hash("lost"), replicas: 0, needed: 1 };
        bad(scene(), cleared(25), cut);
    }
}

#[test]
fn without_a_router_one_may_be_missing_when_nothing_else_could_move() {
    // A fifth of four is less than one.
    let moved = |surge, stable| {
        move |scene: &mut Scene| {
            canary_of(&mut scene.spec).max_surge = surge;
            canary_of(&mut scene.spec).max_unavailable = CountOrPercent::Percent(20);
            scene.scales("stable", stable);
        }
    };
    let none = CountOrPercent::Count(0);
    good(Scene::unrouted(), moved(none, 1));
    bad(
        Scene::unrouted(),
        moved(none, 0),
        CapacityViolation::TooFewAvailable { left: 2, needed: 3 },
    );
    // A percent of four is rounded up to one more, which may come first.
    let some = CountOrPercent::Percent(1);
    bad(
        Scene::unrouted(),
        moved(some, 1),
        CapacityViolation::TooFewAvailable { left: 3, needed: 4 },
    );
}

#[test]
fn without_a_router_no_more_replicas_than_the_surge_allows() {
    let raised = |stable| {
        move |scene: &mut Scene| {
            canary_of(&mut scene.spec).max_surge = CountOrPercent::Count(1);
            scene.scales("stable", stable);
        }
    };
    good(Scene::unrouted(), raised(3));
    bad(Scene::unrouted(), raised(4), CapacityViolation::OverSurge { replicas: 6, allowed: 5 });
    good(Scene::unrouted(), |scene| {
        raised(4)(scene);
        scene.had("stable", 4);
    });
    // What is there takes room until it is gone.
    bad(
        Scene::unrouted(),
        |scene| {
            raised(3)(scene);
            scene.seen.revisions.insert(hash("new"), available(3));
        },
        CapacityViolation::OverSurge { replicas: 6, allowed: 5 },
    );
}
