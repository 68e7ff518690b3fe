//! Stores that fail, routers that are gone, controllers that die.

use tidegate_controller::{ControlPlane, Ended, Kind, Pace, Refused, Resource};
use tidegate_ledger::verify;
use tidegate_ports::{Store as _, StoreError};
use tidegate_rollout::{Command, Phase, RolloutResource};
use tidegate_testkit::Down;
use tidegate_units::{Epoch, Weight};

use crate::bench::{Bench, key, manifest, rollout, service, sleep};

#[tokio::test(start_paused = true)]
async fn what_the_store_does_not_take_is_not_done() {
    let bench = Bench::with_stable().await;
    bench.store.fail();
    let resource = Resource::Rollout(rollout("v2"));
    let manifest = manifest(&resource);
    let refused = bench.plane.apply(resource.clone(), manifest, "ada", "Applied").await;
    assert!(matches!(refused, Err(Refused::Unavailable(_))), "{refused:?}");
    sleep(5).await;
    assert!(bench.runtime.orders().iter().all(|order| order.revision != "v2".into()));

    bench.store.recover();
    bench.apply(resource).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
}

#[tokio::test(start_paused = true)]
async fn a_rollout_moves_no_further_while_the_store_fails_and_goes_on_after_it() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    bench.store.fail();
    sleep(120).await;
    assert_eq!(bench.weight("v2"), 5);
    bench.store.recover();
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
}

/// A full disk at the start: what was decided is not known yet, so the router keeps what it holds.
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_from_the_start_on_takes_no_traffic_away() {
    let mut bench = Bench::with_stable().await;
    let held = bench.router.table();
    bench = bench.restart().await;
    bench.store.fail();
    sleep(60).await;
    assert_eq!(bench.router.table(), held);
    bench.store.recover();
    sleep(5).await;
    assert_eq!(bench.router.table().listeners, held.listeners);
}

#[tokio::test(start_paused = true)]
async fn with_the_router_gone_nothing_new_is_exposed() {
    let bench = Bench::with_stable().await;
    bench.router.unreachable(Down::Yes);
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    sleep(60).await;
    assert_eq!(bench.weight("v2"), 0);
    assert!(!bench.view().router_answers);
    bench.router.unreachable(Down::No);
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_dies_at_any_moment_is_followed_by_one_that_goes_on() {
    for moment in 0..60 {
        let mut bench = Bench::with_stable().await;
        bench.apply(Resource::Rollout(rollout("v2"))).await;
        tokio::time::sleep(std::time::Duration::from_millis(moment * 997)).await;
        bench = bench.restart().await;
        bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
        let ledger = bench.store.ledger();
        verify(ledger.clone(), None).unwrap();
        let promoted = ledger.iter().filter(|entry| entry.draft.what == "Promoted").count();
        assert!(promoted <= 2, "each revision is promoted once, died at {moment}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_led_before_writes_nothing_and_does_nothing_more() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    let ours = bench.store.epoch();
    // Another leads, and does not even touch a port of this one's.
    let theirs = bench.store.lead(Epoch::default()).await.unwrap();
    let (words, tables) = (bench.store.words(), bench.router.history().len());
    let resource = Resource::Rollout(rollout("v3"));
    let manifest = manifest(&resource);
    let refused = bench.plane.apply(resource, manifest, "ada", "Applied").await;
    assert!(matches!(refused, Err(Refused::Unavailable(_))), "{refused:?}");
    let ended = bench.plane.ended().await;
    assert_eq!(ended, Ended::Store(StoreError::Fenced { ours, theirs }));
    sleep(600).await;
    assert_eq!((bench.store.words(), bench.router.history().len()), (words, tables));
    assert!(bench.runtime.orders().iter().all(|order| order.revision != "v3".into()));
    let answer = bench.plane.command(key(), Command::Abort { why: None }, "ada").await;
    assert!(matches!(answer, Err(Refused::Unavailable(_))), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn of_two_that_believe_they_lead_the_later_one_goes_on() {
    let bench = Bench::with_stable().await;
    let before = bench.store.epoch();
    let other = ControlPlane::start(bench.ports(), Pace::default()).await.unwrap();
    let resource = Resource::Rollout(rollout("v2"));
    let written = manifest(&resource);
    other.apply(resource, written, "ada", "Applied").await.unwrap();
    // The first has nothing to write: it hears of it from the router.
    let ended = bench.plane.ended().await;
    let told = ended.to_string();
    assert!(told.contains("another") && told.contains(&format!("epoch {before}")), "{told}");
    for _ in 0..120 {
        sleep(1).await;
        assert!(other.rollout(&key()).unwrap().violations.is_empty());
    }
    assert_eq!(other.rollout(&key()).unwrap().status.stable, Some("v2".into()));
    assert_eq!(bench.weight("v2"), 100);
    assert!(bench.runtime.orders().iter().any(|order| order.epoch > before));
    verify(bench.store.ledger(), None).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_bad_revision_is_caught_by_the_controller_that_comes_after() {
    let mut bench = Bench::with_stable().await;
    bench.router.answers(&"v2".into(), 0.5, 10_000);
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    bench = bench.restart().await;
    bench.until("aborted", |view| view.status.abort.is_some()).await;
    assert_eq!(bench.weight("v2"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_started_is_said_and_gets_no_traffic() {
    let bench = Bench::with_stable().await;
    bench.runtime.break_revision(&"v2".into(), "image web:v2 is found nowhere");
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench
        .until("said", |view| {
            view.report.waiting.iter().any(|one| format!("{one:?}").contains("found nowhere"))
        })
        .await;
    bench.until("degraded", |view| view.report.phase == Phase::Degraded).await;
    assert_eq!(bench.weight("v2"), 0);
    assert_eq!(bench.weight("v1"), 100);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_comes_later_is_served_at_once() {
    let bench = Bench::empty().await;
    bench.apply(Resource::Rollout(rollout("v1"))).await;
    bench.until("healthy", |view| view.report.phase == Phase::Healthy).await;
    assert!(bench.router.table().listeners.is_empty());
    bench.apply(Resource::Service(service())).await;
    sleep(1).await;
    assert_eq!(bench.weight("v1"), 100);
    assert_eq!(bench.view().services.len(), 1);
    assert_eq!(bench.router.weight(&key(), &"v1".into()), Some(Weight::FULL));
}

#[tokio::test(start_paused = true)]
async fn a_service_stands_for_one_rollout_and_no_other_claims_it() {
    let bench = Bench::with_stable().await;
    let other = key().sibling("web-too");
    let second = RolloutResource { key: other.clone(), ..rollout("v9") };
    bench.apply(Resource::Rollout(second)).await;
    sleep(10).await;
    assert_eq!(bench.view().services.len(), 1);
    assert!(bench.plane.rollout(&other).unwrap().services.is_empty());

    bench.plane.delete(Kind::Rollout, key(), "ada").await.unwrap();
    sleep(10).await;
    assert_eq!(bench.plane.rollout(&other).unwrap().services.len(), 1);
    assert_eq!(bench.router.weight(&other, &"v9".into()), Some(Weight::FULL));
}
