//! How much more a test would have to see.

/// About how many more requests bring the evidence up by `gap`, at `gain` nats for each.
pub(crate) fn requests(gap: f64, gain: f64) -> Option<u64> {
    let needed = (gap.max(0.0) / gain).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive and below 2^53"
    )]
    (needed.is_finite() && needed < 1e15).then_some(needed.max(1.0) as u64)
}

/// The divergence of a coin with the share `truth` from one with the share `bet`, in nats: what a
/// toss brings, in expectation, to who bets on the truth (Kelly 1956).
pub(crate) fn divergence(truth: f64, bet: f64) -> f64 {
    let part = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() } else { 0.0 };
    part(truth, bet) + part(1.0 - truth, 1.0 - bet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_the_gap_over_the_gain() {
        assert_eq!(requests(5.0, 0.01), Some(500));
        assert_eq!(requests(-1.0, 0.01), Some(1));
        assert_eq!(requests(5.0, 0.0), None);
        assert_eq!(requests(5.0, f64::NAN), None);
    }

    #[test]
    fn a_coin_diverges_from_itself_by_nothing() {
        assert!(divergence(0.3, 0.3).abs() < f64::EPSILON);
        assert!((divergence(0.0, 0.5) - 2.0_f64.ln()).abs() < 1e-12);
        assert!((divergence(0.5, 0.25) - 0.143_841).abs() < 1e-6);
    }
}
