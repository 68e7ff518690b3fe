//! Who is connected, and who gives way when there are too many.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tokio::{sync::Notify, time::Instant};

use crate::{access::refusals::Source, limits::Limits};

/// All connections.
pub(crate) struct Connections {
    limits: Limits,
    seats: Mutex<Seats>,
    pub(crate) counts: Counts,
}

/// What became of connections since the server started.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) taken: AtomicU64,
    /// Those that asked for nothing, and gave way to others.
    pub(crate) gave_way: AtomicU64,
    /// Those for which there was no room.
    pub(crate) refused: AtomicU64,
    /// Those that did not do their part in time.
    pub(crate) given_up: AtomicU64,
}

#[derive(Default)]
struct Seats {
    next: u64,
    taken: BTreeMap<u64, Arc<Seat>>,
    per_origin: BTreeMap<Origin, usize>,
}

/// Who counts as one: an address, or the network of a host that chooses its own addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Origin(Option<IpAddr>);

impl Origin {
    fn of(source: Source) -> Self {
        Self(source.0.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
            address @ IpAddr::V4(_) => address,
        }))
    }
}

/// One connection.
pub(crate) struct Seat {
    id: u64,
    origin: Origin,
    work: Mutex<Work>,
    /// Told once it has to give way.
    pub(crate) leave: Notify,
}

/// What a connection does.
struct Work {
    /// Requests that are not answered in full, each with since when the client does not take what there is for it.
    asked: BTreeMap<u64, Option<Instant>>,
    next: u64,
    /// Since when there is none.
    idle_since: Instant,
}

impl Connections {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, seats: Mutex::default(), counts: Counts::default() }
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(crate) fn open(&self) -> usize {
        self.seats().taken.len()
    }

    /// A place for another one. Where there are too many, of all or of its origin, the one that asked for nothing
    /// for longest gives way; where all of them are being answered, there is no place.
    pub(crate) fn admit(self: &Arc<Self>, source: Source) -> Option<Taken> {
        let origin = Origin::of(source);
        let mut seats = self.seats();
        let own = seats.per_origin.get(&origin).copied().unwrap_or(0);
        let room = if own >= self.limits.per_source {
            seats.make_way(Some(origin))
        } else if seats.taken.len() >= self.limits.connections {
            seats.make_way(None)
        } else {
            Way::Free
        };
        match room {
            Way::Free => {}
            Way::Made => drop(self.counts.gave_way.fetch_add(1, Relaxed)),
            Way::None => {
                self.counts.refused.fetch_add(1, Relaxed);
                return None;
            }
        }
        self.counts.taken.fetch_add(1, Relaxed);
        let seat = seats.sit(origin);
        drop(seats);
        Some(Taken { seat, all: Arc::clone(self) })
    }
}

/// Whether there is room.
enum Way {
    Free,
    Made,
    None,
}

impl Seats {
    fn sit(&mut self, origin: Origin) -> Arc<Seat> {
        let id = self.next;
        self.next += 1;
        let work = Work { asked: BTreeMap::new(), next: 0, idle_since: Instant::now() };
        let seat = Arc::new(Seat { id, origin, work: Mutex::new(work), leave: Notify::new() });
        self.taken.insert(id, Arc::clone(&seat));
        *self.per_origin.entry(origin).or_default() += 1;
        seat
    }

    fn rise(&mut self, seat: &Seat) {
        if self.taken.remove(&seat.id).is_none() {
            return;
        }
        if let Entry::Occupied(mut count) = self.per_origin.entry(seat.origin) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// Has one leave that asks for nothing: of this origin, or of the one that has most of them.
    fn make_way(&mut self, of: Option<Origin>) -> Way {
        let idle = self.taken.values().filter(|seat| of.is_none_or(|origin| seat.origin == origin));
        let idle = idle.filter_map(|seat| Some((seat.idle_since()?, seat)));
        let most = |origin: Origin| self.per_origin.get(&origin).copied().unwrap_or(0);
        let chosen = idle.max_by(|(since, one), (other_since, other)| {
            most(one.origin).cmp(&most(other.origin)).then(other_since.cmp(since))
        });
        let Some(chosen) = chosen.map(|(_, seat)| Arc::clone(seat)) else { return Way::None };
        self.rise(&chosen);
        chosen.leave.notify_one();
        Way::Made
    }
}

impl Seat {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when it asks for nothing, if it does not.
    fn idle_since(&self) -> Option<Instant> {
        let work = self.work();
        work.asked.is_empty().then_some(work.idle_since)
    }

    /// Whether it does not do its part: it asks for nothing for too long, or does not take what it asked for.
    pub(crate) fn is_over(&self, limits: &Limits) -> bool {
        let work = self.work();
        let late = |since: Instant, limit| since.elapsed() >= limit;
        if work.asked.is_empty() {
            return late(work.idle_since, limits.idle);
        }
        work.asked.values().flatten().any(|since| late(*since, limits.write))
    }

    /// A request comes.
    pub(crate) fn ask(self: &Arc<Self>) -> Asked {
        let mut work = self.work();
        let id = work.next;
        work.next += 1;
        work.asked.insert(id, None);
        drop(work);
        Asked { seat: Arc::clone(self), id }
    }
}

/// The place of a connection, until this is dropped.
pub(crate) struct Taken {
    pub(crate) seat: Arc<Seat>,
    pub(crate) all: Arc<Connections>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.all.seats().rise(&self.seat);
    }
}

/// A request, until its answer is sent or given up and this is dropped.
pub(crate) struct Asked {
    seat: Arc<Seat>,
    id: u64,
}

impl Asked {
    /// The client was given something; from here on it is waited for, until it comes for more.
    pub(crate) fn gave(&self) {
        self.seat.work().asked.insert(self.id, Some(Instant::now()));
    }

    /// There is nothing to give: it is the client that waits.
    pub(crate) fn waits(&self) {
        self.seat.work().asked.insert(self.id, None);
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let mut work = self.seat.work();
        work.asked.remove(&self.id);
        work.idle_since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn source(text: &str) -> Source {
        Source(Some(text.parse().unwrap()))
    }

    fn few(connections: usize, per_source: usize) -> Arc<Connections> {
        Arc::new(Connections::new(Limits { connections, per_source, ..Limits::default() }))
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_for_nothing_for_longest_gives_way() {
        let all = few(3, 3);
        let first = all.admit(source("10.0.0.1")).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let second = all.admit(source("10.0.0.1")).unwrap();
        let busy = first.seat.ask();
        let _third = all.admit(source("10.0.0.2")).unwrap();
        let _fourth = all.admit(source("10.0.0.3")).unwrap();
        second.seat.leave.notified().await;
        assert_eq!(all.open(), 3);
        drop(second);
        assert_eq!(all.open(), 3, "who gave way is not counted twice");
        drop(busy);
        let _fifth = all.admit(source("10.0.0.4")).unwrap();
        assert_eq!((all.open(), all.counts.gave_way.load(Relaxed)), (3, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn one_source_cannot_take_the_places_of_others() {
        let all = few(10, 2);
        let own: Vec<_> = (0..2).map(|_| all.admit(source("10.0.0.1")).unwrap()).collect();
        let _busy: Vec<_> = own.iter().map(|taken| taken.seat.ask()).collect();
        assert!(all.admit(source("10.0.0.1")).is_none());
        assert!(all.admit(source("10.0.0.2")).is_some());
        // A host of IPv6 has as many addresses as it likes.
        let _one = all.admit(source("2001:db8::1")).unwrap();
        let _other = all.admit(source("2001:db8::2:0:0:1")).unwrap();
        let third = all.admit(source("2001:db8::ffff:1")).unwrap();
        assert_eq!(all.counts.gave_way.load(Relaxed), 1);
        assert_eq!(all.counts.refused.load(Relaxed), 1);
        drop(third);
    }

    #[tokio::test(start_paused = true)]
    async fn where_all_are_answered_there_is_no_place_until_one_ends() {
        let all = few(2, 2);
        let own: Vec<_> = (0..2).map(|_| all.admit(source("10.0.0.1")).unwrap()).collect();
        let busy: Vec<_> = own.iter().map(|taken| taken.seat.ask()).collect();
        assert!(all.admit(source("10.0.0.2")).is_none());
        drop((busy, own));
        assert_eq!(all.open(), 0);
        assert!(all.admit(source("10.0.0.2")).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_take_its_answer_is_over_and_one_that_waits_is_not() {
        let all = few(2, 2);
        let limits = all.limits();
        let taken = all.admit(source("10.0.0.1")).unwrap();
        let asked = taken.seat.ask();
        tokio::time::advance(limits.write * 2).await;
        assert!(!taken.seat.is_over(limits), "the server has given it nothing yet");
        asked.gave();
        tokio::time::advance(limits.write / 2).await;
        assert!(!taken.seat.is_over(limits));
        asked.waits();
        tokio::time::advance(limits.write * 2).await;
        assert!(!taken.seat.is_over(limits));
        asked.gave();
        tokio::time::advance(limits.write).await;
        assert!(taken.seat.is_over(limits));
        drop(asked);
        assert!(!taken.seat.is_over(limits));
        tokio::time::advance(limits.idle).await;
        assert!(taken.seat.is_over(limits));
    }
}
