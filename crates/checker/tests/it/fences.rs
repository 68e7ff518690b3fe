use tidegate_checker::{JudgeViolation, OrderViolation};
use tidegate_rollout::{Action, AnalysisUse, PauseReason, PauseState, RunKind, RunRef, RunSeen};
use tidegate_units::Generation;

use crate::{
    scene::{Scene, available, bad, good, hash, weight},
    world::canary_of,
};

#[test]
fn generations_never_fall() {
    bad(
        Scene::new(),
        |scene| scene.plan.status.generation = Generation(6),
        OrderViolation::GenerationFell { from: Generation(7), to: Generation(6) },
    );
    good(Scene::new(), |scene| scene.plan.status.generation = Generation(9));
}

#[test]
fn other_orders_have_another_generation() {
    let stale = |scene: &mut Scene| {
        scene.plan.status.generation = Generation(7);
        for action in &mut scene.plan.actions {
            if let Action::Scale { generation, .. } | Action::Route { generation, .. } = action {
                *generation = Generation(7);
            }
        }
    };
    let stayed = || OrderViolation::GenerationStayed { generation: Generation(7) };
    bad(
        Scene::new(),
        |scene| {
            scene.scales("new", 5);
            stale(scene);
        },
        stayed(),
    );
    bad(
        Scene::new(),
        |scene| {
            scene.routes(&[("new", 10), ("stable", 90)]);
            stale(scene);
        },
        stayed(),
    );
    bad(
        Scene::new(),
        |scene| {
            scene.scales("new", 4);
            stale(scene);
            if let Action::Scale { restart_before, .. } = &mut scene.plan.actions[0] {
                *restart_before = Some(scene.now);
            }
        },
        stayed(),
    );
    // The same order again is the same order.
    good(Scene::new(), |scene| {
        scene.scales("new", 4).routes(&[("stable", 80), ("new", 20)]);
        stale(scene);
    });
}

#[test]
fn orders_carry_the_generation_of_their_plan() {
    bad(
        Scene::new(),
        |scene| {
            scene.scales("new", 5);
            scene.plan.status.generation = Generation(9);
        },
        OrderViolation::WrongGeneration { found: Generation(8), plan: Generation(9) },
    );
}

#[test]
fn what_is_ordered_is_stored() {
    bad(
        Scene::new(),
        |scene| {
            scene.scales("new", 5).wants("new", 6);
        },
        OrderViolation::NotRecorded { revision: hash("new") },
    );
    bad(
        Scene::new(),
        |scene| {
            scene.routes(&[("new", 10), ("stable", 90)]);
            scene.plan.status.route = vec![(hash("new"), weight(20)), (hash("stable"), weight(90))];
        },
        OrderViolation::NotRecorded { revision: hash("new") },
    );
}

#[test]
fn a_revision_is_forgotten_when_nothing_needs_it() {
    let forgets = |name: &'static str| {
        move |scene: &mut Scene| {
            scene.had("old", 0).wants("old", 0);
            scene.plan.actions.push(Action::Forget { revision: hash(name) });
        }
    };
    let early = |name, why| OrderViolation::ForgottenTooEarly { revision: hash(name), why };
    good(Scene::new(), forgets("old"));
    bad(Scene::new(), forgets("stable"), early("stable", "is stable"));
    bad(Scene::new(), forgets("new"), early("new", "is wanted"));
    bad(
        Scene::new(),
        |scene| {
            forgets("old")(scene);
            scene.seen.revisions.insert(hash("old"), available(1));
        },
        early("old", "has replicas"),
    );
    bad(
        Scene::new(),
        |scene| {
            forgets("old")(scene);
            scene.wants("old", 1);
        },
        early("old", "is to have replicas"),
    );
    bad(
        Scene::new(),
        |scene| {
            forgets("old")(scene);
            scene.seen.routed =
                Some([(hash("old"), weight(1)), (hash("stable"), weight(99))].into());
        },
        early("old", "gets requests"),
    );
}

#[test]
fn a_run_compares_the_new_revision_with_the_stable_one() {
    let starts = |canary: &'static str, stable: &'static str| {
        move |scene: &mut Scene| {
            scene.plan.actions.push(Action::StartRun {
                run: "run".into(),
                kind: RunKind::Watch,
                analysis: None,
                canary: hash(canary),
                stable: hash(stable),
            });
        }
    };
    let wrong = || OrderViolation::WrongComparison { run: "run".into() };
    good(Scene::new(), starts("new", "stable"));
    bad(Scene::new(), starts("stable", "new"), wrong());
    bad(Scene::new(), starts("new", "new"), wrong());
    bad(Scene::new(), starts("earlier", "stable"), wrong());
}

#[test]
fn a_run_has_a_name_that_no_other_has() {
    let begins = |scene: &mut Scene| {
        scene.plan.status.watch_run = Some(RunRef { name: "run".into(), kind: RunKind::Watch });
    };
    let known = |scene: &mut Scene| {
        begins(scene);
        scene.seen.runs.insert("run".into(), RunSeen::Running);
    };
    let goes_on = |scene: &mut Scene| {
        known(scene);
        scene.before.watch_run = scene.plan.status.watch_run.clone();
    };
    good(Scene::new(), begins);
    good(Scene::new(), goes_on);
    bad(Scene::new(), known, OrderViolation::NameUsedAgain { run: "run".into() });
}

#[test]
fn an_analysis_that_is_declared_stands_beside_the_steps() {
    let declared = || {
        let mut scene = Scene::new();
        let canary = canary_of(&mut scene.spec);
        (canary.background, canary.starting_step) = (Some(AnalysisUse::default()), 1);
        scene.at_step(1);
        scene
    };
    let judged = |seen: RunSeen| {
        let mut scene = declared();
        let run = RunRef { name: "run".into(), kind: RunKind::Background };
        scene.before.background_run = Some(run.clone());
        scene.plan.status.background_run = Some(run);
        scene.seen.runs.insert("run".into(), seen);
        scene
    };
    let undecided = || judged(RunSeen::Inconclusive(String::new()));
    good(declared(), |scene| {
        scene.at_step(0);
    });
    good(judged(RunSeen::Running), |_| {});
    good(judged(RunSeen::Successful), |_| {});
    good(undecided(), |scene| scene.spec.paused = true);
    good(undecided(), |scene| {
        let pause = PauseState { reason: PauseReason::Inconclusive, started: scene.now };
        scene.plan.status.pause = Some(pause);
    });
    bad(declared(), |_| {}, JudgeViolation::Unjudged);
    bad(undecided(), |_| {}, JudgeViolation::Unjudged);
}

#[test]
fn steps_that_begin_anew_are_judged_anew() {
    let judged = || {
        let mut scene = Scene::new();
        let run = RunRef { name: "run".into(), kind: RunKind::Watch };
        scene.before.watch_run = Some(run.clone());
        scene.plan.status.watch_run = Some(run);
        scene
    };
    good(judged(), |_| {});
    let violation = || JudgeViolation::JudgedBefore { run: "run".into() };
    bad(judged(), |scene| scene.before.steps_hash = 0, violation());
    bad(judged(), |scene| scene.before.current = Some(hash("stable")), violation());
}

/// All that is wrong is told, each once, in sentences.
#[test]
fn violations_are_told_together_in_sentences() {
    let mut scene = Scene::new();
    scene.routes(&[("new", 90), ("stable", 20)]).moves_to(2);
    let told: Vec<_> = scene.violations().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "the weights of the split add up to 10% more or less than everything",
            "the new revision gets 90% of the requests, but step 2 allows 20%",
            "the steps from 0 to 2 are taken in one plan",
        ]
    );
}
