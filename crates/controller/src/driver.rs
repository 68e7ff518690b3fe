//! The one task that drives everything, tick by tick.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tidegate_ports::{
    Clock, Jobs, MetricSource, ReplicaSeen, ReplicaState, Router, Runtime, Store, StoreError,
};
use tidegate_rollout::Command;
use tidegate_traffic::RouteTable;
use tidegate_units::{Generation, ObjectKey, Owner, OwnerKind, Timestamp};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{Id, JoinError},
};

use crate::{
    Applied, Kind, Refused, Resource,
    asking::{Asking, Came},
    shared::Shared,
    sight::Sight,
    stage::Stage,
    steady::SteadyClock,
    world::World,
};

/// How often the router is asked while a revision is judged or drained: with errors at 5 a second,
/// one look more or less is one error.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often it is asked when nothing moves, for the views alone.
const GLANCE_EVERY: Duration = Duration::from_secs(2);
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

/// Something that a person asks for.
pub(crate) enum Request {
    Apply {
        resource: Box<Resource>,
        manifest: serde_json::Value,
        who: String,
        intent: String,
        reply: Reply<Applied>,
    },
    Delete {
        kind: Kind,
        key: ObjectKey,
        who: String,
        reply: Reply<()>,
    },
    Terminate {
        owner: Owner,
        who: String,
        reply: Reply<()>,
    },
    Command {
        key: ObjectKey,
        command: Command,
        who: String,
        reply: Reply<()>,
    },
}

type Reply<T> = oneshot::Sender<Result<T, Refused>>;

/// An answer that is given once the store has taken what it tells.
enum Answer {
    Applied(Reply<Applied>, Result<Applied, Refused>),
    Done(Reply<()>, Result<(), Refused>),
}

pub(crate) struct Driver {
    pub(crate) ports: Ports,
    /// The clock in `ports`.
    clock: Arc<SteadyClock>,
    requests: mpsc::Receiver<Request>,
    shared: Arc<Shared>,
    world: World,
    pub(crate) sight: Sight,
    asking: Asking,
    /// The jobs that are kept, once that was told.
    jobs: Option<BTreeSet<String>>,
    /// What the router was last told, and whether it said that it follows.
    pub(crate) table: RouteTable,
    pub(crate) table_confirmed: bool,
    pub(crate) looked_at: Option<Timestamp>,
    /// What is to be planned in the next tick whatever else happens.
    pub(crate) dirty: BTreeSet<Owner>,
    retry_at: Option<Timestamp>,
}

impl Driver {
    /// `epoch` counts the starts: tables of an earlier start are always older.
    pub(crate) fn new(
        ports: Ports,
        clock: Arc<SteadyClock>,
        requests: mpsc::Receiver<Request>,
        shared: Arc<Shared>,
        world: World,
        epoch: u32,
    ) -> Self {
        let dirty = world.owners().collect();
        let table =
            RouteTable { generation: Generation(u64::from(epoch) << 32), listeners: Vec::new() };
        let sight = Sight::default();
        let asking = Asking::new(&ports);
        Self {
            ports,
            clock,
            requests,
            shared,
            world,
            sight,
            asking,
            jobs: None,
            table,
            table_confirmed: false,
            looked_at: None,
            dirty,
            retry_at: None,
        }
    }

    /// Ticks until every handle is gone.
    pub(crate) async fn run(mut self) {
        let mut changes = self.ports.runtime.changes();
        let mut asked = Vec::new();
        loop {
            let open = self.tick(std::mem::take(&mut asked)).await;
            if !open {
                return;
            }
            match self.wait(&mut changes).await {
                Woken::Asked(request) => asked.push(request),
                Woken::Answered(answer) => {
                    self.dirty.extend(self.asking.take(answer, &mut self.sight.asked));
                }
                Woken::Seen => self.ports.clock.sleep(GATHER_FOR).await,
                Woken::Due => {}
                Woken::Closed => return,
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
        tokio::select! {
            request = self.requests.recv() => request.map_or(Woken::Closed, Woken::Asked),
            Ok(()) = changes.changed() => Woken::Seen,
            answer = self.asking.next() => Woken::Answered(answer),
            () = self.ports.clock.sleep(until) => Woken::Due,
        }
    }

    /// The next moment at which there is something to do even if nothing happens.
    fn next_due(&self, now: Timestamp) -> Timestamp {
        if let Some(retry_at) = self.retry_at {
            return retry_at;
        }
        if !self.dirty.is_empty() {
            return now;
        }
        let look = self.looked_at.map_or(now, |at| at.after(self.look_interval()));
        self.world.next_due().map_or(look, |plan| plan.min(look))
    }

    fn look_interval(&self) -> Duration {
        let moving = !self.table_confirmed
            || self.world.judging().next().is_some()
            || self.sight.replicas.values().flat_map(|seen| seen.iter()).any(is_retiring)
            || self.shared.is_watched();
        if moving { LOOK_EVERY } else { GLANCE_EVERY }
    }

    /// One tick: look, take what was asked, plan, write down, act, show.
    async fn tick(&mut self, asked: Vec<Request>) -> bool {
        self.look().await;
        let now = self.ports.clock.now();
        let mut stage = Stage::new(self.world.clone(), now);
        let answers: Vec<_> = asked.into_iter().map(|request| take(&mut stage, request)).collect();
        stage.dirty.append(&mut self.dirty);
        stage.dirty.extend(stage.world.due(now));
        self.sight.served = crate::routes::served(&stage.world);
        for owner in std::mem::take(&mut stage.dirty) {
            stage.plan(&owner, &self.sight);
        }
        // What one plan asked of another is looked at in the next tick, which comes at once.
        let again = std::mem::take(&mut stage.dirty);
        let batch = std::mem::take(&mut stage.batch);
        if let Err(problem) = self.write(batch).await {
            self.store_refused(&problem, answers, &stage);
            // What was decided before goes on being so for the replicas that there are now: one
            // that ended gets no more requests, one that came back gets some, and all can see it.
            self.act(Vec::new()).await;
            self.publish(true);
            return true;
        }
        self.retry_at = None;
        self.dirty.extend(again);
        self.world = stage.world;
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
        self.act(stage.scales).await;
        self.publish(false);
        true
    }

    /// Tells which jobs a run may still ask for, before any is asked for. A job that was not counted
    /// yet is among them: it is written down that it was before it is forgotten.
    fn keep_jobs(&mut self) {
        let wanted = self.world.open_jobs();
        if self.jobs.as_ref() != Some(&wanted) {
            self.ports.jobs.keep(wanted.clone());
            self.jobs = Some(wanted);
        }
    }

    fn publish(&self, changed: bool) {
        let refused = self.sight.traffic.as_ref().map(|reading| reading.refused.clone());
        let (world, sight) = (self.world.clone(), self.sight.clone());
        self.shared.publish(world, sight, refused.unwrap_or_default(), changed);
    }

    async fn write(&self, batch: tidegate_ports::Batch) -> Result<(), StoreError> {
        if batch.writes.is_empty() && batch.entries.is_empty() {
            return Ok(());
        }
        self.ports.store.commit(batch).await.map(|_| ())
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

    /// Reads what is due, and marks those for which it may matter.
    async fn look(&mut self) {
        let now = self.ports.clock.now();
        let replicas = self.ports.runtime.replicas().into_iter();
        let replicas = replicas.map(|replica| self.retimed(replica)).collect();
        let changed = self.sight.see_replicas(replicas, self.ports.runtime.obstacles());
        self.dirty.extend(changed);
        let due = self.looked_at.is_none_or(|at| at.after(self.look_interval()) <= now);
        if !due {
            return;
        }
        self.looked_at = Some(now);
        match self.ports.router.read().await {
            Ok(mut reading) => {
                reading.at = self.clock.translate(reading.at);
                if reading.generation != self.table.generation {
                    self.table_confirmed = false;
                }
                self.sight.traffic = Some(Arc::new(reading));
                self.sight.router_answers = true;
            }
            Err(problem) => {
                if self.sight.router_answers {
                    tracing::warn!(%problem, "the router did not answer");
                }
                self.sight.router_answers = false;
                self.table_confirmed = false;
            }
        }
        self.dirty.extend(self.world.judging());
    }

    /// Puts on this clock what the runtime read from the machine's. `started_at` stays: it is
    /// compared with `restartAt` alone, which was read from the machine's too.
    fn retimed(&self, mut replica: ReplicaSeen) -> ReplicaSeen {
        replica.ready_since = replica.ready_since.map(|since| self.clock.translate(since));
        if let ReplicaState::Retiring { since } = &mut replica.state {
            *since = self.clock.translate(*since);
        }
        replica
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }
}

enum Woken {
    Asked(Request),
    Answered(Result<(Id, Came), JoinError>),
    Seen,
    Due,
    Closed,
}

pub(crate) fn is_retiring(replica: &ReplicaSeen) -> bool {
    matches!(replica.state, ReplicaState::Retiring { .. })
}

fn take(stage: &mut Stage, request: Request) -> Answer {
    match request {
        Request::Apply { resource, manifest, who, intent, reply } => {
            Answer::Applied(reply, stage.apply(*resource, manifest, &who, &intent))
        }
        Request::Delete { kind, key, who, reply } => {
            Answer::Done(reply, stage.delete(kind, &key, &who))
        }
        Request::Terminate { owner, who, reply } => {
            let key = owner.key();
            Answer::Done(
                reply,
                match owner.kind {
                    OwnerKind::AnalysisRun => stage.terminate_run(&key, &who),
                    OwnerKind::Rollout | OwnerKind::Experiment => stage.terminate(&key, &who),
                },
            )
        }
        Request::Command { key, command, who, reply } => {
            Answer::Done(reply, stage.command(&key, &command, &who))
        }
    }
}

impl Answer {
    fn give(self) {
        // Whoever asked may have gone; what was done stays done.
        match self {
            Self::Applied(reply, answer) => drop(reply.send(answer)),
            Self::Done(reply, answer) => drop(reply.send(answer)),
        }
    }

    fn fail(self, problem: &StoreError) {
        let refused = Refused::from(problem);
        match self {
            Self::Applied(reply, answer) => drop(reply.send(answer.and(Err(refused)))),
            Self::Done(reply, answer) => drop(reply.send(answer.and(Err(refused)))),
        }
    }
}
