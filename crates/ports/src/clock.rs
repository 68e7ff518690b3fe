use std::time::Duration;

use async_trait::async_trait;
use tidegate_units::Timestamp;

/// The time, and waiting for it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The moment by the wall clock.
    fn now(&self) -> Timestamp;

    /// Returns after `duration`, measured by a clock that never jumps.
    async fn sleep(&self, duration: Duration);
}
