use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};
use tidegate_units::{ReplicaId, RevisionHash, Weight};

use crate::Sticky;

/// What stands behind Services: a rollout with its split and its replicas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backend {
    /// The labels of its pod template.
    pub labels: BTreeMap<String, String>,
    /// How requests are split over its revisions; empty while nothing is decided.
    pub split: Vec<(RevisionHash, Weight)>,
    /// What users get when all is well.
    pub stable: Option<RevisionHash>,
    /// The revision on its way, when it is not the stable one.
    pub canary: Option<RevisionHash>,
    /// Which part each of its named Services plays.
    pub roles: ServiceRoles,
    /// How clients keep their revision where a Service that is split does not say so itself.
    pub sticky: Option<Sticky>,
    /// Replicas that may be sent requests.
    pub replicas: Vec<BackendReplica>,
}

/// The Services that a rollout names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceRoles {
    /// The one whose requests are split, when it is named.
    pub root: Option<String>,
    /// Those that reach the stable revision.
    pub stable: Vec<String>,
    /// Those that reach the new revision.
    pub canary: Vec<String>,
}

/// A replica that may be sent requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendReplica {
    /// Which.
    pub replica: ReplicaId,
    /// Of which revision.
    pub revision: RevisionHash,
    /// Where its ports are found, by number and by name.
    pub ports: BTreeMap<String, SocketAddr>,
}

/// What a Service reaches of the rollout behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// Every revision, by its weight: users come in here.
    All,
    /// The stable revision only.
    Stable,
    /// The new revision only; the stable one while there is none.
    Canary,
}

impl ServiceRoles {
    /// What the Service `name` reaches. With no root, the stable Service is where users come in.
    pub fn reach(&self, name: &str) -> Reach {
        let is = |names: &[String]| names.iter().any(|known| known == name);
        if self.root.as_deref() == Some(name) {
            Reach::All
        } else if is(&self.canary) {
            Reach::Canary
        } else if is(&self.stable) && self.root.is_some() {
            Reach::Stable
        } else {
            Reach::All
        }
    }
}
