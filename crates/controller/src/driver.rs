//! The one task that drives everything, tick by tick.

mod look;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tidegate_planted::{Mistake, makes};
use tidegate_ports::{Clock, Jobs, MetricSource, Router, Runtime, Store, StoreError};
use tidegate_units::{Epoch, Generation, ObjectKey, Owner, ReplicaId, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    task::{Id, JoinError},
    time::Instant,
};

use crate::{
    Ended,
    asking::{Asking, Came},
    behind::Overtaken,
    beyond::Recall,
    index::Index,
    pace::Pace,
    request::{Answer, Request, take},
    routing::Routing,
    settled::Settled,
    shared::{Shared, Snapshot},
    shared_map::SharedMap,
    sight::Sight,
    stage::Stage,
    steady::SteadyClock,
    sweep::Sweep,
    takeover::Takeover,
    turns::Turns,
    world::{RolloutEntry, World},
};

/// Events of the runtime come in bursts; they are looked at together.
const GATHER_FOR: Duration = Duration::from_millis(10);
/// How soon to try again when the store or the router refused.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Requests taken into one tick: bounds the size of one transaction.
const REQUESTS_PER_TICK: usize = 256;

/// The world's doors.
#[derive(Clone)]
pub struct Ports {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What runs the replicas.
    pub runtime: Arc<dyn Runtime>,
    /// What carries the traffic.
    pub router: Arc<dyn Router>,
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// What is asked for the values of metrics.
    pub metrics: Arc<dyn MetricSource>,
    /// What runs the jobs of analyses.
    pub jobs: Arc<dyn Jobs>,
}

pub(crate) struct Driver {
    pub(crate) ports: Ports,
    /// In which it leads.
    pub(crate) epoch: Epoch,
    /// The last ledger entry that is known to be written.
    head: u64,
    /// Why it does nothing more, once that is so.
    pub(crate) ended: Option<Ended>,
    /// The clock in `ports`.
    clock: Arc<SteadyClock>,
    requests: mpsc::Receiver<Request>,
    shared: Arc<Shared>,
    world: World,
    /// What follows from it.
    index: Index,
    pub(crate) sight: Sight,
    /// How often the runtime had said that something changed when it was last looked at, and up to
    /// where that look went.
    replicas_seen: (u64, u64),
    /// When all replicas were looked at.
    pub(crate) all_replicas_seen_at: Option<Timestamp>,
    /// At which look those were sought that nobody knows.
    pub(crate) strangers_sought_at: Option<Timestamp>,
    pub(crate) takeover: Takeover,
    /// Those of which the store knew only earlier orders at the start, until that is over.
    pub(crate) overtaken: Overtaken,
    /// What the router may know that the store does not.
    pub(crate) recall: Recall,
    /// The generations that the runtime has taken of whatever the store knows only earlier ones.
    pub(crate) behind: BTreeMap<Owner, Generation>,
    /// Since when retired replicas drain.
    pub(crate) draining: BTreeMap<ReplicaId, Instant>,
    replicas_changed: watch::Receiver<u64>,
    sweep: Sweep,
    /// Rollouts that need no plan as long as they are as they were.
    settled: Settled,
    pub(crate) turns: Turns,
    asking: Asking,
    /// The jobs that are kept, once that was told, by whose they are.
    jobs: Option<SharedMap<Owner, Arc<BTreeSet<String>>>>,
    /// What follows from the world and the replicas for the router.
    pub(crate) routing: Routing,
    /// The rollouts whose splits the router was last seen to follow.
    pub(crate) confirmed_of: SharedMap<ObjectKey, Arc<RolloutEntry>>,
    /// Services of whose listeners the router was not told yet.
    pub(crate) untold: BTreeSet<ObjectKey>,
    /// The table that the router was last told, and whether it said that it follows.
    pub(crate) table: Generation,
    pub(crate) table_confirmed: bool,
    pub(crate) looked_at: Option<Timestamp>,
    /// What is to be planned in the next tick whatever else happens.
    pub(crate) dirty: BTreeSet<Owner>,
    retry_at: Option<Timestamp>,
    /// Whether a tick was written down since the start. Before that nobody knows what was decided for
    /// whom, and the router keeps what it holds.
    knows: bool,
}

impl Driver {
    /// Leads in `epoch`, from the ledger entry `head` on: what was ordered in earlier epochs is always older.
    pub(crate) fn new(
        ports: Ports,
        (clock, pace): (Arc<SteadyClock>, Pace),
        requests: mpsc::Receiver<Request>,
        shared: Arc<Shared>,
        (world, index): (World, Index),
        (epoch, head): (Epoch, u64),
    ) -> Self {
        let dirty = world.owners().collect();
        let sight = Sight { pace, ..Sight::default() };
        Self {
            replicas_changed: ports.runtime.changes(),
            asking: Asking::new(&ports, epoch),
            ports,
            epoch,
            head,
            ended: None,
            clock,
            requests,
            shared,
            world,
            index,
            sight,
            replicas_seen: (0, 0),
            all_replicas_seen_at: None,
            strangers_sought_at: None,
            takeover: Takeover::Done,
            overtaken: Overtaken::new(),
            recall: Recall::default(),
            behind: BTreeMap::new(),
            draining: BTreeMap::new(),
            sweep: Sweep::default(),
            settled: Settled::default(),
            turns: Turns::default(),
            jobs: None,
            routing: Routing::default(),
            confirmed_of: SharedMap::default(),
            untold: BTreeSet::new(),
            table: epoch.first_generation(),
            table_confirmed: false,
            looked_at: None,
            dirty,
            retry_at: None,
            knows: false,
        }
    }

    /// Ticks until every handle is gone, or until it may do nothing more and says why.
    pub(crate) async fn run(mut self) -> Option<Ended> {
        let mut changes = self.ports.runtime.changes();
        let mut asked = Vec::new();
        loop {
            asked = self.tick(asked).await;
            if let Some(why) = self.ended {
                tracing::error!(%why, "nothing more is done");
                return Some(why);
            }
            if asked.is_empty() {
                match self.wait(&mut changes).await {
                    Woken::Asked(request) => asked.push(request),
                    Woken::Answered(answer) => {
                        self.dirty.extend(self.asking.take(answer, &mut self.sight.asked));
                    }
                    Woken::Seen => self.ports.clock.sleep(GATHER_FOR).await,
                    Woken::Due => {}
                    Woken::Closed => return None,
                }
            }
            while asked.len() < REQUESTS_PER_TICK {
                let Ok(request) = self.requests.try_recv() else { break };
                asked.push(request);
            }
        }
    }

    async fn wait(&mut self, changes: &mut watch::Receiver<u64>) -> Woken {
        let now = self.ports.clock.now();
        let until = self.next_due(now).since(now);
        // In this order, so that the same happenings always come to the same: answers are few, and what
        // waits behind them is taken by the tick that follows anyhow.
        tokio::select! {
            biased;
            answer = self.asking.next() => Woken::Answered(answer),
            request = self.requests.recv() => request.map_or(Woken::Closed, Woken::Asked),
            Ok(()) = changes.changed() => Woken::Seen,
            () = self.ports.clock.sleep(until) => Woken::Due,
        }
    }

    /// The next moment at which there is something to do even if nothing happens.
    fn next_due(&self, now: Timestamp) -> Timestamp {
        if let Some(retry_at) = self.retry_at {
            return retry_at;
        }
        if !self.dirty.is_empty() || self.turns.is_waiting() {
            return now;
        }
        let look = self.looked_at.map_or(now, |at| at.after(self.look_interval()));
        self.index.next_due().map_or(look, |plan| plan.min(look))
    }

    fn look_interval(&self) -> Duration {
        let moving = !self.table_confirmed
            || self.index.judged() > 0
            || !self.sight.retiring.is_empty()
            || self.shared.is_watched();
        let pace = &self.sight.pace;
        if moving { pace.look_every(self.index.judged()) } else { pace.resting }
    }

    /// One tick: look, take what was asked, plan, write down, act, show. Returns what was asked and has
    /// to wait for the next one.
    async fn tick(&mut self, asked: Vec<Request>) -> Vec<Request> {
        self.look().await;
        if self.ended.is_some() {
            return Vec::new();
        }
        let now = self.ports.clock.now();
        let mut stage = Stage::new(self.world.clone(), self.index.clone(), now);
        stage.settled = std::mem::take(&mut self.settled);
        for (owner, taken) in std::mem::take(&mut self.behind) {
            stage.catch_up(&owner, taken);
        }
        self.go_on_beyond(&mut stage);
        if self.takeover == Takeover::Late {
            for (owner, remains) in &self.overtaken {
                stage.keep_who_serves(owner, remains, &self.sight);
            }
        }
        let (answers, waiting) = take(&mut stage, asked);
        // Until then the router may still follow what it held.
        let follows = self.table_confirmed;
        stage.batch.writes.extend(self.takeover.writes().filter(|_| follows));
        let swept: BTreeSet<Owner> = self.sweep.due(&stage.world, now).into_iter().collect();
        stage.dirty.append(&mut self.dirty);
        stage.dirty.extend(self.turns.next());
        stage.dirty.extend(swept.iter().cloned());
        stage.follow();
        stage.dirty.extend(stage.index.due(now));
        self.sight.served = stage.index.selection().before().clone();
        for owner in std::mem::take(&mut stage.dirty) {
            stage.plan(&owner, &self.sight);
        }
        // What is not written after all is in entries that are not those of the world then.
        self.settled = std::mem::take(&mut stage.settled);
        stage.follow();
        // What one plan asked of another is looked at in the next tick, which comes at once.
        let again = std::mem::take(&mut stage.dirty);
        let batch = std::mem::take(&mut stage.batch);
        if makes(Mistake::ActsBeforeItWrites) {
            (self.world, self.index) = (stage.world.clone(), stage.index.clone());
            self.act(std::mem::take(&mut stage.scales), &swept).await;
        }
        let mut answers = answers;
        if makes(Mistake::AnswersBeforeItWrites) {
            std::mem::take(&mut answers).into_iter().for_each(Answer::give);
        }
        if let Err(problem) = self.write(batch).await {
            if makes(Mistake::ActsThoughNothingWasWritten) {
                (self.world, self.index) = (stage.world.clone(), stage.index.clone());
                self.act(std::mem::take(&mut stage.scales), &swept).await;
            }
            self.store_refused(&problem, answers, &stage);
            if problem.is_final() && !makes(Mistake::IgnoresTheFence) {
                self.ended = Some(Ended::Store(problem));
                return Vec::new();
            }
            // What was decided before goes on being so for the replicas that there are now: one
            // that ended gets no more requests, one that came back gets some, and all can see it.
            if self.knows || makes(Mistake::TellsBeforeItKnows) {
                self.act(Vec::new(), &swept).await;
            }
            self.publish(true);
            return waiting;
        }
        self.retry_at = None;
        self.knows = true;
        self.recall.written();
        if follows {
            self.takeover.written();
        }
        self.dirty.extend(again);
        (self.world, self.index) = (stage.world, stage.index);
        self.asking.forget(&self.world, &mut self.sight.asked);
        self.keep_jobs();
        for ask in stage.asks {
            self.asking.ask(ask, now, &self.world, &mut self.sight.asked);
        }
        // Whoever is answered may look at once, and has to find what was done.
        self.publish(stage.changed);
        for answer in answers {
            answer.give();
        }
        self.act(stage.scales, &swept).await;
        #[cfg(debug_assertions)]
        if self.ended.is_none() {
            self.audit(now);
        }
        self.publish(false);
        waiting
    }

    /// Tells which jobs a run may still ask for, before any is asked for. A job that was not counted
    /// yet is among them: it is written down that it was before it is forgotten.
    fn keep_jobs(&mut self) {
        let wanted = self.index.jobs();
        if self.jobs.as_ref().is_none_or(|kept| !kept.is_same(wanted)) {
            let names = wanted.values().flat_map(|names| names.iter().cloned());
            self.ports.jobs.keep(self.epoch, names.collect());
            self.jobs = Some(wanted.clone());
        }
    }

    fn publish(&self, changed: bool) {
        let refused = self.sight.traffic.as_ref().map(|reading| reading.refused.clone());
        let snapshot = Snapshot {
            world: self.world.clone(),
            index: self.index.clone(),
            sight: self.sight.clone(),
            refused: refused.unwrap_or_default(),
            head: self.head,
        };
        self.shared.publish(snapshot, changed);
    }

    async fn write(&mut self, batch: tidegate_ports::Batch) -> Result<(), StoreError> {
        if batch.writes.is_empty() && batch.entries.is_empty() {
            return Ok(());
        }
        let committed = self.ports.store.commit(self.epoch, batch).await?;
        self.head = committed.entries.last().map_or(self.head, |entry| entry.sequence);
        Ok(())
    }

    /// Nothing was written, so nothing new is done; the same is planned again a little later.
    fn store_refused(&mut self, problem: &StoreError, answers: Vec<Answer>, stage: &Stage) {
        tracing::error!(%problem, "nothing was written, so nothing was done");
        for answer in answers {
            answer.fail(problem);
        }
        self.dirty.extend(self.world.owners().filter(|owner| stage.world.has(owner)));
        self.retry_at = Some(stage.now().after(RETRY_AFTER));
    }

    /// What was refused is tried again in a while.
    pub(crate) fn retry_soon(&mut self) {
        self.retry_at = Some(self.ports.clock.now().after(RETRY_AFTER));
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    #[cfg(debug_assertions)]
    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// Brings the routes up to date, those of `again` whatever there was; says of which Services any
    /// changed.
    pub(crate) fn follow_routes(&mut self, again: &BTreeSet<Owner>) -> BTreeSet<ObjectKey> {
        self.routing.follow(&self.world, &self.index, &self.sight, again)
    }
}

enum Woken {
    Asked(Request),
    Answered(Result<(Id, Came), JoinError>),
    Seen,
    Due,
    Closed,
}
