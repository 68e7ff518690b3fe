//! What a look at the router's counts comes to: charges, evidence, and the next share.

use std::time::Duration;

use tidegate_units::Timestamp;

use crate::{Arm, Counted, Exposure, ExposureSettings, Level, Milli, Nats, Stage, bet};

/// What one revision answered while the other had no request for so long is no evidence: the other's
/// would be of other seconds.
const STALE_AFTER: Duration = Duration::from_mins(1);

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
        self.foresee(canary.requests + stable.requests, counted.at);
        let first = self.looked == self.began;
        if !first {
            self.charge(canary.requests);
        }
        self.score(canary, stable, counted.at);
        if first {
            // What the steps before it gave until now was theirs to give. It is evidence all the same.
            self.levels.iter_mut().for_each(|level| level.worth_before = level.worth);
        }
        self.counted = *counted;
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

    fn foresee(&mut self, requests: u64, at: Timestamp) {
        let seconds = at.since(self.looked).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let seen = requests as f64 / seconds;
        self.rate = Milli::new(seen.max(self.rate.get() * FADES));
    }

    /// Charges the requests since the last look: they were committed by the look before it, but for
    /// what a share that rose at the last one added.
    fn charge(&mut self, requests: u64) {
        let rose = self.rose;
        for level in &mut self.levels {
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
            let cost = level.cost(requests as f64, level.price(rose));
            level.charged = Milli(level.charged.0.saturating_add(cost.0));
        }
    }

    fn score(&mut self, canary: Arm, stable: Arm, at: Timestamp) {
        let known = self.judged.1;
        self.pending.0.add(canary);
        self.pending.1.add(stable);
        let (canary, stable) = self.pending;
        let whole = canary.requests > 0 && stable.requests > 0;
        for level in &mut self.levels {
            level.worth_before = level.worth;
            if whole {
                let factor = bet::factor(level.harm(), canary, stable, known);
                level.log = Nats::new(level.log.get() + factor);
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

    /// What so many requests cost: how many of them would be hurt, at the price of one.
    pub(crate) fn cost(&self, requests: f64, price: f64) -> Milli {
        Milli::new(self.most_harm() * requests * price)
    }
}
