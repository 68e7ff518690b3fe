//! What tells one pod template from another.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tidegate_ledger::canonical;
use tidegate_units::RevisionHash;

use crate::PodTemplate;

impl PodTemplate {
    /// The revision of a rollout that runs it: the first ten hexadecimal digits of the SHA-256 of
    /// its canonical JSON (RFC 8785).
    ///
    /// It is taken of what the template means, defaults filled in, not of how it is written. Fields
    /// that are null or empty are left out, so that a field which a later version adds, and which
    /// nobody has set yet, leaves every hash as it is: an upgrade must not start rollouts.
    /// Ten digits (40 bits) keep two of a rollout's few revisions apart: with 1,000 of them a clash
    /// has a chance of 5e-7.
    pub fn revision(&self) -> RevisionHash {
        first_digits(serde_json::to_value(self).unwrap_or_default())
    }

    /// The same where it is a template of an experiment, by its name: what two templates of one
    /// experiment run may be the same, and is not the same as the revision of a rollout, so that
    /// each is measured apart.
    pub fn revision_as(&self, name: &str) -> RevisionHash {
        first_digits(json!({ "experiment template": name, "template": self }))
    }
}

fn first_digits(mut value: Value) -> RevisionHash {
    prune(&mut value);
    let digest = Sha256::digest(canonical(&value).as_bytes());
    let first = digest.iter().take(5).fold(0_u64, |hash, &byte| hash << 8 | u64::from(byte));
    format!("{first:010x}").into()
}

fn prune(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(prune);
            members.retain(|_, member| !says_nothing(member));
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
