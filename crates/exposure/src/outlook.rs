//! What a share follows from, for people.

use std::fmt;

use serde::{Deserialize, Serialize};
use tidegate_units::{Timestamp, Weight};

use crate::{
    Exposure, ExposureSettings, Level, Milli, Stage,
    weight::{RESERVED, bar, share},
};

/// What a share follows from, and what the next one waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Outlook {
    /// The share that the evidence allows now.
    pub weight: Weight,
    /// How many requests may be hurt in expectation.
    pub budget: u32,
    /// How many of them may be by what was sent so far and what is committed, at the worst harm that
    /// is not excluded.
    pub at_risk: Milli,
    /// Harm from here up is excluded, in millionths of all requests; none while none is.
    pub under: Option<u32>,
    /// Requests of the new revision that were judged.
    pub judged: u64,
    /// What the next share waits for.
    pub limit: Limit,
}

/// What the next share waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Requests: there are none.
    Traffic,
    /// The router and the replicas, which do not give this one yet.
    Given,
    /// The time that a share is held at least.
    Dwell {
        /// Until when.
        until: Timestamp,
    },
    /// Evidence.
    Evidence {
        /// The next share.
        next: Weight,
        /// About how many more requests of the new revision, if it is as good as the stable one.
        requests: Option<u64>,
        /// About how long that takes.
        seconds: Option<u64>,
    },
    /// Nothing: this is the last one.
    Nothing,
    /// A person: the budget allows no share any more.
    Spent,
}

impl Exposure {
    /// What the share follows from and what the next one waits for.
    pub fn outlook(&self, settings: &ExposureSettings) -> Outlook {
        Outlook {
            weight: self.weight,
            budget: settings.budget,
            at_risk: self.at_risk(settings),
            under: self.under(settings),
            judged: self.judged.0.requests,
            limit: self.limit(settings),
        }
    }

    /// What was charged, and what is committed until an order after the next look takes effect, at the
    /// level for which that is most.
    fn at_risk(&self, settings: &ExposureSettings) -> Milli {
        let committed = self.rate.get() * settings.reaction.as_secs_f64() * share(self.weight);
        let each = self.watched(settings).map(|level| {
            let prices = level.price(self.rose) + level.price_from_now();
            Milli(level.charged.0.saturating_add(level.cost(committed, prices).0))
        });
        each.max().unwrap_or_default()
    }

    /// The least level from which on all are excluded.
    fn under(&self, settings: &ExposureSettings) -> Option<u32> {
        let bar = bar(settings);
        let excluded = self.levels.iter().rev().take_while(|level| level.best.get() >= bar);
        excluded.last().map(|level| level.from)
    }

    fn limit(&self, settings: &ExposureSettings) -> Limit {
        if self.stage == Stage::Spent {
            return Limit::Spent;
        }
        if self.weight >= settings.max && self.stage == Stage::Proven {
            return if self.given.is_some() { Limit::Nothing } else { Limit::Given };
        }
        if self.rate.0 == 0 || (self.weight > Weight::ZERO && self.here == 0) {
            return Limit::Traffic;
        }
        match self.given {
            None if self.weight > Weight::ZERO => Limit::Given,
            Some(given) if given.after(settings.dwell) > self.looked => {
                Limit::Dwell { until: given.after(settings.dwell) }
            }
            _ => self.evidence(settings),
        }
    }

    fn evidence(&self, settings: &ExposureSettings) -> Limit {
        let aim = self.aim(settings);
        let rises = aim > self.weight;
        let next = if rises { aim } else { settings.max };
        let of_all = share(self.weight);
        let shown = self.is_shown(settings);
        let missing = |level: &Level| {
            let gap = if shown {
                0.0
            } else if rises {
                self.to_afford(level, settings, aim) - level.worth.min(level.worth_before).get()
            } else {
                bar(settings) - level.log.get()
            };
            let gain = self.gain(level, self.weight);
            if gap <= 0.0 { 0.0 } else { gap / gain }
        };
        let most = self.watched(settings).map(missing).fold(1.0, f64::max);
        let seconds = whole(most / (self.rate.get() * of_all));
        Limit::Evidence { next, requests: whole(most), seconds }
    }

    /// The evidence against a level of harm at which a share is affordable.
    fn to_afford(&self, level: &Level, settings: &ExposureSettings, aim: Weight) -> f64 {
        let requests = self.rate.get() * settings.reaction.as_secs_f64() * share(aim);
        (2.0 * level.most_harm() * requests / (level.left(settings) * RESERVED)).ln()
    }
}

/// A whole number, rounded up, of what can be waited for.
fn whole(number: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive and below 2^53"
    )]
    (0.0..1e12).contains(&number).then_some(number.ceil() as u64)
}

impl fmt::Display for Outlook {
    /// Such as `12 of 50 requests may be hurt, harm from 1.6 % up is excluded in 290 requests; 25 % needs
    /// about 400 more requests, 30 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} requests may be hurt, ", self.at_risk, self.budget)?;
        match self.under {
            Some(under) => write!(
                f,
                "harm from {} % up is excluded by {} requests",
                f64::from(under) / 1e4,
                self.judged
            )?,
            None => write!(f, "no harm is excluded yet")?,
        }
        match self.limit {
            Limit::Traffic => write!(f, "; waits for requests: there are none"),
            Limit::Given => write!(f, "; waits for the router to give {}", self.weight),
            Limit::Dwell { until } => {
                write!(f, "; holds {} until {}", self.weight, until.whole_seconds())
            }
            Limit::Evidence { next, requests, seconds } => {
                write!(f, "; {next} needs ")?;
                match (requests, seconds) {
                    (Some(requests), Some(seconds)) => {
                        write!(f, "about {requests} more requests, {seconds} s")
                    }
                    _ => write!(f, "more evidence than requests bring at {}", self.weight),
                }
            }
            Limit::Nothing => Ok(()),
            Limit::Spent => write!(f, "; the budget allows no share any more"),
        }
    }
}
