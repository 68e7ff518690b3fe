use crate::arms::{Arms, RateBet, with_odds};
use crate::evidence::TestEvidence;
use crate::mixture::Bet;

/// Odds ratios beyond the margin that the error test bets on, with the share of the bet.
///
/// The largest is for a canary that fails outright while the stable revision has no errors: each
/// of its errors is then worth nearly the full `ln 1/rho'`. The small ones are for slight rises.
pub(crate) const WORSE: [Bet; 6] = [
    Bet::on(1.6, 0.08),
    Bet::on(2.5, 0.10),
    Bet::on(5.0, 0.12),
    Bet::on(15.0, 0.15),
    Bet::on(80.0, 0.20),
    Bet::on(1_000.0, 0.35),
];

/// Odds ratios under the margin for the proof that the canary is no worse: as good (1 / 1.25),
/// better, and much better. Their bets and those of [`RARE`] add up to 1.
const NO_WORSE: [Bet; 3] = [Bet::on(0.8, 0.3), Bet::on(0.5, 0.1), Bet::on(0.2, 0.1)];

/// An error rate under this is accepted whatever the stable revision's is: with no errors on
/// either side there are no odds to compare, and one in a thousand is what a service that is
/// promised at three nines may have.
pub(crate) const ACCEPTED_RATE: f64 = 0.001;

/// Error rates under [`ACCEPTED_RATE`] for the same proof. "Worse" means both a rate from there up
/// and odds beyond the margin, so an e-value against either, and each mixture of them, is one
/// against "worse".
const RARE: [RateBet; 2] = [
    RateBet::on(ACCEPTED_RATE / 30.0, ACCEPTED_RATE, 0.3),
    RateBet::on(ACCEPTED_RATE / 4.0, ACCEPTED_RATE, 0.2),
];

/// Opens the bets against "no worse" from now on, with `share` of the whole.
pub(crate) fn bet(test: &mut TestEvidence, share: f64) {
    test.worse.bet(share, WORSE.iter().map(|bet| bet.weight));
}

/// Opens the bets against "worse".
pub(crate) fn bet_no_worse(test: &mut TestEvidence) {
    let [as_good, better, much_better] = NO_WORSE.map(|bet| bet.weight);
    let [hardly_any, few] = RARE.map(|bet| bet.weight);
    test.no_worse.bet(1.0, [as_good, better, much_better, hardly_any, few].into_iter());
}

/// From this share of errors on they are judged by rates: what that gains over the comparison of
/// shares grows with it, and what it loses where the rate changes in time is little by then.
const FREQUENT: f64 = 0.05;

/// Takes one batch into account. `expected` is the stable revision's share of errors before it.
pub(crate) fn score(test: &mut TestEvidence, arms: &Arms, margin: f64, expected: Option<f64>) {
    let exponent = test.dispersion.exponent();
    let (largest, smallest) = (arms.largest_share(margin), arms.smallest_share(margin));
    let frequent = expected.filter(|rate| *rate >= FREQUENT);
    test.worse.multiply(WORSE.iter().map(|bet| {
        let factor = match frequent {
            Some(rate) => {
                let beyond = with_odds(rate, margin * bet.odds).min(HIGHEST);
                arms.odds_rates_factor(beyond, rate.min(HIGHEST), margin)
            }
            None => arms.odds_factor(largest, bet),
        };
        exponent * factor
    }));
    let odds = NO_WORSE.iter().map(|bet| arms.odds_factor(smallest, bet));
    let rare = RARE.iter().map(|bet| arms.canary_rate_factor(bet));
    test.no_worse.multiply(odds.chain(rare).map(|factor| exponent * factor));
    if let Some(planned) = &mut test.planned {
        planned.add((arms, largest), (arms, smallest), exponent);
    }
}

/// No alternative is so sure of errors that a single good answer would cost it everything.
const HIGHEST: f64 = 0.999;
