use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidegate_rollout::{RevisionSeen, RunSeen};
use tidegate_units::{RevisionHash, RunName};

/// What is seen of an experiment's world at one moment. It may be late, and parts may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The replicas of each template that has any.
    pub revisions: BTreeMap<RevisionHash, RevisionSeen>,
    /// Its analysis runs.
    pub runs: BTreeMap<RunName, RunSeen>,
    /// Why replicas cannot be made.
    pub obstacles: BTreeMap<RevisionHash, String>,
    /// Templates that cannot be served, by name, and why: the Service that is to be made for one is
    /// there already, and somebody else's. Looked at until the experiment is available.
    pub refused: BTreeMap<String, String>,
    /// Analyses that could not begin, by name, and why: a template that is not there.
    pub unusable: BTreeMap<String, String>,
}
