use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tidegate_ports::{
    Clock, LogChunk, LogQuery, ReplicaSeen, ReplicaState, RunsAs, Runtime, RuntimeError, ScaleOrder,
};
use tidegate_units::{Generation, Owner, ReplicaId, RevisionHash, Timestamp};
use tokio::sync::watch;

use crate::TokioClock;

/// A runtime whose replicas become ready after a while, and end as soon as they are released. It
/// outlives the controller that orders from it, as processes do.
pub struct FakeRuntime {
    clock: TokioClock,
    inner: Mutex<Inner>,
    changes: watch::Sender<u64>,
    silent: Arc<AtomicBool>,
}

struct Inner {
    ready_after: Duration,
    broken: BTreeMap<RevisionHash, String>,
    orders: BTreeMap<(Owner, RevisionHash), ScaleOrder>,
    replicas: BTreeMap<ReplicaId, ReplicaSeen>,
    released: Vec<ReplicaId>,
    made: u16,
}

impl FakeRuntime {
    /// A runtime with no replicas, whose new ones are ready after `ready_after`.
    pub fn new(clock: TokioClock, ready_after: Duration) -> Self {
        let inner = Inner {
            ready_after,
            broken: BTreeMap::new(),
            orders: BTreeMap::new(),
            replicas: BTreeMap::new(),
            released: Vec::new(),
            made: 0,
        };
        Self {
            clock,
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

    /// The replicas of `revision` die, and come up again.
    pub fn crash(&self, revision: &RevisionHash) {
        let now = self.clock.now();
        let mut inner = self.lock();
        let ready =
            |one: &&mut ReplicaSeen| one.revision == *revision && one.state == ReplicaState::Ready;
        for replica in inner.replicas.values_mut().filter(ready) {
            replica.state = ReplicaState::Starting;
            replica.started_at = now;
            replica.ready_since = None;
            replica.restarts += 1;
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
        for replica in self.replicas.values_mut() {
            let ready_at = replica.started_at.after(self.ready_after);
            if replica.state == ReplicaState::Starting && ready_at <= now {
                replica.state = ReplicaState::Ready;
                replica.ready_since = Some(ready_at);
            }
        }
    }

    fn fulfil(&mut self, order: &ScaleOrder, now: Timestamp) {
        let serving = |one: &&mut ReplicaSeen| {
            one.owner == order.owner
                && one.revision == order.revision
                && !matches!(one.state, ReplicaState::Retiring { .. } | ReplicaState::Stopping)
        };
        if let Some(moment) = order.restart_before {
            let old = self.replicas.values_mut().filter(serving);
            for replica in old.filter(|one| one.started_at < moment) {
                replica.state = ReplicaState::Retiring { since: now };
            }
        }
        let have = self.replicas.values_mut().filter(serving).count();
        let want = usize::try_from(order.replicas).unwrap_or(usize::MAX);
        let surplus = self.replicas.values_mut().filter(serving).rev();
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
        self.replicas.insert(id, replica);
    }
}

#[async_trait]
impl Runtime for FakeRuntime {
    async fn scale(&self, order: ScaleOrder) -> Result<(), RuntimeError> {
        let mut inner = self.lock();
        let slot = (order.owner.clone(), order.revision.clone());
        let taken = inner.orders.get(&slot).map_or(Generation(0), |held| held.generation);
        if order.generation < taken {
            return Err(RuntimeError::Stale { taken, offered: order.generation });
        }
        inner.fulfil(&order, self.clock.now());
        inner.orders.insert(slot, order);
        let ready_after = inner.ready_after;
        drop(inner);
        self.bump();
        // What becomes ready is seen at once, as with a real runtime.
        let (changes, silent) = (self.changes.clone(), Arc::clone(&self.silent));
        tokio::spawn(async move {
            tokio::time::sleep(ready_after).await;
            tell(&changes, &silent);
        });
        Ok(())
    }

    async fn release(&self, replica: &ReplicaId) -> Result<(), RuntimeError> {
        let mut inner = self.lock();
        if inner.replicas.remove(replica).is_none() {
            return Err(RuntimeError::Unknown(replica.clone()));
        }
        inner.released.push(replica.clone());
        drop(inner);
        self.bump();
        Ok(())
    }

    fn replicas(&self) -> Vec<ReplicaSeen> {
        self.lock().replicas.values().cloned().collect()
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
