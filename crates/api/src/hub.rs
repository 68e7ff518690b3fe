//! What happens to all rollouts, found and written once for everybody who watches.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tidegate_controller::{ControlPlane, Fleet};
use tidegate_ledger::Entry;
use tokio::{sync::watch, time::Instant};

use crate::{happening::Happening, hub_task, position::Position};

/// Events that are kept for who reads slowly or comes back: some minutes of a fleet that moves.
const KEPT_EVENTS: usize = 4_096;
/// And their bytes: with rows of 700 bytes, four changes of each of 5,000 rollouts. Who is further
/// behind is better off with the list, which says each of them once.
const KEPT_BYTES: usize = 16 * 1024 * 1024;
/// Without anybody who watches or lists, nothing is looked for after this long: a page that lost its
/// connection is back sooner.
const IDLE: Duration = Duration::from_mins(1);

/// Where everybody who watches the fleet gets it from. Cheap to clone.
///
/// One task finds what changed; whoever watches has a place in a ring that all share. The task runs
/// while somebody watches or has lately listed, so that a server that nobody looks at does nothing.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Inner>);

struct Inner {
    control: ControlPlane,
    stopping: watch::Receiver<bool>,
    ring: Mutex<Ring>,
    /// The version of the last event.
    told: watch::Sender<u64>,
}

struct Ring {
    awake: bool,
    version: u64,
    /// Who has read up to here or further can go on.
    floor: u64,
    /// The last ledger entry of any event.
    sequence: u64,
    events: VecDeque<Arc<Happening>>,
    bytes: usize,
    asked_at: Instant,
}

/// What there is for somebody who has read up to a version.
pub(crate) enum Next {
    /// The event after it.
    Event(Arc<Happening>),
    /// Nothing yet: the ledger was told up to here.
    Nothing(u64),
    /// What followed is not kept any more; this is where things are now.
    Lost(Position),
}

impl Hub {
    pub(crate) fn new(control: ControlPlane, stopping: watch::Receiver<bool>) -> Self {
        let ring = Ring {
            awake: false,
            version: 0,
            floor: 0,
            sequence: 0,
            events: VecDeque::new(),
            bytes: 0,
            asked_at: Instant::now(),
        };
        Self(Arc::new(Inner {
            control,
            stopping,
            ring: Mutex::new(ring),
            told: watch::channel(0).0,
        }))
    }

    /// Where things are now: whoever looks at the fleet after this and then follows from here misses
    /// nothing.
    pub(crate) fn position(&self) -> Position {
        let mut ring = self.ring();
        self.wake(&mut ring);
        self.position_of(&ring)
    }

    /// What comes after a version.
    pub(crate) fn after(&self, version: u64) -> Next {
        let mut ring = self.ring();
        self.wake(&mut ring);
        if version < ring.floor || version > ring.version {
            return Next::Lost(self.position_of(&ring));
        }
        let at = usize::try_from(version - ring.floor).unwrap_or(usize::MAX);
        let event = ring.events.get(at);
        event.map_or(Next::Nothing(ring.sequence), |event| Next::Event(Arc::clone(event)))
    }

    /// Changes with each event.
    pub(crate) fn told(&self) -> watch::Receiver<u64> {
        self.0.told.subscribe()
    }

    pub(crate) fn control(&self) -> &ControlPlane {
        &self.0.control
    }

    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.clone()
    }

    /// The last ledger entry of any event.
    pub(crate) fn sequence(&self) -> u64 {
        self.ring().sequence
    }

    /// Puts an event at the end, for rollouts and ledger entries that follow the last one.
    pub(crate) fn tell(&self, entries: &[Entry], rows: &[hub_task::Row]) {
        let mut ring = self.ring();
        let from = self.position_of(&ring);
        let event = Happening::new(from, entries, rows);
        ring.version += 1;
        ring.sequence = event.sequence();
        ring.bytes += event.len();
        ring.events.push_back(Arc::new(event));
        while ring.events.len() > KEPT_EVENTS || ring.bytes > KEPT_BYTES && ring.events.len() > 1 {
            let Some(oldest) = ring.events.pop_front() else { break };
            ring.bytes -= oldest.len();
            ring.floor += 1;
        }
        let version = ring.version;
        drop(ring);
        self.0.told.send_replace(version);
    }

    /// Whether nobody needs events any more: then there will be none until somebody does.
    pub(crate) fn sleeps(&self) -> bool {
        let mut ring = self.ring();
        if self.0.told.receiver_count() > 0 || ring.asked_at.elapsed() < IDLE {
            return false;
        }
        ring.awake = false;
        ring.events = VecDeque::new();
        ring.bytes = 0;
        true
    }

    /// Begins to look for events, from what is now on.
    fn wake(&self, ring: &mut Ring) {
        ring.asked_at = Instant::now();
        if ring.awake {
            return;
        }
        let fleet: Fleet = self.0.control.fleet();
        ring.awake = true;
        ring.version += 1;
        ring.floor = ring.version;
        ring.sequence = fleet.head();
        tokio::spawn(hub_task::run(self.clone(), fleet));
    }

    fn position_of(&self, ring: &Ring) -> Position {
        let epoch = self.0.control.epoch();
        Position { epoch, version: ring.version, sequence: ring.sequence }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // Nothing under it panics half way.
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
