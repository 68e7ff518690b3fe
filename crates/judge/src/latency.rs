use crate::arms::{Arms, with_odds};
use crate::evidence::TestEvidence;
use crate::threshold::Threshold;

/// Odds ratios of slow answers that a latency test bets on, with the share of the bet.
///
/// None is large, so no handful of slow answers decides by itself: a new process answers its first
/// requests more slowly than it will the rest.
const WORSE: [(f64, f64); 4] = [(1.3, 0.2), (1.8, 0.3), (2.8, 0.3), (5.0, 0.2)];

/// Odds ratios for the proof that the canary is no slower.
const NO_WORSE: [(f64, f64); 3] = [(0.8, 0.4), (0.6, 0.4), (0.25, 0.2)];

/// Opens the bets against "no slower" from now on, with `share` of the whole.
pub(crate) fn bet(test: &mut TestEvidence, share: f64) {
    test.worse.bet(share, &WORSE.map(|(_, weight)| weight));
}

/// Opens the bets against "slower".
pub(crate) fn bet_no_worse(test: &mut TestEvidence) {
    test.no_worse.bet(1.0, &NO_WORSE.map(|(_, weight)| weight));
}

/// Takes one batch into account: `worse` counts the canary's answers as slow from the upper bound
/// of the accepted rise on, `fair` from the lower.
pub(crate) fn score(test: &mut TestEvidence, threshold: &Threshold, worse: &Arms, fair: &Arms) {
    let stable = threshold.slow_share;
    let factor = |arms: &Arms, ratio: f64| arms.rates_factor(with_odds(stable, ratio), stable);
    let exponent = test.dispersion.exponent();
    test.worse.multiply(WORSE.iter().map(|(ratio, _)| exponent * factor(worse, *ratio)));
    test.no_worse.multiply(NO_WORSE.iter().map(|(ratio, _)| exponent * factor(fair, *ratio)));
    if let Some(planned) = &mut test.planned {
        let edge = |arms: &Arms| arms.largest_share(1.0);
        planned.add((worse, edge(worse)), (fair, edge(fair)), exponent);
    }
}
