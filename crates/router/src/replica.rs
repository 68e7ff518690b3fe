use std::{
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::{Duration, Instant},
};

use tidegate_traffic::Endpoint;
use tidegate_units::ReplicaId;

/// The first ejection; each one that follows doubles it.
const FIRST_EJECTION: Duration = Duration::from_secs(1);
/// Long enough to be no load on a machine that restarts its replicas, short enough for people.
const LONGEST_EJECTION: Duration = Duration::from_secs(30);
/// A replica that was well for so long starts at the first ejection again.
const FORGIVEN_AFTER: Duration = Duration::from_mins(1);

/// A replica as all workers see it: where it is, how it does, and how many requests it has.
#[derive(Debug)]
pub(crate) struct Replica {
    /// Which.
    pub(crate) id: ReplicaId,
    /// Where it answers.
    pub(crate) address: SocketAddr,
    in_flight: Box<[Padded]>,
    copies: AtomicU64,
    ejected: AtomicBool,
    ejections: AtomicU64,
    strikes: Mutex<Strikes>,
}

/// One worker's count, on a cache line of its own, so that workers do not slow each other.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Padded(AtomicU64);

#[derive(Debug, Default)]
struct Strikes {
    count: u32,
    until: Option<Instant>,
}

impl Replica {
    /// A replica that is well, with no requests from any of `workers`.
    pub(crate) fn new(endpoint: &Endpoint, workers: usize) -> Self {
        Self {
            id: endpoint.replica.clone(),
            address: endpoint.address,
            in_flight: (0..workers).map(|_| Padded::default()).collect(),
            copies: AtomicU64::new(0),
            ejected: AtomicBool::new(false),
            ejections: AtomicU64::new(0),
            strikes: Mutex::default(),
        }
    }

    /// Whether it may have requests.
    pub(crate) fn is_well(&self) -> bool {
        !self.ejected.load(Relaxed)
    }

    /// Requests that this worker has at it.
    pub(crate) fn load_of(&self, worker: usize) -> u64 {
        self.in_flight.get(worker).map_or(0, |count| count.0.load(Relaxed))
    }

    /// Requests that all workers have at it, and copies.
    pub(crate) fn in_flight(&self) -> u64 {
        // Acquire, for `leave`: who sees that a request has left sees how it was counted.
        let requests: u64 = self.in_flight.iter().map(|count| count.0.load(Acquire)).sum();
        requests + self.copies.load(Acquire)
    }

    /// Copies that it has.
    pub(crate) fn copies(&self) -> u64 {
        self.copies.load(Relaxed)
    }

    /// A copy goes to it.
    pub(crate) fn enter_copy(&self) {
        self.copies.fetch_add(1, Relaxed);
    }

    /// A copy has ended at it.
    pub(crate) fn leave_copy(&self) {
        self.copies.fetch_sub(1, Release);
    }

    /// A request of this worker goes to it.
    pub(crate) fn enter(&self, worker: usize) {
        if let Some(count) = self.in_flight.get(worker) {
            // Only one thread writes a slot, so a plain load and store are enough.
            count.0.store(count.0.load(Relaxed) + 1, Relaxed);
        }
    }

    /// A request of this worker has ended at it.
    pub(crate) fn leave(&self, worker: usize) {
        if let Some(count) = self.in_flight.get(worker) {
            count.0.store(count.0.load(Relaxed).saturating_sub(1), Release);
        }
    }

    /// It refused or cut a connection: no requests for a time that doubles from one time to the
    /// next. While it is ejected already, nothing changes.
    pub(crate) fn strike(&self, now: Instant) {
        let mut strikes = self.strikes.lock().unwrap_or_else(PoisonError::into_inner);
        if self.ejected.load(Relaxed) {
            return;
        }
        strikes.forgive(now);
        strikes.push(now);
        self.ejections.fetch_add(1, Relaxed);
        self.ejected.store(true, Relaxed);
    }

    /// Whether its time is over, so that it can be asked whether it is back.
    pub(crate) fn wants_probe(&self, now: Instant) -> bool {
        if self.is_well() {
            return false;
        }
        let strikes = self.strikes.lock().unwrap_or_else(PoisonError::into_inner);
        strikes.until.is_some_and(|until| until <= now)
    }

    /// It passed its probe: requests go to it again.
    pub(crate) fn readmit(&self) {
        self.ejected.store(false, Relaxed);
    }

    /// It did not pass its probe: it stays away for longer.
    pub(crate) fn keep_away(&self, now: Instant) {
        self.strikes.lock().unwrap_or_else(PoisonError::into_inner).push(now);
    }

    /// How often it was ejected.
    pub(crate) fn ejections(&self) -> u64 {
        self.ejections.load(Relaxed)
    }
}

impl Strikes {
    fn push(&mut self, now: Instant) {
        let time = FIRST_EJECTION.saturating_mul(1 << self.count.min(5)).min(LONGEST_EJECTION);
        self.count = self.count.saturating_add(1);
        self.until = Some(now + time);
    }

    fn forgive(&mut self, now: Instant) {
        if self.until.is_some_and(|until| until + FORGIVEN_AFTER <= now) {
            self.count = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica() -> Replica {
        let endpoint = Endpoint { replica: "a".into(), address: "127.0.0.1:1".parse().unwrap() };
        Replica::new(&endpoint, 2)
    }

    #[test]
    fn ejections_grow_from_one_second_to_thirty() {
        let (replica, mut now) = (replica(), Instant::now());
        replica.strike(now);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            let time = Duration::from_secs(seconds);
            let almost = time.saturating_sub(Duration::from_millis(1));
            assert!(!replica.is_well());
            assert!(!replica.wants_probe(now + almost));
            assert!(replica.wants_probe(now + time), "{seconds} s");
            now += time;
            replica.readmit();
            assert!(replica.is_well() && !replica.wants_probe(now));
            replica.strike(now);
        }
        assert_eq!(replica.ejections(), 8);
    }

    #[test]
    fn a_failed_probe_lengthens_and_a_strike_while_away_does_not() {
        let (replica, now) = (replica(), Instant::now());
        replica.strike(now);
        replica.strike(now);
        let back = now + Duration::from_secs(1);
        assert!(replica.wants_probe(back));
        replica.keep_away(back);
        assert!(!replica.wants_probe(back + Duration::from_millis(1_999)));
        assert!(replica.wants_probe(back + Duration::from_secs(2)));
    }

    #[test]
    fn a_minute_without_trouble_is_forgiven() {
        let (replica, now) = (replica(), Instant::now());
        replica.strike(now);
        replica.readmit();
        replica.strike(now + Duration::from_secs(2));
        replica.readmit();
        let later = now + Duration::from_secs(100);
        replica.strike(later);
        assert!(replica.wants_probe(later + Duration::from_secs(1)));
    }

    #[test]
    fn requests_are_counted_by_worker() {
        let replica = replica();
        replica.enter(0);
        replica.enter(1);
        replica.enter(1);
        replica.leave(0);
        replica.leave(0);
        assert_eq!((replica.load_of(0), replica.load_of(1)), (0, 2));
        assert_eq!((replica.load_of(9), replica.in_flight()), (0, 2));
    }
}
