use std::time::Duration;

use tidegate_checker::StepViolation;
use tidegate_rollout::{PauseReason, PauseState, RunKind, RunRef, RunSeen, Step};
use tidegate_units::{Generation, RunName};

use crate::scene::{Scene, available, bad, began, good, hash, weight};
use crate::world::canary_of;

fn run(kind: RunKind) -> RunRef {
    RunRef { name: "run".into(), kind }
}

fn ended(scene: &mut Scene, how: RunSeen) {
    scene.seen.runs.insert("run".into(), how);
}

#[test]
fn a_weight_is_passed_once_the_router_has_it() {
    good(Scene::new(), |scene| {
        scene.moves_to(1);
    });
    let not_seen = || StepViolation::WeightNotSeen { step: 0, weight: weight(20) };
    bad(
        Scene::new(),
        |scene| {
            scene.moves_to(1);
            scene.seen.routed = Some([(hash("stable"), weight(100))].into());
        },
        not_seen(),
    );
    bad(
        Scene::new(),
        |scene| {
            scene.moves_to(1);
            scene.seen.routed_generation = Generation(6);
        },
        not_seen(),
    );
    bad(
        Scene::new(),
        |scene| {
            scene.moves_to(1);
            scene.seen.routed = None;
        },
        not_seen(),
    );
}

#[test]
fn without_a_router_a_weight_is_passed_once_the_replicas_are_there() {
    good(Scene::unrouted(), |scene| {
        scene.moves_to(1);
    });
    bad(
        Scene::unrouted(),
        |scene| {
            scene.moves_to(1);
            scene.seen.revisions.insert(hash("new"), available(1));
        },
        StepViolation::WeightNotSeen { step: 0, weight: weight(50) },
    );
}

#[test]
fn a_pause_is_passed_after_its_time_or_when_somebody_promotes() {
    let after = |seconds| {
        move |scene: &mut Scene| {
            scene.at_step(1).moves_to(2);
            scene.now = began().after(Duration::from_secs(seconds));
        }
    };
    good(Scene::new(), after(10));
    bad(Scene::new(), after(9), StepViolation::PauseNotOver { step: 1 });
    good(Scene::new(), |scene| {
        after(9)(scene);
        scene.before.promoted_step = Some(1);
    });
    bad(
        Scene::new(),
        |scene| {
            after(9)(scene);
            scene.before.promoted_step = Some(0);
        },
        StepViolation::PauseNotOver { step: 1 },
    );
    // Without a length it ends by a person only.
    let endless = |scene: &mut Scene| {
        scene.at_step(4).moves_to(5);
        scene.before.weight = weight(50);
    };
    bad(
        Scene::new(),
        |scene| {
            endless(scene);
            scene.now = began().after(Duration::from_secs(1_000_000));
        },
        StepViolation::PauseNotOver { step: 4 },
    );
    good(Scene::new(), |scene| {
        endless(scene);
        scene.before.promoted_step = Some(4);
    });
}

#[test]
fn an_analysis_is_passed_when_it_succeeded_or_when_somebody_promotes() {
    let passes = |scene: &mut Scene| {
        scene.at_step(2).moves_to(3);
        scene.before.step_run = Some(run(RunKind::Step(2)));
    };
    let not_passed = || StepViolation::AnalysisNotPassed { step: 2 };
    good(Scene::new(), |scene| {
        passes(scene);
        ended(scene, RunSeen::Successful);
    });
    for how in [RunSeen::Running, RunSeen::Inconclusive("few".into())] {
        bad(
            Scene::new(),
            |scene| {
                passes(scene);
                ended(scene, how);
            },
            not_passed(),
        );
    }
    bad(Scene::new(), passes, not_passed());
    bad(
        Scene::new(),
        |scene| {
            passes(scene);
            ended(scene, RunSeen::Successful);
            scene.before.step_run = Some(run(RunKind::Step(1)));
        },
        not_passed(),
    );
    good(Scene::new(), |scene| {
        passes(scene);
        scene.before.promoted_step = Some(2);
    });
}

#[test]
fn no_step_is_jumped_over() {
    bad(
        Scene::new(),
        |scene| {
            scene.moves_to(2);
        },
        StepViolation::StepsSkipped { from: 0, to: 2 },
    );
    // Nothing is left to be done in a weight that is seen already and a pause of no length.
    good(Scene::new(), |scene| {
        canary_of(&mut scene.spec).steps.insert(1, Step::SetWeight(weight(20)));
        canary_of(&mut scene.spec).steps.insert(2, Step::Pause(Some(Duration::ZERO)));
        scene.moves_to(3);
    });
    good(Scene::new(), |scene| {
        scene.before.promote_full = true;
        scene.moves_to(5);
    });
    // Another revision and other steps begin at the first step, with nothing passed.
    for change in [
        |scene: &mut Scene| scene.before.current = Some(hash("earlier")),
        |scene: &mut Scene| scene.before.steps_hash = 9,
    ] {
        bad(
            Scene::new(),
            |scene| {
                scene.before.step_index = 2;
                scene.before.promoted_step = Some(1);
                scene.moves_to(2);
                change(scene);
            },
            StepViolation::StepsSkipped { from: 0, to: 2 },
        );
    }
}

#[test]
fn nothing_moves_while_it_is_held() {
    let hold = |reason| {
        move |scene: &mut Scene| {
            scene.before.pause = Some(PauseState { reason, started: began() });
            scene.plan.status.pause = scene.before.pause;
        }
    };
    bad(
        Scene::new(),
        |scene| {
            hold(PauseReason::User)(scene);
            (scene.before.steps_hash, scene.plan.status.pause) = (0, None);
        },
        StepViolation::HoldForgotten,
    );
    for reason in [PauseReason::User, PauseReason::Inconclusive] {
        good(Scene::new(), hold(reason));
        bad(
            Scene::new(),
            |scene| {
                hold(reason)(scene);
                scene.moves_to(1);
            },
            StepViolation::MovedWhileHeld,
        );
    }
    good(Scene::new(), |scene| {
        hold(PauseReason::Step)(scene);
        scene.at_step(1).moves_to(2);
    });
    bad(
        Scene::new(),
        |scene| {
            scene.spec.paused = true;
            scene.before.route = vec![(hash("new"), weight(10)), (hash("stable"), weight(90))];
            scene.routes(&[("new", 20), ("stable", 80)]);
        },
        StepViolation::MovedWhileHeld,
    );
}

#[test]
fn a_failed_analysis_takes_back_and_never_moves_on() {
    let fails = |scene: &mut Scene, how: RunSeen| {
        scene.before.background_run = Some(run(RunKind::Background));
        ended(scene, how);
    };
    let name = || RunName::from("run");
    for how in [RunSeen::Failed("errors".into()), RunSeen::Error("no data".into())] {
        bad(Scene::new(), |scene| fails(scene, how), StepViolation::FailureIgnored { run: name() });
    }
    for how in [RunSeen::Running, RunSeen::Successful, RunSeen::Inconclusive("few".into())] {
        good(Scene::new(), |scene| fails(scene, how));
    }
    // An abort that moves on all the same.
    bad(
        Scene::new(),
        |scene| {
            fails(scene, RunSeen::Failed("errors".into()));
            scene.plan.status.abort = Some(tidegate_rollout::Abort {
                at: scene.now,
                reason: tidegate_rollout::AbortReason::Deadline,
            });
            scene.plan.status.weight = weight(0);
            scene.routes(&[("stable", 100)]).moves_to(1);
        },
        StepViolation::MovedAfterFailure { run: name() },
    );
    good(Scene::new(), |scene| {
        fails(scene, RunSeen::Failed("errors".into()));
        scene.before.promote_full = true;
    });
}

#[test]
fn without_a_router_replicas_are_the_share() {
    let begins = |replicas| {
        move |scene: &mut Scene| {
            scene.had("new", 0).had("stable", 4).wants("stable", 4).scales("new", replicas);
            scene.seen.revisions.insert(hash("stable"), available(4));
            canary_of(&mut scene.spec).max_surge = tidegate_rollout::CountOrPercent::Count(4);
        }
    };
    good(Scene::unrouted(), begins(2));
    bad(
        Scene::unrouted(),
        begins(3),
        StepViolation::ReplicasAboveStep { replicas: 3, allowed: 2, step: 0 },
    );
}

#[test]
fn without_a_router_what_alone_serves_may_stay() {
    // The new revision was to shrink to one replica, but four of it are all that is available; of
    // four replicas, three must be.
    let stays = |replicas, others| {
        move |scene: &mut Scene| {
            canary_of(&mut scene.spec).steps = vec![Step::SetWeight(weight(25)), Step::Pause(None)];
            scene.had("new", 1).scales("new", replicas);
            scene.seen.revisions.insert(hash("new"), available(4));
            scene.seen.revisions.insert(hash("stable"), available(others));
        }
    };
    let above = |replicas, allowed| StepViolation::ReplicasAboveStep { replicas, allowed, step: 0 };
    good(Scene::unrouted(), stays(3, 0));
    bad(Scene::unrouted(), stays(4, 0), above(4, 3));
    good(Scene::unrouted(), stays(2, 1));
    bad(Scene::unrouted(), stays(3, 1), above(3, 2));
    bad(Scene::unrouted(), stays(2, 2), above(2, 1));
    // What is not there cannot stay.
    bad(
        Scene::unrouted(),
        |scene| {
            stays(3, 0)(scene);
            scene.seen.revisions.insert(hash("new"), available(2));
        },
        above(3, 2),
    );
}
