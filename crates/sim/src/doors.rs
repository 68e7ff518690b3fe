//! The doors of the world, as a control plane passes them: with what troubles them, with its death,
//! and with everybody who watches.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tidegate_ledger::{Entry, Head, Summary};
use tidegate_ports::{
    Batch, Clock as _, Committed, LogChunk, LogQuery, Look, ReplicaSeen, Router, RouterError,
    Runtime, RuntimeError, ScaleOrder, Store, StoreError, StoredObject, StoredText, VerifyError,
    Write,
};
use tidegate_testkit::{FakeRouter, FakeRuntime, MemoryStore, TokioClock};
use tidegate_traffic::{RouteTable, TableChange, Taken, TrafficReading};
use tidegate_units::{Epoch, Generation, ObjectKey, Owner, ReplicaId, RevisionHash, Timestamp};
use tokio::sync::watch;

use crate::{
    chance::Chance,
    rules::Rules,
    script::{RouterTrouble, StoreTrouble},
    trace::Trace,
};

/// What outlives every control plane.
pub(crate) struct Machine {
    pub(crate) truth: TokioClock,
    pub(crate) runtime: FakeRuntime,
    pub(crate) router: FakeRouter,
    pub(crate) store: MemoryStore,
    pub(crate) state: Mutex<State>,
}

/// What troubles the doors, and who watches them.
pub(crate) struct State {
    pub(crate) router: Option<RouterTrouble>,
    pub(crate) store: Option<StoreTrouble>,
    pub(crate) chance: Chance,
    pub(crate) rules: Rules,
    pub(crate) trace: Trace,
    /// Orders that are on their way though nobody waits for them.
    pub(crate) on_their_way: u32,
    /// Nothing begins to trouble anybody any more.
    pub(crate) peace: bool,
}

impl Machine {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, what: &str) {
        self.state().trace.note(what);
    }

    /// Whoever leads in an epoch has looked at the router.
    fn looked(&self, epoch: Epoch) {
        let mut state = self.state();
        let troubled = state.router.is_some() || state.store.is_some();
        state.rules.looked(epoch, troubled, self);
    }

    /// Nothing troubles its doors any more, or begins to trouble anything.
    pub(crate) fn peace(&self) {
        let mut state = self.state();
        (state.router, state.store, state.peace) = (None, None, true);
    }

    /// True time.
    pub(crate) fn now(&self) -> Timestamp {
        self.truth.now()
    }

    fn router_trouble(&self) -> Option<RouterTrouble> {
        self.state().router
    }

    /// Whether something happens that does once in so many times.
    fn chance(&self, times: u64) -> bool {
        self.state().chance.one_in(times)
    }

    fn a_while(&self, most: u64) -> Duration {
        self.state().chance.seconds(most)
    }
}

/// What becomes of a control plane at its doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes through.
    Lives,
    /// After so many doors more it stays at one for ever.
    Dies(u64),
    /// After so many doors more it stays at one for so long.
    Stops(u64, Duration),
}

/// A control plane's way to the world.
#[derive(Clone)]
pub(crate) struct Doors {
    pub(crate) machine: Arc<Machine>,
    fate: Arc<Mutex<Fate>>,
    /// In which whoever passes leads, or believes to.
    epoch: Arc<Mutex<Epoch>>,
}

impl Doors {
    pub(crate) fn new(machine: Arc<Machine>) -> Self {
        Self { machine, fate: Arc::new(Mutex::new(Fate::Lives)), epoch: Arc::default() }
    }

    pub(crate) fn meets(&self, fate: Fate) {
        *self.fate() = fate;
    }

    fn fate(&self) -> MutexGuard<'_, Fate> {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn epoch(&self) -> MutexGuard<'_, Epoch> {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(&self) {
        loop {
            match self.count_door() {
                Fate::Dies(0) => std::future::pending().await,
                // It may have been killed meanwhile.
                Fate::Stops(0, lasts) => {
                    self.machine.note("the control plane stops");
                    self.machine.state().rules.stops();
                    tokio::time::sleep(lasts).await;
                    self.machine.state().rules.stops();
                    self.machine.note("the control plane goes on");
                }
                _ => return,
            }
        }
    }

    /// What it meets at this door.
    fn count_door(&self) -> Fate {
        let mut fate = self.fate();
        let met = *fate;
        *fate = match met {
            Fate::Dies(doors) => Fate::Dies(doors.saturating_sub(1)),
            Fate::Stops(0, _) | Fate::Lives => Fate::Lives,
            Fate::Stops(doors, lasts) => Fate::Stops(doors - 1, lasts),
        };
        met
    }

    /// An order that arrives when nobody waits for it.
    fn arrives_later(&self, order: Order) {
        let after = self.machine.a_while(60);
        let machine = Arc::clone(&self.machine);
        machine.state().on_their_way += 1;
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            machine.state().on_their_way -= 1;
            // Nobody is told what came of it.
            let _ = take(&machine, order, Came::Late).await;
        });
    }

    async fn order(&self, order: Order) -> Result<Taken, RouterError> {
        self.pass().await;
        let unreachable = || RouterError::Unreachable("no answer".to_owned());
        let answer = match self.machine.router_trouble() {
            Some(RouterTrouble::Away) => Err(unreachable()),
            Some(RouterTrouble::AnswersAreLost) => {
                let _ = take(&self.machine, order, Came::InTime).await;
                Err(unreachable())
            }
            Some(RouterTrouble::OrdersAreLate) => {
                self.arrives_later(order);
                Err(unreachable())
            }
            Some(RouterTrouble::OrdersRepeat) => {
                self.arrives_later(order.clone());
                take(&self.machine, order, Came::InTime).await
            }
            Some(RouterTrouble::Slow) => {
                let while_ = self.machine.a_while(8);
                tokio::time::sleep(while_).await;
                take(&self.machine, order, Came::InTime).await
            }
            None => take(&self.machine, order, Came::InTime).await,
        };
        self.pass().await;
        answer
    }

    /// Whether a question comes through to the router, which may be away or slow.
    async fn reach_router(&self) -> Result<(), RouterError> {
        match self.machine.router_trouble() {
            Some(RouterTrouble::Away) => Err(RouterError::Unreachable("no answer".to_owned())),
            Some(RouterTrouble::Slow) => {
                let while_ = self.machine.a_while(8);
                tokio::time::sleep(while_).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What the store made of a commit is seen, and written into the trace.
    fn written(
        &self,
        epoch: Epoch,
        answer: &Result<Committed, StoreError>,
        documents: &[StoredText],
        gone: &[ObjectKey],
    ) {
        let mut state = self.machine.state();
        let State { rules, trace, .. } = &mut *state;
        if answer.as_ref().is_err_and(StoreError::is_final) {
            rules.refused(epoch);
        }
        if let Ok(committed) = answer {
            for entry in &committed.entries {
                let Entry { sequence, hash, draft, .. } = entry;
                let what = (&draft.what, &draft.subject.key.name);
                trace.note(&format!("ledger {sequence} {} of {} {hash}", what.0, what.1));
            }
            rules.commit(epoch, documents, gone, &committed.entries);
            rules.planned(documents, &self.machine);
        }
    }
}

/// An order to the router.
#[derive(Clone)]
enum Order {
    Whole(RouteTable),
    Change(TableChange),
}

/// When an order arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// While whoever sent it waits.
    InTime,
    /// When something else may be written down already.
    Late,
}

async fn take(machine: &Machine, order: Order, came: Came) -> Result<Taken, RouterError> {
    let answer = match &order {
        Order::Whole(table) => machine.router.apply(table).await.map(|()| Taken::Yes),
        Order::Change(change) => machine.router.change(change).await,
    };
    if answer == Ok(Taken::Yes) {
        let table = machine.router.table();
        let mut state = machine.state();
        let State { rules, trace, .. } = &mut *state;
        trace.note(&format!("router {}", crate::rules::told(&table)));
        rules.table(&table, machine, came);
        rules.read_value("an order to the router", &table);
    }
    answer
}

#[async_trait]
impl Router for Doors {
    async fn apply(&self, table: &RouteTable) -> Result<(), RouterError> {
        self.order(Order::Whole(table.clone())).await.map(|_| ())
    }

    async fn change(&self, change: &TableChange) -> Result<Taken, RouterError> {
        self.order(Order::Change(change.clone())).await
    }

    async fn read(&self) -> Result<TrafficReading, RouterError> {
        self.pass().await;
        let answer = match self.reach_router().await {
            Ok(()) => self.machine.router.read().await,
            Err(problem) => Err(problem),
        };
        self.machine.looked(*self.epoch());
        self.pass().await;
        answer
    }

    async fn held(&self) -> Result<Option<RouteTable>, RouterError> {
        self.pass().await;
        let answer = match self.reach_router().await {
            Ok(()) => self.machine.router.held().await,
            Err(problem) => Err(problem),
        };
        self.pass().await;
        answer
    }
}

#[async_trait]
impl Runtime for Doors {
    async fn scale(&self, order: ScaleOrder) -> Result<(), RuntimeError> {
        self.pass().await;
        let ScaleOrder { owner, revision, replicas, generation, epoch, .. } = &order;
        let told = format!("scale {} {revision} to {replicas} ({epoch} {generation})", owner.name);
        let answer = self.machine.runtime.scale(order.clone()).await;
        if answer.is_ok() {
            let mut state = self.machine.state();
            let State { rules, trace, .. } = &mut *state;
            trace.note(&told);
            rules.scale(&order, &self.machine);
        }
        self.pass().await;
        answer
    }

    async fn release(&self, epoch: Epoch, replica: &ReplicaId) -> Result<(), RuntimeError> {
        self.pass().await;
        self.machine.note(&format!("release {replica}"));
        let needed = Rules::is_needed(replica, &self.machine);
        let answer = self.machine.runtime.release(epoch, replica).await;
        if let Some(needed) = needed.filter(|_| answer.is_ok()) {
            self.machine.state().rules.breaks(needed);
        }
        self.pass().await;
        answer
    }

    fn replicas(&self) -> Vec<ReplicaSeen> {
        self.machine.runtime.replicas()
    }

    fn look(&self, since: u64) -> Look {
        self.machine.runtime.look(since)
    }

    fn taken(&self) -> BTreeMap<Owner, Generation> {
        self.machine.runtime.taken()
    }

    fn obstacles(&self) -> BTreeMap<(Owner, RevisionHash), String> {
        self.machine.runtime.obstacles()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.machine.runtime.changes()
    }

    async fn logs(&self, query: LogQuery) -> Result<LogChunk, RuntimeError> {
        self.machine.runtime.logs(query).await
    }
}

#[async_trait]
impl Store for Doors {
    async fn lead(&self, least: Epoch) -> Result<Epoch, StoreError> {
        self.pass().await;
        let answer = self.machine.store.lead(least).await;
        if let Ok(epoch) = answer {
            *self.epoch() = epoch;
            let mut state = self.machine.state();
            state.trace.note(&format!("epoch {epoch} begins"));
            state.rules.leads(epoch);
        }
        self.pass().await;
        answer
    }

    async fn load(&self) -> Result<Vec<StoredObject>, StoreError> {
        self.machine.store.load().await
    }

    async fn load_texts(&self) -> Result<Vec<StoredText>, StoreError> {
        let answer = self.machine.store.load_texts().await;
        if let Ok(documents) = &answer {
            let decayed = self.machine.store.decayed().documents;
            let mut state = self.machine.state();
            state.rules.loaded(documents);
            state.rules.decayed(&decayed);
        }
        answer
    }

    async fn commit(&self, epoch: Epoch, batch: Batch) -> Result<Committed, StoreError> {
        self.pass().await;
        let trouble = self.machine.state().store;
        if trouble == Some(StoreTrouble::Slow) {
            let while_ = self.machine.a_while(8);
            tokio::time::sleep(while_).await;
            // What dies meanwhile has written nothing.
            self.pass().await;
        }
        if trouble == Some(StoreTrouble::Fills) && self.machine.chance(2) {
            return Err(StoreError::Failed("no space left on device".to_owned()));
        }
        let documents: Vec<StoredText> = batch.writes.iter().filter_map(put).collect();
        let gone: Vec<ObjectKey> = batch.writes.iter().filter_map(gone).collect();
        self.machine.state().rules.writes(epoch);
        let answer = self.machine.store.commit(epoch, batch).await;
        self.written(epoch, &answer, &documents, &gone);
        self.pass().await;
        answer
    }

    async fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.machine.store.entries(after, limit).await
    }

    async fn verify(&self, expected: Option<Head>) -> Result<Summary, VerifyError> {
        self.machine.store.verify(expected).await
    }
}

fn put(write: &Write) -> Option<StoredText> {
    match write {
        Write::Put(text) => Some(text.clone()),
        Write::Delete { .. } => None,
    }
}

/// A rollout that is deleted.
fn gone(write: &Write) -> Option<ObjectKey> {
    match write {
        Write::Delete { kind, key } if kind == "Rollout" => Some(key.clone()),
        _ => None,
    }
}
