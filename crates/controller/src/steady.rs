//! Time that does not go back.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tidegate_planted::{Mistake, makes};
use tidegate_ports::Clock;
use tidegate_units::Timestamp;
use tokio::time::Instant;

/// A lead over the wall clock that is worth a word in the log: clocks are set right by less all the
/// time.
const TOLD_FROM: Duration = Duration::from_secs(1);

/// A wall clock for what is planned: when the machine's is set back, it goes on from where it was,
/// and when that is set forward, it follows. Without it nobody would look at a canary, and no pause
/// would end, until the machine's clock has caught up with what was written down.
pub(crate) struct SteadyClock {
    clock: Arc<dyn Clock>,
    anchor: Mutex<Anchor>,
}

/// A moment, and when it was by a clock that never jumps.
#[derive(Clone, Copy)]
struct Anchor {
    moment: Timestamp,
    at: Instant,
    told: bool,
}

impl SteadyClock {
    /// Time that begins no earlier than `floor`, the newest moment that was written down.
    pub(crate) fn new(clock: Arc<dyn Clock>, floor: Timestamp) -> Self {
        let anchor = Anchor { moment: floor, at: Instant::now(), told: false };
        Self { clock, anchor: Mutex::new(anchor) }
    }

    /// A moment that something else read from the machine's clock, on this one. It is never after
    /// now: what began before the clock was set back counts as beginning anew, so that nothing that
    /// has to wait is hurried.
    pub(crate) fn translate(&self, moment: Timestamp) -> Timestamp {
        let now = self.now();
        let lead = now.since(self.clock.now());
        moment.after(lead).min(now)
    }
}

#[async_trait]
impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let wall = self.clock.now();
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let steady = anchor.moment.after(anchor.at.elapsed());
        if wall >= steady || makes(Mistake::TimeGoesBack) {
            *anchor = Anchor { moment: wall, at: Instant::now(), told: false };
            return wall;
        }
        let lead = steady.since(wall);
        if lead >= TOLD_FROM && !anchor.told {
            anchor.told = true;
            tracing::warn!(
                ?lead,
                "the clock of this machine was set back; time goes on all the same"
            );
        }
        steady
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }
}
