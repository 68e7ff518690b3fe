//! What parts of the server keep beside what is planned.

use std::sync::Arc;

use serde_json::json;
use tidegate_controller::{ControlPlane, KeptChange, KeptEntry, KeptKind, Pace, Refused};
use tidegate_ledger::{Actor, Subject};
use tidegate_rollout::Phase;
use tidegate_units::ObjectKey;

use crate::{
    bench::{Bench, sleep},
    restored::{backup, restore},
};

const NOTE: KeptKind = KeptKind::new("Note");
/// Its name is that of a kind which is planned.
const ROLLOUT: KeptKind = KeptKind::new("Rollout");

fn key(name: &str) -> ObjectKey {
    ObjectKey::everywhere(name)
}

fn text(body: &str) -> Arc<str> {
    json!(body).to_string().into()
}

fn entry(name: &str) -> KeptEntry {
    KeptEntry {
        actor: Actor::Person { name: "ada".to_owned() },
        subject: Subject { kind: "Note".to_owned(), key: key(name) },
        what: "Noted".to_owned(),
        detail: json!({}),
    }
}

/// Makes `name` of a kind say `body`, or takes it away.
fn change(kind: KeptKind, name: &str, body: Option<Arc<str>>) -> KeptChange {
    KeptChange {
        writes: vec![(kind, key(name), body)],
        entries: vec![entry(name)],
        ..KeptChange::default()
    }
}

fn told(plane: &ControlPlane, kind: KeptKind) -> Vec<(String, String)> {
    let all = plane.kept(kind).into_iter();
    all.map(|kept| (kept.key.name.to_string(), kept.body.to_string())).collect()
}

fn pair(name: &str, body: &str) -> (String, String) {
    (name.to_owned(), json!(body).to_string())
}

fn noted(bench: &Bench) -> usize {
    bench.store.words().iter().filter(|word| *word == "Noted").count()
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_there_at_once_after_a_restart_and_in_a_backup() {
    let bench = Bench::with_stable().await;
    for (name, body) in [("b", "two"), ("a", "one"), ("c", "gone soon")] {
        bench.plane.keep(change(NOTE, name, Some(text(body)))).await.unwrap();
    }
    bench.plane.keep(change(ROLLOUT, "web", Some(text("no rollout")))).await.unwrap();
    bench.plane.keep(change(NOTE, "c", None)).await.unwrap();
    let expect = [pair("a", "one"), pair("b", "two")];
    assert_eq!(told(&bench.plane, NOTE), expect);
    assert_eq!(bench.plane.kept_one(NOTE, &key("b")), Some(text("two")));
    assert_eq!(bench.plane.kept_one(NOTE, &key("c")), None);
    assert_eq!(noted(&bench), 5);
    let bench = bench.restart().await;
    assert_eq!(told(&bench.plane, NOTE), expect);
    assert_eq!(told(&bench.plane, ROLLOUT), [pair("web", "no rollout")]);
    let saved = backup(&bench).await;
    bench.plane.keep(change(NOTE, "d", Some(text("after the backup")))).await.unwrap();
    let bench = restore(bench, saved).await;
    assert_eq!(told(&bench.plane, NOTE), expect);
    // Nothing of it was taken for something to be released.
    assert_eq!(bench.plane.rollouts(None).len(), 1);
    bench.until("healthy", |view| view.report.phase == Phase::Healthy).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_happens_only_to_what_is_expected_and_whole() {
    let bench = Bench::empty().await;
    let claim = |body| KeptChange {
        expects: vec![(NOTE, key("claim"), None)],
        ..change(NOTE, "claim", Some(text(body)))
    };
    bench.plane.keep(claim("first")).await.unwrap();
    let late = KeptChange {
        writes: vec![
            (NOTE, key("other"), Some(text("x"))),
            (NOTE, key("claim"), Some(text("late"))),
        ],
        ..claim("late")
    };
    let refused = bench.plane.keep(late).await.unwrap_err();
    assert!(
        matches!(&refused, Refused::Conflict { reason, .. } if reason.contains("Note */claim"))
    );
    assert_eq!(told(&bench.plane, NOTE), [pair("claim", "first")]);
    assert_eq!(noted(&bench), 1);
    let next = KeptChange {
        expects: vec![(NOTE, key("claim"), Some(text("first")))],
        ..change(NOTE, "claim", Some(text("second")))
    };
    bench.plane.keep(next.clone()).await.unwrap();
    assert!(bench.plane.keep(next).await.is_err());
    assert_eq!(told(&bench.plane, NOTE), [pair("claim", "second")]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_down_is_not_kept() {
    let bench = Bench::with_stable().await;
    bench.store.fail();
    let refused = bench.plane.keep(change(NOTE, "a", Some(text("one")))).await;
    assert!(matches!(refused, Err(Refused::Unavailable(_))), "{refused:?}");
    assert_eq!(told(&bench.plane, NOTE), []);
    bench.store.recover();
    sleep(3).await;
    assert_eq!(told(&bench.plane, NOTE), []);
    bench.plane.keep(change(NOTE, "a", Some(text("one")))).await.unwrap();
    // Whoever led before writes nothing more.
    let other = ControlPlane::start(bench.ports(), Pace::default()).await.unwrap();
    assert!(bench.plane.keep(change(NOTE, "a", Some(text("two")))).await.is_err());
    assert_eq!(told(&other, NOTE), [pair("a", "one")]);
}
