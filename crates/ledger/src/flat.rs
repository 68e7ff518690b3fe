use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tidegate_units::Timestamp;

use crate::{
    Actor, Digest, Draft, Entry, Subject,
    canonical::{write_display, write_text, write_value},
};

/// The canonical JSON of an entry without its hash: exactly the bytes that the hash is taken over.
pub fn body(sequence: u64, previous: Digest, draft: &Draft) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    write_body(&mut out, sequence, previous, draft);
    out
}

/// Writes the members in the order that RFC 8785 puts them: by name.
pub(crate) fn write_body(out: &mut Vec<u8>, sequence: u64, previous: Digest, draft: &Draft) {
    out.extend_from_slice(b"{\"actor\":");
    write_actor(out, &draft.actor);
    out.extend_from_slice(b",\"at\":\"");
    write_display(out, draft.at);
    out.extend_from_slice(b"\",\"detail\":");
    write_value(out, &draft.detail);
    out.extend_from_slice(b",\"previous\":\"");
    out.extend_from_slice(&previous.hex());
    out.extend_from_slice(b"\",\"sequence\":");
    write_value(out, &Value::from(sequence));
    out.extend_from_slice(b",\"subject\":{\"key\":");
    write_text(out, &draft.subject.key.to_string());
    out.extend_from_slice(b",\"kind\":");
    write_text(out, &draft.subject.kind);
    out.extend_from_slice(b"},\"what\":");
    write_text(out, &draft.what);
    out.push(b'}');
}

fn write_actor(out: &mut Vec<u8>, actor: &Actor) {
    let (kind, name) = match actor {
        Actor::Controller => return out.extend_from_slice(br#"{"kind":"controller"}"#),
        Actor::Person { name } => ("person", name),
        Actor::User { name } => ("user", name),
        Actor::ServiceAccount { name } => ("serviceAccount", name),
    };
    out.extend_from_slice(br#"{"kind":"#);
    write_text(out, kind);
    out.extend_from_slice(br#","name":"#);
    write_text(out, name);
    out.push(b'}');
}

/// The exported form, to write: one flat object.
#[derive(Serialize)]
struct Writing<'a> {
    actor: &'a Actor,
    at: Timestamp,
    detail: &'a Value,
    hash: Digest,
    previous: Digest,
    sequence: u64,
    subject: &'a Subject,
    what: &'a str,
}

/// The exported form, to read. A member beside these would escape the hash, so it is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    actor: Actor,
    at: Timestamp,
    detail: Value,
    hash: Digest,
    previous: Digest,
    sequence: u64,
    subject: Subject,
    what: String,
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Writing {
            actor: &self.draft.actor,
            at: self.draft.at,
            detail: &self.draft.detail,
            hash: self.hash,
            previous: self.previous,
            sequence: self.sequence,
            subject: &self.draft.subject,
            what: &self.draft.what,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Reading::deserialize(deserializer)?;
        Ok(Self {
            sequence: read.sequence,
            previous: read.previous,
            hash: read.hash,
            draft: Draft {
                at: read.at,
                actor: read.actor,
                subject: read.subject,
                what: read.what,
                detail: read.detail,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tidegate_units::ObjectKey;

    use super::*;
    use crate::{Head, canonical, link};

    fn draft(actor: Actor) -> Draft {
        Draft {
            at: Timestamp::from_millis(1_767_225_600_042),
            actor,
            subject: Subject { kind: "Rollout".into(), key: ObjectKey::new("default", "web") },
            what: "WeightSet".into(),
            detail: json!({"weight": 25, "why": "step \"1\""}),
        }
    }

    #[test]
    fn the_body_is_the_canonical_form_of_the_line_without_its_hash() {
        let name = || "a\u{1f600}\n".to_owned();
        let named = [
            Actor::Person { name: name() },
            Actor::User { name: name() },
            Actor::ServiceAccount { name: name() },
        ];
        for actor in [Actor::Controller].into_iter().chain(named) {
            let entry = link(Head::default(), draft(actor));
            let mut line = serde_json::to_value(&entry).unwrap();
            line.as_object_mut().unwrap().remove("hash");
            let body = body(entry.sequence, entry.previous, &entry.draft);
            assert_eq!(String::from_utf8(body).unwrap(), canonical(&line));
        }
    }

    /// Computed apart from this code, with Python's `json` and `hashlib`.
    #[test]
    fn the_format_stays_as_it_was_first_written() {
        let entry = link(Head::default(), draft(Actor::Controller));
        assert_eq!(
            serde_json::to_string(&entry).unwrap(),
            concat!(
                r#"{"actor":{"kind":"controller"},"at":"2026-01-01T00:00:00.042Z","#,
                r#""detail":{"weight":25,"why":"step \"1\""},"hash":"951e861fa41624170a784a2fdc1958f7e82278fd2c729c6507f55772151b4c4f","#,
                r#""previous":"0000000000000000000000000000000000000000000000000000000000000000","#,
                r#""sequence":1,"subject":{"kind":"Rollout","key":"default/web"},"what":"WeightSet"}"#,
            )
        );
    }

    #[test]
    fn an_entry_is_read_back_as_it_was_written() {
        let entry = link(Head::default(), draft(Actor::Person { name: "ada".into() }));
        let line = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry);
    }

    #[test]
    fn a_member_that_the_hash_would_not_cover_is_refused() {
        let entry = link(Head::default(), draft(Actor::Controller));
        let line = serde_json::to_string(&entry).unwrap();
        let more = line.replacen('{', r#"{"approved_by":"nobody","#, 1);
        let error = serde_json::from_str::<Entry>(&more).unwrap_err().to_string();
        assert!(error.contains("approved_by"), "{error}");
    }
}
