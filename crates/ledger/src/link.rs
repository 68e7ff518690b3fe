use tidegate_units::Timestamp;

use crate::{Digest, Draft, Entry, canonical::settle, flat};

/// 9999-12-30T22:00:00Z, the last moment that is read back: RFC 3339 ends with the year 9999 in
/// every time zone.
const LAST_MOMENT: i64 = 253_402_207_200_000;

/// Where a chain ends. The default is the end of the empty chain.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
pub struct Head {
    /// The sequence number of the last entry; 0 when there is none.
    pub sequence: u64,
    /// Its hash; zeros when there is none.
    pub hash: Digest,
}

/// Makes a draft the entry that follows `head`.
///
/// The entry's draft is `draft` as it will be read back: numbers in `detail` are IEEE 754 doubles,
/// as RFC 8785 has it, so an integer beyond 2^53 is rounded to one; and a moment outside the years
/// 1970 to 9999 is moved to their edge.
pub fn link(head: Head, mut draft: Draft) -> Entry {
    settle(&mut draft.detail);
    draft.at = Timestamp::from_millis(draft.at.as_millis().clamp(0, LAST_MOMENT));
    let sequence = head.sequence.saturating_add(1);
    let hash = Digest::of(&flat::body(sequence, head.hash, &draft));
    Entry { sequence, previous: head.hash, hash, draft }
}

impl Entry {
    /// The end of a chain whose last entry this is.
    pub fn head(&self) -> Head {
        Head { sequence: self.sequence, hash: self.hash }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use tidegate_units::ObjectKey;

    use super::*;
    use crate::{Actor, Subject};

    fn draft(at: i64, detail: serde_json::Value) -> Draft {
        Draft {
            at: Timestamp::from_millis(at),
            actor: Actor::Controller,
            subject: Subject { kind: "Rollout".into(), key: ObjectKey::new("default", "web") },
            what: "Noted".into(),
            detail,
        }
    }

    #[test]
    fn each_entry_names_the_one_before() {
        let first = link(Head::default(), draft(1, json!({})));
        let second = link(first.head(), draft(2, json!({})));
        assert_eq!((first.sequence, first.previous), (1, Digest::default()));
        assert_eq!((second.sequence, second.previous), (2, first.hash));
        assert_ne!(first.hash, second.hash);
    }

    #[test]
    fn every_member_is_under_the_hash() {
        let entry = |change: fn(&mut Draft)| {
            let mut draft = draft(5, json!({"a": 1}));
            change(&mut draft);
            link(Head::default(), draft).hash
        };
        let hashes = [
            entry(|_| ()),
            entry(|d| d.at = Timestamp::from_millis(6)),
            entry(|d| d.actor = Actor::Person { name: String::new() }),
            entry(|d| d.actor = Actor::Person { name: "ada".into() }),
            entry(|d| d.subject.kind = "Service".into()),
            entry(|d| d.subject.key = ObjectKey::new("default", "api")),
            entry(|d| d.what = "Other".into()),
            entry(|d| d.detail = json!({"a": 2})),
        ];
        for (index, hash) in hashes.iter().enumerate() {
            assert_eq!(hashes.iter().position(|other| other == hash), Some(index));
        }
    }

    proptest! {
        #[test]
        fn an_entry_survives_export(at in any::<i64>(), number in any::<f64>(), whole in any::<u64>(), text in any::<String>()) {
            let entry = link(Head::default(), draft(at, json!([number, whole, text])));
            let line = serde_json::to_string(&entry).unwrap();
            prop_assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry);
        }
    }
}
