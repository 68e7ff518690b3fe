//! A control plane that dies in the middle of whatever it does: at any call of a port.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use tidegate_controller::Ports;
use tidegate_ledger::{Entry, Head, Summary};
use tidegate_ports::{
    Batch, Committed, LogChunk, LogQuery, Look, ReplicaSeen, Router, RouterError, Runtime,
    RuntimeError, ScaleOrder, Store, StoreError, StoredObject, VerifyError,
};
use tidegate_traffic::{RouteTable, TableChange, Taken, TrafficReading};
use tidegate_units::{Epoch, Generation, Owner, ReplicaId, RevisionHash};
use tokio::sync::watch;

/// How often a control plane may still pass a door, on the way out or back, until it is dead.
#[derive(Clone)]
pub(crate) struct Life(Arc<AtomicU64>);

impl Life {
    /// One that lasts until it is cut short.
    pub(crate) fn long() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }

    /// It ends after so many doors more.
    pub(crate) fn ends_after(&self, doors: u64) {
        self.0.store(doors, Ordering::SeqCst);
    }

    /// These ports, until it is over: then whoever is at a door stays there for ever.
    pub(crate) fn through(&self, ports: Ports) -> Ports {
        Ports {
            runtime: Arc::new(Severed { life: self.clone(), door: ports.runtime }),
            router: Arc::new(Severed { life: self.clone(), door: ports.router }),
            store: Arc::new(Severed { life: self.clone(), door: ports.store }),
            ..ports
        }
    }

    async fn pass(&self) {
        let next = |left: u64| left.checked_sub(1);
        if self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        self.pass().await;
        let answer = call.await;
        self.pass().await;
        answer
    }
}

struct Severed<T: ?Sized> {
    life: Life,
    door: Arc<T>,
}

#[async_trait]
impl Runtime for Severed<dyn Runtime> {
    async fn scale(&self, order: ScaleOrder) -> Result<(), RuntimeError> {
        self.life.around(self.door.scale(order)).await
    }

    async fn release(&self, epoch: Epoch, replica: &ReplicaId) -> Result<(), RuntimeError> {
        self.life.around(self.door.release(epoch, replica)).await
    }

    fn replicas(&self) -> Vec<ReplicaSeen> {
        self.door.replicas()
    }

    fn look(&self, since: u64) -> Look {
        self.door.look(since)
    }

    fn taken(&self) -> BTreeMap<Owner, Generation> {
        self.door.taken()
    }

    fn obstacles(&self) -> BTreeMap<(Owner, RevisionHash), String> {
        self.door.obstacles()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.door.changes()
    }

    async fn logs(&self, query: LogQuery) -> Result<LogChunk, RuntimeError> {
        self.door.logs(query).await
    }
}

#[async_trait]
impl Router for Severed<dyn Router> {
    async fn apply(&self, table: &RouteTable) -> Result<(), RouterError> {
        self.life.around(self.door.apply(table)).await
    }

    async fn change(&self, change: &TableChange) -> Result<Taken, RouterError> {
        self.life.around(self.door.change(change)).await
    }

    async fn read(&self) -> Result<TrafficReading, RouterError> {
        self.life.around(self.door.read()).await
    }
}

#[async_trait]
impl Store for Severed<dyn Store> {
    async fn lead(&self, least: Epoch) -> Result<Epoch, StoreError> {
        self.door.lead(least).await
    }

    async fn load(&self) -> Result<Vec<StoredObject>, StoreError> {
        self.door.load().await
    }

    async fn commit(&self, epoch: Epoch, batch: Batch) -> Result<Committed, StoreError> {
        self.life.around(self.door.commit(epoch, batch)).await
    }

    async fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.door.entries(after, limit).await
    }

    async fn verify(&self, expected: Option<Head>) -> Result<Summary, VerifyError> {
        self.door.verify(expected).await
    }
}
