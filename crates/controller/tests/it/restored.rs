//! A store that was restored, beside a world that has gone on without it.

use std::{sync::Arc, time::Duration};

use tidegate_controller::{Kind, Resource, Restoration};
use tidegate_ports::{
    Batch, Clock as _, ReplicaState, Runtime as _, Store as _, StoredObject, Write,
};
use tidegate_testkit::{Down, MemoryStore};
use tidegate_traffic::RouteTable;
use tidegate_units::{Epoch, ObjectKey, Owner, Weight};

use crate::bench::{Bench, key, rollout, sleep};

/// What is stored now, as a backup has it.
pub(crate) async fn backup(bench: &Bench) -> Vec<StoredObject> {
    bench.store.load().await.unwrap()
}

/// The control plane dies, and another starts from a backup.
pub(crate) async fn restore(mut bench: Bench, backup: Vec<StoredObject>) -> Bench {
    let store = MemoryStore::default();
    let at = bench.clock.now();
    let restored = Restoration { at, position: Some(0), overtaken: Vec::new() };
    let objects = backup.into_iter().chain([restored.document()]);
    let writes = objects.map(|object| Write::Put(object.into())).collect();
    store.commit(Epoch(0), Batch { writes, ..Batch::default() }).await.unwrap();
    bench.store = Arc::new(store);
    bench.restart().await
}

/// Whether whoever asks gets an answer.
pub(crate) fn serves(table: &RouteTable) -> bool {
    let mut destinations = table.listeners.iter().flat_map(|one| &one.destinations);
    !table.listeners.is_empty()
        && destinations.all(|one| one.weight.percent() == 0.0 || !one.endpoints.is_empty())
}

/// The share of a revision in a table.
pub(crate) fn share(table: &RouteTable, revision: &str) -> Weight {
    let mut destinations = table.listeners.iter().flat_map(|one| &one.destinations);
    let own = destinations.find(|one| one.revision == revision.into());
    own.map_or(Weight::ZERO, |one| one.weight)
}

pub(crate) async fn is_stored_as_restored(bench: &Bench) -> bool {
    backup(bench).await.iter().any(|object| object.kind == "Restoration")
}

pub(crate) fn replicas(bench: &Bench, revision: &str) -> usize {
    bench.runtime.replicas().iter().filter(|one| one.revision == revision.into()).count()
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_lost_serves_until_what_was_restored_can() {
    let bench = Bench::with_stable().await;
    let kept = backup(&bench).await;
    for next in ["v2", "v3"] {
        bench.apply(Resource::Rollout(rollout(next))).await;
        bench.until(next, |view| view.status.stable == Some(next.into())).await;
    }
    bench.until("v1 is gone", |_| replicas(&bench, "v1") == 0).await;
    let (tables, taken) = (bench.router.history().len(), bench.router.table().generation);

    let bench = restore(bench, kept).await;
    assert!(is_stored_as_restored(&bench).await);
    bench.until("v1 serves", |_| bench.weight("v1") == 100).await;
    bench
        .until("only v1 is left", |_| bench.runtime.replicas().len() == replicas(&bench, "v1"))
        .await;
    let history = bench.router.history();
    assert!(history[tables..].iter().all(serves), "{:#?}", &history[tables..]);
    assert!(history[tables..].iter().all(|table| table.generation > taken));
    sleep(3).await;
    assert!(!is_stored_as_restored(&bench).await);

    bench.apply(Resource::Rollout(rollout("v4"))).await;
    bench.until("v4", |view| view.status.stable == Some("v4".into())).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_made_after_the_backup_ends() {
    let bench = Bench::with_stable().await;
    let kept = backup(&bench).await;
    let mut other = rollout("v1");
    other.key = ObjectKey::new("default", "api");
    let owner = Owner::rollout(&other.key);
    let of =
        |bench: &Bench| bench.runtime.replicas().iter().filter(|one| one.owner == owner).count();
    bench.apply(Resource::Rollout(other)).await;
    bench.until("it runs", |_| of(&bench) > 0).await;
    let bench = restore(bench, kept).await;
    bench.until("it is gone", |_| of(&bench) == 0).await;
    assert_eq!(bench.weight("v1"), 100);
}

/// `v2` is released to all users, and nothing is left of `v1`.
pub(crate) async fn released(bench: &Bench) {
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("v2", |view| view.status.stable == Some("v2".into())).await;
    bench.until("v1 is gone", |_| replicas(bench, "v1") == 0).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_never_gets_ready_holds_the_others_back_for_two_minutes() {
    let bench = Bench::with_stable().await;
    let kept = backup(&bench).await;
    released(&bench).await;
    bench.runtime.break_revision(&"v1".into(), "its image is gone");
    let bench = restore(bench, kept).await;
    sleep(100).await;
    assert_eq!(bench.weight("v2"), 100);
    sleep(30).await;
    assert_eq!(bench.weight("v2"), 0);
}

#[tokio::test(start_paused = true)]
async fn where_no_router_holds_anything_nothing_is_waited_for() {
    let bench = Bench::empty().await;
    let kept = backup(&bench).await;
    let bench = restore(bench, kept).await;
    sleep(3).await;
    assert!(!is_stored_as_restored(&bench).await);
}

/// The control plane dies, and another starts on what a disk kept of all that it had acknowledged: nothing
/// marks that store, as a restore does.
pub(crate) async fn lose(mut bench: Bench, kept: Vec<StoredObject>) -> Bench {
    let store = MemoryStore::default();
    let writes = kept.into_iter().map(|object| Write::Put(object.into())).collect();
    store.commit(Epoch(0), Batch { writes, ..Batch::default() }).await.unwrap();
    bench.store = Arc::new(store);
    bench.restart().await
}

/// Those that are written down served last, and were ended when the next one was stable.
#[tokio::test(start_paused = true)]
async fn a_future_that_a_disk_lost_serves_until_what_is_left_can() {
    let bench = Bench::with_stable().await;
    let kept = backup(&bench).await;
    released(&bench).await;
    let tables = bench.router.history().len();

    let bench = lose(bench, kept).await;
    assert!(is_stored_as_restored(&bench).await, "whoever starts next waits too");
    bench.until("v1 serves", |_| bench.weight("v1") == 100).await;
    bench.until("only v1 is left", |_| replicas(&bench, "v2") == 0).await;
    let history = bench.router.history();
    assert!(history[tables..].iter().all(serves), "{:#?}", &history[tables..]);
    sleep(3).await;
    assert!(!is_stored_as_restored(&bench).await);
    assert_eq!(bench.store.words().iter().filter(|word| *word == "StoreWentBack").count(), 1);
}

/// A canary had all users and was about to be stable; the disk knows of its first step.
#[tokio::test(start_paused = true)]
async fn a_share_that_a_disk_lost_is_not_given_to_what_does_not_run() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    let kept = backup(&bench).await;
    bench.until("v2", |view| view.status.stable == Some("v2".into())).await;
    bench.until("v1 is gone", |_| replicas(&bench, "v1") == 0).await;
    let tables = bench.router.history().len();
    let bench = lose(bench, kept).await;
    bench.until("it is stable again", |view| view.status.stable == Some("v2".into())).await;
    let history = bench.router.history();
    assert!(history[tables..].iter().all(serves), "{:#?}", &history[tables..]);
}

/// Nobody loses what answers for what does not.
#[tokio::test(start_paused = true)]
async fn who_serves_keeps_its_users_until_what_a_disk_knows_is_ready() {
    let bench = Bench::with_stable().await;
    let kept = backup(&bench).await;
    released(&bench).await;
    bench.runtime.starts(&"v1".into(), Some(Duration::from_mins(8)));
    let tables = bench.router.history().len();
    let bench = lose(bench, kept).await;
    sleep(200).await;
    assert_eq!((bench.weight("v2"), replicas(&bench, "v2")), (100, 3));
    assert!(!is_stored_as_restored(&bench).await, "nobody else waits for it");
    bench.until("v1 serves", |_| bench.weight("v1") == 100).await;
    bench.until("only v1 is left", |_| replicas(&bench, "v2") == 0).await;
    let history = bench.router.history();
    assert!(history[tables..].iter().all(serves), "{:#?}", &history[tables..]);
    let words = bench.store.words();
    assert!(!words.contains(&"PlanRefused".to_owned()), "{words:?}");
}

/// Users had been taken back to the revision before; the disk knows it as one that is to have no replicas.
#[tokio::test(start_paused = true)]
async fn who_serves_is_not_retired_before_others_do() {
    let bench = Bench::with_stable().await;
    released(&bench).await;
    let kept = backup(&bench).await;
    bench.apply(Resource::Rollout(rollout("v1"))).await;
    bench.until("v1", |view| view.status.stable == Some("v1".into())).await;
    bench.until("v2 is gone", |_| replicas(&bench, "v2") == 0).await;
    bench.runtime.starts(&"v2".into(), Some(Duration::from_mins(8)));
    // One that can tell is followed.
    bench.router.tells_nothing();
    let bench = lose(bench, kept).await;
    let ready = || {
        let all = bench.runtime.replicas();
        let own = all.iter().filter(|one| one.revision == "v1".into());
        own.filter(|one| one.state == ReplicaState::Ready).count()
    };
    for _ in 0..40 {
        sleep(10).await;
        assert_eq!((ready(), bench.weight("v1")), (3, 100));
    }
    bench.until("v2 serves", |_| bench.weight("v2") == 100).await;
    bench.until("only v2 is left", |_| replicas(&bench, "v1") == 0).await;
}

/// What became ready only since had no users in what was lost, however long it is waited.
#[tokio::test(start_paused = true)]
async fn who_was_started_since_keeps_no_users_that_it_never_had() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    let kept = backup(&bench).await;
    let mut nobody = rollout("v3");
    nobody.spec.replicas = 0;
    bench.apply(Resource::Rollout(nobody)).await;
    bench.until("v3", |view| view.status.stable == Some("v3".into())).await;
    bench.until("nothing is left", |_| bench.runtime.replicas().is_empty()).await;
    bench.runtime.starts(&"v1".into(), None);
    bench.router.unreachable(Down::Yes);
    let bench = lose(bench, kept).await;
    sleep(300).await;
    bench.router.unreachable(Down::No);
    bench.until("the router is told", |_| bench.weight("v1") > 0).await;
    assert_eq!(bench.weight("v2"), 5);
}

/// A disk that acknowledged what it did not keep: nothing marks the store, as a restore does.
#[tokio::test(start_paused = true)]
async fn a_store_that_lost_what_it_acknowledged_goes_on_from_what_the_runtime_holds() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("v2 is on its way", |view| view.status.current == Some("v2".into())).await;
    let kept = backup(&bench).await;
    for _ in 0..3 {
        for replicas in [4, 2] {
            let mut scaled = rollout("v2");
            scaled.spec.replicas = replicas;
            bench.apply(Resource::Rollout(scaled)).await;
            sleep(5).await;
        }
    }
    let bench = lose(bench, kept).await;
    bench.apply(Resource::Rollout(rollout("v3"))).await;
    bench.until("v3 is stable", |view| view.status.stable == Some("v3".into())).await;
    let only_v3 = || bench.runtime.replicas().len() == replicas(&bench, "v3");
    bench.until("what was before ends", |_| only_v3()).await;
    assert!(bench.store.words().contains(&"StoreWentBack".to_owned()), "{:?}", bench.store.words());
}

/// A table of a later epoch than the store knows would be taken for another leader's.
#[tokio::test(start_paused = true)]
async fn who_starts_leads_in_a_later_epoch_than_the_table_that_the_router_holds() {
    let bench = Bench::with_stable().await;
    let kept = backup(&bench).await;
    let bench = bench.restart().await;
    sleep(3).await;
    let held = Epoch::of(bench.router.table().generation);
    // The store forgets its last epoch, and by the clock it was never.
    bench.wall.set_back(Duration::from_hours(1));
    let bench = lose(bench, kept).await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("v2", |view| view.status.stable == Some("v2".into())).await;
    assert!(bench.store.epoch() > held, "{} after {held}", bench.store.epoch());
    assert_eq!(Epoch::of(bench.router.table().generation), bench.store.epoch());
}

/// One that is away is no reason not to start.
#[tokio::test(start_paused = true)]
async fn a_router_that_is_away_or_cannot_tell_keeps_nobody_from_starting() {
    let bench = Bench::with_stable().await;
    bench.router.tells_nothing();
    let bench = bench.restart().await;
    bench.router.unreachable(Down::Yes);
    let bench = bench.restart().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    sleep(60).await;
    bench.router.unreachable(Down::No);
    bench.until("v2", |view| view.status.stable == Some("v2".into())).await;
}

/// The runtime runs a revision that the store does not know, of a rollout that is being deleted.
#[tokio::test(start_paused = true)]
async fn a_deletion_that_a_disk_kept_ends_what_it_does_not_know() {
    let bench = Bench::with_stable().await;
    bench.plane.delete(Kind::Rollout, key(), "ada").await.unwrap();
    let kept = backup(&bench).await;
    sleep(5).await;
    assert!(bench.plane.rollout(&key()).is_none());
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("v2", |view| view.status.stable == Some("v2".into())).await;
    let bench = lose(bench, kept).await;
    sleep(200).await;
    assert!(bench.plane.rollout(&key()).is_none());
    assert_eq!(replicas(&bench, "v2"), 0);
}
