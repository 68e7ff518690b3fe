//! Who watches a release: the judge, and what is used elsewhere.

mod judge;
mod kayenta;
mod threshold;
mod z_test;

use tidegate_judge::RunTraffic;

pub use judge::Judge;
pub use kayenta::Kayenta;
pub use threshold::Threshold;
pub use z_test::ZTest;

/// Whoever looks at a release each second, with what a router has counted so far.
pub trait Watcher {
    /// Whether the canary is called worse in this second, the first being 1.
    fn calls_worse(&mut self, second: u32, traffic: &RunTraffic) -> bool;
}

/// Makes a watcher for each run.
pub type Make = fn() -> Box<dyn Watcher>;

/// The cumulative counts at the end of an interval.
#[derive(Clone, Debug, Default)]
struct Counted {
    requests: u64,
    errors: u64,
}

impl Counted {
    fn of(tally: &tidegate_traffic::Tally) -> Self {
        Self { requests: tally.judged(), errors: tally.errors() }
    }

    fn since(&self, earlier: &Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(earlier.requests),
            errors: self.errors.saturating_sub(earlier.errors),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn error_rate(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.errors as f64 / self.requests as f64)
    }
}
