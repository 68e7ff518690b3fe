/// So many standard deviations above what is expected are chance no more: above six lies less than
/// one in 10⁹ of a normal distribution, and a long run makes some 10⁶ comparisons.
const DEVIATIONS: f64 = 6.0;

/// What the normal approximation of the binomial leaves out where little is expected: of a Poisson
/// distribution with mean 1, one in 10⁹ lies above 13.
const FEW: f64 = 12.0;

/// How many answers of a revision are more than chance explains, where of each of these numbers of
/// answers it was to give at most that share: the sum of binomial variables, by its mean and variance.
pub fn most_likely(parts: impl IntoIterator<Item = (u64, f64)>) -> f64 {
    let (mut mean, mut variance) = (0.0, 0.0);
    for (answers, share) in parts {
        #[expect(clippy::cast_precision_loss, reason = "answers of a minute")]
        let answers = answers as f64;
        mean += answers * share;
        variance += answers * share * (1.0 - share);
    }
    if mean > 0.0 { mean + DEVIATIONS * variance.sqrt() + FEW } else { 0.0 }
}
