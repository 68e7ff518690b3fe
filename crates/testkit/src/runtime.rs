use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tidegate_planted::{Mistake, makes};
use tidegate_ports::{
    Clock, Fence, LogChunk, LogQuery, Look, ReplicaSeen, ReplicaState, RunsAs, Runtime,
    RuntimeError, ScaleOrder,
};
use tidegate_units::{Epoch, Generation, Owner, ReplicaId, RevisionHash, Timestamp};
use tokio::sync::watch;

use crate::TokioClock;

/// A runtime whose replicas become ready after a while, and end as soon as they are released. It
/// outlives the controller that orders from it, as processes do.
pub struct FakeRuntime {
    clock: TokioClock,
    fence: Fence,
    inner: Mutex<Inner>,
    changes: watch::Sender<u64>,
    silent: Arc<AtomicBool>,
}

struct Inner {
    ready_after: Duration,
    /// Of which revisions replicas take another time, or are never ready.
    takes: BTreeMap<RevisionHash, Option<Duration>>,
    broken: BTreeMap<RevisionHash, String>,
    orders: BTreeMap<(Owner, RevisionHash), ScaleOrder>,
    /// Boxed, for a map of one has room for eleven.
    replicas: BTreeMap<Owner, BTreeMap<ReplicaId, Box<ReplicaSeen>>>,
    /// Whose replicas are on their way.
    starting: BTreeSet<Owner>,
    /// How often anything changed, and at which of them each owner did last.
    count: u64,
    changed: BTreeMap<Owner, u64>,
    released: Vec<ReplicaId>,
    made: u16,
}

impl FakeRuntime {
    /// A runtime with no replicas, whose new ones are ready after `ready_after`.
    pub fn new(clock: TokioClock, ready_after: Duration) -> Self {
        let inner = Inner {
            ready_after,
            takes: BTreeMap::new(),
            broken: BTreeMap::new(),
            orders: BTreeMap::new(),
            replicas: BTreeMap::new(),
            starting: BTreeSet::new(),
            count: 0,
            changed: BTreeMap::new(),
            released: Vec::new(),
            made: 0,
        };
        Self {
            clock,
            fence: Fence::default(),
            inner: Mutex::new(inner),
            changes: watch::channel(0).0,
            silent: Arc::default(),
        }
    }

    /// From now on no replica of `revision` can be made.
    pub fn break_revision(&self, revision: &RevisionHash, why: &str) {
        self.lock().broken.insert(revision.clone(), why.to_owned());
        self.bump();
    }

    /// From now on replicas of `revision` are ready after `takes`, also those that are on their way;
    /// with none, never.
    pub fn starts(&self, revision: &RevisionHash, takes: Option<Duration>) {
        self.lock().takes.insert(revision.clone(), takes);
        self.tell_after(takes);
        self.bump();
    }

    /// What becomes ready is seen at once, as with a real runtime.
    fn tell_after(&self, ready_after: Option<Duration>) {
        let Some(ready_after) = ready_after else { return };
        let (changes, silent) = (self.changes.clone(), Arc::clone(&self.silent));
        tokio::spawn(async move {
            tokio::time::sleep(ready_after).await;
            tell(&changes, &silent);
        });
    }

    /// The replicas of `revision` die, and come up again.
    pub fn crash(&self, revision: &RevisionHash) {
        let now = self.clock.now();
        let mut inner = self.lock();
        let ready = |one: &&mut Box<ReplicaSeen>| {
            one.revision == *revision && one.state == ReplicaState::Ready
        };
        let mut owners = BTreeSet::new();
        for replica in inner.replicas.values_mut().flat_map(BTreeMap::values_mut).filter(ready) {
            replica.state = ReplicaState::Starting;
            replica.started_at = now;
            replica.ready_since = None;
            replica.restarts += 1;
            owners.insert(replica.owner.clone());
        }
        for owner in owners {
            inner.mark(&owner);
            inner.starting.insert(owner);
        }
        let ready_after = inner.takes(revision);
        drop(inner);
        self.bump();
        self.tell_after(ready_after);
    }

    /// The first so many ready replicas of `revision` fail their probes, and run on.
    pub fn unready(&self, revision: &RevisionHash, count: usize) {
        self.turn(revision, count, ReplicaState::Ready, ReplicaState::NotReady);
    }

    /// Those that failed their probes pass them again.
    pub fn ready_again(&self, revision: &RevisionHash) {
        self.turn(revision, usize::MAX, ReplicaState::NotReady, ReplicaState::Ready);
    }

    fn turn(&self, revision: &RevisionHash, count: usize, from: ReplicaState, to: ReplicaState) {
        let now = self.clock.now();
        let mut inner = self.lock();
        let concerned =
            |one: &&mut Box<ReplicaSeen>| one.revision == *revision && one.state == from;
        let all = inner.replicas.values_mut().flat_map(BTreeMap::values_mut);
        let mut owners = BTreeSet::new();
        for replica in all.filter(concerned).take(count) {
            replica.state = to;
            replica.ready_since = (to == ReplicaState::Ready).then_some(now);
            owners.insert(replica.owner.clone());
        }
        for owner in &owners {
            inner.mark(owner);
        }
        drop(inner);
        self.bump();
    }

    /// From now on it tells nobody that anything changed.
    pub fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    /// Every order that is held.
    pub fn orders(&self) -> Vec<ScaleOrder> {
        self.lock().orders.values().cloned().collect()
    }

    /// The replicas that were released, in that order.
    pub fn released(&self) -> Vec<ReplicaId> {
        self.lock().released.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.settle(self.clock.now());
        inner
    }

    fn bump(&self) {
        tell(&self.changes, &self.silent);
    }
}

fn tell(changes: &watch::Sender<u64>, silent: &AtomicBool) {
    if !silent.load(Ordering::SeqCst) {
        changes.send_modify(|version| *version += 1);
    }
}

impl Inner {
    /// Lets time have its effect.
    fn settle(&mut self, now: Timestamp) {
        if self.starting.is_empty() {
            return;
        }
        let (known, usual) = (self.takes.clone(), Some(self.ready_after));
        let takes = |revision: &RevisionHash| known.get(revision).copied().unwrap_or(usual);
        for owner in self.starting.clone() {
            let mut left = false;
            let mut moved = false;
            for replica in self.replicas.get_mut(&owner).into_iter().flat_map(BTreeMap::values_mut)
            {
                if replica.state != ReplicaState::Starting {
                    continue;
                }
                let ready_at =
                    takes(&replica.revision).map(|takes| replica.started_at.after(takes));
                if ready_at.is_none_or(|at| at > now) {
                    left = true;
                    continue;
                }
                replica.state = ReplicaState::Ready;
                replica.ready_since = ready_at;
                moved = true;
            }
            if moved {
                self.mark(&owner);
            }
            if !left {
                self.starting.remove(&owner);
            }
        }
    }

    fn takes(&self, revision: &RevisionHash) -> Option<Duration> {
        self.takes.get(revision).copied().unwrap_or(Some(self.ready_after))
    }

    fn whose(&self, replica: &ReplicaId) -> Option<Owner> {
        let mut all = self.replicas.iter();
        all.find(|(_, own)| own.contains_key(replica)).map(|(owner, _)| owner.clone())
    }

    fn mark(&mut self, owner: &Owner) {
        self.count += 1;
        self.changed.insert(owner.clone(), self.count);
    }

    fn fulfil(&mut self, order: &ScaleOrder, now: Timestamp) {
        self.mark(&order.owner);
        let own = self.replicas.entry(order.owner.clone()).or_default();
        let serving = |one: &&mut Box<ReplicaSeen>| {
            one.revision == order.revision
                && !matches!(one.state, ReplicaState::Retiring { .. } | ReplicaState::Stopping)
        };
        if let Some(moment) = order.restart_before {
            let old = own.values_mut().filter(serving);
            for replica in old.filter(|one| one.started_at < moment) {
                replica.state = ReplicaState::Retiring { since: now };
            }
        }
        let have = own.values_mut().filter(serving).count();
        let want = usize::try_from(order.replicas).unwrap_or(usize::MAX);
        let surplus = own.values_mut().filter(serving).rev();
        for replica in surplus.take(have.saturating_sub(want)) {
            replica.state = ReplicaState::Retiring { since: now };
        }
        if !self.broken.contains_key(&order.revision) {
            for _ in have..want {
                self.start(order, now);
            }
        }
    }

    fn start(&mut self, order: &ScaleOrder, now: Timestamp) {
        self.made += 1;
        let id = ReplicaId::from(format!("{}-{:04}", order.revision, self.made));
        let address = ([127, 0, 0, 1], 30_000 + self.made).into();
        let ports = order.template.containers.iter().flat_map(|container| &container.ports);
        let replica = ReplicaSeen {
            id: id.clone(),
            owner: order.owner.clone(),
            revision: order.revision.clone(),
            state: ReplicaState::Starting,
            started_at: now,
            ready_since: None,
            ports: ports.map(|port| (port.number.to_string(), address)).collect(),
            restarts: 0,
            message: None,
            pids: BTreeMap::new(),
            usage: None,
            init: None,
            runs_as: RunsAs::default(),
            images: BTreeMap::new(),
        };
        self.starting.insert(order.owner.clone());
        self.replicas.entry(order.owner.clone()).or_default().insert(id, replica.into());
    }
}

#[async_trait]
impl Runtime for FakeRuntime {
    async fn scale(&self, order: ScaleOrder) -> Result<(), RuntimeError> {
        if !makes(Mistake::RuntimeWithoutFence) {
            self.fence.pass(order.epoch)?;
        }
        let mut inner = self.lock();
        let slot = (order.owner.clone(), order.revision.clone());
        let taken = inner.orders.get(&slot).map_or(Generation(0), |held| held.generation);
        if order.generation < taken {
            return Err(RuntimeError::Stale { taken, offered: order.generation });
        }
        inner.fulfil(&order, self.clock.now());
        let ready_after = inner.takes(&order.revision);
        inner.orders.insert(slot, order);
        drop(inner);
        self.bump();
        self.tell_after(ready_after);
        Ok(())
    }

    async fn release(&self, epoch: Epoch, replica: &ReplicaId) -> Result<(), RuntimeError> {
        self.fence.pass(epoch)?;
        let mut inner = self.lock();
        let owner = inner.whose(replica).ok_or_else(|| RuntimeError::Unknown(replica.clone()))?;
        inner.replicas.entry(owner.clone()).or_default().remove(replica);
        inner.mark(&owner);
        inner.released.push(replica.clone());
        drop(inner);
        self.bump();
        Ok(())
    }

    fn replicas(&self) -> Vec<ReplicaSeen> {
        let inner = self.lock();
        inner
            .replicas
            .values()
            .flat_map(BTreeMap::values)
            .map(|one| ReplicaSeen::clone(one))
            .collect()
    }

    fn look(&self, since: u64) -> Look {
        let inner = self.lock();
        let whole = since == 0;
        let seen = |owner: &Owner| -> Vec<ReplicaSeen> {
            inner
                .replicas
                .get(owner)
                .into_iter()
                .flat_map(BTreeMap::values)
                .map(|one| ReplicaSeen::clone(one))
                .collect()
        };
        let changed = inner.changed.iter().filter(|(_, at)| **at > since);
        let owners = changed.map(|(owner, _)| (owner.clone(), seen(owner))).collect();
        Look { at: inner.count, owners, whole }
    }

    fn obstacles(&self) -> BTreeMap<(Owner, RevisionHash), String> {
        let inner = self.lock();
        let ordered = inner.orders.iter().filter(|(_, order)| order.replicas > 0);
        let broken = ordered.filter_map(|(slot, _)| {
            inner.broken.get(&slot.1).map(|why| (slot.clone(), why.clone()))
        });
        broken.collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    async fn logs(&self, query: LogQuery) -> Result<LogChunk, RuntimeError> {
        Err(RuntimeError::Unknown(query.replica.unwrap_or_else(|| "".into())))
    }
}
