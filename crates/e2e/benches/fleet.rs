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

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use serde_json::{Value, json};
use tidegate_controller::{ControlPlane, Pace, Ports};
use tidegate_manifest::resource_of;
use tidegate_ports::{Router, RouterError, StoreError};
use tidegate_rollout::Phase;
use tidegate_store::SqliteStore;
use tidegate_testkit::{
    FakeJobs, FakeMetrics, FakeRouter, FakeRuntime, Says, TokioClock,
    usage::{cpu, load, resident},
};
use tidegate_traffic::{RouteTable, TableChange, Taken, TrafficReading};
use tokio::task::JoinSet;

/// For how long a state is watched.
const WATCHED: Duration = Duration::from_secs(30);

/// Requests a second of each rollout, while all are moving.
const RATE: f64 = 10.0;

const BETWEEN_STARTS: Duration = Duration::from_secs(2);

/// So many people apply at the same time.
const AT_ONCE: usize = 256;

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

/// Applies a revision of each, by some people at once.
async fn apply(plane: &ControlPlane, count: u32, version: &str) {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let manifests = [service(number), rollout(number, version)];
        let plane = plane.clone();
        while tasks.len() >= AT_ONCE {
            tasks.join_next().await.unwrap().unwrap();
        }
        tasks.spawn(async move {
            for manifest in manifests {
                let resource = resource_of(&manifest).unwrap();
                plane.apply(resource, manifest, "bench", "Applied").await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

/// Waits until every rollout is in such a phase.
async fn until(plane: &ControlPlane, count: u32, is: impl Fn(Phase) -> bool) {
    loop {
        let views = plane.rollouts(None);
        if views.iter().filter(|view| is(view.report.phase)).count() == count as usize {
            return;
        }
        drop(views);
        tokio::time::sleep(Duration::from_secs(1)).await;
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

fn tell(what: &str, took: &mut [Duration]) {
    took.sort_unstable();
    let millis = |at: usize| took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1000.0);
    let (median, high) = (millis(took.len() / 2), millis(took.len() * 99 / 100));
    let most = millis(took.len().saturating_sub(1));
    println!(
        "{what}: median {median:.0} ms, p99 {high:.0} ms, most {most:.0} ms, of {}",
        took.len()
    );
}

fn service(number: u32) -> Value {
    let [_, _, high, low] = number.to_be_bytes();
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": format!("web-{number}"),
            "annotations": { "tidegate.dev/listen": format!("127.1.{high}.{low}:80") },
        },
        "spec": {
            "selector": { "app": format!("web-{number}") },
            "ports": [{ "port": 80, "targetPort": 8080 }],
        },
    })
}

fn rollout(number: u32, version: &str) -> Value {
    let labels = json!({ "app": format!("web-{number}") });
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": { "name": format!("web-{number}") },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": labels },
            "strategy": { "canary": {
                "trafficRouting": { "plugins": { "tidegate/router": {} } },
                "steps": [{ "setWeight": 5 }, { "pause": {} }],
            } },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{
                    "name": "web",
                    "image": format!("web:{version}"),
                    "env": [{ "name": "VERSION", "value": version }],
                    "ports": [{ "name": "http", "containerPort": 8080 }],
                    "readinessProbe": { "httpGet": { "path": "/healthz", "port": "http" } },
                }] },
            },
        },
    })
}
