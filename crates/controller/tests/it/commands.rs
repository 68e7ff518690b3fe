//! What people ask for, and what is written down of it.

use std::collections::BTreeMap;

use tidegate_controller::{Kind, Outcome, Refused, Resource};
use tidegate_ledger::Actor;
use tidegate_rollout::{Command, Phase};
use tidegate_workload::Secret;

use crate::bench::{Bench, canary_of, key, manifest, rollout, sleep};

#[tokio::test(start_paused = true)]
async fn a_person_takes_a_revision_back_and_the_ledger_says_who() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    bench.command(Command::Abort { why: Some("the pager rings".to_owned()) }).await;
    bench.until("degraded", |view| view.report.phase == Phase::Degraded).await;
    assert_eq!(bench.weight("v2"), 0);
    let ledger = bench.store.ledger();
    let entry = ledger.iter().find(|entry| entry.draft.what == "Abort").unwrap();
    assert_eq!(entry.draft.actor, Actor::Person { name: "ada".to_owned() });
    assert_eq!(entry.draft.detail["why"], "the pager rings");
}

/// An abort speaks of what was applied before it, though both come within one tick.
#[tokio::test(start_paused = true)]
async fn an_abort_right_behind_an_apply_is_one_of_what_was_applied() {
    for revision in ["v2", "v3"] {
        let bench = Bench::with_stable().await;
        bench.apply(Resource::Rollout(rollout("v2"))).await;
        bench.until("5 %", |_| bench.weight("v2") == 5).await;
        let mut changed = rollout(revision);
        canary_of(&mut changed.spec).steps.remove(0);
        let applied = bench.apply(Resource::Rollout(changed));
        tokio::join!(applied, bench.command(Command::Abort { why: None }));
        sleep(300).await;
        let (view, weight) = (bench.view(), bench.weight(revision));
        assert!(view.report.aborted.is_some(), "{revision}: {:#?}", view.report);
        assert_eq!((view.status.stable, weight), (Some("v1".into()), 0), "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_promotion_in_full_skips_the_pauses() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    bench.command(Command::PromoteFull).await;
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_makes_no_sense_is_refused_with_what_to_do_instead() {
    let bench = Bench::with_stable().await;
    let refused = bench.plane.command(key(), Command::Abort { why: None }, "ada").await;
    assert!(matches!(refused, Err(Refused::Conflict { hint: Some(_), .. })), "{refused:?}");
    let nobody = bench.plane.command(key().sibling("api"), Command::Retry, "ada").await;
    assert!(matches!(nobody, Err(Refused::NotFound { .. })), "{nobody:?}");
}

#[tokio::test(start_paused = true)]
async fn a_return_to_the_stable_revision_is_a_rollback_at_once() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    bench.apply(Resource::Rollout(rollout("v1"))).await;
    bench.until("healthy", |view| view.report.phase == Phase::Healthy).await;
    assert_eq!(bench.weight("v2"), 0);
    assert!(bench.store.words().contains(&"RolledBack".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_same_again_changes_nothing() {
    let bench = Bench::with_stable().await;
    let before = bench.store.ledger().len();
    let resource = Resource::Rollout(rollout("v1"));
    let manifest = manifest(&resource);
    let applied = bench.plane.apply(resource, manifest, "ada", "Applied").await.unwrap();
    assert_eq!(applied.outcome, Outcome::Unchanged);
    assert_eq!(bench.store.ledger().len(), before);
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_seen_nowhere() {
    let bench = Bench::empty().await;
    let secret = Secret {
        key: key(),
        data: BTreeMap::from([("password".to_owned(), "hunter2".to_owned())]),
        bytes: BTreeMap::new(),
    };
    bench.apply(Resource::Secret(secret)).await;
    let view = bench.plane.get(Kind::Secret, &key()).unwrap();
    let seen = format!("{:?} {:?}", view, bench.store.ledger());
    assert!(seen.contains("password") && !seen.contains("hunter2"), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn history_lists_the_revisions_newest_first() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    let history = bench.plane.history(&key()).unwrap();
    let rows: Vec<_> =
        history.iter().map(|one| (one.number, one.images[0].as_str(), one.stable)).collect();
    assert_eq!(rows, [(2, "web:v2", false), (1, "web:v1", true)]);
}
