use tidegate_traffic::Tally;

use crate::Stream;

/// How many values a table has. Twelve bits of a random number choose one, so that 40 of them are
/// beyond the 99th percentile.
const VALUES: usize = 1 << BITS;
const BITS: u32 = 12;

/// How a revision answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behaviour {
    /// The share of requests that fail, 0 to 1.
    pub error_rate: f64,
    /// The median latency in milliseconds.
    pub median_ms: f64,
    /// The standard deviation of the latency's natural logarithm.
    pub sigma: f64,
}

impl Behaviour {
    /// One error in a hundred; 20 ms in the median, 38 ms at the 90th percentile.
    pub const USUAL: Self = Self { error_rate: 0.01, median_ms: 20.0, sigma: 0.5 };

    /// The same with another error rate.
    pub fn failing(self, error_rate: f64) -> Self {
        Self { error_rate, ..self }
    }

    /// Each answer takes so many times as long.
    pub fn slower(self, times: f64) -> Self {
        Self { median_ms: self.median_ms * times, ..self }
    }

    /// The median stays, the 90th percentile is so many times as large.
    pub fn slower_at_p90(self, times: f64) -> Self {
        Self { sigma: self.sigma + libm::log(times) / NORMAL_P90, ..self }
    }

    /// The latency in milliseconds below which 90 % of the answers lie.
    pub fn p90_ms(self) -> f64 {
        self.median_ms * libm::exp(self.sigma * NORMAL_P90)
    }

    /// `rate` at `times` the odds.
    pub fn with_odds(rate: f64, times: f64) -> f64 {
        let odds = rate / (1.0 - rate) * times;
        odds / (1.0 + odds)
    }
}

/// The 90th percentile of the standard normal distribution.
const NORMAL_P90: f64 = 1.281_551_565_544_600_4;

/// The latencies of a behaviour: as many of its quantiles, evenly spaced, in microseconds.
#[derive(Clone, Debug)]
pub struct Latencies(Vec<f64>);

impl Latencies {
    /// Log-normal ones.
    pub fn of(behaviour: Behaviour) -> Self {
        let at = |index: usize| {
            #[expect(clippy::cast_precision_loss, reason = "4,096 fits")]
            let p = (index as f64 + 0.5) / VALUES as f64;
            behaviour.median_ms * 1e3 * libm::exp(behaviour.sigma * normal_quantile(p))
        };
        Self((0..VALUES).map(at).collect())
    }

    /// Lets `requests` be answered, each of them failing with the chance `error_rate`, its latency
    /// `times` as long as the table has it. One random number makes a request.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of 2^32; microseconds of less than a day"
    )]
    pub(crate) fn answer(
        &self,
        stream: &mut Stream,
        tally: &mut Tally,
        requests: u64,
        error_rate: f64,
        times: f64,
    ) {
        let fails_below = (error_rate.clamp(0.0, 1.0) * 2_f64.powi(32)) as u64;
        let mut errors = 0;
        for _ in 0..requests {
            let bits = stream.bits();
            errors += u64::from((bits >> 32) < fails_below);
            let index = bits as usize % VALUES;
            let micros = self.0.get(index).copied().unwrap_or_default();
            tally.latency.record((micros * times) as u64);
        }
        count(tally, requests, errors);
    }
}

/// Counts answers, `errors` of them failed.
pub(crate) fn count(tally: &mut Tally, requests: u64, errors: u64) {
    tally.requests += requests;
    tally.by_class[4] += errors;
    tally.by_class[1] += requests - errors;
}

/// The value below which a standard normal one lies with probability `p`, by halving.
fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        let below = 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2);
        if below < p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(behaviour: Behaviour, times: f64) -> Tally {
        let mut tally = Tally::default();
        let mut stream = Stream::of(1, 1, "test");
        let table = Latencies::of(behaviour);
        table.answer(&mut stream, &mut tally, 200_000, behaviour.error_rate, times);
        tally
    }

    #[test]
    fn a_revision_answers_as_it_is_told_to() {
        let tally = served(Behaviour::USUAL, 1.0);
        assert_eq!((tally.requests, tally.latency.count()), (200_000, 200_000));
        assert!((1_800..2_200).contains(&tally.errors()), "{}", tally.errors());
        for (p, ms) in [(0.5, 20.0), (0.9, Behaviour::USUAL.p90_ms())] {
            let found = tally.latency.quantile(p).unwrap() / 1e3;
            assert!((found / ms - 1.0).abs() < 0.04, "{p}: {found}");
        }
    }

    #[test]
    fn slower_is_slower_where_it_says() {
        let ms = |behaviour, times, p| served(behaviour, times).latency.quantile(p).unwrap() / 1e3;
        let usual = Behaviour::USUAL;
        assert!((ms(usual.slower(1.5), 1.0, 0.5) / 30.0 - 1.0).abs() < 0.04);
        assert!((ms(usual, 2.0, 0.5) / 40.0 - 1.0).abs() < 0.04);
        let tail = usual.slower_at_p90(1.5);
        assert!((ms(tail, 1.0, 0.5) / 20.0 - 1.0).abs() < 0.04);
        assert!((ms(tail, 1.0, 0.9) / (1.5 * usual.p90_ms()) - 1.0).abs() < 0.04);
        assert!((tail.p90_ms() / usual.p90_ms() - 1.5).abs() < 1e-9);
    }

    #[test]
    fn odds_are_multiplied() {
        assert!((Behaviour::with_odds(0.2, 4.0) - 0.5).abs() < 1e-12);
        assert!((Behaviour::with_odds(0.01, 1.0) - 0.01).abs() < 1e-12);
    }
}
