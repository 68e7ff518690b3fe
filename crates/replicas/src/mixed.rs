//! A house of two runtimes: some templates run as processes, others as containers.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use tidegate_ports::{LogChunk, LogQuery, ReplicaSeen, Runtime, RuntimeError, ScaleOrder, latest};
use tidegate_units::{Epoch, Generation, Owner, ReplicaId, RevisionHash};
use tidegate_workload::PodTemplate;
use tokio::{sync::watch, task::AbortHandle};

/// Which of the two runs a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    First,
    /// The second.
    Second,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// Says which of the two runs a template.
pub type Choice = Box<dyn Fn(&PodTemplate) -> Side + Send + Sync>;

/// Two runtimes as one. A revision that has replicas on one side stays there, whatever the choice
/// is by then.
pub struct Mixed {
    first: Arc<dyn Runtime>,
    second: Arc<dyn Runtime>,
    choice: Choice,
    changes: watch::Sender<u64>,
    forwarder: AbortHandle,
}

impl fmt::Debug for Mixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mixed").finish_non_exhaustive()
    }
}

impl Mixed {
    /// Joins two runtimes. Has to be called within a tokio runtime.
    pub fn new(first: Arc<dyn Runtime>, second: Arc<dyn Runtime>, choice: Choice) -> Self {
        let changes = watch::Sender::new(0_u64);
        let (told, mut one, mut two) = (changes.clone(), first.changes(), second.changes());
        let forward = async move {
            loop {
                let told_so = tokio::select! {
                    so = one.changed() => so,
                    so = two.changed() => so,
                };
                if told_so.is_err() {
                    return;
                }
                told.send_modify(|count| *count = count.wrapping_add(1));
            }
        };
        let forwarder = tokio::spawn(forward).abort_handle();
        Self { first, second, choice, changes, forwarder }
    }

    fn side(&self, side: Side) -> &Arc<dyn Runtime> {
        match side {
            Side::First => &self.first,
            Side::Second => &self.second,
        }
    }

    /// The sides that have something of a revision.
    fn homes(&self, owner: &Owner, revision: &RevisionHash) -> Vec<Side> {
        let has = |side: &Side| {
            let runtime = self.side(*side);
            let of = (owner.clone(), revision.clone());
            runtime.obstacles().contains_key(&of)
                || runtime.replicas().iter().any(|one| one.owner == of.0 && one.revision == of.1)
        };
        [Side::First, Side::Second].into_iter().filter(has).collect()
    }

    fn home_of(&self, replica: &ReplicaId) -> Side {
        let there = self.second.replicas().iter().any(|one| one.id == *replica);
        if there { Side::Second } else { Side::First }
    }
}

impl Drop for Mixed {
    fn drop(&mut self) {
        self.forwarder.abort();
    }
}

#[async_trait]
impl Runtime for Mixed {
    async fn scale(&self, order: ScaleOrder) -> Result<(), RuntimeError> {
        let homes = self.homes(&order.owner, &order.revision);
        if order.replicas == 0 && homes.len() == 2 {
            self.first.scale(order.clone()).await?;
            return self.second.scale(order).await;
        }
        let side = homes.first().copied().unwrap_or_else(|| (self.choice)(&order.template));
        if homes.is_empty() {
            // It may have had replicas on the other side, which knows what is too old for it.
            self.side(side.other()).scale(ScaleOrder { replicas: 0, ..order.clone() }).await?;
        }
        self.side(side).scale(order).await
    }

    async fn release(&self, epoch: Epoch, replica: &ReplicaId) -> Result<(), RuntimeError> {
        self.side(self.home_of(replica)).release(epoch, replica).await
    }

    fn replicas(&self) -> Vec<ReplicaSeen> {
        let mut all = self.first.replicas();
        all.extend(self.second.replicas());
        all
    }

    fn taken(&self) -> BTreeMap<Owner, Generation> {
        latest(self.first.taken().into_iter().chain(self.second.taken()))
    }

    fn obstacles(&self) -> BTreeMap<(Owner, RevisionHash), String> {
        let mut all = self.second.obstacles();
        all.extend(self.first.obstacles());
        all
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    async fn logs(&self, query: LogQuery) -> Result<LogChunk, RuntimeError> {
        let side = query.replica.as_ref().map_or(Side::First, |replica| self.home_of(replica));
        self.side(side).logs(query).await
    }
}

#[cfg(test)]
mod tests;
