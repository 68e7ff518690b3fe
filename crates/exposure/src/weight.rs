//! The share that the evidence allows.

use tidegate_units::Weight;

use crate::{Exposure, ExposureSettings, FINEST, Level, Stage, bet};

/// Above this share the stable revision has too few requests to compare with: evidence grows with
/// `w (1 - w)` where requests fail at all. The share goes from here to its end once all is shown.
fn compared() -> Weight {
    Weight::at_most(1, 2)
}

/// Up to this share evidence costs hardly more of the budget than at any lower one, and comes sooner.
fn frugal() -> Weight {
    Weight::at_most(1, 10)
}

/// How much of what is left of the budget a rise may reserve: what is left then is for the wait
/// until the next one.
pub(crate) const RESERVED: f64 = 0.5;

/// How much of what is left of the budget a good revision may be expected to cost until all is shown:
/// chance may make it several times as much.
const PATIENCE: f64 = 0.33;

/// A share rises by a half at least, unless it reaches its end: each rise is an order to the router,
/// perhaps new replicas, and an entry in the ledger.
const WORTH_IT: (u64, u64) = (3, 2);

impl Exposure {
    /// Decides the share after a look.
    pub(crate) fn decide(&mut self, settings: &ExposureSettings, held: bool) {
        let now = self.weight;
        if self.stage != Stage::Spent {
            let proven = self.is_proven(settings);
            self.stage = if proven { Stage::Proven } else { Stage::Gathering };
        }
        let shown = self.is_shown(settings);
        let next = if !shown && self.affordable(settings, 1.0) < now {
            self.lower(settings)
        } else if held || !self.may_rise(settings) {
            now
        } else {
            self.higher(settings)
        };
        self.rose = next > now;
        self.weight = next;
        if next != now {
            self.given = None;
        }
        let none = now == Weight::ZERO && next == Weight::ZERO && self.here == 0;
        let fine = self.affordable(settings, RESERVED) < Weight::at_most(1, FINEST);
        let spent = (none && fine && self.rate.0 > 0) || self.is_spent(settings);
        if spent && !shown {
            (self.stage, self.weight) = (Stage::Spent, Weight::ZERO);
        }
    }

    /// Whether nothing is left at some level, or one request more may cost more than that.
    fn is_spent(&self, settings: &ExposureSettings) -> bool {
        self.watched(settings).any(|level| {
            let left = level.left(settings);
            left <= 0.0 || level.most_harm() * level.price_from_now() > left
        })
    }

    /// Whether each level of harm that is not accepted is excluded, or was at any look (Ville).
    fn is_proven(&self, settings: &ExposureSettings) -> bool {
        let bar = bar(settings);
        self.watched(settings).all(|level| level.best.get() >= bar) && self.judged.0.requests > 0
    }

    /// Whether each is excluded by the evidence as it is, not only as it once was. The budget is for the
    /// way to there: what is spent is no reason to ask whether a revision may pass that may pass.
    pub(crate) fn is_shown(&self, settings: &ExposureSettings) -> bool {
        let bar = bar(settings);
        self.is_proven(settings) && self.watched(settings).all(|level| level.log.get() >= bar)
    }

    /// Whether all is shown and the last share is given.
    pub fn is_done(&self, settings: &ExposureSettings) -> bool {
        self.stage == Stage::Proven && self.weight >= settings.max && self.given.is_some()
    }

    /// The levels of harm that are not accepted.
    pub(crate) fn watched(&self, settings: &ExposureSettings) -> impl Iterator<Item = &Level> {
        let accepted = match settings.tolerate {
            Some(_) => 0.0,
            None => accepted(bet::rate(self.judged.1), settings.budget),
        };
        self.levels.iter().filter(move |level| level.harm() >= accepted)
    }

    /// A share was given for its time, and somebody was there to be given it.
    pub(crate) fn may_rise(&self, settings: &ExposureSettings) -> bool {
        let started = self.weight > Weight::ZERO;
        let dwelt = self.given.is_some_and(|given| given.after(settings.dwell) <= self.looked);
        self.stage != Stage::Spent && self.rate.0 > 0 && (!started || (dwelt && self.here > 0))
    }

    /// The next higher share, or the one it has where that is not worth it.
    fn higher(&self, settings: &ExposureSettings) -> Weight {
        let end = self.end(settings);
        let aim = self.aim(settings);
        let paid = if self.is_shown(settings) { end } else { self.affordable(settings, RESERVED) };
        let mut next = paid.min(aim);
        let worth = |next: Weight| next.parts() * WORTH_IT.1 >= self.weight.parts() * WORTH_IT.0;
        while next > self.weight && (worth(next) || next == end) {
            if self.stage == Stage::Proven || next <= frugal() || self.is_enough(settings, next) {
                return next;
            }
            next = Weight::at_most(next.parts() / 4 * 3, Weight::PARTS);
        }
        self.weight
    }

    /// Whether what is left of the budget is enough to go on at a share until all is shown, if the
    /// revision is good: then a request costs `exp(-gain)` of what the one before did, and all of them
    /// cost the next one's over the gain. What is learnt from a request, the gain, is less the fewer
    /// requests the stable revision has beside it.
    fn is_enough(&self, settings: &ExposureSettings, next: Weight) -> bool {
        self.watched(settings).all(|level| {
            let gain = self.gain(level, next);
            let shown = level.best.get() >= bar(settings);
            shown
                || level.most_harm() * level.price_from_now()
                    <= gain * level.left(settings) * PATIENCE
        })
    }

    /// What a request of the new revision is expected to add to the evidence at a share.
    pub(crate) fn gain(&self, level: &Level, at: Weight) -> f64 {
        self.exponent() * bet::gain(level.harm(), share(at), self.judged.1)
    }

    /// The highest share that comes into question before more is shown.
    pub(crate) fn end(&self, settings: &ExposureSettings) -> Weight {
        if self.stage == Stage::Proven { settings.max } else { settings.max.min(compared()) }
    }

    /// The next share if the budget is no limit.
    pub(crate) fn aim(&self, settings: &ExposureSettings) -> Weight {
        let grown = if self.weight == Weight::ZERO {
            settings.start
        } else {
            Weight::at_most(
                self.weight.parts().saturating_mul(u64::from(settings.growth)),
                Weight::PARTS.saturating_mul(100),
            )
        };
        grown.min(self.end(settings))
    }

    /// The largest share whose requests until an order after the next look takes effect cost no more
    /// than this part of what is left of the budget, at each level.
    pub(crate) fn affordable(&self, settings: &ExposureSettings, part: f64) -> Weight {
        self.least(settings, |level, foreseen| {
            let prices = level.price(true) + level.price_from_now();
            bought(level.left(settings) * part, level.most_harm() * foreseen * prices)
        })
    }

    /// What to fall to: requests at the share so far may come until the next look, and those after it
    /// are to cost half of what these leave of the budget.
    fn lower(&self, settings: &ExposureSettings) -> Weight {
        let now = share(self.weight);
        let next = self.least(settings, |level, foreseen| {
            let harm = level.most_harm() * foreseen;
            let left = level.left(settings) - harm * now * level.price(false);
            bought(left * RESERVED, harm * level.price_from_now())
        });
        next.min(self.weight)
    }

    /// The smallest of what each level allows, given the requests that are foreseen until the next look.
    fn least(&self, settings: &ExposureSettings, by: impl Fn(&Level, f64) -> f64) -> Weight {
        let foreseen = self.rate.get() * settings.reaction.as_secs_f64();
        if foreseen <= 0.0 {
            return Weight::FULL;
        }
        let least = self.watched(settings).map(|level| by(level, foreseen)).fold(1.0, f64::min);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to FINEST")]
        #[expect(clippy::cast_precision_loss, reason = "a small constant")]
        let finest = (least * FINEST as f64).floor() as u64;
        Weight::at_most(finest, FINEST)
    }
}

impl Level {
    /// What is left of the budget.
    pub(crate) fn left(&self, settings: &ExposureSettings) -> f64 {
        (f64::from(settings.budget) - self.charged.get()).max(0.0)
    }

    /// The most harm that it stands for, as a share.
    pub(crate) fn most_harm(&self) -> f64 {
        f64::from(self.to) / 1e6
    }

    /// The price of requests that are committed now.
    pub(crate) fn price_from_now(&self) -> f64 {
        (-self.worth.get()).exp()
    }
}

/// How much of something at a cost can be paid for by what is left. Nothing is bought with nothing,
/// though the cost may be too small for a number: evidence of 750 nats makes a price of zero.
fn bought(left: f64, cost: f64) -> f64 {
    if left > 0.0 { left / cost } else { 0.0 }
}

/// A share of the requests, 0 to 1.
pub(crate) fn share(weight: Weight) -> f64 {
    weight.percent() / 100.0
}

/// `ln 1/alpha`: what excludes a level of harm.
pub(crate) fn bar(settings: &ExposureSettings) -> f64 {
    (1e6 / f64::from(settings.alpha.max(1))).ln()
}

/// The harm that is accepted beside a stable revision that fails at `rate`, if nothing is said: what
/// makes the odds of a failure 1.25 times as large; or more, where the budget is too small for the
/// stable revision's own failures to tell it from none.
pub(crate) fn accepted(rate: f64, budget: u32) -> f64 {
    let odds = 1.25 * rate / (1.0 - rate);
    (odds / (1.0 + odds) - rate).max(TOLD_APART * rate / f64::from(budget))
}

/// Until a harm `d` is excluded beside failures at the rate `a`, a good revision is charged about
/// `2.8 a / d` requests, with the stakes of `bet.rs` `3.3 a / d`; half of the releases more, and one of
/// twenty seven times as many (`cargo xtask bench exposure`).
const TOLD_APART: f64 = 25.0;
