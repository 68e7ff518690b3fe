//! What is particular to a runtime: how one container is started, found again and ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    path::Path,
    sync::Arc,
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use tidegate_units::{Owner, ReplicaId, RevisionHash};
use tidegate_workload::{Container, PodTemplate, Secret};
use tokio::{sync::watch, time::Instant};

use crate::{Assigned, Keeping, RunsAs, Shared, Surroundings, is_want};

/// What is written down with a replica.
pub trait Written:
    Clone + PartialEq + fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

impl<T> Written for T where
    T: Clone + PartialEq + fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

/// Runs containers, as processes or by an engine. Everything else, from orders to logs, is
/// [`Replicas`](crate::Replicas)' to do.
pub trait Carrier: fmt::Debug + Send + Sync + Sized + 'static {
    /// How it is set up.
    type Settings;
    /// How a container is started.
    type Spec: Written;
    /// What runs, told apart from everything else that had or will have its number or name.
    type Process: Written;
    /// An image, ready to be run.
    type Image: Clone + fmt::Debug + Send + Sync + 'static;
    /// One container of a replica.
    type Unit: Unit<Self>;

    /// The folder for records, below that of the data. No two runtimes share one.
    const FOLDER: &'static str;
    /// What it starts containers as.
    const RUNS_AS: RunsAs;
    /// Which ports a replica is lent.
    const PUBLISHED: Published;

    /// The part of the settings that is not its own.
    fn keeping(settings: &Self::Settings) -> Keeping;

    /// Gets ready to run containers for a data folder.
    fn open(settings: Self::Settings, home: &Home<'_>) -> io::Result<Self>;

    /// Finds the image of a container, and fetches it. What is in the way is the obstacle, in a
    /// sentence with its mend.
    fn image(
        &self,
        wish: &ImageWish<'_>,
    ) -> impl Future<Output = Result<Self::Image, String>> + Send;

    /// What makes a later replica run the same image, whatever its name means then.
    fn pin(image: &Self::Image) -> Option<String>;

    /// Works out how a container is started. What it refers to and does not find is the obstacle.
    fn spec(&self, draft: &Draft<'_>, image: &Self::Image) -> Result<Self::Spec, String>;

    /// Gets ready to start a container, and says which limits cannot be enforced.
    fn unit(&self, place: &Place<'_>, spec: Arc<Self::Spec>) -> (Self::Unit, Vec<String>);

    /// Whether what was started earlier may still run. Whoever cannot tell yet says yes.
    fn is_alive(&self, process: &Self::Process) -> bool;

    /// The process id on this machine, if it is known.
    fn pid(process: &Self::Process) -> Option<u32>;

    /// Which process holds a container's log open, so that it writes on where a removed file was.
    fn log_writer(process: &Self::Process) -> Option<u32>;

    /// Forgets what no order and no replica needs any more.
    fn tidy(&self, used: &Used<'_, Self>);

    /// What replicas use by now: CPU time in microseconds, memory in bytes.
    fn readings(
        &self,
        looks: Vec<Look<Self>>,
    ) -> impl Future<Output = BTreeMap<ReplicaId, Reading>> + Send;

    /// Ends what runs for this data folder and belongs to no replica. `unreadable` are the replicas
    /// whose records could not be read.
    fn end_orphans(
        shared: Arc<Shared<Self>>,
        unreadable: BTreeSet<String>,
    ) -> impl Future<Output = ()> + Send;

    /// All containers of a replica have ended: what they shared goes.
    fn gone(&self, replica: &ReplicaId) -> impl Future<Output = ()> + Send;

    /// The runtime closes. Replicas run on.
    fn leave(&self);
}

/// Which ports of a container need one of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// Those that the manifest declares.
    Declared,
    /// Those too that only a probe or hook names: a container with a network of its own is else not
    /// reached.
    AndProbed,
}

/// One container of a replica.
pub trait Unit<C: Carrier>: fmt::Debug + Send + Sync + 'static {
    /// Starts it. `keep` writes down what will run; without that it must not run.
    fn start(
        &self,
        keep: impl Fn(&C::Process) -> io::Result<()> + Send + Sync,
    ) -> impl Future<Output = Result<Started<C>, StartFailure>> + Send;

    /// Takes over what an earlier control plane has started.
    fn adopt(&self, process: C::Process) -> Running<C>;

    /// Runs a command of a probe or hook beside it, for at most `timeout`.
    fn exec(
        &self,
        command: &[String],
        timeout: Duration,
    ) -> impl Future<Output = Result<(), TryFailure>> + Send;

    /// Asks it to end, and returns when it has, or at `deadline`.
    fn terminate(&self, process: &C::Process, deadline: Instant)
    -> impl Future<Output = ()> + Send;

    /// Ends what is left of it, those included that it started. Tries for some seconds, then says
    /// what does not end.
    fn clear(&self) -> impl Future<Output = Result<(), String>> + Send;

    /// It has ended for good.
    fn remove(&self);
}

/// What was started.
#[derive(Debug)]
pub struct Started<C: Carrier> {
    /// What runs.
    pub running: Running<C>,
    /// What could not be had, each in a sentence.
    pub warnings: Vec<String>,
}

/// A container that runs, or did.
#[derive(Debug)]
pub struct Running<C: Carrier> {
    /// Which it is.
    pub process: C::Process,
    /// How it ended, once it has.
    pub end: watch::Receiver<Option<End>>,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// In words.
    pub how: String,
    /// Whether it is known that it did its work: it ended by itself, with exit code 0.
    pub done: bool,
}

impl<C: Carrier> Running<C> {
    /// Waits for its end, and says how it ended.
    pub async fn ended(&self) -> End {
        let mut end = self.end.clone();
        let ended = end.wait_for(Option::is_some).await;
        ended
            .ok()
            .and_then(|end| end.clone())
            .unwrap_or_else(|| End { how: "it is unknown how it ended".into(), done: false })
    }
}

/// Why a container was not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartFailure {
    /// Another program of this machine listens where it should: the replica is replaced by one
    /// with other ports.
    PortTaken,
    /// Something else, in words.
    Refused(String),
}

/// Why one try of a probe or hook was no success, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TryFailure {
    /// The container was asked, and did not do well, or not in time.
    #[error("{0}")]
    Failed(String),
    /// It could not be asked, for a reason that is not its own. As with the kubelet, such a try
    /// counts neither for it nor against it.
    #[error("{0}")]
    Unknown(String),
}

impl TryFailure {
    /// Whether it tells something of the container.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

impl TryFailure {
    /// What the system says of a connection to the container. A want of this machine is not the
    /// container's: that there is no file, port or memory left for the connection says nothing of it.
    pub(crate) fn of_connection(error: &io::Error, why: String) -> Self {
        if is_want(error) { Self::Unknown(why) } else { Self::Failed(why) }
    }
}

impl From<String> for TryFailure {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// The place of a runtime.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// A name for the data folder, which no other runtime has.
    pub id: &'a str,
    /// The data folder.
    pub data: &'a Path,
}

/// Which image is needed, and what for.
#[derive(Clone, Copy)]
pub struct ImageWish<'a> {
    /// The container.
    pub container: &'a Container,
    /// The template that it is in.
    pub template: &'a PodTemplate,
    /// The Secrets of the namespace that the template names.
    pub secrets: &'a BTreeMap<String, Secret>,
    /// What the revision's earlier replicas ran.
    pub pinned: Option<&'a str>,
    /// Tells how far it is, in a sentence.
    pub tell: &'a (dyn Fn(String) + Send + Sync),
}

/// What a container's start is worked out from.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// The container.
    pub container: &'a Container,
    /// The template that it is in.
    pub template: &'a PodTemplate,
    /// The ports that the replica was given.
    pub assigned: &'a Assigned,
    /// What its environment is made from.
    pub around: Surroundings<'a>,
    /// Which revision it is of.
    pub revision: &'a RevisionHash,
    /// Where its output is to go.
    pub log: Option<&'a Path>,
}

/// Where a container belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The replica.
    pub replica: &'a ReplicaId,
    /// Of which rollout or experiment.
    pub owner: &'a Owner,
    /// Of which revision.
    pub revision: &'a RevisionHash,
    /// The container.
    pub container: &'a Container,
    /// The template that it is in.
    pub template: &'a PodTemplate,
    /// The ports that the replica was given.
    pub assigned: &'a Assigned,
    /// Where its output goes.
    pub log: &'a Path,
}

/// What is still needed.
pub struct Used<'a, C: Carrier> {
    /// The replicas that are there.
    pub replicas: &'a BTreeSet<String>,
    /// The images that orders are pinned to.
    pub pins: &'a [String],
    /// How the containers of the replicas were started.
    pub specs: &'a [Arc<C::Spec>],
}

/// A container whose use is asked for.
#[derive(Debug)]
pub struct Look<C: Carrier> {
    /// Of which replica.
    pub replica: ReplicaId,
    /// Its name.
    pub container: String,
    /// What runs.
    pub process: Option<C::Process>,
}

/// CPU time so far in microseconds, and memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// CPU time so far, in microseconds.
    pub cpu_us: u64,
    /// Resident memory in bytes.
    pub memory_bytes: u64,
}

impl Reading {
    /// Adds that of another container of the same replica.
    pub fn add(&mut self, other: Self) {
        self.cpu_us = self.cpu_us.saturating_add(other.cpu_us);
        self.memory_bytes = self.memory_bytes.saturating_add(other.memory_bytes);
    }
}
