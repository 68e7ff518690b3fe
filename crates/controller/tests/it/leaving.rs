//! Replicas and rollouts that go.

use tidegate_controller::{Kind, Resource};
use tidegate_ports::ReplicaState;

use crate::bench::{Bench, key, rollout, sleep};

#[tokio::test(start_paused = true)]
async fn a_replica_ends_only_when_it_answers_nothing_any_more() {
    let bench = Bench::with_stable().await;
    let busy = bench.view().replicas[2].id.clone();
    bench.router.hold(&busy, 1);
    let mut smaller = rollout("v1");
    smaller.spec.replicas = 1;
    bench.apply(Resource::Rollout(smaller)).await;
    sleep(5).await;
    let released = bench.runtime.released();
    assert_eq!(released.len(), 1, "the idle one is gone: {released:?}");
    assert!(!released.contains(&busy));
    let busy_now = bench.view().replicas.into_iter().find(|one| one.id == busy).unwrap();
    assert!(matches!(busy_now.state, ReplicaState::Retiring { .. }));
    let routed = bench.router.table();
    assert_eq!(routed.listeners[0].destinations[0].endpoints.len(), 1, "and gets nothing new");

    bench.router.hold(&busy, 0);
    sleep(2).await;
    assert!(bench.runtime.released().contains(&busy));
}

#[tokio::test(start_paused = true)]
async fn one_endless_stream_keeps_a_replica_for_the_drain_limit_only() {
    let bench = Bench::with_stable().await;
    let busy = bench.view().replicas[2].id.clone();
    bench.router.hold(&busy, 1);
    let mut smaller = rollout("v1");
    smaller.spec.replicas = 2;
    bench.apply(Resource::Rollout(smaller)).await;
    sleep(29).await;
    assert!(bench.runtime.released().is_empty());
    sleep(3).await;
    assert_eq!(bench.runtime.released(), [busy]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_forth_ends_no_replica_early() {
    let bench = Bench::with_stable().await;
    let busy = bench.view().replicas[2].id.clone();
    bench.router.hold(&busy, 1);
    let mut smaller = rollout("v1");
    smaller.spec.replicas = 2;
    bench.apply(Resource::Rollout(smaller)).await;
    sleep(5).await;
    bench.wall.set_forth(std::time::Duration::from_hours(1));
    sleep(24).await;
    assert!(bench.runtime.released().is_empty());
    sleep(3).await;
    assert_eq!(bench.runtime.released(), [busy]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_rollout_leaves_nothing_behind() {
    let bench = Bench::with_stable().await;
    bench.plane.delete(Kind::Rollout, key(), "ada").await.unwrap();
    sleep(5).await;
    assert!(bench.plane.rollout(&key()).is_none());
    assert!(bench.runtime.released().len() == 3);
    assert!(bench.plane.delete(Kind::Rollout, key(), "ada").await.is_err());

    bench.apply(Resource::Rollout(rollout("v1"))).await;
    bench.until("again", |view| view.report.phase == tidegate_rollout::Phase::Healthy).await;
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_was_begun_is_finished_by_the_next_controller() {
    let mut bench = Bench::with_stable().await;
    bench.plane.delete(Kind::Rollout, key(), "ada").await.unwrap();
    bench = bench.restart().await;
    sleep(5).await;
    assert!(bench.plane.rollout(&key()).is_none());
    assert_eq!(bench.runtime.released().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_service_is_no_longer_listened_for() {
    let bench = Bench::with_stable().await;
    bench.plane.delete(Kind::Service, key(), "ada").await.unwrap();
    sleep(1).await;
    assert!(bench.router.table().listeners.is_empty());
}
