use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool, AtomicU8, AtomicU64, AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tidegate_units::Timestamp;

use crate::{
    access_log::AccessLog, meters::Meters, mirror::Mirror, refusal::Refusal, routes::Routes,
    settings::RouterSettings,
};

/// Of a router that stops: whoever told it so waits.
const GRACE: Duration = Duration::from_secs(1);
/// Of one whose place another has taken: nobody waits, and clients that poll every ten seconds keep
/// their connections until an answer tells them not to.
const LONG_GRACE: Duration = Duration::from_secs(15);

/// Whether a router is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Leaving {
    /// It stays.
    No,
    /// It was told to stop.
    Stopping,
    /// Another router has taken its place.
    HandedOver,
}

/// What every thread of the router sees.
#[derive(Debug)]
pub(crate) struct Shared {
    /// How it runs.
    pub(crate) settings: RouterSettings,
    /// What was counted.
    pub(crate) meters: Meters,
    /// What was counted that belongs to no revision, by worker.
    pub(crate) stats: Box<[WorkerStats]>,
    /// Where requests are written down, when they are.
    pub(crate) log: Option<AccessLog>,
    /// Where copies of requests are laid down.
    pub(crate) mirror: Mirror,
    leaving: AtomicU8,
    /// Whether the table that holds is on disk.
    pub(crate) table_kept: AtomicBool,
    version: AtomicU64,
    routes: Mutex<Arc<Routes>>,
}

/// What one worker counts besides its requests.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct WorkerStats {
    /// Connections that are open.
    pub(crate) connections: AtomicUsize,
    /// Connections taken since the start.
    pub(crate) accepted: AtomicU64,
    /// Connections closed at once because the listener had its full number.
    pub(crate) over_limit: AtomicU64,
    /// Requests that were sent once more.
    pub(crate) retries: AtomicU64,
    /// Answers of the router itself, by [`Refusal`].
    pub(crate) refusals: [AtomicU64; Refusal::ALL.len()],
}

impl Shared {
    /// A router that has no table yet.
    pub(crate) fn new(settings: RouterSettings, log: Option<AccessLog>, mirror: Mirror) -> Self {
        let workers = settings.workers.get();
        Self {
            meters: Meters::new(workers),
            stats: (0..workers).map(|_| WorkerStats::default()).collect(),
            log,
            mirror,
            leaving: AtomicU8::new(Leaving::No as u8),
            table_kept: AtomicBool::new(true),
            version: AtomicU64::new(0),
            routes: Mutex::default(),
            settings,
        }
    }

    /// Client connections that are open, of all listeners.
    pub(crate) fn connections(&self) -> usize {
        self.stats.iter().map(|stats| stats.connections.load(Relaxed)).sum()
    }

    /// Counts up with each table; a worker compares it before each request.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Acquire)
    }

    /// The table that holds now.
    pub(crate) fn routes(&self) -> Arc<Routes> {
        Arc::clone(&self.routes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes all requests that begin from now on follow `routes`.
    pub(crate) fn follow(&self, routes: Routes) {
        *self.routes.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
        self.version.fetch_add(1, Release);
    }

    /// Whether the router is on its way out: answers then ask clients to close their connections.
    pub(crate) fn is_stopping(&self) -> bool {
        self.grace().is_some()
    }

    /// How the router is on its way out from now on.
    pub(crate) fn leave(&self, leaving: Leaving) {
        self.leaving.store(leaving as u8, Relaxed);
    }

    /// The time that clients have to send a last request on an idle connection, whose answer then
    /// tells them to close it; so a request that is on its way is not lost. None while the router
    /// stays.
    pub(crate) fn grace(&self) -> Option<Duration> {
        let limits = &self.settings.limits;
        match self.leaving.load(Relaxed) {
            leaving if leaving == Leaving::No as u8 => None,
            leaving if leaving == Leaving::HandedOver as u8 => {
                Some(LONG_GRACE.min(limits.handover_timeout / 2))
            }
            _ => Some(GRACE.min(limits.drain_timeout / 2)),
        }
    }

    /// Drops counts that nobody needs any more.
    pub(crate) fn prune(&self) {
        let routes = self.routes();
        self.meters.prune(wall_clock(), |owner, revision| routes.names(owner, revision));
    }
}

/// What the machine's clock says.
pub(crate) fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
