use tidegate_exposure::{Counted, Exposure, ExposureSettings, Level, Nats};
use tidegate_rollout::Step;
use tidegate_units::Weight;

use crate::{
    case::{Case, share},
    split::SplitViolation,
};

/// What two revisions that differ by chance may be rounded by, in requests.
const ROUNDED: f64 = 0.01;

/// The step that goes by evidence after this plan, with how far it has come.
fn after<'a>(case: &Case<'a>) -> Option<(&'a ExposureSettings, &'a Exposure)> {
    match case.spec.canary().steps.get(case.after.step_index)? {
        Step::Auto(settings) => Some((settings, case.after.exposure.as_ref()?)),
        _ => None,
    }
}

/// The state before this plan, if it is of the same step.
fn before<'a>(case: &Case<'a>) -> Option<&'a Exposure> {
    let same = case.is_same_release() && case.before.step_index == case.after.step_index;
    case.before.exposure.as_ref().filter(|_| same)
}

/// A share rises only as far as what is left of the budget pays for, at every level of harm that is
/// not accepted, by the factor that it may rise by, and above half only once each is excluded. A step
/// that begins gives what the steps before it gave.
pub(crate) fn within_budget(case: &mut Case<'_>) {
    let Some((settings, exposure)) = after(case) else { return };
    let weight = exposure.weight;
    let had = match before(case) {
        Some(before) => before.weight,
        None => case.spec.canary().weight_at(case.after.step_index),
    };
    if weight <= had {
        return;
    }
    let why = if before(case).is_none() {
        Some("the step only begins")
    } else if weight > settings.max {
        Some("that is more than its last share")
    } else if exposure.looked != case.seen.counted.map_or(exposure.began, |it| it.at) {
        Some("nothing new was counted")
    } else if !grows_slowly(settings, had, weight) {
        Some("it rises too fast")
    } else if weight.parts() * 2 > Weight::PARTS && !excluded(settings, exposure) {
        Some("harm is not excluded yet")
    } else if !is_paid_for(settings, exposure) && !excluded_by(settings, exposure, |it| it.log) {
        Some("what is left of the budget does not pay for that")
    } else {
        None
    };
    if let Some(why) = why {
        case.breaks(SplitViolation::OverBudget { weight, why });
    }
}

fn grows_slowly(settings: &ExposureSettings, had: Weight, weight: Weight) -> bool {
    let most = u128::from(had.parts()) * u128::from(settings.growth) / 100;
    let first = had == Weight::ZERO && weight <= settings.start;
    first || u128::from(weight.parts()) <= most
}

/// Whether requests of two looks, at the highest rate of late, cost no more than is left.
fn is_paid_for(settings: &ExposureSettings, exposure: &Exposure) -> bool {
    let each_look = exposure.rate.get() * settings.reaction.as_secs_f64();
    let requests = each_look * exposure.weight.percent() / 100.0;
    watched(settings, exposure).all(|level| {
        let prices = (-level.worth.get()).exp().max((-level.worth_before.get()).exp())
            + (-level.worth.get()).exp();
        let cost = f64::from(level.to) / 1e6 * requests * prices;
        level.charged.get() + cost <= f64::from(settings.budget) + ROUNDED
    })
}

/// The levels of harm that are not accepted: beside a stable revision that fails at the rate `r`, from
/// odds of 1.25 times its own on, and from `25 r / budget` on.
fn watched<'a>(
    settings: &'a ExposureSettings,
    exposure: &'a Exposure,
) -> impl Iterator<Item = &'a Level> {
    let stable = exposure.judged.1;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let rate = (stable.errors as f64 + 0.5) / (stable.requests as f64 + 500.0);
    let by_odds = 1.25 * rate / (1.0 + 0.25 * rate) - rate;
    let accepted = by_odds.max(25.0 * rate / f64::from(settings.budget));
    // A hair of a level is as good as the level: sums are taken in another order here.
    let accepted = if settings.tolerate.is_some() { 0.0 } else { accepted * (1.0 + 1e-9) };
    exposure.levels.iter().filter(move |level| f64::from(level.from) / 1e6 >= accepted)
}

/// A level that was excluded once has shown its case, whatever comes after (Ville).
fn excluded(settings: &ExposureSettings, exposure: &Exposure) -> bool {
    excluded_by(settings, exposure, |level| level.best)
}

fn excluded_by(
    settings: &ExposureSettings,
    exposure: &Exposure,
    evidence: fn(&Level) -> Nats,
) -> bool {
    let bar = (1e6 / f64::from(settings.alpha)).ln() - 1e-6;
    watched(settings, exposure).all(|level| evidence(level).get() >= bar)
}

/// What the new revision was sent and did since the last look, as the router told it.
#[derive(Default)]
struct Sent {
    /// Requests that a look committed to, or that nobody counted.
    committed: f64,
    /// Of those that came while nobody looked: how many were hurt.
    hurt: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn sent_since(settings: &ExposureSettings, before: &Exposure, now: &Counted) -> Sent {
    let anew = now.epoch != before.counted.epoch;
    let then = if anew { Counted::default() } else { before.counted };
    let more = |now: u64, then: u64| now.saturating_sub(then) as f64;
    let requests = more(now.canary.requests, then.canary.requests);
    let beside = more(now.stable.requests, then.stable.requests);
    let failed = more(now.canary.errors, then.canary.errors).min(requests);
    let failed_beside = more(now.stable.errors, then.stable.errors).min(beside);
    let gap = now.at.since(before.looked);
    let foreseen = before.rate.get() * gap.as_secs_f64() * before.weight.percent() / 100.0;
    let lost = if anew { (foreseen - requests).max(0.0) } else { 0.0 };
    if gap <= settings.reaction * 2 {
        return Sent { committed: requests + lost, hurt: 0.0 };
    }
    let usual = if beside > 0.0 { requests * failed_beside / beside } else { 0.0 };
    Sent { committed: lost, hurt: (failed - usual).max(0.0) }
}

/// Each request of the new revision is charged at every level, for no less than it may cost; what came
/// while nobody looked, for what it did. Nothing is ever taken back, and nothing is found out where
/// nothing new was counted.
pub(crate) fn charged(case: &mut Case<'_>) {
    let (Some((settings, after)), Some(before)) = (after(case), before(case)) else { return };
    let new = case.seen.counted.filter(|_| after.looked != before.looked);
    // What was given before the first look, the steps before gave.
    let sent = new.filter(|_| before.looked != before.began);
    let sent = sent.map(|counted| sent_since(settings, before, &counted)).unwrap_or_default();
    let same = before.levels.len() == after.levels.len() && before.began == after.began;
    let paid = before.levels.iter().zip(&after.levels).all(|(old, new)| {
        let known = if before.rose { old.worth.min(old.worth_before) } else { old.worth_before };
        let cost = f64::from(old.to) / 1e6 * sent.committed * (-known.get()).exp()
            + sent.hurt * (-new.worth.get()).exp();
        (new.from, new.to) == (old.from, old.to)
            && new.charged.get() + ROUNDED >= old.charged.get() + cost
    });
    let unfounded = new.is_none() && before.levels != after.levels;
    let overrated = after.levels.iter().any(|level| level.worth.get() > worth(level) + 1e-5);
    let why = if !(same && paid) {
        "requests were not charged"
    } else if unfounded || overrated {
        "its evidence is made up"
    } else {
        return;
    };
    let weight = after.weight;
    case.breaks(SplitViolation::OverBudget { weight, why });
}

/// The most that requests may be charged by: half of the evidence, and a quarter of the root of the
/// most that it was.
fn worth(level: &Level) -> f64 {
    let (now, best) = (level.log.get(), level.best.get());
    let top = now.max(best / 2.0);
    top + ((now - top).exp() / 2.0 + (best / 2.0 - top).exp() / 4.0).ln()
}

/// Whether all harm was excluded and the router is seen to give the last share.
pub(crate) fn is_proven(case: &Case<'_>, settings: &ExposureSettings) -> bool {
    let seen = case.seen.routed.as_ref().map(|routed| share_of(routed, case));
    let known = case.before.exposure.as_ref().filter(|_| case.is_same_release());
    let proven = known.is_some_and(|it| excluded(settings, it) && it.weight >= settings.max);
    let given = seen.is_some_and(|seen| {
        seen >= settings.max || case.scale_at(case.before.step_index) == Some(0)
    });
    case.spec.replicas == 0 || (proven && given)
}

fn share_of(
    routed: &std::collections::BTreeMap<tidegate_units::RevisionHash, Weight>,
    case: &Case<'_>,
) -> Weight {
    let split: Vec<_> = routed.iter().map(|(name, weight)| (name.clone(), *weight)).collect();
    share(&split, &case.spec.revision)
}
