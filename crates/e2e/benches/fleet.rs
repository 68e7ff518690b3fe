//! What many rollouts cost in one controller with the real store:
//! `cargo xtask bench e2e [-- COUNT]`, 10,000 unless told.
//!
//! Each rollout has one replica and a Service, and its manifest is kept as it was applied. The store is
//! the real one, on a disk; runtime and router are fakes, and what they hold and do is counted as the
//! controller's, for it is one process. Three things are measured:
//!
//! - *at rest*: memory and CPU when nobody asks for anything;
//! - *start*: from opening the store until the router was told its first table, for which every
//!   rollout was planned;
//! - *all moving*: each of them has a canary at 5 % that is judged on ten requests a second, the default
//!   analysis. A look of the controller at the router's counts is followed by a plan of everything
//!   that is judged, in the same tick; the time from look to look is how long each waits.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints what it saw")]

#[path = "many/rollouts.rs"]
mod rollouts;

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tidegate_controller::{ControlPlane, Pace, Ports};
use tidegate_ports::{Router, RouterError, StoreError};
use tidegate_rollout::Phase;
use tidegate_store::SqliteStore;
use tidegate_testkit::{
    FakeJobs, FakeMetrics, FakeRouter, FakeRuntime, Says, TokioClock,
    usage::{cpu, load, resident},
};
use tidegate_traffic::{RouteTable, TableChange, Taken, TrafficReading};

use crate::rollouts::{apply, tell, until};

/// For how long a state is watched.
const WATCHED: Duration = Duration::from_secs(30);

/// Requests a second of each rollout, while all are moving.
const RATE: f64 = 10.0;

const BETWEEN_STARTS: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let count = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(10_000);
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::new();
    let (_, plane) = house.start(folder.path()).await;
    apply(&plane, count, "v1").await;
    until(&plane, count, |phase| phase == Phase::Healthy).await;
    println!("{count} rollouts are healthy");
    watch("at rest").await;
    drop(plane);

    let mut took = Vec::new();
    let mut used = Vec::new();
    for _ in 0..5 {
        // The one before gives its memory back first: a start is that of a new process.
        tokio::time::sleep(BETWEEN_STARTS).await;
        let before = cpu();
        let (begun, plane) = house.start(folder.path()).await;
        house.router.first_table().await;
        took.push(begun.elapsed());
        used.push(cpu().saturating_sub(before));
        drop(plane);
    }
    tell("start", &mut took);
    tell("start, CPU", &mut used);

    let (_, plane) = house.start(folder.path()).await;
    house.router.first_table().await;
    watch("at rest after a start").await;
    house.router.carry(RATE);
    let (begun, before) = (Instant::now(), cpu());
    apply(&plane, count, "v2").await;
    let (took, used) = (begun.elapsed(), cpu().saturating_sub(before));
    println!(
        "{count} new revisions applied in {:.1} s, with {:.1} s of CPU",
        took.as_secs_f64(),
        used.as_secs_f64()
    );
    until(&plane, count, |phase| phase == Phase::Paused).await;
    println!("all judged at their first step after {:.1} s", begun.elapsed().as_secs_f64());
    house.router.looks();
    watch("all moving").await;
    let looks = house.router.looks();
    let mut between: Vec<_> =
        looks.iter().zip(looks.iter().skip(1)).map(|(one, next)| *next - *one).collect();
    tell("from look to look at each", &mut between);
}

/// What outlives a control plane.
struct House {
    clock: TokioClock,
    runtime: Arc<FakeRuntime>,
    router: Arc<Watched>,
}

impl House {
    fn new() -> Self {
        let clock = TokioClock::new();
        let router = FakeRouter::new(clock, 0.0);
        router.forget();
        Self {
            clock,
            runtime: Arc::new(FakeRuntime::new(clock, Duration::from_millis(300))),
            router: Arc::new(Watched { router, seen: Mutex::default() }),
        }
    }

    /// Starts a control plane, and says when it began: as soon as the one before has ended.
    async fn start(&mut self, folder: &Path) -> (Instant, ControlPlane) {
        self.router.seen.lock().unwrap().told = false;
        let (begun, store) = loop {
            let begun = Instant::now();
            match SqliteStore::open(folder) {
                Err(StoreError::Locked { .. }) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                other => break (begun, other.unwrap()),
            }
        };
        let ports = Ports {
            clock: Arc::new(self.clock),
            runtime: Arc::clone(&self.runtime) as _,
            router: Arc::clone(&self.router) as _,
            store: Arc::new(store),
            metrics: Arc::new(FakeMetrics::new(Says::Number(1.0))),
            jobs: Arc::new(FakeJobs::default()),
        };
        (begun, ControlPlane::start(ports, Pace::default()).await.unwrap())
    }
}

/// A router that notes when it is looked at.
struct Watched {
    router: FakeRouter,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    looks: Vec<Instant>,
    /// Whether the newest control plane has told a table.
    told: bool,
}

impl Watched {
    fn carry(&self, rate: f64) {
        self.router.carries(rate);
    }

    async fn first_table(&self) {
        while !self.seen.lock().unwrap().told {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The moments of the looks since the last time.
    fn looks(&self) -> Vec<Instant> {
        std::mem::take(&mut self.seen.lock().unwrap().looks)
    }
}

#[async_trait]
impl Router for Watched {
    async fn apply(&self, table: &RouteTable) -> Result<(), RouterError> {
        self.seen.lock().unwrap().told = true;
        self.router.apply(table).await
    }

    async fn change(&self, change: &TableChange) -> Result<Taken, RouterError> {
        self.router.change(change).await
    }

    async fn read(&self) -> Result<TrafficReading, RouterError> {
        self.seen.lock().unwrap().looks.push(Instant::now());
        self.router.read().await
    }

    async fn held(&self) -> Result<Option<RouteTable>, RouterError> {
        self.router.held().await
    }
}

/// What it uses for a while.
async fn watch(what: &str) {
    let (used, begun) = (cpu(), Instant::now());
    tokio::time::sleep(WATCHED).await;
    let share = cpu().saturating_sub(used).as_secs_f64() / begun.elapsed().as_secs_f64();
    println!(
        "{what}: {:.1} % of a core, {} MB resident (the machine's load is {})",
        share * 100.0,
        resident(),
        load()
    );
}
