use serde_json::{Value, json};
use tidegate_backup::{
    BackupError, BackupWriter, Change, Counts, FORMAT, Item, Keys, Manifest, NewKey, Seal, read,
};
use tidegate_ledger::{Actor, Draft, Entry, Head, Subject, link};
use tidegate_ports::StoredObject;
use tidegate_units::{ObjectKey, Timestamp};

pub(crate) fn key(name: &str) -> ObjectKey {
    ObjectKey::new("default", name)
}

/// What is backed up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Content {
    pub(crate) token: Option<Vec<u8>>,
    pub(crate) documents: Vec<StoredObject>,
    pub(crate) changes: Vec<Change>,
    pub(crate) entries: Vec<Entry>,
}

impl Content {
    /// So many documents and entries, each with some text of such a length.
    pub(crate) fn of(count: u64, length: usize) -> Self {
        let text = "tide ".repeat(length / 5);
        let mut head = Head::default();
        let mut content = Self {
            token: Some(b"0123".to_vec()),
            documents: vec![],
            changes: vec![],
            entries: vec![],
        };
        for number in 1..=count {
            let name = format!("web-{number}");
            let draft = Draft {
                at: Timestamp::from_millis(1_767_225_600_042),
                actor: Actor::Person { name: "ada".into() },
                subject: Subject { kind: "Rollout".into(), key: key(&name) },
                what: "StepDone".into(),
                detail: json!({ "number": number, "text": text }),
            };
            let entry = link(head, draft);
            head = entry.head();
            content.entries.push(entry);
            let body = json!({ "number": number, "half": 0.5, "text": text });
            content.documents.push(StoredObject { kind: "Rollout".into(), key: key(&name), body });
            let body = Some(Value::from(number)).filter(|_| number > 1);
            let (before, after, kind) = (number - 1, number, "Rollout".to_owned());
            content.changes.push(Change { before, after, kind, key: key(&name), body });
        }
        content
    }

    pub(crate) fn manifest(&self) -> Manifest {
        Manifest {
            format: FORMAT,
            made_by: "0.1.0".into(),
            schema: 1,
            taken_at: Timestamp::from_millis(1_767_225_600_042),
            head: self.entries.last().map(Entry::head).unwrap_or_default(),
            reaches_back_to: 0,
            counts: Counts {
                documents: self.documents.len() as u64,
                changes: self.changes.len() as u64,
                entries: self.entries.len() as u64,
            },
        }
    }

    pub(crate) fn write_as(&self, seal: &Seal, manifest: Manifest) -> Result<Vec<u8>, BackupError> {
        let mut writer = BackupWriter::begin(Vec::new(), seal, manifest, self.token.as_deref())?;
        for object in &self.documents {
            writer.document(object)?;
        }
        for change in &self.changes {
            writer.change(change)?;
        }
        for entry in &self.entries {
            writer.entry(entry)?;
        }
        writer.finish()
    }

    pub(crate) fn write(&self, seal: &Seal) -> Vec<u8> {
        self.write_as(seal, self.manifest()).unwrap()
    }
}

/// Everything that is in a backup.
pub(crate) fn read_all(bytes: &[u8], keys: &Keys) -> Result<(Manifest, Content), BackupError> {
    let mut content = Content { token: None, documents: vec![], changes: vec![], entries: vec![] };
    let manifest = read::<BackupError>(bytes, keys, |item| {
        match item {
            Item::Manifest(_) => {}
            Item::Token(token) => content.token = Some(token),
            Item::Document(object) => content.documents.push(object),
            Item::Change(change) => content.changes.push(change),
            Item::Entry(entry) => content.entries.push(*entry),
        }
        Ok(())
    })?;
    Ok((manifest, content))
}

/// A lock and what opens it.
pub(crate) fn lock() -> (Seal, Keys) {
    let made = NewKey::make();
    let mut keys = Keys::default();
    keys.identities(&made.secret, "key.txt").unwrap();
    (Seal::Recipients(Seal::recipients(&made.public, "--recipient").unwrap()), keys)
}

#[track_caller]
pub(crate) fn check_error<T: std::fmt::Debug>(outcome: Result<T, BackupError>, expect: &str) {
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains(expect), "{error:?} should say {expect:?}");
}
