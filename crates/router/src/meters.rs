use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tidegate_traffic::{Compared, Endpoint, Mirrored, Outcome, RevisionTally, SECONDS, Shard};
use tidegate_units::{Owner, ReplicaId, RevisionHash, Timestamp};

use crate::{replica::Replica, rules::Pair};

/// Revisions of one rollout that are kept: far more than any history limit in use.
const REVISIONS: usize = 64;
/// How long counts outlive their revision, as [`tidegate_traffic::TrafficReading`] promises.
const KEPT_FOR: Duration = Duration::from_mins(10);

/// All counts and replicas, by rollout and revision. They outlive the table that named them.
#[derive(Debug)]
pub(crate) struct Meters {
    workers: usize,
    all: Mutex<BTreeMap<Owner, BTreeMap<RevisionHash, Arc<Meter>>>>,
    inherited: Mutex<BTreeMap<Owner, BTreeMap<RevisionHash, RevisionTally>>>,
}

/// What is counted of one revision: a part for each worker, that only it writes.
#[derive(Debug)]
pub(crate) struct Meter {
    shards: Box<[Padded]>,
    replicas: Mutex<BTreeMap<(ReplicaId, SocketAddr), Arc<Replica>>>,
    copies: Mutex<Shard>,
    dropped_copies: AtomicU64,
    compared: Mutex<Option<Box<Compared>>>,
    last_used: AtomicI64,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Padded(Mutex<Shard>);

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Meters {
    /// Counts for so many workers.
    pub(crate) fn new(workers: usize) -> Self {
        Self { workers, all: Mutex::default(), inherited: Mutex::default() }
    }

    /// The counts of a revision, made when they are not there.
    pub(crate) fn meter(
        &self,
        owner: &Owner,
        revision: &RevisionHash,
        now: Timestamp,
    ) -> Arc<Meter> {
        let mut all = held(&self.all);
        let revisions = all.entry(owner.clone()).or_default();
        let meter =
            revisions.entry(revision.clone()).or_insert_with(|| Arc::new(Meter::new(self.workers)));
        meter.last_used.store(now.as_millis(), Relaxed);
        Arc::clone(meter)
    }

    /// Drops what is no longer used: not in `is_used`, with no request in flight, for longer than
    /// ten minutes, or beyond the number that is kept of a rollout (the oldest first).
    pub(crate) fn prune(&self, now: Timestamp, is_used: impl Fn(&Owner, &RevisionHash) -> bool) {
        held(&self.all).retain(|owner, revisions| {
            for (revision, meter) in &*revisions {
                meter.forget_idle();
                if meter.in_flight() > 0 || is_used(owner, revision) {
                    meter.last_used.store(now.as_millis(), Relaxed);
                }
            }
            let oldest = now.before(KEPT_FOR).as_millis();
            revisions.retain(|_, meter| meter.last_used.load(Relaxed) > oldest);
            shorten(revisions, now);
            !revisions.is_empty()
        });
        let all = held(&self.all).clone();
        held(&self.inherited).retain(|owner, revisions| {
            let kept = all.get(owner);
            revisions.retain(|revision, _| kept.is_some_and(|kept| kept.contains_key(revision)));
            !revisions.is_empty()
        });
    }

    /// Everything that was counted up to `now`.
    pub(crate) fn read(
        &self,
        now: Timestamp,
    ) -> BTreeMap<Owner, BTreeMap<RevisionHash, RevisionTally>> {
        // Before this router's own: what the other one counts meanwhile is told next time.
        let inherited = held(&self.inherited).clone();
        let all = held(&self.all).clone();
        let read = |(revision, meter): (_, Arc<Meter>)| (revision, meter.read(now));
        let mut sum: BTreeMap<_, BTreeMap<_, RevisionTally>> = all
            .into_iter()
            .map(|(owner, revisions)| (owner, revisions.into_iter().map(read).collect()))
            .collect();
        for (owner, revisions) in inherited {
            let own = sum.entry(owner).or_default();
            for (revision, tally) in revisions {
                own.entry(revision).or_default().absorb(&tally);
            }
        }
        sum
    }

    /// Adds to all readings what the router counted by now whose place this one took; in place of
    /// what it told before.
    pub(crate) fn inherit(
        &self,
        counts: BTreeMap<Owner, BTreeMap<RevisionHash, RevisionTally>>,
        now: Timestamp,
    ) {
        for (owner, revisions) in &counts {
            for (revision, tally) in revisions {
                // They are kept as long as this router's own.
                if tally.in_flight.is_empty() {
                    self.known(owner, revision, now);
                } else {
                    self.meter(owner, revision, now);
                }
            }
        }
        *held(&self.inherited) = counts;
    }

    /// The router whose place this one took is gone, with whatever it had in flight.
    pub(crate) fn inherited_all(&self) {
        let mut inherited = held(&self.inherited);
        for tally in inherited.values_mut().flat_map(BTreeMap::values_mut) {
            tally.in_flight.clear();
        }
    }

    fn known(&self, owner: &Owner, revision: &RevisionHash, now: Timestamp) {
        let known = held(&self.all).get(owner).is_some_and(|all| all.contains_key(revision));
        if !known {
            self.meter(owner, revision, now);
        }
    }

    /// Tells of every comparison that it began anew with the router.
    pub(crate) fn resume_comparisons(&self) {
        for meter in held(&self.all).values().flat_map(BTreeMap::values) {
            if let Some(compared) = held(&meter.compared).as_mut() {
                compared.resumed = true;
            }
        }
    }

    /// Every replica that is known, with its rollout and revision.
    pub(crate) fn replicas(&self) -> Vec<(Owner, RevisionHash, Arc<Replica>)> {
        let all = held(&self.all);
        let mut found = Vec::new();
        for (owner, revisions) in &*all {
            for (revision, meter) in revisions {
                for replica in held(&meter.replicas).values() {
                    found.push((owner.clone(), revision.clone(), Arc::clone(replica)));
                }
            }
        }
        found
    }
}

/// Keeps the number of revisions that is allowed; those used right now stay in any case.
fn shorten(revisions: &mut BTreeMap<RevisionHash, Arc<Meter>>, now: Timestamp) {
    while revisions.len() > REVISIONS {
        let oldest = revisions
            .iter()
            .map(|(revision, meter)| (meter.last_used.load(Relaxed), revision.clone()))
            .filter(|&(used, _)| used < now.as_millis())
            .min();
        match oldest {
            Some((_, revision)) => revisions.remove(&revision),
            None => return,
        };
    }
}

impl Meter {
    fn new(workers: usize) -> Self {
        Self {
            shards: (0..workers).map(|_| Padded::default()).collect(),
            replicas: Mutex::default(),
            copies: Mutex::default(),
            dropped_copies: AtomicU64::new(0),
            compared: Mutex::default(),
            last_used: AtomicI64::new(0),
        }
    }

    /// Counts a request of `worker` that ended at `at`.
    pub(crate) fn record(&self, worker: usize, at: Timestamp, outcome: Outcome) {
        if let Some(shard) = self.shards.get(worker) {
            held(&shard.0).record(at, outcome);
        }
    }

    /// Counts a copy of a request, whose answer nobody got, that ended at `at`.
    pub(crate) fn record_copy(&self, at: Timestamp, outcome: Outcome) {
        held(&self.copies).record(at, outcome);
    }

    /// Counts a copy that was not carried.
    pub(crate) fn drop_copy(&self) {
        self.dropped_copies.fetch_add(1, Relaxed);
    }

    /// The replica at an endpoint, made when it is not there.
    pub(crate) fn replica(&self, endpoint: &Endpoint) -> Arc<Replica> {
        let key = (endpoint.replica.clone(), endpoint.address);
        let mut replicas = held(&self.replicas);
        let made = || Arc::new(Replica::new(endpoint, self.shards.len()));
        Arc::clone(replicas.entry(key).or_insert_with(made))
    }

    fn in_flight(&self) -> u64 {
        held(&self.replicas).values().map(|replica| replica.in_flight()).sum()
    }

    /// A replica is kept while a table names it (then someone else holds it too) or a request is
    /// at it.
    fn forget_idle(&self) {
        held(&self.replicas)
            .retain(|_, replica| Arc::strong_count(replica) > 1 || replica.in_flight() > 0);
    }

    fn read(&self, now: Timestamp) -> RevisionTally {
        let mut tally = RevisionTally::default();
        // Before the counts: a request that is not in flight any more is in them.
        for replica in held(&self.replicas).values() {
            let in_flight = replica.in_flight();
            if in_flight > 0 {
                *tally.in_flight.entry(replica.id.clone()).or_default() += in_flight;
            }
        }
        let mut seconds = BTreeMap::new();
        for shard in &self.shards {
            held(&shard.0).read(now, &mut tally, &mut seconds);
        }
        let newest = seconds.into_iter().rev().take(SECONDS);
        tally.seconds =
            newest.map(|(second, tally)| (Timestamp::from_millis(second * 1000), tally)).collect();
        tally.seconds.reverse();
        tally.mirrored = self.read_copies(now);
        tally.compared.clone_from(&held(&self.compared));
        tally
    }
}

/// The comparison of its answers with another revision's.
impl Meter {
    /// Begins a comparison, unless it is the one that is counted already.
    pub(crate) fn begin_comparison(&self, name: &str, now: Timestamp) {
        let mut compared = held(&self.compared);
        if compared.as_ref().is_none_or(|known| known.name != name) {
            let begun = Compared { name: name.to_owned(), since: now, ..Compared::default() };
            *compared = Some(Box::new(begun));
        }
    }

    /// Counts in a comparison; one that is over meanwhile takes nothing more.
    pub(crate) fn record_comparison(&self, pair: &Pair, count: impl FnOnce(&mut Compared)) {
        let mut compared = held(&self.compared);
        if let Some(compared) = compared.as_mut().filter(|known| known.name == pair.name) {
            count(compared);
        }
    }

    /// Counts a request that is not compared.
    pub(crate) fn drop_comparison(&self, name: &str) {
        let mut compared = held(&self.compared);
        if let Some(compared) = compared.as_mut().filter(|known| known.name == name) {
            compared.dropped += 1;
        }
    }
}

impl Meter {
    fn read_copies(&self, now: Timestamp) -> Mirrored {
        let (mut sum, mut seconds) = (RevisionTally::default(), BTreeMap::new());
        held(&self.copies).read(now, &mut sum, &mut seconds);
        let at = |(second, tally)| (Timestamp::from_millis(second * 1000), tally);
        Mirrored {
            total: sum.total,
            seconds: seconds.into_iter().map(at).collect(),
            dropped: self.dropped_copies.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use tidegate_units::ObjectKey;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn endpoint() -> Endpoint {
        Endpoint { replica: "a".into(), address: "127.0.0.1:1".parse().unwrap() }
    }

    #[test]
    fn workers_count_apart_and_are_read_together() {
        let meters = Meters::new(2);
        let key = Owner::rollout(&ObjectKey::new("default", "web"));
        let meter = meters.meter(&key, &"r1".into(), at(1));
        for worker in [0, 1, 1] {
            let answer = Outcome::Answered { status: 200, micros: 100 };
            meter.record(worker, at(5), answer);
        }
        meter.replica(&endpoint()).enter(1);
        let reading = &meters.read(at(6))[&key][&RevisionHash::from("r1")];
        assert_eq!(reading.total.requests, 3);
        assert_eq!(reading.seconds.len(), 1);
        assert_eq!(reading.seconds[0].0, at(5));
        assert_eq!(reading.seconds[0].1.requests, 3);
        assert_eq!(reading.in_flight[&ReplicaId::from("a")], 1);
    }

    #[test]
    fn what_another_router_counted_is_in_each_reading_once() {
        let (old, new) = (Meters::new(1), Meters::new(1));
        let key = Owner::rollout(&ObjectKey::new("default", "web"));
        let revision = RevisionHash::from("r1");
        let answer = Outcome::Answered { status: 200, micros: 100 };
        let before = old.meter(&key, &revision, at(1));
        before.record(0, at(5), answer);
        before.replica(&endpoint()).enter(0);
        new.meter(&key, &revision, at(6)).record(0, at(6), answer);
        for _ in 0..2 {
            new.inherit(old.read(at(6)), at(6));
        }
        before.record(0, at(7), answer);
        new.inherit(old.read(at(9)), at(9));
        let tally = new.read(at(9))[&key][&revision].clone();
        let seconds: Vec<_> = tally.seconds.iter().map(|(at, it)| (*at, it.requests)).collect();
        assert_eq!((tally.total.requests, tally.in_flight.len()), (3, 1));
        assert_eq!(seconds, [(at(5), 1), (at(6), 1), (at(7), 1)]);
        new.inherited_all();
        let tally = new.read(at(9))[&key][&revision].clone();
        assert_eq!((tally.total.requests, tally.in_flight.len()), (3, 0));
        new.prune(at(10_000), |_, _| false);
        assert!(new.read(at(10_000)).is_empty());
    }

    #[test]
    fn a_revision_that_left_is_kept_while_it_has_requests_and_ten_minutes_after() {
        let meters = Meters::new(1);
        let key = Owner::rollout(&ObjectKey::new("default", "web"));
        let replica = meters.meter(&key, &"r1".into(), at(0)).replica(&endpoint());
        replica.enter(0);
        meters.prune(at(10_000), |_, _| false);
        assert_eq!(meters.read(at(10_000)).len(), 1);
        replica.leave(0);
        meters.prune(at(10_599), |_, _| false);
        assert_eq!(meters.read(at(10_599)).len(), 1);
        meters.prune(at(10_600), |_, _| false);
        assert!(meters.read(at(10_600)).is_empty());
    }

    #[test]
    fn a_rollout_keeps_a_bounded_number_of_revisions_and_all_that_are_used() {
        let meters = Meters::new(1);
        let key = Owner::rollout(&ObjectKey::new("default", "web"));
        for number in 0..100_i64 {
            let revision = RevisionHash::from(format!("r{number:03}"));
            meters.meter(&key, &revision, at(number));
        }
        meters.prune(at(100), |_, revision| revision.as_str() == "r000");
        let reading = meters.read(at(100));
        assert_eq!(reading[&key].len(), REVISIONS);
        assert!(reading[&key].contains_key(&RevisionHash::from("r000")));
        assert!(!reading[&key].contains_key(&RevisionHash::from("r001")));
    }
}
