//! What a look at the router's counts comes to: charges, evidence, and the next share.

use std::time::Duration;

use tidegate_units::Timestamp;

use crate::{
    Arm, Counted, Exposure, ExposureSettings, Level, Milli, Nats, Stage,
    bet::{self, number},
    weight::share,
};

/// What one revision answered while the other had no request for so long is no evidence: the other's
/// would be of other seconds.
const STALE_AFTER: Duration = Duration::from_mins(1);

/// A look that comes later than so many `reaction`s after the one before did not commit to what came
/// meanwhile: an order of that one would have held since.
const PROMPT: u32 = 2;

/// What a rate that was seen counts for at the next look: after 22 looks it is a tenth.
const FADES: f64 = 0.9;

impl Exposure {
    /// When the next look is due: what is seen before it is not looked at.
    pub fn due(&self, settings: &ExposureSettings) -> Timestamp {
        self.looked.after(settings.reaction)
    }

    /// Takes into account what was counted since the last look, if one is due. `given`: whether the
    /// router is seen to give the share that was decided; `held`: whether it must not rise now.
    pub fn look(
        &mut self,
        settings: &ExposureSettings,
        counted: &Counted,
        given: bool,
        held: bool,
    ) {
        if given && self.given.is_none() {
            self.given = Some(counted.at);
        }
        if counted.at < self.due(settings) {
            return;
        }
        let (canary, stable) = self.since(counted);
        let first = self.looked == self.began;
        let late = counted.at.since(self.looked) > settings.reaction * PROMPT;
        if !first {
            let committed = if late { 0 } else { canary.requests };
            self.charge(number(committed) + self.lost(counted, canary.requests));
        }
        self.foresee(canary.requests + stable.requests, counted.at);
        self.score(canary, stable, counted.at);
        if late && !first {
            self.charge_hurt(excess(canary, stable));
        }
        if first {
            // What the steps before it gave until now was theirs to give. It is evidence all the same.
            self.levels.iter_mut().for_each(|level| level.worth_before = level.worth);
        }
        self.counted = *counted;
        self.effect = counted.effect;
        self.looked = counted.at;
        self.here = if self.rose { 0 } else { self.here }.saturating_add(canary.requests);
        self.decide(settings, held);
    }

    /// What both answered since the last look. A router that began to count anew has counted nothing
    /// else since.
    fn since(&self, counted: &Counted) -> (Arm, Arm) {
        let same = self.counted.epoch == counted.epoch;
        let before = if same { self.counted } else { Counted::default() };
        (counted.canary.since(before.canary), counted.stable.since(before.stable))
    }

    /// Requests of the new revision that nobody counted, for the router began to count anew: as many
    /// as were foreseen, but for those that were counted.
    fn lost(&self, counted: &Counted, requests: u64) -> f64 {
        if self.counted.epoch == counted.epoch {
            return 0.0;
        }
        let seconds = counted.at.since(self.looked).as_secs_f64();
        (self.rate.get() * seconds * share(self.weight) - number(requests)).max(0.0)
    }

    fn foresee(&mut self, requests: u64, at: Timestamp) {
        let seconds = at.since(self.looked).as_secs_f64();
        let seen = number(requests) / seconds;
        self.rate = Milli::new(seen.max(self.rate.get() * FADES));
    }

    /// Charges the requests since the last look: they were committed by the look before it, but for
    /// what a share that rose at the last one added.
    fn charge(&mut self, requests: f64) {
        let rose = self.rose;
        for level in &mut self.levels {
            level.pay(level.cost(requests, level.price(rose)));
        }
    }

    /// Charges what was hurt since the last look, at the evidence that it leaves: requests that came
    /// while nobody looked were committed by no look.
    fn charge_hurt(&mut self, hurt: f64) {
        for level in &mut self.levels {
            level.pay(Milli::new(hurt * level.price_from_now()));
        }
    }

    fn score(&mut self, canary: Arm, stable: Arm, at: Timestamp) {
        let known = self.judged.1;
        self.pending.0.add(canary);
        self.pending.1.add(stable);
        let (canary, stable) = self.pending;
        let exponent = self.exponent();
        let whole = canary.requests > 0 && stable.requests > 0;
        for level in &mut self.levels {
            level.worth_before = level.worth;
            if whole {
                let factor = bet::factor(level.harm(), canary, stable, known);
                level.log = Nats::new(level.log.get() + exponent * factor);
                level.best = level.best.max(level.log);
                level.worth = bet::insured(level.log, level.best);
            }
        }
        if whole {
            self.judged.0.add(canary);
            self.judged.1.add(stable);
        }
        if whole || at.since(self.pending_since) >= STALE_AFTER {
            self.pending = (Arm::default(), Arm::default());
            self.pending_since = at;
        }
    }

    /// What evidence counts for: where requests that end alike come together, so many fewer of them
    /// tell anything. It was known before the requests that it holds for, so that `E f^e <= 1` where
    /// `E f <= 1` (Jensen).
    pub(crate) fn exponent(&self) -> f64 {
        1.0 / self.effect.get().max(1.0)
    }

    /// Whether its time is over before it was proven.
    pub fn is_late(&self, settings: &ExposureSettings, now: Timestamp) -> bool {
        let end = settings.deadline.map(|deadline| self.began.after(deadline));
        self.stage == Stage::Gathering && end.is_some_and(|end| end <= now)
    }
}

impl Level {
    /// The least harm that it stands for, as a share.
    pub(crate) fn harm(&self) -> f64 {
        f64::from(self.from) / 1e6
    }

    /// `1 / E` as it was when what comes before the next look was committed: at the look before the
    /// last one, and what a share that rose added to it at the last.
    pub(crate) fn price(&self, rose: bool) -> f64 {
        let known = if rose { self.worth_before.min(self.worth) } else { self.worth_before };
        (-known.get()).exp()
    }

    fn pay(&mut self, cost: Milli) {
        self.charged = Milli(self.charged.0.saturating_add(cost.0));
    }

    /// What so many requests cost: how many of them would be hurt, at the price of one.
    pub(crate) fn cost(&self, requests: f64, price: f64) -> Milli {
        Milli::new(self.most_harm() * requests * price)
    }
}

/// How many requests of the new revision were hurt, as far as is known: those beyond the stable
/// revision's rate in the same seconds. Its expectation is the hurt at least.
fn excess(canary: Arm, stable: Arm) -> f64 {
    let rate =
        if stable.requests == 0 { 0.0 } else { number(stable.errors) / number(stable.requests) };
    (number(canary.errors) - number(canary.requests) * rate).max(0.0)
}
