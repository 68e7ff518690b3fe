use serde::{Deserialize, Serialize};
use tidegate_ledger::Entry;
use tidegate_ports::{LogChunk, LogQuery};
use tidegate_rollout::Command;
use tidegate_units::ObjectKey;
use tokio::sync::watch;

use crate::{HistoryItem, Kind, Resource, ResourceView, RolloutView};

/// The running control plane, as the API sees it. Cheap to clone.
#[derive(Clone)]
pub struct ControlPlane {}

/// What an apply came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// What it is.
    pub kind: Kind,
    /// Where it is found.
    pub key: ObjectKey,
    /// Whether it changed anything.
    pub outcome: Outcome,
}

/// Whether an apply changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was not there.
    Created,
    /// It was there, and differed.
    Configured,
    /// It was there, and the same.
    Unchanged,
}

/// Why something that was asked for was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not there.
    #[error("there is no {kind} {key}")]
    NotFound {
        /// What was asked for.
        kind: Kind,
        /// Where.
        key: ObjectKey,
    },
    /// It makes no sense now.
    #[error("{reason}")]
    Conflict {
        /// Why.
        reason: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// It could not be written down, so it was not done.
    #[error("{0}")]
    Unavailable(String),
}

impl ControlPlane {
    /// Makes a resource so. `intent` is the word in the ledger: `Applied`, `Undone`, `ImageSet`, `Restarted`.
    pub async fn apply(
        &self,
        resource: Resource,
        manifest: serde_json::Value,
        who: &str,
        intent: &str,
    ) -> Result<Applied, Refused> {
        todo!()
    }

    /// Takes a resource away. For a Rollout that means its replicas too, drained first; it is gone
    /// once they are.
    pub async fn delete(&self, kind: Kind, key: ObjectKey, who: &str) -> Result<(), Refused> {
        todo!()
    }

    /// Asks something of a rollout.
    pub async fn command(
        &self,
        key: ObjectKey,
        command: Command,
        who: &str,
    ) -> Result<(), Refused> {
        todo!()
    }

    /// One resource.
    pub fn get(&self, kind: Kind, key: &ObjectKey) -> Option<ResourceView> {
        todo!()
    }

    /// All resources of a kind, in one namespace or in all, by their keys.
    pub fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<ResourceView> {
        todo!()
    }

    /// A rollout with all that is known of it.
    pub fn rollout(&self, key: &ObjectKey) -> Option<RolloutView> {
        todo!()
    }

    /// All rollouts, in one namespace or in all.
    pub fn rollouts(&self, namespace: Option<&str>) -> Vec<RolloutView> {
        todo!()
    }

    /// The revisions of a rollout, newest first.
    pub fn history(&self, key: &ObjectKey) -> Option<Vec<HistoryItem>> {
        todo!()
    }

    /// Changes whenever a view may have: look again then.
    pub fn changes(&self) -> watch::Receiver<u64> {
        todo!()
    }

    /// What a replica wrote.
    pub async fn logs(&self, query: LogQuery) -> Result<LogChunk, Refused> {
        todo!()
    }

    /// Ledger entries after a sequence number, oldest first, at most `limit` (and 10,000) of them.
    pub async fn ledger(&self, after: u64, limit: usize) -> Result<Vec<Entry>, Refused> {
        todo!()
    }
}
