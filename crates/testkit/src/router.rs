use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tidegate_planted::{Mistake, makes};
use tidegate_ports::{Clock, Router, RouterError};
use tidegate_traffic::{Histogram, RouteTable, TableChange, Taken, TrafficReading};
use tidegate_units::{ObjectKey, Owner, ReplicaId, RevisionHash, Timestamp, Weight};

use crate::TokioClock;

/// How one revision answers.
#[derive(Clone, Copy, Debug)]
struct Answers {
    error_rate: f64,
    latency_us: u64,
}

/// A router that carries imagined traffic: so many requests a second at each listener, split by the
/// table, each revision failing as often as it was told to.
pub struct FakeRouter {
    clock: TokioClock,
    inner: Mutex<Inner>,
}

struct Inner {
    table: Arc<RouteTable>,
    history: Vec<Arc<RouteTable>>,
    remembers: bool,
    reading: TrafficReading,
    rate: f64,
    answers: BTreeMap<RevisionHash, Answers>,
    /// What is owed to whole numbers, by revision: requests, errors.
    owed: BTreeMap<RevisionHash, (f64, f64)>,
    held: BTreeMap<ReplicaId, u64>,
    carried_until: Timestamp,
    down: bool,
    tells: bool,
}

impl FakeRouter {
    /// A router with no table at `rate` requests per second and listener.
    pub fn new(clock: TokioClock, rate: f64) -> Self {
        let inner = Inner {
            table: Arc::default(),
            history: Vec::new(),
            remembers: true,
            reading: TrafficReading { epoch: 1, ..TrafficReading::default() },
            rate,
            answers: BTreeMap::new(),
            owed: BTreeMap::new(),
            held: BTreeMap::new(),
            carried_until: clock.now(),
            down: false,
            tells: true,
        };
        Self { clock, inner: Mutex::new(inner) }
    }

    /// From now on it keeps no [`FakeRouter::history`].
    pub fn forget(&self) {
        let mut inner = self.carry();
        inner.history.clear();
        inner.remembers = false;
    }

    /// From now on it carries so many requests a second at each listener.
    pub fn carries(&self, rate: f64) {
        self.carry().rate = rate;
    }

    /// From now on `revision` fails this share of its requests and answers after `latency_us`.
    pub fn answers(&self, revision: &RevisionHash, error_rate: f64, latency_us: u64) {
        let answers = Answers { error_rate, latency_us };
        self.carry().answers.insert(revision.clone(), answers);
    }

    /// From now on each listener carries so many requests a second.
    pub fn rate(&self, rate: f64) {
        self.carry().rate = rate;
    }

    /// It ends and comes up again with the table that it held; what it had counted is lost.
    pub fn restart(&self) {
        let mut inner = self.carry();
        let epoch = inner.reading.epoch + 1;
        inner.reading = TrafficReading { epoch, ..TrafficReading::default() };
        inner.owed.clear();
    }

    /// From now on `replica` is answering `requests` requests that do not end.
    pub fn hold(&self, replica: &ReplicaId, requests: u64) {
        self.carry().held.insert(replica.clone(), requests);
    }

    /// From now on it does not answer the control plane; traffic flows on.
    pub fn unreachable(&self, down: Down) {
        self.carry().down = down == Down::Yes;
    }

    /// From now on it cannot tell what it holds, as one of before routers were asked that.
    pub fn tells_nothing(&self) {
        self.carry().tells = false;
    }

    /// The table it follows.
    pub fn table(&self) -> RouteTable {
        RouteTable::clone(&self.carry().table)
    }

    /// Every table that it took, oldest first.
    pub fn history(&self) -> Vec<RouteTable> {
        self.carry().history.iter().map(|table| RouteTable::clone(table)).collect()
    }

    /// The share of `revision` at the first listener of `rollout`.
    pub fn weight(&self, rollout: &ObjectKey, revision: &RevisionHash) -> Option<Weight> {
        let inner = self.carry();
        let listener =
            inner.table.listeners.iter().find(|one| one.owner == Owner::rollout(rollout))?;
        let destination = listener.destinations.iter().find(|one| one.revision == *revision)?;
        Some(destination.weight)
    }

    /// The counts of `revision`: requests and errors.
    pub fn counted(&self, rollout: &ObjectKey, revision: &RevisionHash) -> (u64, u64) {
        let inner = self.carry();
        let tally =
            inner.reading.revisions.get(&Owner::rollout(rollout)).and_then(|all| all.get(revision));
        tally.map_or((0, 0), |tally| (tally.total.judged(), tally.total.errors()))
    }

    /// Carries the traffic up to now.
    fn carry(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let seconds = now.since(inner.carried_until).as_secs_f64();
        inner.carried_until = now;
        if inner.rate > 0.0 {
            inner.carry(seconds, now);
        }
        inner
    }
}

/// Whether a router answers the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// It does not.
    Yes,
    /// It does.
    No,
}

impl Inner {
    fn carry(&mut self, seconds: f64, now: Timestamp) {
        let shares: Vec<_> = self
            .table
            .listeners
            .iter()
            .flat_map(|listener| {
                listener.destinations.iter().map(|one| {
                    let owner = listener.owner_of(one).clone();
                    (owner, one.revision.clone(), one.weight.percent())
                })
            })
            .collect();
        for (owner, revision, percent) in shares {
            self.serve(&owner, &revision, self.rate * seconds * percent / 100.0, now);
        }
    }

    fn serve(&mut self, owner: &Owner, revision: &RevisionHash, requests: f64, now: Timestamp) {
        let default = Answers { error_rate: 0.0, latency_us: 10_000 };
        let answers = self.answers.get(revision).copied().unwrap_or(default);
        let owed = self.owed.entry(revision.clone()).or_default();
        owed.0 += requests;
        owed.1 += requests * answers.error_rate;
        let (whole, failed) = (owed.0.floor(), owed.1.floor());
        owed.0 -= whole;
        owed.1 -= failed;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number of requests in a test"
        )]
        let (whole, failed) = (whole as u64, failed as u64);
        let revisions = self.reading.revisions.entry(owner.clone()).or_default();
        let tally = revisions.entry(revision.clone()).or_default();
        tally.total.requests += whole;
        tally.total.by_class[1] += whole.saturating_sub(failed);
        tally.total.by_class[4] += failed;
        if whole > 0 {
            let bucket = Histogram::bucket(answers.latency_us);
            tally.total.latency.record_bucket(bucket, whole);
        }
        if failed > 0 && tally.first_error.is_none() {
            tally.first_error = Some(now);
        }
        tally.in_flight.clone_from(&self.held);
    }
}

#[async_trait]
impl Router for FakeRouter {
    async fn apply(&self, table: &RouteTable) -> Result<(), RouterError> {
        let mut inner = self.carry();
        if inner.down {
            return Err(RouterError::Unreachable("connection refused".to_owned()));
        }
        let refused = table.generation < inner.table.generation;
        if refused && !makes(Mistake::RouterGoesBack) {
            return Err(RouterError::Stale {
                holds: inner.table.generation,
                offered: table.generation,
            });
        }
        inner.table = Arc::new(table.clone());
        if inner.remembers {
            let table = Arc::clone(&inner.table);
            inner.history.push(table);
        }
        Ok(())
    }

    async fn change(&self, change: &TableChange) -> Result<Taken, RouterError> {
        let mut inner = self.carry();
        if inner.down {
            return Err(RouterError::Unreachable("connection refused".to_owned()));
        }
        let taken = Arc::make_mut(&mut inner.table).change(change.clone());
        if inner.remembers && taken == Taken::Yes {
            let table = Arc::clone(&inner.table);
            inner.history.push(table);
        }
        Ok(taken)
    }

    async fn read(&self) -> Result<TrafficReading, RouterError> {
        let mut inner = self.carry();
        if inner.down {
            return Err(RouterError::Unreachable("connection refused".to_owned()));
        }
        inner.reading.at = self.clock.now();
        inner.reading.generation = inner.table.generation;
        Ok(inner.reading.clone())
    }

    async fn held(&self) -> Result<Option<RouteTable>, RouterError> {
        let inner = self.carry();
        if inner.down {
            return Err(RouterError::Unreachable("connection refused".to_owned()));
        }
        Ok(inner.tells.then(|| RouteTable::clone(&inner.table)))
    }
}
