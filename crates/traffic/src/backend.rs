use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};
use tidegate_units::{Generation, ObjectKey, Owner, ReplicaId, RevisionHash, Weight};

use crate::{Rule, Service, Sticky};

/// What stands behind Services: a rollout with its split and its replicas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backend {
    /// The labels of its replicas.
    pub labels: RoleLabels,
    /// How requests are split over its revisions; empty while nothing is decided.
    pub split: Vec<(RevisionHash, Weight)>,
    /// In which generation of its plans that split was decided.
    pub decided: Option<Generation>,
    /// What users get when all is well.
    pub stable: Option<RevisionHash>,
    /// The revision on its way, when it is not the stable one.
    pub canary: Option<RevisionHash>,
    /// Which part each of its named Services plays.
    pub roles: ServiceRoles,
    /// How clients keep their revision where a Service that is split does not say so itself.
    pub sticky: Option<Sticky>,
    /// What goes before the split where it holds, the first counting first.
    pub rules: Vec<Rule>,
    /// Replicas that may be sent requests, those of guests among them.
    pub replicas: Vec<BackendReplica>,
    /// Revisions of the split that are somebody else's: templates of an experiment.
    pub guests: BTreeMap<RevisionHash, Owner>,
}

/// The labels of the replicas of a rollout, by what they are to users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleLabels {
    /// Of those of the stable revision.
    pub stable: BTreeMap<String, String>,
    /// Of those of the new revision.
    pub canary: BTreeMap<String, String>,
}

impl RoleLabels {
    /// What a Service reaches of the rollout: what its name stands for, or, where it selects labels
    /// that only one revision has, that one. None: it selects neither. By blue-green a Service that
    /// the rollout names reaches what it is named for, whatever it selects of the labels.
    pub fn reach(
        &self,
        rollout: &ObjectKey,
        service: &Service,
        roles: &ServiceRoles,
    ) -> Option<Reach> {
        match self.selected(rollout, service) {
            [false, false] => None,
            [true, true] => Some(roles.reach(&service.key.name)),
            [of_stable, _] if roles.active.is_some() => {
                Some(roles.reach_by_label(&service.key.name, of_stable))
            }
            [true, false] => Some(Reach::Stable),
            [false, true] => Some(Reach::Canary),
        }
    }

    /// Whether a Service selects any replicas of the rollout.
    pub fn is_selected(&self, rollout: &ObjectKey, service: &Service) -> bool {
        self.selected(rollout, service) != [false, false]
    }

    /// Whether a Service selects those of the stable revision, and those of the new one.
    fn selected(&self, rollout: &ObjectKey, service: &Service) -> [bool; 2] {
        [&self.stable, &self.canary].map(|labels| service.selects(rollout, labels))
    }
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
    /// The one that reaches the revision that has all users.
    pub active: Option<String>,
    /// The one that reaches the newest revision.
    pub preview: Option<String>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Reach {
    /// Every revision, by its weight: users come in here.
    All,
    /// The stable revision only.
    Stable,
    /// The new revision only; the stable one while there is none.
    Canary,
    /// The revision that has all users.
    Active,
    /// The newest revision only, whether or not it has users.
    Preview,
}

impl ServiceRoles {
    /// What the Service `name` reaches. With no root, the stable Service is where users come in.
    pub fn reach(&self, name: &str) -> Reach {
        let is = |names: &[String]| names.iter().any(|known| known == name);
        if self.root.as_deref() == Some(name) {
            Reach::All
        } else if is(&self.canary) {
            Reach::Canary
        } else if self.preview.as_deref() == Some(name) {
            Reach::Preview
        } else if self.active.is_some() {
            Reach::Active
        } else if is(&self.stable) && self.root.is_some() {
            Reach::Stable
        } else {
            Reach::All
        }
    }

    /// Blue-green: what the Service `name` reaches that selects the labels of one revision only.
    fn reach_by_label(&self, name: &str, of_stable: bool) -> Reach {
        let named = [&self.active, &self.preview].into_iter().flatten().any(|known| known == name);
        match of_stable {
            _ if named => self.reach(name),
            // It goes with the users, so that what is named for them never falls behind the switch.
            true => Reach::Active,
            false => Reach::Preview,
        }
    }
}
