use crate::arms::Arms;
use crate::evidence::TestEvidence;
use crate::mixture::Bet;
use crate::threshold::Threshold;

/// Odds ratios of slow answers that a latency test bets on, with the share of the bet.
///
/// None is large, so no handful of slow answers decides by itself: a new process answers its first
/// requests more slowly than it will the rest.
const WORSE: [Bet; 4] =
    [Bet::on(1.3, 0.2), Bet::on(1.8, 0.3), Bet::on(2.8, 0.3), Bet::on(5.0, 0.2)];

/// Odds ratios for the proof that the canary is no slower.
const NO_WORSE: [Bet; 3] = [Bet::on(0.8, 0.4), Bet::on(0.6, 0.4), Bet::on(0.25, 0.2)];

/// The terms of its bets that hold as long as the threshold does: see [`Bet::at`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Terms {
    worse: [f64; WORSE.len()],
    no_worse: [f64; NO_WORSE.len()],
}

impl Terms {
    /// For a stable revision that has this share of slow answers.
    pub(crate) fn of(slow_share: f64) -> Self {
        let term = |bet: Bet| bet.at(slow_share);
        Self { worse: WORSE.map(term), no_worse: NO_WORSE.map(term) }
    }
}

/// Opens the bets against "no slower" from now on, with `share` of the whole.
pub(crate) fn bet(test: &mut TestEvidence, share: f64) {
    test.worse.bet(share, WORSE.iter().map(|bet| bet.weight));
}

/// Opens the bets against "slower".
pub(crate) fn bet_no_worse(test: &mut TestEvidence) {
    test.no_worse.bet(1.0, NO_WORSE.iter().map(|bet| bet.weight));
}

/// Takes one batch into account: `worse` counts the canary's answers as slow from the upper bound
/// of the accepted rise on, `fair` from the lower.
pub(crate) fn score(test: &mut TestEvidence, threshold: &Threshold, worse: &Arms, fair: &Arms) {
    let stable = threshold.aim.slow_share;
    let exponent = test.dispersion.exponent();
    let factor =
        |arms: &Arms, (bet, term): (&Bet, &f64)| exponent * arms.rates_factor(stable, bet, *term);
    let bets = WORSE.iter().zip(&threshold.terms.worse);
    test.worse.multiply(bets.map(|bet| factor(worse, bet)));
    let bets = NO_WORSE.iter().zip(&threshold.terms.no_worse);
    test.no_worse.multiply(bets.map(|bet| factor(fair, bet)));
    if let Some(planned) = &mut test.planned {
        let edge = |arms: &Arms| arms.largest_share(1.0);
        planned.add((worse, edge(worse)), (fair, edge(fair)), exponent);
    }
}
