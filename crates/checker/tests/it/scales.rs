use tidegate_checker::{CapacityViolation, SplitViolation, StepViolation};
use tidegate_rollout::{CanaryScale, Step, Threshold};
use tidegate_units::Timestamp;

use crate::scene::{Scene, available, bad, good, hash, weight};
use crate::world::canary_of;

/// The new revision has half of the requests, and a scale of its own at step 1.
fn scaled(scale: CanaryScale) -> Scene {
    let mut scene = Scene::new();
    canary_of(&mut scene.spec).steps =
        vec![Step::SetWeight(weight(50)), Step::SetScale(scale), Step::Pause(None)];
    scene.at_step(1);
    scene.before.route = vec![(hash("new"), weight(50)), (hash("stable"), weight(50))];
    scene.before.weight = weight(50);
    scene.plan.status.weight = weight(50);
    scene.plan.status.route.clone_from(&scene.before.route);
    scene.seen.routed = Some(scene.before.route.iter().cloned().collect());
    scene
}

#[test]
fn a_scale_is_passed_once_its_replicas_are_available() {
    for (scale, enough) in
        [(CanaryScale::Replicas(3), 3), (CanaryScale::Share(60), 3), (CanaryScale::MatchTraffic, 2)]
    {
        let with = |count| {
            move |scene: &mut Scene| {
                scene.seen.revisions.insert(hash("new"), available(count));
                scene.moves_to(2);
            }
        };
        good(scaled(scale), with(enough));
        bad(scaled(scale), with(enough - 1), StepViolation::ScaleNotSeen { step: 1 });
        good(scaled(scale), |scene| {
            canary_of(&mut scene.spec).progress_threshold = Threshold::Percent(50);
            with(enough - 1)(scene);
        });
    }
}

#[test]
fn few_replicas_carry_the_share_where_a_scale_says_so_but_never_none() {
    good(scaled(CanaryScale::Replicas(1)), |scene| {
        scene.scales("new", 1);
    });
    let cut = |replicas, needed| CapacityViolation::CutWhileServing {
        revision: hash("new"),
        replicas,
        needed,
    };
    bad(
        scaled(CanaryScale::MatchTraffic),
        |scene| {
            scene.scales("new", 1);
        },
        cut(1, 2),
    );
    let mut scene = scaled(CanaryScale::Replicas(0));
    scene.routes(&[("stable", 100)]).scales("new", 0);
    assert_eq!(scene.violations(), [cut(0, 2).into()], "before the router has let go of them");
}

#[test]
fn a_dynamic_stable_revision_keeps_what_its_share_needs() {
    let dynamic = |scene: &mut Scene| canary_of(&mut scene.spec).dynamic_stable = true;
    good(scaled(CanaryScale::MatchTraffic), |scene| {
        dynamic(scene);
        scene.scales("stable", 2);
    });
    bad(
        scaled(CanaryScale::MatchTraffic),
        |scene| {
            dynamic(scene);
            scene.scales("stable", 1);
        },
        CapacityViolation::CutWhileServing { revision: hash("stable"), replicas: 1, needed: 2 },
    );
}

#[test]
fn a_dynamic_stable_revision_is_given_no_more_than_it_carries() {
    let aborted = |stable: u32, back: u8| {
        move |scene: &mut Scene| {
            canary_of(&mut scene.spec).dynamic_stable = true;
            scene.seen.revisions.insert(hash("stable"), available(stable));
            let reason = tidegate_rollout::AbortReason::Deadline;
            let abort = tidegate_rollout::Abort { at: scene.now, reason };
            scene.before.abort = Some(abort.clone());
            scene.plan.status.abort = Some(abort);
            let left = 100 - back;
            scene.plan.status.weight = weight(left);
            scene.routes(&[("new", left), ("stable", back)]);
        }
    };
    let scene = || scaled(CanaryScale::MatchTraffic);
    good(scene(), aborted(3, 75));
    let overloaded = SplitViolation::StableOverloaded { weight: weight(80), carries: weight(75) };
    bad(scene(), aborted(3, 80), overloaded);
    let serving = SplitViolation::AbortedButServing { weight: weight(30) };
    bad(scene(), aborted(3, 70), serving);
    // With nobody else to answer, a few are better than none.
    good(scene(), |scene| {
        aborted(3, 100)(scene);
        scene.seen.revisions.insert(hash("new"), available(0));
    });
}

#[test]
fn only_a_return_within_the_window_takes_no_steps() {
    let left = |window: u32, between: u32| {
        move |scene: &mut Scene| {
            scene.spec.rollback_window = window;
            let at = |second: i64| Timestamp::from_millis(second * 1000);
            for (name, second) in [("new", 1), ("stable", 90)] {
                for status in [&mut scene.before, &mut scene.plan.status] {
                    let record = status.revisions.get_mut(&hash(name)).unwrap();
                    (record.created_at, record.was_stable) = (at(second), true);
                }
            }
            for index in 0..between {
                let name = format!("between-{index}");
                scene.had(&name, 0).wants(&name, 0);
                let moment = at(10 + i64::from(index));
                for status in [&mut scene.before, &mut scene.plan.status] {
                    status.revisions.get_mut(&hash(&name)).unwrap().created_at = moment;
                }
            }
            scene.moves_to(5);
        }
    };
    good(Scene::new(), left(1, 0));
    good(Scene::new(), left(3, 2));
    for change in [left(0, 0), left(2, 2)] {
        let mut scene = Scene::new();
        change(&mut scene);
        assert!(
            scene.violations().contains(&StepViolation::StepsSkipped { from: 0, to: 5 }.into())
        );
    }
    // A revision that is younger than the stable one, or never was stable, was never left.
    for (second, was_stable) in [(99, true), (1, false)] {
        let mut scene = Scene::new();
        left(3, 0)(&mut scene);
        let record = scene.before.revisions.get_mut(&hash("new")).unwrap();
        (record.created_at, record.was_stable) =
            (Timestamp::from_millis(second * 1000), was_stable);
        assert!(
            scene.violations().contains(&StepViolation::StepsSkipped { from: 0, to: 5 }.into())
        );
    }
}
