//! Questions to the network, and jobs: seen to beside the ticks, which never wait for an answer.

use std::{
    collections::{BTreeMap, HashMap},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use tidegate_analysis::{Answer, Ask, Asked, Errand, JobEnd, Query};
use tidegate_ports::{Clock, JobOrder, Jobs, MetricSource};
use tidegate_units::{Epoch, Owner, RunName, Timestamp};
use tidegate_workload::JobSpec;
use tokio::{
    sync::Semaphore,
    task::{AbortHandle, Id, JoinError, JoinSet},
};

use crate::{driver::Ports, secrets::Question, world::World};

/// Questions that wait for their answers at one time, of those that may take long and of the others
/// each; more wait for their turn. Each is a connection or a program, and at most a few megabytes.
/// Argo Rollouts works on 30 runs at once.
const ASKED_AT_ONCE: usize = 32;

/// What may be waited for longer takes long: Prometheus itself ends a query after two minutes, and a
/// judgement of Kayenta's or a program may take a quarter of an hour.
const LONG: Duration = Duration::from_mins(2);

/// The run that asks.
pub(crate) type Asker = (Owner, RunName);

/// What each run asked for and has not taken yet, by metric.
pub(crate) type Questions = BTreeMap<Asker, BTreeMap<String, Asked>>;

/// What a task comes back with: when, and what.
pub(crate) type Came = (Timestamp, Back);

/// What came of an errand.
pub(crate) enum Back {
    Answer(Result<Answer, String>),
    Job(Result<JobEnd, String>),
}

type Work = Pin<Box<dyn Future<Output = Came> + Send>>;

/// The questions that are on their way. Dropped, it takes them all back.
pub(crate) struct Asking {
    clock: Arc<dyn Clock>,
    source: Arc<dyn MetricSource>,
    jobs: Arc<dyn Jobs>,
    epoch: Epoch,
    turns: Turns,
    tasks: JoinSet<Came>,
    open: HashMap<Id, Open>,
}

/// Whose turn it is to ask: those that take long take none from the others.
struct Turns {
    short: Arc<Semaphore>,
    long: Arc<Semaphore>,
}

impl Turns {
    fn new() -> Self {
        let turns = || Arc::new(Semaphore::new(ASKED_AT_ONCE));
        Self { short: turns(), long: turns() }
    }

    fn of(&self, limit: Duration) -> Arc<Semaphore> {
        Arc::clone(if limit > LONG { &self.long } else { &self.short })
    }
}

/// One that waits for its answer.
struct Open {
    asker: Asker,
    metric: String,
    asked_at: Timestamp,
    task: AbortHandle,
}

impl Asking {
    /// For whoever leads in `epoch`.
    pub(crate) fn new(ports: &Ports, epoch: Epoch) -> Self {
        let (tasks, open) = (JoinSet::new(), HashMap::new());
        let (clock, source) = (Arc::clone(&ports.clock), Arc::clone(&ports.metrics));
        let (jobs, turns) = (Arc::clone(&ports.jobs), Turns::new());
        Self { clock, source, jobs, epoch, turns, tasks, open }
    }

    /// Asks, once for each measurement.
    pub(crate) fn ask(
        &mut self,
        (asker, ask): (Asker, Ask),
        now: Timestamp,
        world: &World,
        questions: &mut Questions,
    ) {
        let metrics = questions.entry(asker.clone()).or_default();
        if matches!(metrics.get(&ask.metric), Some(Asked::Waiting)) {
            return;
        }
        metrics.insert(ask.metric.clone(), Asked::Waiting);
        let question = Question::of(world, &asker, &ask);
        let work = match question {
            Ok(Question { errand: Errand::Ask(_), .. }) | Err(_) => self.question(question),
            Ok(question) => self.job(question, &asker.0, world),
        };
        let task = self.tasks.spawn(work);
        let open = Open { asker, metric: ask.metric, asked_at: now, task };
        self.open.insert(open.task.id(), open);
    }

    /// Asks a server when it is its turn.
    fn question(&self, question: Result<Question, String>) -> Work {
        let (clock, source) = (Arc::clone(&self.clock), Arc::clone(&self.source));
        let limit = |question: &Question| question.errand.query().map(Query::timeout);
        let limit = question.as_ref().ok().and_then(limit).unwrap_or_default();
        let turns = self.turns.of(limit);
        Box::pin(async move {
            let answer = match question {
                Ok(question) => in_turn(&*clock, &*source, &question, (&turns, limit)).await,
                Err(problem) => Err(problem),
            };
            (clock.now(), Back::Answer(answer))
        })
    }

    /// Runs a job. How many run at once is bounded by what runs them, which knows those of before.
    fn job(&self, question: Question, owner: &Owner, world: &World) -> Work {
        let (clock, jobs) = (Arc::clone(&self.clock), Arc::clone(&self.jobs));
        let epoch = self.epoch;
        let owner = owner.clone();
        let (config_maps, secrets) = (world.config_maps_of(&owner), world.secrets_of(&owner));
        Box::pin(async move {
            let end = match &question.errand {
                Errand::Run { name, job } => {
                    let (name, spec) = (name.clone(), JobSpec::clone(job));
                    let order = JobOrder { name, epoch, owner, spec, config_maps, secrets };
                    question.censor_end(jobs.run(order).await)
                }
                Errand::Ask(_) => Err("a question is no job".to_owned()),
            };
            (clock.now(), Back::Job(end))
        })
    }

    /// Waits for the next answer; for ever, when none is on its way.
    pub(crate) async fn next(&mut self) -> Result<(Id, Came), JoinError> {
        match self.tasks.join_next_with_id().await {
            Some(came) => came,
            None => std::future::pending().await,
        }
    }

    /// Takes in an answer, and whatever else came by now. Returns whose they are.
    pub(crate) fn take(
        &mut self,
        first: Result<(Id, Came), JoinError>,
        asked: &mut Questions,
    ) -> Vec<Owner> {
        let mut owners = Vec::new();
        let mut next = Some(first);
        while let Some(came) = next {
            owners.extend(self.take_one(came, asked));
            next = self.tasks.try_join_next_with_id();
        }
        owners
    }

    fn take_one(
        &mut self,
        came: Result<(Id, Came), JoinError>,
        asked: &mut Questions,
    ) -> Option<Owner> {
        let (id, came) = match came {
            Ok((id, came)) => (id, Some(came)),
            Err(problem) => (problem.id(), None),
        };
        // What is not open any more came too late: nobody wants it.
        let Open { asker, metric, asked_at, .. } = self.open.remove(&id)?;
        let (at, back) = came.unwrap_or_else(|| {
            let problem = "the client failed; the log says how".to_owned();
            (self.clock.now(), Back::Answer(Err(problem)))
        });
        let answered = match back {
            Back::Answer(answer) => Asked::Answered { asked_at, answered_at: at, answer },
            Back::Job(end) => Asked::Ended { asked_at, ended_at: at, end },
        };
        asked.get_mut(&asker)?.insert(metric, answered);
        Some(asker.0)
    }

    /// Lets go of what the runs in `world` do not wait for: answers that became measurements, and
    /// questions of runs and metrics that are decided.
    pub(crate) fn forget(&mut self, world: &World, asked: &mut Questions) {
        asked.retain(|asker, metrics| {
            metrics.retain(|metric, question| is_awaited(world, asker, metric, question));
            !metrics.is_empty()
        });
        self.open.retain(|_, open| {
            let kept =
                asked.get(&open.asker).is_some_and(|metrics| metrics.contains_key(&open.metric));
            if !kept {
                open.task.abort();
            }
            kept
        });
    }
}

fn is_awaited(world: &World, (owner, run): &Asker, metric: &str, question: &Asked) -> bool {
    let Some(run) = world.run(owner, run).filter(|run| !run.ended()) else {
        return false;
    };
    let Some(view) = run.status.metrics.get(metric) else { return false };
    let measured = |asked_at: Timestamp| {
        view.measurements.last().is_some_and(|last| last.started_at >= asked_at)
    };
    match question {
        _ if view.phase.is_completed() => false,
        Asked::Waiting => true,
        Asked::Answered { asked_at, .. } | Asked::Ended { asked_at, .. } => !measured(*asked_at),
    }
}

/// A turn is waited for as long as the answer then is: whoever asks knows soon that nobody is asked.
async fn in_turn(
    clock: &dyn Clock,
    source: &dyn MetricSource,
    question: &Question,
    (turns, limit): (&Semaphore, Duration),
) -> Result<Answer, String> {
    // It is closed by nobody; if it were, nothing would be bounded, and all else holds.
    let _turn = tokio::select! {
        biased;
        turn = turns.acquire() => turn,
        () = clock.sleep(limit) => return Err(format!(
            "it was not asked: {ASKED_AT_ONCE} other questions had no answer within {limit:?}"
        )),
    };
    within_its_time(clock, source, question, limit).await
}

async fn within_its_time(
    clock: &dyn Clock,
    source: &dyn MetricSource,
    question: &Question,
    limit: Duration,
) -> Result<Answer, String> {
    let Some(query) = question.errand.query() else {
        return Err("a job is no question".to_owned());
    };
    tokio::select! {
        biased;
        answer = source.measure(query, question.secret.as_ref()) => question.censor(answer),
        () = clock.sleep(limit) => Err(format!("no answer within {limit:?}")),
    }
}
