//! The step that goes by evidence: each rule by hand, and ways to break them in any world.

use std::time::Duration;

use tidegate_checker::{SplitViolation, StepViolation};
use tidegate_exposure::{Arm, Counted, Exposure, ExposureSettings, Level, Milli, Nats};
use tidegate_rollout::{Plan, RolloutStatus, Step};
use tidegate_units::Weight;

use crate::{
    sabotage::{Made, a_bit_more},
    scene::{Scene, bad, began, good, weight},
    world::canary_of,
};

fn settings() -> ExposureSettings {
    ExposureSettings { dwell: Duration::ZERO, max: weight(90), ..ExposureSettings::default() }
}

/// What was counted after so many looks of 100 requests each, none of which was hurt.
fn counted(looks: u64) -> Counted {
    Counted {
        at: began().after(Duration::from_secs(2 * looks)),
        epoch: 1,
        canary: Arm { requests: looks * 20, errors: 0 },
        stable: Arm { requests: looks * 80, errors: 0 },
        effect: Milli::default(),
    }
}

/// The step has given 20 % for five looks; the plan is made at the sixth.
fn scene() -> Scene {
    let mut scene = Scene::new();
    canary_of(&mut scene.spec).steps = vec![Step::Auto(Box::new(settings())), Step::Pause(None)];
    let mut exposure = Exposure::begin(&settings(), &counted(0), weight(20));
    (1..6).for_each(|looks| exposure.look(&settings(), &counted(looks), true, true));
    scene.before.exposure = Some(exposure.clone());
    exposure.look(&settings(), &counted(6), true, true);
    scene.plan.status.exposure = Some(exposure);
    scene.seen.counted = Some(counted(6));
    scene.now = counted(6).at;
    scene
}

fn exposure(status: &mut RolloutStatus) -> &mut Exposure {
    status.exposure.as_mut().unwrap()
}

/// The plan gives so many percent.
fn gives(percent: u8) -> impl FnOnce(&mut Scene) {
    move |scene| exposure(&mut scene.plan.status).weight = weight(percent)
}

fn over_budget(percent: u8, why: &'static str) -> SplitViolation {
    SplitViolation::OverBudget { weight: weight(percent), why }
}

#[test]
fn a_share_rises_by_what_the_evidence_pays_for() {
    good(scene(), gives(20));
    good(scene(), gives(21));
    good(scene(), |scene| {
        gives(10)(scene);
        scene.plan.status.weight = weight(10);
        scene.routes(&[("new", 10), ("stable", 90)]);
    });
    bad(scene(), gives(91), over_budget(91, "that is more than its last share"));
    bad(scene(), gives(60), over_budget(60, "harm is not excluded yet"));
    let nothing_new = |scene: &mut Scene| {
        scene.plan.status.exposure = scene.before.exposure.clone();
        gives(21)(scene);
    };
    bad(scene(), nothing_new, over_budget(21, "nothing new was counted"));
    let too_fast = |scene: &mut Scene| {
        exposure(&mut scene.before).weight = weight(5);
        gives(30)(scene);
    };
    bad(scene(), too_fast, over_budget(30, "it rises too fast"));
    let begins = |scene: &mut Scene| {
        scene.before.exposure = None;
        gives(20)(scene);
    };
    bad(scene(), begins, over_budget(20, "the step only begins"));
    let unpaid = |scene: &mut Scene| {
        let spent = |level: &mut Level| level.charged = Milli::new(49.9);
        exposure(&mut scene.plan.status).levels.iter_mut().for_each(spent);
        gives(21)(scene);
    };
    bad(scene(), unpaid, over_budget(21, "what is left of the budget does not pay for that"));
    good(scene(), |scene| {
        let shown = |level: &mut Level| {
            level.log = level.log.max(Nats::new(5.0));
            level.best = level.best.max(level.log);
        };
        exposure(&mut scene.plan.status).levels.iter_mut().for_each(shown);
        unpaid(scene);
    });
}

const UNCHARGED: &str = "requests were not charged";

#[test]
fn requests_are_charged_and_stay_so() {
    let first = |scene: &mut Scene| exposure(&mut scene.plan.status).levels[0].charged;
    bad(
        scene(),
        |scene| {
            let had = exposure(&mut scene.before).levels.clone();
            for (level, had) in exposure(&mut scene.plan.status).levels.iter_mut().zip(had) {
                level.charged = had.charged;
            }
        },
        over_budget(20, UNCHARGED),
    );
    let mut forgotten = scene();
    assert!(first(&mut forgotten) > Milli::default());
    bad(
        forgotten,
        |scene| exposure(&mut scene.plan.status).levels.truncate(3),
        over_budget(20, UNCHARGED),
    );
    bad(
        scene(),
        |scene| exposure(&mut scene.plan.status).began = began().after(Duration::from_secs(1)),
        over_budget(20, UNCHARGED),
    );
}

/// The sixth look comes two minutes late, after 1,200 requests of which so many failed.
fn late(scene: &mut Scene, failed: u64, epoch: u64) {
    let mut told = counted(60);
    (told.canary.errors, told.epoch) = (failed, epoch);
    scene.seen.counted = Some(told);
    let mut after = scene.before.exposure.clone().unwrap();
    after.look(&settings(), &told, true, true);
    scene.plan.status.exposure = Some(after);
}

#[test]
fn what_came_while_nobody_looked_is_charged_by_what_it_did() {
    good(scene(), |scene| late(scene, 0, 1));
    good(scene(), |scene| late(scene, 7, 1));
    good(scene(), |scene| late(scene, 0, 2));
    for (failed, epoch) in [(7, 1), (0, 2)] {
        let forgotten = |scene: &mut Scene| {
            // Somebody counts far fewer requests of the router that died than there were.
            late(scene, failed, epoch);
            if epoch == 2 {
                let mut few = counted(1);
                (few.at, few.epoch) = (counted(60).at, 2);
                scene.seen.counted = Some(few);
            }
            let had = exposure(&mut scene.before).levels.clone();
            for (level, had) in exposure(&mut scene.plan.status).levels.iter_mut().zip(had) {
                level.charged = had.charged;
            }
        };
        let share = {
            let mut scene = scene();
            late(&mut scene, failed, epoch);
            exposure(&mut scene.plan.status).weight
        };
        let broken = SplitViolation::OverBudget { weight: share, why: UNCHARGED };
        bad(scene(), forgotten, broken);
    }
}

#[test]
fn evidence_comes_from_what_was_counted() {
    let made_up = over_budget(20, "its evidence is made up");
    let overrated =
        |scene: &mut Scene| exposure(&mut scene.plan.status).levels[0].worth = Nats::new(4.0);
    bad(scene(), overrated, made_up.clone());
    let from_nothing = |scene: &mut Scene| {
        scene.plan.status.exposure = scene.before.exposure.clone();
        let level = &mut exposure(&mut scene.plan.status).levels[0];
        (level.log, level.best) = (Nats::new(4.0), Nats::new(4.0));
    };
    bad(scene(), from_nothing, made_up);
}

#[test]
fn the_step_is_passed_when_harm_is_excluded_at_its_last_share() {
    let passed = |scene: &mut Scene| {
        scene.plan.status.exposure = None;
        scene.moves_to(1);
    };
    bad(scene(), passed, StepViolation::ExposureNotProven { step: 0 });
    let shown = |scene: &mut Scene| {
        let before = exposure(&mut scene.before);
        before.levels.iter_mut().for_each(|level| level.best = Nats::new(5.0));
        before.weight = weight(90);
        passed(scene);
    };
    bad(scene(), shown, StepViolation::ExposureNotProven { step: 0 });
    good(scene(), |scene| {
        shown(scene);
        scene.seen.routed.as_mut().unwrap().insert("new".into(), weight(90));
    });
}

/// A step that goes by evidence is being taken, before the plan and after.
fn taken<'a>(
    made: &'a Made<'_>,
    plan: &'a mut Plan,
) -> Option<(&'a ExposureSettings, &'a Exposure, &'a mut Exposure)> {
    let index = plan.status.step_index;
    let Step::Auto(settings) = made.spec.canary().steps.get(index)? else { return None };
    let same = made.in_steps() && made.before.step_index == index;
    let before = made.before.exposure.as_ref().filter(|_| same)?;
    Some((settings, before, plan.status.exposure.as_mut()?))
}

fn is_new(made: &Made<'_>, exposure: &Exposure) -> bool {
    made.seen.counted.is_some_and(|counted| counted.at == exposure.looked)
}

/// Whether no level of harm was ever excluded.
fn is_open(settings: &ExposureSettings, exposure: &Exposure) -> bool {
    let bar = (1e6 / f64::from(settings.alpha)).ln();
    exposure.levels.iter().all(|level| level.best.get() < bar)
}

pub(crate) fn rises_unseen(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some((_, before, after)) = taken(made, plan) else { return false };
    let more = a_bit_more(before.weight);
    after.weight = more;
    more > before.weight && !is_new(made, after)
}

pub(crate) fn rises_too_fast(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some((settings, before, after)) = taken(made, plan) else { return false };
    let most = before.weight.parts() * u64::from(settings.growth) / 100;
    after.weight = Weight::at_most(most.max(settings.start.parts()) + 1, Weight::PARTS);
    after.weight.parts() > most.max(settings.start.parts())
}

pub(crate) fn rises_unproven(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some((settings, before, after)) = taken(made, plan) else { return false };
    let half = Weight::new(50).unwrap();
    after.weight = a_bit_more(half.max(before.weight));
    after.weight > before.weight && is_open(settings, after)
}

pub(crate) fn rises_unpaid(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some((settings, before, after)) = taken(made, plan) else { return false };
    let over = Milli(u64::from(settings.budget) * 1000 + 1000);
    after.levels.iter_mut().for_each(|level| level.charged = level.charged.max(over));
    after.weight = a_bit_more(before.weight);
    after.weight > before.weight && is_open(settings, after)
}

pub(crate) fn sends_for_nothing(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some((_, before, after)) = taken(made, plan) else { return false };
    let mut owed = false;
    for (had, level) in before.levels.iter().zip(&mut after.levels) {
        owed |= level.charged.0 > had.charged.0 + 50;
        level.charged = had.charged;
    }
    owed
}

pub(crate) fn takes_back_charges(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some((_, before, after)) = taken(made, plan) else { return false };
    let Some((had, level)) = before.levels.iter().zip(&mut after.levels).last() else {
        return false;
    };
    level.charged = Milli::default();
    had.charged.0 > 50
}

pub(crate) fn makes_evidence_up(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some((_, _, after)) = taken(made, plan) else { return false };
    let Some(level) = after.levels.first_mut() else { return false };
    level.worth = Nats(level.worth.0.max(level.best.0).max(0) + 1_000_000);
    true
}

pub(crate) fn passes_unproven(made: &Made<'_>, plan: &mut Plan) -> bool {
    let Some((settings, before, _)) = taken(made, plan) else { return false };
    let open = is_open(settings, before) && !before.levels.is_empty();
    plan.status.step_index += 1;
    plan.status.exposure = None;
    open
}
