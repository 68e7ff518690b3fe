//! A store that went back, beside a router that was told what it has lost.

use tidegate_controller::Resource;
use tidegate_ports::{ReplicaSeen, ReplicaState, Runtime as _};
use tidegate_rollout::{AbortReason, Command, Phase};
use tidegate_testkit::Down;
use tidegate_units::Weight;

use crate::{
    bench::{Bench, rollout, sleep},
    restored::{backup, is_stored_as_restored, lose, released, replicas, restore, serves, share},
};

/// So often the ledger says so.
fn said(bench: &Bench, what: &str) -> usize {
    bench.store.words().iter().filter(|word| *word == what).count()
}

fn percent(percent: u8) -> Weight {
    Weight::new(percent).unwrap()
}

/// `v2` has half of the users.
async fn half_way() -> Bench {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("half", |_| bench.weight("v2") == 50).await;
    sleep(3).await;
    bench
}

/// Nothing was ordered of the runtime since, so that only the router knows.
#[tokio::test(start_paused = true)]
async fn an_abort_that_a_disk_lost_is_not_forgotten() {
    let bench = half_way().await;
    let kept = backup(&bench).await;
    bench.command(Command::Abort { why: None }).await;
    bench.until("it is taken back", |_| bench.weight("v2") == 0).await;
    let tables = bench.router.history().len();

    let bench = lose(bench, kept).await;
    let lost = AbortReason::StoreWentBack { known: percent(50), told: percent(0) };
    bench
        .until("it is taken back", |view| {
            view.status.abort.as_ref().is_some_and(|it| it.reason == lost)
        })
        .await;
    assert_eq!((said(&bench, "StoreWentBack"), said(&bench, "Aborted")), (1, 1));
    sleep(300).await;
    let never = |table: &_| share(table, "v2") == percent(0);
    assert!(bench.router.history()[tables..].iter().all(never));
    assert_eq!(bench.view().report.phase, Phase::Degraded);
    let message = bench.view().status.message;
    assert!(message.contains("knows a share of 50%, the router was told 0%"), "{message}");
    assert!(!is_stored_as_restored(&bench).await);

    bench.command(Command::Retry).await;
    bench.until("v2", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!((said(&bench, "StoreWentBack"), said(&bench, "PlanRefused")), (1, 0));
}

/// A backup of before the abort.
#[tokio::test(start_paused = true)]
async fn an_abort_since_the_backup_is_not_forgotten_by_a_restore() {
    let bench = half_way().await;
    let kept = backup(&bench).await;
    bench.command(Command::Abort { why: None }).await;
    bench.until("it is taken back", |_| bench.weight("v2") == 0).await;
    let tables = bench.router.history().len();
    let bench = restore(bench, kept).await;
    sleep(300).await;
    let reason = bench.view().status.abort.map(|abort| abort.reason);
    assert!(matches!(reason, Some(AbortReason::StoreWentBack { .. })), "{reason:?}");
    let never = |table: &_| share(table, "v2") == percent(0);
    assert!(bench.router.history()[tables..].iter().all(never));
    assert!(!is_stored_as_restored(&bench).await);
}

/// Whoever starts next knows it.
#[tokio::test(start_paused = true)]
async fn it_is_seen_once() {
    let bench = half_way().await;
    let kept = backup(&bench).await;
    bench.command(Command::Abort { why: None }).await;
    bench.until("it is taken back", |_| bench.weight("v2") == 0).await;
    let bench = lose(bench, kept).await;
    bench.until("it is taken back", |view| view.status.abort.is_some()).await;
    bench.command(Command::Retry).await;
    let bench = bench.restart().await;
    bench.until("v2", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!((said(&bench, "StoreWentBack"), said(&bench, "Aborted")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_router_that_comes_late_is_asked_then_and_told_nothing_before() {
    let bench = half_way().await;
    let kept = backup(&bench).await;
    bench.command(Command::Abort { why: None }).await;
    bench.until("it is taken back", |_| bench.weight("v2") == 0).await;
    let tables = bench.router.history().len();
    bench.router.unreachable(Down::Yes);
    let bench = lose(bench, kept).await;
    sleep(200).await;
    assert_eq!(bench.view().status.abort, None);
    bench.router.unreachable(Down::No);
    bench.until("it is taken back", |view| view.status.abort.is_some()).await;
    sleep(60).await;
    let never = |table: &_| share(table, "v2") == percent(0);
    assert!(bench.router.history()[tables..].iter().all(never));
}

/// More than is known is no abort: it goes on from the step that is known.
#[tokio::test(start_paused = true)]
async fn shares_that_a_disk_lost_are_given_again_from_the_step_that_it_kept() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    let kept = backup(&bench).await;
    bench.until("half", |_| bench.weight("v2") == 50).await;
    let bench = lose(bench, kept).await;
    bench.until("v2", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!((said(&bench, "StoreWentBack"), said(&bench, "Aborted")), (1, 0));
}

/// A plan that was written down last was not told yet: that is no loss.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_ahead_of_the_router_has_lost_nothing() {
    let bench = half_way().await;
    bench.router.unreachable(Down::Yes);
    bench.command(Command::Abort { why: None }).await;
    sleep(3).await;
    bench.router.unreachable(Down::No);
    let bench = bench.restart().await;
    bench.until("it is taken back", |_| bench.weight("v2") == 0).await;
    let reason = bench.view().status.abort.map(|abort| abort.reason);
    assert!(matches!(reason, Some(AbortReason::User { .. })), "{reason:?}");
    bench.command(Command::Retry).await;
    bench.until("it begins again", |_| bench.weight("v2") == 5).await;
    let bench = bench.restart().await;
    bench.until("v2", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(said(&bench, "StoreWentBack"), 0);
}

/// The revision kept its replicas, so that the runtime says nothing of it.
#[tokio::test(start_paused = true)]
async fn users_are_not_led_back_to_a_revision_that_they_were_taken_from() {
    let bench = Bench::with_stable().await;
    released(&bench).await;
    let kept = backup(&bench).await;
    bench.apply(Resource::Rollout(rollout("v1"))).await;
    bench.until("v1", |view| view.status.stable == Some("v1".into())).await;
    let tables = bench.router.history().len();
    let bench = lose(bench, kept).await;
    sleep(300).await;
    let status = bench.view().status;
    let lost = AbortReason::StoreWentBack { known: percent(100), told: percent(0) };
    assert_eq!(status.abort.map(|abort| abort.reason), Some(lost));
    assert_eq!((status.stable, bench.weight("v1")), (Some("v1".into()), 100));
    let stays = |table: &_| serves(table) && share(table, "v1") == percent(100);
    assert!(bench.router.history()[tables..].iter().all(stays));
    let ready = |one: &&ReplicaSeen| one.state == ReplicaState::Ready;
    assert_eq!(bench.runtime.replicas().iter().filter(ready).count(), replicas(&bench, "v1"));
    assert_eq!((said(&bench, "StoreWentBack"), said(&bench, "PlanRefused")), (1, 0));

    bench.command(Command::Retry).await;
    bench.until("v2", |view| view.status.stable == Some("v2".into())).await;
}

/// The one that is to have them again cannot serve, and the runtime has seen nothing.
#[tokio::test(start_paused = true)]
async fn users_stay_where_they_are_while_who_is_to_have_them_cannot_serve() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    let kept = backup(&bench).await;
    bench.until("half", |_| bench.weight("v2") == 50).await;
    bench.runtime.starts(&"v1".into(), None);
    bench.runtime.crash(&"v1".into());
    let tables = bench.router.history().len();
    let bench = lose(bench, kept).await;
    sleep(600).await;
    let most = |table: &_| share(table, "v2") >= percent(50);
    assert!(bench.router.history()[tables..].iter().all(most));
}
