use proptest::prelude::*;
use serde_json::json;
use tidegate_ledger::{
    Actor, Broken, Digest, Draft, Entry, Head, Subject, Summary, Verifier, body, link, verify,
};
use tidegate_units::{ObjectKey, Timestamp};

fn chain(length: u64) -> Vec<Entry> {
    let mut head = Head::default();
    (1..=length)
        .map(|number| {
            let entry = link(head, draft(number));
            head = entry.head();
            entry
        })
        .collect()
}

fn draft(number: u64) -> Draft {
    Draft {
        at: Timestamp::from_millis(1_767_225_600_000 + i64::try_from(number).unwrap()),
        actor: Actor::Controller,
        subject: Subject { kind: "Rollout".into(), key: ObjectKey::new("default", "web") },
        what: "WeightSet".into(),
        detail: json!({"weight": number, "evidence": {"e": 0.731, "looks": [number]}}),
    }
}

/// Gives the entry a hash that fits what is written in it.
fn rehash(entry: &mut Entry) {
    entry.hash = Digest::of(&body(entry.sequence, entry.previous, &entry.draft));
}

/// Changes a chain of five and says how that must show, with the chain's true head known.
#[track_caller]
fn check(change: impl FnOnce(&mut Vec<Entry>), expect: &str) {
    let mut entries = chain(5);
    let head = entries[4].head();
    change(&mut entries);
    let by_entry = verify(entries.clone(), Some(head)).unwrap_err();
    assert_eq!(shape(&by_entry), expect, "{by_entry}");
    assert_eq!(shape(&verify_bodies(&entries, head).unwrap_err()), as_streamed(expect));
}

fn verify_bodies(entries: &[Entry], head: Head) -> Result<Summary, Broken> {
    let mut verifier = Verifier::new(Head::default(), Some(head));
    for entry in entries {
        let body = body(entry.sequence, entry.previous, &entry.draft);
        verifier.take_body(&body, entry.hash)?;
    }
    verifier.finish()
}

/// Without looking ahead, a swap shows as a gap.
fn as_streamed(expect: &str) -> String {
    match expect {
        "reordered 3 for 2" => "missing 2 for 3".to_owned(),
        other => other.to_owned(),
    }
}

fn shape(broken: &Broken) -> String {
    match broken {
        Broken::Altered { sequence, .. } => format!("altered {sequence}"),
        Broken::Unlinked { sequence, .. } => format!("unlinked {sequence}"),
        Broken::Missing { expected, found } => format!("missing {expected} for {found}"),
        Broken::Reordered { expected, found } => format!("reordered {found} for {expected}"),
        Broken::Truncated { expected, found } => {
            format!("truncated {} to {}", expected.sequence, found.sequence)
        }
        Broken::Rewritten { expected, .. } => format!("rewritten {}", expected.sequence),
        Broken::Unreadable { sequence, .. } => format!("unreadable {sequence}"),
    }
}

#[test]
fn an_untouched_chain_holds() {
    let entries = chain(5);
    let summary = Summary { entries: 5, head: entries[4].head() };
    assert_eq!(verify(entries.clone(), None), Ok(summary));
    assert_eq!(verify(entries.clone(), Some(summary.head)), Ok(summary));
    assert_eq!(verify(entries.clone(), Some(entries[2].head())), Ok(summary));
    assert_eq!(verify_bodies(&entries, summary.head), Ok(summary));
    assert_eq!(verify([], None), Ok(Summary::default()));
}

#[test]
fn altered_content_shows() {
    check(|entries| entries[2].draft.detail = json!({"weight": 100}), "altered 3");
    check(|entries| entries[0].draft.actor = Actor::Person { name: "eve".into() }, "altered 1");
    check(|entries| entries[4].draft.at = Timestamp::from_millis(0), "altered 5");
    check(|entries| entries[3].hash = Digest([7; 32]), "altered 4");
}

#[test]
fn altered_content_with_a_new_hash_shows_at_the_next_entry() {
    let rewrite = |entry: &mut Entry| {
        entry.draft.what = "Nothing".into();
        rehash(entry);
    };
    check(|entries| rewrite(&mut entries[1]), "unlinked 3");
    check(|entries| rewrite(&mut entries[4]), "rewritten 5");
}

#[test]
fn a_rewritten_end_shows_by_the_head_kept_elsewhere() {
    check(
        |entries| {
            let mut head = entries[1].head();
            for entry in &mut entries[2..] {
                entry.draft.what = "Nothing".into();
                *entry = link(head, entry.draft.clone());
                head = entry.head();
            }
        },
        "rewritten 5",
    );
}

#[test]
fn missing_entries_show() {
    check(|entries| drop(entries.remove(0)), "missing 1 for 2");
    check(|entries| drop(entries.drain(1..3)), "missing 2 for 4");
    check(|entries| drop(entries.pop()), "truncated 5 to 4");
    check(Vec::clear, "truncated 5 to 0");
}

#[test]
fn reordered_and_inserted_entries_show() {
    check(|entries| entries.swap(1, 2), "reordered 3 for 2");
    check(|entries| entries.insert(2, entries[1].clone()), "reordered 2 for 3");
    check(
        |entries| {
            let inserted = link(entries[1].head(), draft(99));
            entries.insert(2, inserted);
        },
        "reordered 3 for 4",
    );
    check(
        |entries| {
            let inserted = link(entries[1].head(), draft(99));
            entries.insert(2, inserted);
            for (entry, sequence) in entries.iter_mut().zip(1..) {
                entry.sequence = sequence;
            }
        },
        "altered 4",
    );
}

#[test]
fn a_body_must_be_the_very_bytes() {
    let entry = &chain(1)[0];
    let body = body(entry.sequence, entry.previous, &entry.draft);
    let spaced = String::from_utf8(body.clone()).unwrap().replacen(',', ", ", 1);
    let mut verifier = Verifier::default();
    assert_eq!(shape(&verifier.take_body(spaced.as_bytes(), entry.hash).unwrap_err()), "altered 1");
    assert_eq!(shape(&verifier.take_body(&body[1..], entry.hash).unwrap_err()), "unreadable 1");
    assert_eq!(verifier.take_body(&body, entry.hash), Ok(()));
}

#[test]
fn an_exported_line_is_checked_in_any_order_and_spacing() {
    let line = serde_json::to_string(&chain(1)[0]).unwrap();
    let take = |line: &str| Verifier::default().take_line(line).map_err(|broken| shape(&broken));
    assert_eq!(take(&line), Ok(()));
    let members: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(take(&serde_json::to_string_pretty(&members).unwrap()), Ok(()));
    let more = line.replace(r#""kind":"controller""#, r#""kind":"controller","name":"eve""#);
    assert_eq!(take(&more), Err("altered 1".into()));
    assert_eq!(take(&line.replace("\"hash\"", "\"hush\"")), Err("unreadable 1".into()));
    assert_eq!(take("{"), Err("unreadable 1".into()));
}

proptest! {
    #[test]
    fn any_changed_byte_of_any_exported_line_shows(line in 0..4_usize, at in any::<prop::sample::Index>(), to in b' '..b'~') {
        let entries = chain(4);
        let head = entries[3].head();
        let mut lines: Vec<_> = entries.iter().map(|entry| serde_json::to_vec(entry).unwrap()).collect();
        let place = at.index(lines[line].len());
        prop_assume!(lines[line][place] != to);
        lines[line][place] = to;
        let read: Result<Vec<Entry>, _> = lines.iter().map(|line| serde_json::from_slice(line)).collect();
        if let Ok(forged) = read && forged != entries {
            prop_assert!(verify(forged, Some(head)).is_err());
        }
    }
}
