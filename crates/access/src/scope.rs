use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Pattern, Verb};

/// What a token may be used for, of all that its account may do. It only narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scope {
    /// These verbs; all where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verbs: Option<BTreeSet<Verb>>,
    /// In these namespaces; in all where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<BTreeSet<Pattern>>,
}

impl Scope {
    /// Whether the verb is in it.
    pub fn has(&self, verb: Verb) -> bool {
        self.verbs.as_ref().is_none_or(|verbs| verbs.contains(&verb))
    }

    /// Whether the namespace is in it.
    pub fn covers(&self, namespace: &str) -> bool {
        let meets = |all: &BTreeSet<Pattern>| all.iter().any(|pattern| pattern.meets(namespace));
        self.namespaces.as_ref().is_none_or(meets)
    }
}
