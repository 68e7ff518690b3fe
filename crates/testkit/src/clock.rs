use std::time::Duration;

use async_trait::async_trait;
use tidegate_ports::Clock;
use tidegate_units::Timestamp;
use tokio::time::Instant;

/// Tokio's time, counted from a fixed moment.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    begin: Instant,
}

/// 2026-01-01T00:00:00Z.
const BEGIN_MILLIS: i64 = 1_767_225_600_000;

impl TokioClock {
    /// A clock that shows the fixed moment now.
    #[expect(clippy::new_without_default, reason = "a clock that starts is no default value")]
    pub fn new() -> Self {
        Self { begin: Instant::now() }
    }
}

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(BEGIN_MILLIS).after(self.begin.elapsed())
    }

    async fn sleep(&self, duration: Duration) {
        // Tokio's paused time moves in whole milliseconds: less than one would never end a wait.
        tokio::time::sleep(duration.max(Duration::from_millis(1))).await;
    }
}
