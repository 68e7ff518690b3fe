//! The replicas of a made up runtime, and what becomes of each as time goes by.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tidegate_ports::{ReplicaSeen, ReplicaState, RunsAs, ScaleOrder};
use tidegate_units::{Owner, ReplicaId, RevisionHash, Timestamp};

/// What ends too early waits so long before it is started again, then twice that, and so on up to the
/// longest; a run that lasted counts as none. As the real runtime does it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(5);
const LASTED: Duration = Duration::from_mins(10);

/// What is there and what is on its way.
pub(super) struct Inner {
    pub(super) ready_after: Duration,
    /// Of which revisions replicas take another time, or are never ready.
    pub(super) takes: BTreeMap<RevisionHash, Option<Duration>>,
    pub(super) broken: BTreeMap<RevisionHash, String>,
    /// Revisions whose processes only SIGKILL ends.
    pub(super) deaf: BTreeSet<RevisionHash>,
    pub(super) orders: BTreeMap<(Owner, RevisionHash), ScaleOrder>,
    /// Boxed, for a map of one has room for eleven.
    pub(super) replicas: BTreeMap<Owner, BTreeMap<ReplicaId, Box<Kept>>>,
    /// Whose replicas are on their way: to be ready, to be started again, or to their end.
    moving: BTreeSet<Owner>,
    /// How often anything changed, and at which of them each owner did last.
    pub(super) count: u64,
    pub(super) changed: BTreeMap<Owner, u64>,
    pub(super) released: Vec<ReplicaId>,
    made: u16,
}

/// A replica, with what nobody else sees of it.
pub(super) struct Kept {
    pub(super) seen: ReplicaSeen,
    /// Since when it is in its state.
    pub(super) since: Timestamp,
    /// When its process was last started.
    runs_since: Timestamp,
    /// So many runs in a row ended too early.
    failures: u32,
    /// When it is started again, while it waits for that, or gone, while it ends.
    until: Timestamp,
    grace: Duration,
}

impl Kept {
    fn turn(&mut self, to: ReplicaState, at: Timestamp) {
        self.seen.state = to;
        self.seen.ready_since = (to == ReplicaState::Ready).then_some(at);
        self.since = at;
    }

    fn is_wanted(&self) -> bool {
        !matches!(self.seen.state, ReplicaState::Retiring { .. } | ReplicaState::Stopping)
    }

    fn start_again(&mut self, at: Timestamp) {
        self.turn(ReplicaState::Starting, at);
        self.runs_since = at;
        self.seen.restarts += 1;
    }

    /// Its process has ended by itself; one that is retired is not started again. Gives the wait.
    fn end(&mut self, how: &str, now: Timestamp) -> Option<Duration> {
        if !self.is_wanted() || self.seen.state == ReplicaState::BackOff {
            return None;
        }
        let lasted = now.since(self.runs_since) >= LASTED;
        self.failures = if lasted { 1 } else { self.failures.saturating_add(1) };
        let doublings = self.failures.saturating_sub(1).min(20);
        let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        self.turn(ReplicaState::BackOff, now);
        self.seen.message = Some(format!("{how}; started again {wait:?} later"));
        self.until = now.after(wait);
        Some(wait)
    }

    /// Lets time have its effect, when it takes so long to be ready; says whether that is over, and
    /// whether it is gone.
    fn settle(&mut self, takes: Option<Duration>, now: Timestamp) -> Settled {
        if self.seen.state == ReplicaState::Stopping {
            return if self.until <= now { Settled::Gone } else { Settled::Moves };
        }
        if self.seen.state == ReplicaState::BackOff {
            if self.until > now {
                return Settled::Moves;
            }
            self.start_again(self.until);
        }
        if self.seen.state != ReplicaState::Starting {
            return Settled::Rests;
        }
        match takes.map(|takes| self.runs_since.after(takes)) {
            Some(at) if at <= now => {
                self.turn(ReplicaState::Ready, at);
                Settled::Rests
            }
            _ => Settled::Moves,
        }
    }
}

/// How far a replica is on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settled {
    Rests,
    Moves,
    Gone,
}

impl Inner {
    pub(super) fn new(ready_after: Duration) -> Self {
        Self {
            ready_after,
            takes: BTreeMap::new(),
            broken: BTreeMap::new(),
            deaf: BTreeSet::new(),
            orders: BTreeMap::new(),
            replicas: BTreeMap::new(),
            moving: BTreeSet::new(),
            count: 0,
            changed: BTreeMap::new(),
            released: Vec::new(),
            made: 0,
        }
    }

    /// Lets time have its effect.
    pub(super) fn settle(&mut self, now: Timestamp) {
        for owner in std::mem::take(&mut self.moving) {
            let (takes, usual) = (&self.takes, Some(self.ready_after));
            let own = self.replicas.entry(owner.clone()).or_default();
            let (mut left, mut moved) = (false, false);
            own.retain(|_, one| {
                let takes = takes.get(&one.seen.revision).copied().unwrap_or(usual);
                let before = (one.seen.state, one.seen.restarts);
                let settled = one.settle(takes, now);
                moved |= settled == Settled::Gone || before != (one.seen.state, one.seen.restarts);
                left |= settled == Settled::Moves;
                settled != Settled::Gone
            });
            if moved {
                self.mark(&owner);
            }
            if left {
                self.moving.insert(owner);
            }
        }
    }

    pub(super) fn takes(&self, revision: &RevisionHash) -> Option<Duration> {
        self.takes.get(revision).copied().unwrap_or(Some(self.ready_after))
    }

    pub(super) fn whose(&self, replica: &ReplicaId) -> Option<Owner> {
        let mut all = self.replicas.iter();
        all.find(|(_, own)| own.contains_key(replica)).map(|(owner, _)| owner.clone())
    }

    fn mark(&mut self, owner: &Owner) {
        self.count += 1;
        self.changed.insert(owner.clone(), self.count);
    }

    /// Does something to the first so many replicas of a revision to which it can be done.
    fn each(
        &mut self,
        revision: &RevisionHash,
        count: usize,
        mut done: impl FnMut(&mut Kept) -> bool,
    ) {
        let all = self.replicas.values_mut().flat_map(BTreeMap::values_mut);
        let concerned = all.filter(|one| one.seen.revision == *revision);
        let done = concerned.filter_map(|one| done(one).then(|| one.seen.owner.clone()));
        for owner in done.take(count).collect::<BTreeSet<_>>() {
            self.mark(&owner);
            self.moving.insert(owner);
        }
    }

    /// Those that are ready die, and come up again at once.
    pub(super) fn crash(&mut self, revision: &RevisionHash, now: Timestamp) {
        self.each(revision, usize::MAX, |one| {
            let ready = one.seen.state == ReplicaState::Ready;
            if ready {
                one.start_again(now);
            }
            ready
        });
    }

    /// Those that run end, and wait for longer each time. Gives the waits.
    pub(super) fn end(
        &mut self,
        revision: &RevisionHash,
        how: &str,
        now: Timestamp,
    ) -> BTreeSet<Duration> {
        let mut waits = BTreeSet::new();
        self.each(revision, usize::MAX, |one| {
            let wait = one.end(how, now);
            waits.extend(wait);
            wait.is_some()
        });
        waits
    }

    /// So many of one state change into another, with what is said of it.
    pub(super) fn turn(
        &mut self,
        revision: &RevisionHash,
        count: usize,
        (from, to): (ReplicaState, ReplicaState),
        (message, now): (Option<&str>, Timestamp),
    ) {
        self.each(revision, count, |one| {
            let concerned = one.seen.state == from;
            if concerned {
                one.turn(to, now);
                one.seen.message = message.map(str::to_owned);
            }
            concerned
        });
    }

    pub(super) fn fulfil(&mut self, order: &ScaleOrder, now: Timestamp) {
        self.mark(&order.owner);
        let own = self.replicas.entry(order.owner.clone()).or_default();
        let serving = |one: &&mut Box<Kept>| one.seen.revision == order.revision && one.is_wanted();
        if let Some(moment) = order.restart_before {
            let old = own.values_mut().filter(serving);
            for replica in old.filter(|one| one.seen.started_at < moment) {
                replica.turn(ReplicaState::Retiring { since: now }, now);
            }
        }
        let have = own.values_mut().filter(serving).count();
        let want = usize::try_from(order.replicas).unwrap_or(usize::MAX);
        let surplus = own.values_mut().filter(serving).rev();
        for replica in surplus.take(have.saturating_sub(want)) {
            replica.turn(ReplicaState::Retiring { since: now }, now);
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
        let seen = ReplicaSeen {
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
        let grace = order.template.termination_grace;
        let kept = Kept { seen, since: now, runs_since: now, failures: 0, until: now, grace };
        self.moving.insert(order.owner.clone());
        self.replicas.entry(order.owner.clone()).or_default().insert(id, kept.into());
    }

    /// Nothing is sent to a replica any more: it ends. One that is deaf stays for its grace period,
    /// which is given then.
    pub(super) fn release(
        &mut self,
        owner: &Owner,
        id: &ReplicaId,
        now: Timestamp,
    ) -> Option<Duration> {
        let own = self.replicas.entry(owner.clone()).or_default();
        let mut stays = None;
        if let Some(one) = own.get_mut(id) {
            if one.seen.state == ReplicaState::Stopping {
                return None;
            }
            stays = Some(one.grace).filter(|_| self.deaf.contains(&one.seen.revision));
            one.turn(ReplicaState::Stopping, now);
            one.until = now.after(one.grace);
        }
        if stays.is_none() {
            own.remove(id);
        }
        self.mark(owner);
        self.moving.insert(owner.clone());
        self.released.push(id.clone());
        stays
    }
}
