use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_units::Timestamp;

use crate::mixture::{Bet, Mixture, start_share};
use crate::verdict::Odds;

/// A mismatch is told from these odds on: that of a split which is as asked has a probability of at
/// most 1 in 1,000, at all looks together. It is beside the promise of the verdict, which it does not
/// change.
const BAR: f64 = 1_000.0;

/// Odds of the canary's share, over those asked for, that are bet on. Less than a tenth would tell
/// of requests that are still on their way, not of the split.
const ODDS: [Bet; 6] = [
    Bet::on(0.3, 0.15),
    Bet::on(0.7, 0.15),
    Bet::on(0.85, 0.2),
    Bet::on(1.2, 0.2),
    Bet::on(1.5, 0.15),
    Bet::on(3.0, 0.15),
];

/// Nothing is bet for so long after the share was changed: requests end that began before.
const SETTLE: Duration = Duration::from_mins(1);

/// New bets are opened this often, so that a split that went wrong late is found as well.
const START_EVERY: Duration = Duration::from_mins(5);

/// Whether the canary gets the share of the requests that the split asks for: the sample-ratio
/// mismatch of Fabijan et al. (2019, "Diagnosing sample ratio mismatch in online controlled
/// experiments"), by the sequential multinomial test of Lindon & Malek (2022), with the share of each
/// batch.
///
/// Each request is the canary's with the probability `w`. The factor of odds that are `theta` times
/// as large, `theta^x / (1 + w (theta - 1))^n` for `x` of `n`, has the expectation 1, and the mixture
/// over `theta` below and above 1 is an e-value against "the split is as asked".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SplitEvidence {
    /// Requests that counted for this, of both revisions.
    pub requests: u64,
    /// Those of them that were the canary's.
    pub canary: u64,
    /// How many of them should have been.
    pub expected: f64,
    /// `ln` of the e-value against "the split is as asked".
    pub log_evidence: f64,
    #[schema(value_type = Value)]
    bets: Mixture,
    /// The share that is asked for, and since when.
    #[schema(value_type = Value)]
    asked: Option<(f64, Timestamp)>,
    starts: u32,
    started_at: Option<Timestamp>,
}

impl SplitEvidence {
    /// Whether the share is shown to be another than was asked for.
    pub fn is_mismatch(&self) -> bool {
        self.log_evidence >= BAR.ln()
    }

    /// Takes the requests of the canary and of the stable revision since the last look into account,
    /// of which `asked` should be the canary's; none where not chance alone decides that.
    pub(crate) fn add(&mut self, canary: u64, stable: u64, asked: Option<f64>, at: Timestamp) {
        let Some(share) = asked.filter(|share| *share > 0.0 && *share < 1.0) else {
            self.asked = None;
            return;
        };
        let since = match self.asked {
            Some((before, since)) if before.total_cmp(&share).is_eq() => since,
            _ => at,
        };
        self.asked = Some((share, since));
        if at.since(since) >= SETTLE {
            self.start(at);
            self.score(canary, canary + stable, share);
        }
    }

    fn start(&mut self, at: Timestamp) {
        if self.started_at.is_some_and(|started| at.since(started) < START_EVERY) {
            return;
        }
        self.bets.bet(start_share(self.starts), ODDS.iter().map(|bet| bet.weight));
        self.starts = self.starts.saturating_add(1);
        self.started_at = Some(at);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn score(&mut self, canary: u64, requests: u64, share: f64) {
        self.bets.multiply(
            ODDS.iter().map(|bet| canary as f64 * bet.log_odds - requests as f64 * bet.at(share)),
        );
        self.requests += requests;
        self.canary += canary;
        self.expected += share * requests as f64;
        self.log_evidence = self.bets.log_evidence();
    }
}

impl fmt::Display for SplitEvidence {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: f64| 100.0 * part / self.requests.max(1) as f64;
        write!(
            f,
            "{:.1} % of {} requests were the canary's where the split asks for {:.1} % (evidence \
             {}): some reach it past the split, or do not reach it",
            percent(self.canary as f64),
            self.requests,
            percent(self.expected),
            Odds(self.log_evidence),
        )
    }
}
