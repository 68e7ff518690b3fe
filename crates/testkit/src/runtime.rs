mod kept;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tidegate_planted::{Mistake, makes};
use tidegate_ports::{
    Clock, Fence, LogChunk, LogQuery, Look, ReplicaSeen, ReplicaState, Runtime, RuntimeError,
    ScaleOrder, latest,
};
use tidegate_units::{Epoch, Generation, Owner, ReplicaId, RevisionHash, Timestamp};
use tokio::sync::watch;

use self::kept::Inner;
use crate::{TokioClock, bell::Bell};

/// A runtime whose replicas become ready after a while, and end as soon as they are released. It
/// outlives the controller that orders from it, as processes do.
pub struct FakeRuntime {
    clock: TokioClock,
    fence: Fence,
    inner: Mutex<Inner>,
    bell: Bell,
}

impl FakeRuntime {
    /// A runtime with no replicas, whose new ones are ready after `ready_after`.
    pub fn new(clock: TokioClock, ready_after: Duration) -> Self {
        Self {
            clock,
            fence: Fence::default(),
            inner: Mutex::new(Inner::new(ready_after)),
            bell: Bell::default(),
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
        let bell = self.bell.clone();
        tokio::spawn(async move {
            tokio::time::sleep(ready_after).await;
            bell.ring();
        });
    }

    /// The replicas of `revision` die, and come up again at once.
    pub fn crash(&self, revision: &RevisionHash) {
        let mut inner = self.lock();
        inner.crash(revision, self.clock.now());
        let ready_after = inner.takes(revision);
        drop(inner);
        self.bump();
        self.tell_after(ready_after);
    }

    /// The kernel ends what runs of `revision` for using too much memory. Each is started again after a
    /// wait that doubles every time, but for those that are retired.
    pub fn out_of_memory(&self, revision: &RevisionHash) {
        let how = "it was ended for using more memory than its limit";
        let mut inner = self.lock();
        let waits = inner.end(revision, how, self.clock.now());
        let takes = inner.takes(revision);
        drop(inner);
        self.bump();
        for wait in waits {
            self.tell_after(Some(wait));
            self.tell_after(takes.map(|takes| wait + takes));
        }
    }

    /// From now on replicas of `revision` ignore SIGTERM: whoever is released stays for the grace period.
    pub fn is_deaf(&self, revision: &RevisionHash) {
        self.lock().deaf.insert(revision.clone());
    }

    /// From now on SIGTERM ends each at once again.
    pub fn hears(&self, revision: &RevisionHash) {
        self.lock().deaf.remove(revision);
    }

    /// The first so many ready replicas of `revision` fail their probes, and run on.
    pub fn unready(&self, revision: &RevisionHash, count: usize) {
        let why = "readiness probe: no answer within 1s";
        let turn = (ReplicaState::Ready, ReplicaState::NotReady);
        self.lock().turn(revision, count, turn, (Some(why), self.clock.now()));
        self.bump();
    }

    /// Those that failed their probes pass them again.
    pub fn ready_again(&self, revision: &RevisionHash) {
        let turn = (ReplicaState::NotReady, ReplicaState::Ready);
        self.lock().turn(revision, usize::MAX, turn, (None, self.clock.now()));
        self.bump();
    }

    /// Since when a replica has been in its state.
    pub fn since(&self, replica: &ReplicaId) -> Option<Timestamp> {
        let inner = self.lock();
        let own = inner.replicas.get(&inner.whose(replica)?)?;
        own.get(replica).map(|one| one.since)
    }

    /// From now on it tells nobody that anything changed.
    pub fn fall_silent(&self) {
        self.bell.fall_silent();
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
        self.bell.ring();
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
        let stays = inner.release(&owner, replica, self.clock.now());
        drop(inner);
        self.bump();
        self.tell_after(stays);
        Ok(())
    }

    fn replicas(&self) -> Vec<ReplicaSeen> {
        let inner = self.lock();
        inner.replicas.values().flat_map(BTreeMap::values).map(|one| one.seen.clone()).collect()
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
                .map(|one| one.seen.clone())
                .collect()
        };
        let changed = inner.changed.iter().filter(|(_, at)| **at > since);
        let owners = changed.map(|(owner, _)| (owner.clone(), seen(owner))).collect();
        Look { at: inner.count, owners, whole }
    }

    fn taken(&self) -> BTreeMap<Owner, Generation> {
        let inner = self.lock();
        latest(inner.orders.values().map(|order| (order.owner.clone(), order.generation)))
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
        self.bell.listen()
    }

    async fn logs(&self, query: LogQuery) -> Result<LogChunk, RuntimeError> {
        Err(RuntimeError::Unknown(query.replica.unwrap_or_else(|| "".into())))
    }
}
