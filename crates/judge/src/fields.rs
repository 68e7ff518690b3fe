use std::fmt;

use tidegate_comparison::{Counts, FieldCounts, MOST_FIELDS};

use crate::arms::Arms;
use crate::errors::WORSE;
use crate::mixture::Mixture;
use crate::verdict::Odds;

/// The candidate may stand apart so many times as often as each of the two that it is compared with
/// before that is evidence. A third replica of theirs would as often as they do; the rest is for what
/// is no fault of the candidate: it may be a little slower or faster, so that of times and counters
/// it catches another value now and then.
const ODDS_MARGIN: f64 = 2.0;

/// The name of what is counted of all fields beyond those with counts of their own.
const BEYOND: &str = "(all other fields)";

/// What the counts of one field come to.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldEvidence {
    /// Its name.
    pub field: String,
    /// How often the candidate stood apart.
    pub candidate: u64,
    /// How often one of the others did.
    pub noise: u64,
    /// `ln` of the e-value against "the candidate is a replica like the others".
    pub log_evidence: f64,
    /// `ln(1 / alpha)` of this field: it differs when the evidence reaches this.
    pub log_bar: f64,
}

impl FieldEvidence {
    /// Whether the candidate is shown to differ in it.
    pub fn differs(&self) -> bool {
        self.log_evidence >= self.log_bar
    }
}

impl fmt::Display for FieldEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, candidate, noise, .. } = self;
        let (evidence, bar) = (Odds(self.log_evidence), Odds(self.log_bar));
        write!(
            f,
            "{field}: {candidate} times the new revision alone, {noise} times one of the stable \
             replicas alone; evidence {evidence} (needs {bar})"
        )
    }
}

/// Weighs the counts of a comparison, the field that is nearest to being shown to differ first.
///
/// # What is promised
/// P(ever a field is called different, for a candidate that answers as another replica of the stable
/// revision would) is at most `alpha`, over all fields, at any number of looks at any times.
///
/// Of three answers to copies of one request, given that exactly one stands apart in a field, each
/// is as likely to be the one when the three are exchangeable, so that the candidate's share of such
/// requests is 1/3; it is at most `m / (2 + m)` while it stands apart no more than `m` times as often
/// as each of the others. So each such request is a coin, and the factor
/// `theta^y / (1 + rho' (theta - 1))` with `y` 1 for the candidate and `rho' = m / (2 + m)`, mixed
/// over `theta`, is an e-value: the mixture of Lindon & Malek (2022, "Anytime-valid inference for
/// multinomial count data", `NeurIPS`), as for errors. It is a function of the counts alone, so that
/// no look can be missed.
///
/// The field that was the `k`-th in which any of the answers ever differed has the share
/// `alpha / (k (k + 1))`; these add up to `alpha`. Which one a field is, is known before the coin is
/// thrown: fields that appear with one request are numbered in the order of their names.
pub fn weigh(counts: &Counts, alpha: f64) -> Vec<FieldEvidence> {
    let most = u32::try_from(MOST_FIELDS).unwrap_or(u32::MAX);
    let fields = counts.fields.iter().map(|(name, field)| (name.as_str(), field, field.ordinal));
    let beyond = (counts.beyond.apart() > 0).then_some((BEYOND, &counts.beyond, most + 1));
    let mut all: Vec<FieldEvidence> = fields
        .chain(beyond)
        .map(|(name, field, ordinal)| evidence(name, field, share(alpha, ordinal)))
        .collect();
    let distance = |one: &FieldEvidence| one.log_bar - one.log_evidence;
    all.sort_by(|one, other| distance(one).total_cmp(&distance(other)));
    all
}

fn share(alpha: f64, ordinal: u32) -> f64 {
    let k = f64::from(ordinal.max(1));
    alpha / (k * (k + 1.0))
}

fn evidence(name: &str, field: &FieldCounts, alpha: f64) -> FieldEvidence {
    let (candidate, noise) = (field.candidate, field.first + field.second);
    // Each of the three was asked as often as the others.
    let trials = field.apart();
    let arms = Arms::new((candidate, trials), (noise, 2 * trials));
    let share = arms.largest_share(ODDS_MARGIN);
    let mut mixture = Mixture::default();
    mixture.bet(1.0, WORSE.iter().map(|bet| bet.weight));
    mixture.multiply(WORSE.iter().map(|bet| arms.odds_factor(share, bet)));
    FieldEvidence {
        field: name.to_owned(),
        candidate,
        noise,
        log_evidence: mixture.log_evidence(),
        log_bar: -alpha.ln(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(ordinal: u32, candidate: u64, first: u64, second: u64) -> FieldCounts {
        FieldCounts { ordinal, candidate, first, second, ..FieldCounts::default() }
    }

    #[test]
    fn a_coin_of_the_candidate_alone_doubles_the_evidence_at_most() {
        let one = evidence("a", &field(1, 1, 0, 0), 0.01);
        let expect: f64 =
            WORSE.iter().map(|bet| bet.weight * bet.odds / (1.0 + 0.5 * (bet.odds - 1.0))).sum();
        assert!((one.log_evidence - expect.ln()).abs() < 1e-12 && expect < 2.0, "{one}");
        let fair = evidence("a", &field(1, 1, 1, 0), 0.01);
        assert!(fair.log_evidence < 0.0, "{fair}");
    }

    #[test]
    fn a_field_that_is_always_wrong_is_found_within_a_dozen_and_noise_never() {
        let first = |ordinal, noise: u64| {
            (1..1_000).find(|n| {
                evidence("a", &field(ordinal, *n, noise, noise), share(0.01, ordinal)).differs()
            })
        };
        assert_eq!(first(1, 0), Some(9));
        assert_eq!(first(20, 0), Some(17));
        assert!(first(1, 10).is_some_and(|n| n > 30 && n < 80), "{:?}", first(1, 10));
        assert!(!evidence("a", &field(1, 5_000, 5_000, 5_000), 0.005).differs());
        assert!(!evidence("a", &field(1, 9_000, 5_000, 5_000), 0.005).differs());
    }

    #[test]
    fn the_nearest_field_is_first_and_the_shares_add_up_to_alpha() {
        let fields = [("a", field(1, 0, 3, 3)), ("b", field(2, 9, 0, 0)), ("c", field(3, 2, 0, 0))];
        let counts = Counts {
            fields: fields.map(|(name, field)| (name.to_owned(), field)).into_iter().collect(),
            beyond: field(0, 1, 0, 0),
            ..Counts::default()
        };
        let order: Vec<_> = weigh(&counts, 0.01).into_iter().map(|one| one.field).collect();
        assert_eq!(order, ["b", "c", "a", BEYOND]);
        let sum: f64 = (1..=257).map(|ordinal| share(0.01, ordinal)).sum();
        assert!(sum < 0.01 && sum > 0.0099, "{sum}");
    }
}
