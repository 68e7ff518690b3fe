//! How fast entries are linked and verified; one iteration is one thousand entries.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use serde_json::json;
use tidegate_ledger::{Actor, Draft, Entry, Head, Subject, Verifier, body, link};
use tidegate_units::{ObjectKey, Timestamp};

const ENTRIES: usize = 1000;

fn main() {
    divan::main();
}

fn draft() -> Draft {
    Draft {
        at: Timestamp::from_millis(1_767_225_600_042),
        actor: Actor::Controller,
        subject: Subject { kind: "Rollout".into(), key: ObjectKey::new("default", "web") },
        what: "MeasurementTaken".into(),
        detail: json!({
            "metric": "error-rate", "phase": "Successful", "step": 2,
            "canary": {"requests": 1204, "errors": 3}, "stable": {"requests": 22011, "errors": 51},
            "evidence": 0.731_225, "needed": 300.0,
        }),
    }
}

fn chain() -> Vec<Entry> {
    let mut head = Head::default();
    std::iter::repeat_with(|| {
        let entry = link(head, draft());
        head = entry.head();
        entry
    })
    .take(ENTRIES)
    .collect()
}

#[divan::bench]
fn linked(bencher: divan::Bencher<'_, '_>) {
    bencher.counter(ENTRIES).bench(chain);
}

#[divan::bench]
fn verified_by_entry(bencher: divan::Bencher<'_, '_>) {
    let entries = chain();
    bencher.counter(ENTRIES).bench(|| {
        let mut verifier = Verifier::default();
        for entry in &entries {
            verifier.take(entry).unwrap();
        }
        verifier.finish().unwrap()
    });
}

#[divan::bench]
fn verified_by_body(bencher: divan::Bencher<'_, '_>) {
    let kept: Vec<_> = chain()
        .iter()
        .map(|entry| (body(entry.sequence, entry.previous, &entry.draft), entry.hash))
        .collect();
    bencher.counter(ENTRIES).bench(|| {
        let mut verifier = Verifier::default();
        for (body, hash) in &kept {
            verifier.take_body(body, *hash).unwrap();
        }
        verifier.finish().unwrap()
    });
}
