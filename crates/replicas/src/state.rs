//! What the runtime knows, behind one lock, and how it is shown.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use tidegate_ports::{InitSeen, ReplicaSeen, ReplicaState, Usage};
use tidegate_units::{Owner, ReplicaId, RevisionHash, Timestamp};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    Carrier, Keeping, Look,
    logs::LogStore,
    marks::Marks,
    ports::{Ports, addresses},
    records::{ContainerOf, OrderRecord, Records, ReplicaOf},
    turn::{Part, Turn, in_order, turn},
};

/// Everything that the tasks of a runtime share.
#[derive(Debug)]
pub struct Shared<C: Carrier> {
    pub(crate) carrier: C,
    pub(crate) keeping: Keeping,
    pub(crate) records: Records,
    pub(crate) logs: LogStore,
    pub(crate) ports: Ports,
    /// How many containers are started at the same time.
    pub(crate) starts: Semaphore,
    /// Orders are taken one after the other, so that they are written down in that order.
    pub(crate) ordering: tokio::sync::Mutex<()>,
    /// Ends all tasks, but no replica, when the runtime is dropped.
    pub(crate) closing: CancellationToken,
    /// How many replicas are being ended that no record knows; nothing before it was looked.
    pub(crate) orphans: watch::Sender<Option<usize>>,
    state: Mutex<State<C>>,
    changes: watch::Sender<u64>,
    pub(crate) marks: Marks,
}

/// What is wanted and what is there.
#[derive(Debug)]
pub(crate) struct State<C: Carrier> {
    pub(crate) revisions: BTreeMap<RevisionKey, Revision>,
    pub(crate) replicas: BTreeMap<ReplicaId, Replica<C>>,
}

/// A revision of a rollout.
pub(crate) type RevisionKey = (Owner, RevisionHash);

/// What is wanted of a revision.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) order: OrderRecord,
    /// Why it cannot have replicas.
    pub(crate) obstacle: Option<String>,
    /// Wakes the task that carries the order out.
    pub(crate) wake: Arc<Notify>,
}

/// What is wanted of the containers of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// They run, and are started again when they end.
    Running,
    /// They may run on, but are not started again.
    Retired,
    /// They end.
    Gone,
}

/// A replica that is there.
#[derive(Debug)]
pub(crate) struct Replica<C: Carrier> {
    pub(crate) record: ReplicaOf<C>,
    pub(crate) containers: BTreeMap<String, ContainerNow>,
    pub(crate) wanted: watch::Sender<Wanted>,
    /// How far it is, for those that wait for their turn.
    pub(crate) turns: watch::Sender<Turn>,
    pub(crate) usage: Option<Usage>,
}

/// A container as it is now, beside what its record says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContainerNow {
    pub(crate) run: Run,
    /// Why it is not ready.
    pub(crate) trouble: Option<String>,
    /// How it ended before its last start.
    pub(crate) last_end: Option<String>,
    /// Limits that are not enforced.
    pub(crate) warnings: Vec<String>,
}

/// Whether a container's process runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Run {
    /// On its way, for the first time or again.
    #[default]
    Starting,
    /// It runs.
    Running,
    /// It ended and waits to be started again.
    BackOff,
    /// It ended and stays so.
    Ended,
}

impl<C: Carrier> Shared<C> {
    /// Nothing wanted, nothing there.
    pub(crate) fn new(carrier: C, keeping: Keeping, records: Records, logs: PathBuf) -> Self {
        Self {
            carrier,
            orphans: watch::Sender::new(None),
            records,
            logs: LogStore::new(logs, keeping.logs),
            ports: Ports::new(keeping.ports.clone(), crate::chance::number()),
            starts: Semaphore::new(CONCURRENT_STARTS),
            ordering: tokio::sync::Mutex::new(()),
            closing: CancellationToken::new(),
            state: Mutex::new(State { revisions: BTreeMap::new(), replicas: BTreeMap::new() }),
            changes: watch::Sender::new(0),
            marks: Marks::default(),
            keeping,
        }
    }

    /// What starts and ends containers here.
    pub fn carrier(&self) -> &C {
        &self.carrier
    }

    /// Whether a replica of this id is there.
    pub fn knows(&self, replica: &str) -> bool {
        self.state().replicas.keys().any(|id| id.as_str() == replica)
    }

    /// Tells how many replicas that no record knows are still being ended.
    pub fn tell_orphans(&self, count: usize) {
        self.orphans.send_replace(Some(count));
    }

    /// All containers, to look at what they use.
    pub(crate) fn looks(&self) -> Vec<Look<C>> {
        let state = self.state();
        let records = state.replicas.values().map(|replica| &replica.record);
        records
            .flat_map(|record| {
                record.containers.iter().map(|(name, container)| Look {
                    replica: record.id.clone(),
                    container: name.clone(),
                    process: container.process.clone(),
                })
            })
            .collect()
    }

    /// The state, to look at. Nobody holds it over an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who watch that something of an owner that they can see has changed.
    pub(crate) fn changed(&self, owner: &Owner) {
        self.marks.mark(owner);
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// To be told of changes.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Changes a replica, writes it down if its record changed, and tells those who can see it.
    pub(crate) fn change<T>(
        &self,
        id: &ReplicaId,
        change: impl FnOnce(&mut Replica<C>) -> T,
    ) -> Option<T> {
        let mut state = self.state();
        let replica = state.replicas.get_mut(id)?;
        let (record, seen) = (replica.record.clone(), replica.seen());
        let result = change(replica);
        replica.settle(now());
        if replica.record != record {
            self.save(&replica.record);
        }
        if replica.seen() != seen {
            let key = (replica.record.owner.clone(), replica.record.revision.clone());
            if let Some(revision) = state.revisions.get(&key) {
                revision.wake.notify_one();
            }
            self.changed(&key.0);
        }
        Some(result)
    }

    /// A small file, written under the lock so that two changes are never written in the wrong
    /// order. When the disk is full the replica runs on and the next change tries again.
    pub(crate) fn save(&self, record: &ReplicaOf<C>) {
        if let Err(error) = self.records.save_replica(record) {
            tracing::error!(replica = %record.id, %error, "a replica cannot be written down");
        }
    }

    /// Notes what replicas use. Nothing is started or written down for that.
    pub(crate) fn note_usage(&self, usage: &BTreeMap<ReplicaId, Usage>) {
        let mut state = self.state();
        let mut changed = BTreeSet::new();
        for (id, usage) in usage {
            if let Some(replica) = state.replicas.get_mut(id)
                && replica.usage.replace(*usage) != Some(*usage)
            {
                changed.insert(replica.record.owner.clone());
            }
        }
        drop(state);
        for owner in &changed {
            self.changed(owner);
        }
    }

    /// Runs a task until it ends or the runtime is dropped.
    pub(crate) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let closing = self.closing.clone();
        tokio::spawn(async move {
            closing.run_until_cancelled(task).await;
        });
    }
}

/// Starting a process keeps a core busy for some milliseconds; more at a time would only make each
/// of them slower, and their probes late.
const CONCURRENT_STARTS: usize = 16;

/// The moment by the wall clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl<C: Carrier> Replica<C> {
    /// A replica by its record.
    pub(crate) fn new(mut record: ReplicaOf<C>) -> Self {
        // Written down before it was kept by itself.
        record.was_ready |= record.ready_since.is_some();
        let mut containers: BTreeMap<String, ContainerNow> =
            record.containers.keys().map(|name| (name.clone(), ContainerNow::default())).collect();
        for (task, role) in in_order(&record.template) {
            let passed = record.containers.get(&task.name).is_some_and(|one| one.passed.is_some());
            if let (true, Part::Task, Some(now)) =
                (passed, role.part, containers.get_mut(&task.name))
            {
                now.run = Run::Ended;
            }
        }
        let wanted = match (record.released, record.retired_at) {
            (true, _) => Wanted::Gone,
            (false, Some(_)) => Wanted::Retired,
            (false, None) => Wanted::Running,
        };
        let replica = Self {
            record,
            containers,
            wanted: watch::Sender::new(wanted),
            turns: watch::Sender::default(),
            usage: None,
        };
        replica.turns.send_replace(replica.turn());
        replica
    }

    fn turn(&self) -> Turn {
        let lets =
            |name: &str| self.record.containers.get(name).is_none_or(|it| it.passed.is_some());
        let is_there =
            |name: &str| self.containers.get(name).is_some_and(|it| it.run != Run::Ended);
        turn(&self.record.template, lets, is_there)
    }

    /// Whether all its containers are ready.
    pub(crate) fn is_ready(&self) -> bool {
        self.record.containers.values().all(|one: &ContainerOf<C>| one.ready)
    }

    /// Brings what follows from the containers up to date.
    fn settle(&mut self, now: Timestamp) {
        if !self.is_ready() {
            self.record.ready_since = None;
            self.record.was_ready &= self.runs();
        } else if self.record.ready_since.is_none() {
            self.record.ready_since = Some(now);
            self.record.was_ready = true;
        }
        let turn = self.turn();
        self.turns.send_if_modified(|now| std::mem::replace(now, turn) != turn);
    }

    /// Whether each process runs that is to stay.
    fn runs(&self) -> bool {
        let lasting = in_order(&self.record.template).filter(|(_, role)| role.part != Part::Task);
        lasting
            .filter_map(|(container, _)| self.containers.get(&container.name))
            .all(|now| now.run == Run::Running)
    }

    fn state(&self) -> ReplicaState {
        let backing_off = |one: &ContainerNow| one.run == Run::BackOff;
        match (self.record.released, self.record.retired_at) {
            (true, _) => ReplicaState::Stopping,
            (false, Some(since)) => ReplicaState::Retiring { since },
            _ if self.containers.values().any(backing_off) => ReplicaState::BackOff,
            _ if self.is_ready() => ReplicaState::Ready,
            _ if self.record.was_ready => ReplicaState::NotReady,
            _ => ReplicaState::Starting,
        }
    }

    /// As others see it.
    pub(crate) fn seen(&self) -> ReplicaSeen {
        let record = &self.record;
        ReplicaSeen {
            id: record.id.clone(),
            owner: record.owner.clone(),
            revision: record.revision.clone(),
            state: self.state(),
            started_at: record.started_at,
            ready_since: record.ready_since,
            ports: addresses(record.template.lasting(), &record.ports),
            restarts: record.containers.values().map(|one| one.restarts).sum(),
            message: self.message(),
            pids: self.pids(),
            usage: self.usage,
            init: self.init(),
            runs_as: C::RUNS_AS,
            images: record
                .containers
                .iter()
                .filter_map(|(name, one)| Some((name.clone(), one.image.clone()?)))
                .collect(),
        }
    }

    /// How far it is with its init containers, until they have let the others start.
    fn init(&self) -> Option<InitSeen> {
        let (passed, of) = (self.turn().passed, self.record.template.init.len());
        (passed < of).then_some(InitSeen { passed, of })
    }

    fn pids(&self) -> BTreeMap<String, u32> {
        self.record
            .containers
            .iter()
            .filter(|(name, _)| {
                self.containers.get(*name).is_some_and(|now| now.run == Run::Running)
            })
            .filter_map(|(name, one)| Some((name.clone(), C::pid(one.process.as_ref()?)?)))
            .collect()
    }

    /// What is the matter, by container where there are several.
    fn message(&self) -> Option<String> {
        let several = self.containers.len() > 1;
        let parts: Vec<String> = self
            .containers
            .iter()
            .flat_map(|(name, now)| now.messages().map(move |text| (name, text)))
            .map(|(name, text)| if several { format!("{name}: {text}") } else { text })
            .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

impl ContainerNow {
    fn messages(&self) -> impl Iterator<Item = String> {
        let before = self.last_end.as_ref().map(|why| format!("it was started again: {why}"));
        self.trouble.clone().or(before).into_iter().chain(self.warnings.clone())
    }
}

#[cfg(test)]
mod tests;
