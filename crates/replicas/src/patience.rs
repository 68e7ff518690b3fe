//! Waiting that counts the time alone in which this process could see an answer.

use std::{pin::pin, time::Duration};

use tokio::time::timeout;

/// A wait is counted in so many parts, each as no more than itself, however late this process is
/// woken from it: of a second, 50 ms, which is longer than a busy machine lets anybody wait as a rule.
const PARTS: u32 = 20;

/// Timers are not finer than this.
const SHORTEST: Duration = Duration::from_millis(1);

/// What `work` comes to, if it does within `patience`.
///
/// A process that is stopped, or that its machine does not let run, wakes up with its deadlines
/// behind it and the answers unread. Of such a time a twentieth of the patience counts at most, so
/// that nobody else is held to be late for it.
pub async fn within<T>(patience: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let part = (patience / PARTS).max(SHORTEST);
    let mut left = patience.max(SHORTEST);
    while !left.is_zero() {
        if let Ok(done) = timeout(part.min(left), work.as_mut()).await {
            return Some(done);
        }
        left = left.saturating_sub(part);
    }
    None
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, advance, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_as_long_as_it_says() {
        for millis in [1, 7, 300, 1_000, 90_001] {
            let (patience, begun) = (Duration::from_millis(millis), Instant::now());
            assert_eq!(within(patience, std::future::pending::<()>()).await, None);
            let over = begun.elapsed().saturating_sub(patience);
            // Each part may end a timer's tick late.
            assert!(over <= Duration::from_millis(u64::from(PARTS)), "{millis} ms: {over:?}");
            assert!(begun.elapsed() >= patience, "{millis} ms");
        }
        assert_eq!(within(Duration::ZERO, async { 1 }).await, Some(1));
        let slow = sleep(Duration::from_millis(999));
        assert_eq!(within(Duration::from_secs(1), slow).await, Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_in_which_nothing_runs_counts_little() {
        // Two things are to be waited for, as a connection and an answer are.
        let work = async {
            sleep(Duration::from_millis(600)).await;
            sleep(Duration::from_millis(300)).await;
        };
        let stopped = async {
            sleep(Duration::from_millis(100)).await;
            advance(Duration::from_secs(10)).await;
            std::future::pending::<()>().await;
        };
        let done = async {
            tokio::select! {
                done = within(Duration::from_secs(1), work) => done,
                () = stopped => None,
            }
        };
        assert_eq!(done.await, Some(()));
    }
}
