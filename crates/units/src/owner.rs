use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{IdError, ObjectKey};

/// What replicas, their traffic and analysis runs belong to. A Rollout and an Experiment may have one
/// name: this keeps them apart wherever a key alone would not.
///
/// Written `namespace/name` for a rollout, as it always was, and with the kind before it for others,
/// as in `experiment:namespace/name`: no namespace has a colon.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner {
    /// Which kind of resource.
    pub kind: OwnerKind,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// The kinds of resource that replicas and runs belong to, in the order in which Services look for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnerKind {
    /// Its revisions follow each other.
    Rollout,
    /// Its templates stand side by side, for a while.
    Experiment,
    /// It has no replicas, and one run.
    AnalysisRun,
}

impl OwnerKind {
    /// Its name in small letters, as in labels and in the names of files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rollout => "rollout",
            Self::Experiment => "experiment",
            Self::AnalysisRun => "analysisrun",
        }
    }
}

impl Owner {
    /// The rollout of this key.
    pub fn rollout(key: &ObjectKey) -> Self {
        Self::of(OwnerKind::Rollout, key)
    }

    /// The experiment of this key.
    pub fn experiment(key: &ObjectKey) -> Self {
        Self::of(OwnerKind::Experiment, key)
    }

    /// The analysis run of this key, if it is one of its own.
    pub fn analysis_run(key: &ObjectKey) -> Self {
        Self::of(OwnerKind::AnalysisRun, key)
    }

    fn of(kind: OwnerKind, key: &ObjectKey) -> Self {
        Self { kind, namespace: Arc::clone(&key.namespace), name: Arc::clone(&key.name) }
    }

    /// Where the resource is found.
    pub fn key(&self) -> ObjectKey {
        ObjectKey { namespace: Arc::clone(&self.namespace), name: Arc::clone(&self.name) }
    }

    /// The key, if it is a rollout.
    pub fn as_rollout(&self) -> Option<ObjectKey> {
        (self.kind == OwnerKind::Rollout).then(|| self.key())
    }

    /// The key, if it is an experiment.
    pub fn as_experiment(&self) -> Option<ObjectKey> {
        (self.kind == OwnerKind::Experiment).then(|| self.key())
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind != OwnerKind::Rollout {
            write!(f, "{}:", self.kind.word())?;
        }
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Owner {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        for kind in [OwnerKind::Experiment, OwnerKind::AnalysisRun] {
            let rest = text.strip_prefix(kind.word()).and_then(|rest| rest.strip_prefix(':'));
            if let Some(key) = rest {
                return key.parse().map(|key| Self::of(kind, &key));
            }
        }
        text.parse().map(|key| Self::rollout(&key))
    }
}

impl TryFrom<String> for Owner {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_and_an_experiment_of_one_name_are_two_owners() {
        let key = ObjectKey::new("default", "web");
        let (rollout, experiment) = (Owner::rollout(&key), Owner::experiment(&key));
        assert_ne!(rollout, experiment);
        assert_eq!(rollout.to_string(), "default/web");
        assert_eq!(experiment.to_string(), "experiment:default/web");
        let run = Owner::analysis_run(&key);
        assert_eq!(run.to_string(), "analysisrun:default/web");
        for owner in [rollout, experiment, run] {
            assert_eq!(owner.to_string().parse(), Ok(owner.clone()));
            let json = serde_json::to_string(&owner).unwrap();
            assert_eq!(serde_json::from_str::<Owner>(&json).unwrap(), owner);
            assert_eq!(owner.key(), key);
        }
        assert!("web".parse::<Owner>().is_err());
    }

    #[test]
    fn what_was_written_of_a_rollout_before_there_were_experiments_is_read_as_it_was_meant() {
        let owner: Owner = serde_json::from_str("\"shop/web\"").unwrap();
        assert_eq!(owner.as_rollout(), Some(ObjectKey::new("shop", "web")));
        assert_eq!(owner.as_experiment(), None);
    }
}
