//! A machine whose clock is set back, as time daemons and people do.

use std::time::Duration;

use tidegate_controller::{Kind, Resource};
use tidegate_rollout::Phase;

use crate::bench::{Bench, key, rollout, sleep};

const HOUR: Duration = Duration::from_hours(1);

async fn with_canary() -> Bench {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    bench
}

#[tokio::test(start_paused = true)]
async fn a_rollout_takes_no_longer_when_the_clock_is_set_back() {
    let bench = with_canary().await;
    bench.wall.set_back(HOUR);
    sleep(60).await;
    assert_eq!(bench.view().status.stable, Some("v2".into()));
}

#[tokio::test(start_paused = true)]
async fn a_bad_revision_is_taken_back_as_soon_when_the_clock_is_set_back() {
    let bench = with_canary().await;
    bench.wall.set_back(HOUR);
    sleep(1).await;
    bench.router.answers(&"v2".into(), 0.5, 10_000);
    sleep(15).await;
    assert!(bench.view().status.abort.is_some());
    assert_eq!(bench.weight("v2"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_starts_with_a_clock_set_back_goes_on_from_what_is_written() {
    let mut bench = with_canary().await;
    let written = bench.view().status.step_started.unwrap();
    bench.wall.set_back(HOUR);
    bench = bench.restart().await;
    assert!(bench.view().at >= written);
    sleep(60).await;
    assert_eq!(bench.view().status.stable, Some("v2".into()));
}

#[tokio::test(start_paused = true)]
async fn time_follows_the_clock_once_that_has_caught_up() {
    let bench = Bench::with_stable().await;
    bench.wall.set_back(Duration::from_secs(10));
    let before = bench.view().at;
    sleep(5).await;
    assert_eq!(bench.view().at.since(before), Duration::from_secs(5));
}

/// The runtime remembers the last order of each revision, also of one that is gone.
#[tokio::test(start_paused = true)]
async fn what_is_applied_again_is_ordered_above_what_is_gone_when_the_clock_is_set_back() {
    let mut bench = Bench::with_stable().await;
    let before = bench.view().status.generation;
    bench.plane.delete(Kind::Rollout, key(), "ada").await.unwrap();
    while bench.plane.rollout(&key()).is_some() {
        sleep(1).await;
    }
    bench.wall.set_back(HOUR);
    bench = bench.restart().await;
    bench.apply(Resource::Rollout(rollout("v1"))).await;
    bench.until("v1 is healthy", |view| view.report.phase == Phase::Healthy).await;
    assert!(bench.view().status.generation > before);
    let entries = bench.plane.ledger(0, 1000).await.unwrap();
    assert!(entries.iter().all(|entry| entry.draft.what != "StoreWentBack"), "{entries:?}");
}
