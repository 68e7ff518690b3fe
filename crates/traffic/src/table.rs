use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_units::{Generation, ObjectKey, Owner, ReplicaId, RevisionHash, Weight};

use crate::Rule;

/// All that the router needs to know: it holds this and asks nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    /// A router refuses a table whose generation is older than the one it holds.
    pub generation: Generation,
    /// What it listens on, in the order of their names.
    pub listeners: Vec<Listener>,
}

/// What makes one table of another: where little of it changes, the whole need not be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableChange {
    /// The table that it changes. A router that holds another one cannot take it.
    pub from: Generation,
    /// The table that comes of it.
    pub generation: Generation,
    /// All listeners of each Service of which any changed; none where it has none any more.
    pub services: BTreeMap<ObjectKey, Vec<Listener>>,
}

impl RouteTable {
    /// Becomes the table that comes of `change`, unless it is another one that is changed.
    #[must_use]
    pub fn change(&mut self, change: TableChange) -> Taken {
        if self.generation != change.from {
            return Taken::NeedsWhole;
        }
        self.generation = change.generation;
        self.listeners.retain(|one| !change.services.contains_key(&one.service));
        self.listeners.extend(change.services.into_values().flatten());
        // One order, however it came about.
        self.listeners.sort_by(|one, other| {
            (&one.service, one.address).cmp(&(&other.service, other.address))
        });
        Taken::Yes
    }
}

/// What became of a [`TableChange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// New requests follow what came of it.
    Yes,
    /// Nothing: another table is held, or whole tables are all that can be taken.
    NeedsWhole,
}

/// A port that is listened on, and where its requests go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// The Service that it stands for.
    pub service: ObjectKey,
    /// Where it listens.
    pub address: SocketAddr,
    /// The rollout or experiment whose revisions stand behind it; measurements are kept under this
    /// name. Written as it was when there were rollouts only.
    #[serde(rename = "rollout")]
    pub owner: Owner,
    /// The generation of the rollout's plan in which its split was decided; none where the split is not
    /// the rollout's own: before a Service of one revision, or of an experiment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Generation>,
    /// One for each revision behind it. The weights add up to 100, or there are none.
    pub destinations: Vec<Destination>,
    /// Whether clients keep their revision.
    pub sticky: Option<Sticky>,
    /// What goes before the split, the first counting first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

impl Listener {
    /// Whose a revision behind it is.
    pub fn owner_of<'a>(&'a self, destination: &'a Destination) -> &'a Owner {
        destination.owner.as_ref().unwrap_or(&self.owner)
    }
}

/// A revision behind a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Which.
    pub revision: RevisionHash,
    /// Whose it is, when it is not the listener's owner's: an experiment's, beside a rollout. It is
    /// measured under this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Its share of the requests. One without a share is there for the rules that name it.
    pub weight: Weight,
    /// Its replicas that are ready. None is allowed: its requests then go to the others, and are
    /// counted as failed for this revision.
    pub endpoints: Vec<Endpoint>,
}

/// A replica's address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Which replica.
    pub replica: ReplicaId,
    /// Where it answers.
    pub address: SocketAddr,
}

/// A client keeps its revision by a cookie for as long as that revision has a weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sticky {
    /// The cookie's name.
    pub cookie: String,
    /// How long the client keeps it.
    pub max_age: Duration,
}

/// The port of a replica that a Service means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Target {
    /// The number in the pod template.
    Number(u16),
    /// The name in the pod template.
    Name(String),
}

#[cfg(test)]
mod tests;
