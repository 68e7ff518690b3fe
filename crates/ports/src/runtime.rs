use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tidegate_units::{Epoch, Generation, Owner, ReplicaId, RevisionHash, Timestamp};
use tidegate_workload::{ConfigMap, PodTemplate, Secret};
use tokio::sync::watch;

use crate::Outdated;

/// What runs the replicas.
#[async_trait]
pub trait Runtime: Send + Sync {
    /// Lets a revision have as many replicas as the order says, and keeps it so: what ends is
    /// started again, with back-off. Returns once the order is taken, not once it is fulfilled.
    ///
    /// Surplus replicas are not stopped but *retired*: they are shown as such, go on answering,
    /// and end only after [`Runtime::release`].
    async fn scale(&self, order: ScaleOrder) -> Result<(), RuntimeError>;

    /// Stops a retired replica: nothing routes to it any more. First `preStop`, then SIGTERM, then
    /// after the grace period SIGKILL, each to everything that the replica started.
    async fn release(&self, epoch: Epoch, replica: &ReplicaId) -> Result<(), RuntimeError>;

    /// All replicas that are there, of all rollouts and experiments.
    fn replicas(&self) -> Vec<ReplicaSeen>;

    /// Those of which any may have changed after an earlier look; with 0, all. Never too few: what
    /// changes meanwhile is seen again by the next look. A runtime that keeps no account of what
    /// changes shows all that there are.
    fn look(&self, _since: u64) -> Look {
        Look { whole: true, ..Look::of(0, self.replicas()) }
    }

    /// The latest generation that was taken of each rollout and experiment of which any order is still
    /// known: whoever starts sees by it whether the store knows all that was ordered.
    fn taken(&self) -> BTreeMap<Owner, Generation>;

    /// Why a revision cannot have replicas, in a sentence with its mend.
    fn obstacles(&self) -> BTreeMap<(Owner, RevisionHash), String>;

    /// Changes whenever anything that [`Runtime::replicas`] or [`Runtime::obstacles`] say does.
    fn changes(&self) -> watch::Receiver<u64>;

    /// What a container of a replica wrote, from a position on.
    async fn logs(&self, query: LogQuery) -> Result<LogChunk, RuntimeError>;
}

/// How many replicas a revision should have. Complete: nothing is left to choose.
#[derive(Clone, Debug)]
pub struct ScaleOrder {
    /// Of which rollout or experiment.
    pub owner: Owner,
    /// Which revision.
    pub revision: RevisionHash,
    /// In which epoch it was given: one of an earlier epoch than any other order is refused.
    pub epoch: Epoch,
    /// An order older than the last one taken for this revision is refused.
    pub generation: Generation,
    /// How many. Zero ends the revision here; its folder and logs stay until it is forgotten.
    pub replicas: u32,
    /// Replicas started before this moment are replaced, one at a time, the new one ready first.
    pub restart_before: Option<Timestamp>,
    /// What each of them runs.
    pub template: Arc<PodTemplate>,
    /// The `ConfigMap`s of the namespace, by name.
    pub config_maps: Arc<BTreeMap<String, ConfigMap>>,
    /// The Secrets of the namespace, by name.
    pub secrets: Arc<BTreeMap<String, Secret>>,
}

/// Replicas that are seen at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// What the next look gives, to see what changed after this one.
    pub at: u64,
    /// All replicas of an owner of which any may have changed; none, when it has none any more.
    pub owners: BTreeMap<Owner, Vec<ReplicaSeen>>,
    /// Whether these are all that there are, so that other owners have none.
    pub whole: bool,
}

impl Look {
    /// These replicas, by whose they are.
    pub fn of(at: u64, replicas: impl IntoIterator<Item = ReplicaSeen>) -> Self {
        let mut owners: BTreeMap<Owner, Vec<ReplicaSeen>> = BTreeMap::new();
        for replica in replicas {
            owners.entry(replica.owner.clone()).or_default().push(replica);
        }
        Self { at, owners, whole: false }
    }
}

/// The latest generation of each owner, of several orders.
pub fn latest(
    orders: impl IntoIterator<Item = (Owner, Generation)>,
) -> BTreeMap<Owner, Generation> {
    let mut latest = BTreeMap::new();
    for (owner, generation) in orders {
        let known = latest.entry(owner).or_insert(generation);
        *known = generation.max(*known);
    }
    latest
}

/// A replica as it is seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReplicaSeen {
    /// Unique for ever.
    pub id: ReplicaId,
    /// Of which rollout or experiment. Written as it was when there were rollouts only.
    #[serde(rename = "rollout")]
    pub owner: Owner,
    /// Of which revision.
    pub revision: RevisionHash,
    /// How it is.
    pub state: ReplicaState,
    /// When it was first started; never before the restart that it was made for, by whatever clock.
    pub started_at: Timestamp,
    /// Since when it has been ready without a break.
    pub ready_since: Option<Timestamp>,
    /// Where each port of the template is found on this machine: by number, and by name.
    #[schema(value_type = BTreeMap<String, String>)]
    pub ports: BTreeMap<String, SocketAddr>,
    /// How often a container of it was started again.
    pub restarts: u32,
    /// Why it last ended or is not ready, in one sentence.
    pub message: Option<String>,
    /// The process ids of its containers, by their names.
    pub pids: BTreeMap<String, u32>,
    /// What it uses, read every few seconds.
    pub usage: Option<Usage>,
    /// How far it is with its init containers, until they have let the others start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitSeen>,
    /// What its containers are started as.
    #[serde(default)]
    pub runs_as: RunsAs,
    /// The images that its containers run, by their names, where these are told apart whatever
    /// their tags mean by now: by the digest that a registry or an archive has for one, or by the
    /// engine's id of one that was built there.
    #[serde(default)]
    pub images: BTreeMap<String, String>,
}

/// How far a replica is with its init containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InitSeen {
    /// So many have ended, or have started where they stay.
    pub passed: usize,
    /// Of so many.
    pub of: usize,
}

/// What the containers of a replica are started as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum RunsAs {
    /// Processes of this machine.
    #[default]
    Processes,
    /// Containers of an engine.
    Containers,
}

/// How a replica is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum ReplicaState {
    /// Started, not ready yet.
    Starting,
    /// Its readiness probes pass.
    Ready,
    /// It was ready, with the processes that run, and is not.
    NotReady,
    /// It ended and waits to be started again.
    BackOff,
    /// No longer wanted, but still answering until it is released.
    Retiring {
        /// Since when.
        since: Timestamp,
    },
    /// Released: on its way out.
    Stopping,
}

/// What a replica uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Usage {
    /// CPU in thousandths of a core, over the last reading interval.
    pub cpu_millis: u64,
    /// Resident memory in bytes.
    pub memory_bytes: u64,
}

/// Which lines are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Of which replica.
    pub replica: Option<ReplicaId>,
    /// Of which container; the first when absent.
    pub container: Option<String>,
    /// From this byte on, counted over rotations; from the tail when absent.
    pub from: Option<u64>,
    /// At most so many lines from the end, when `from` is absent.
    pub tail: Option<usize>,
}

/// A piece of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogChunk {
    /// What was written, at most 256 KiB.
    pub bytes: Vec<u8>,
    /// Where the next piece begins.
    pub next: u64,
}

/// A runtime that did not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// The order is older than one already taken.
    #[error("generation {taken} was taken before {offered}")]
    Stale {
        /// The last taken.
        taken: Generation,
        /// What was offered.
        offered: Generation,
    },
    /// The order is one of a leader that leads no more.
    #[error(transparent)]
    Fenced(#[from] Outdated),
    /// No such replica.
    #[error("there is no replica {0}")]
    Unknown(ReplicaId),
    /// It could not be done now; trying again may help.
    #[error("{0}")]
    Failed(String),
}
