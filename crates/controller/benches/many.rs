//! What many rollouts cost: `cargo bench -p tidegate-controller --bench many [-- COUNT]`.
//!
//! The control plane alone, between fakes, with so many rollouts (1,000 unless told) of one replica,
//! each behind a Service: memory and CPU at rest, and how soon each is looked at when all of them get
//! a new revision. The fakes carry no traffic and keep nothing, so that what is measured is the
//! controller's.
//!
//! Measured on a busy machine of two cores, with 1,000 rollouts, when each tick looked at all of them
//! and since it looks at what changed: an apply 19.8 and 0.64 ms of CPU (31 to 1), at rest 2.3 % and
//! 0.1 % of a core, 31 and 32 MB resident.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark prints what it saw"
)]

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use serde_json::json;
use tidegate_controller::{ControlPlane, Pace, Ports, Resource};
use tidegate_ledger::{Entry, Head, Summary, Verifier, link};
use tidegate_ports::{Batch, Committed, Store, StoreError, StoredObject, VerifyError};
use tidegate_rollout::{Canary, Phase, RolloutResource, RolloutSpec, Step, Strategy};
use tidegate_testkit::{
    FakeJobs, FakeMetrics, FakeRouter, FakeRuntime, Says, TokioClock,
    usage::{cpu, resident},
};
use tidegate_traffic::{Service, ServicePort, Target};
use tidegate_units::{Epoch, ObjectKey, RevisionHash, Weight};
use tidegate_workload::{Container, ContainerPort, PodTemplate, WorkloadMeta};

/// How long the rest is watched.
const REST: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let count = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(1_000);
    let plane = start().await;
    let (used, begun) = (cpu(), Instant::now());
    let mut applies = Vec::new();
    for number in 0..count {
        applies.push(apply(&plane, Resource::Service(service(number))).await);
        applies.push(apply(&plane, Resource::Rollout(rollout(number, "v1"))).await);
    }
    println!("{count} applied in {:.1} s", begun.elapsed().as_secs_f64());
    tell_applies(&mut applies, cpu().saturating_sub(used));
    settled(&plane, count, Phase::Healthy).await;
    println!("all healthy after {:.1} s", begun.elapsed().as_secs_f64());

    watch("at rest").await;

    let (used, begun) = (cpu(), Instant::now());
    let mut applies = Vec::new();
    for number in 0..count {
        applies.push(apply(&plane, Resource::Rollout(rollout(number, "v2"))).await);
    }
    tell_applies(&mut applies, cpu().saturating_sub(used));
    println!("{count} new revisions applied in {:.1} s", begun.elapsed().as_secs_f64());
    settled(&plane, count, Phase::Paused).await;
    println!("all at their first pause after {:.1} s", begun.elapsed().as_secs_f64());
    watch("all paused").await;
}

/// What it uses for a while in which nobody asks for anything.
async fn watch(what: &str) {
    let (used, begun) = (cpu(), Instant::now());
    tokio::time::sleep(REST).await;
    let share = cpu().saturating_sub(used).as_secs_f64() / begun.elapsed().as_secs_f64();
    println!("{what}: {:.1} % of a core, {} MB resident", share * 100.0, resident());
}

async fn start() -> ControlPlane {
    let clock = TokioClock::new();
    // What fakes do is no cost of the controller's: it carries nothing and keeps one table.
    let router = FakeRouter::new(clock, 0.0);
    router.forget();
    let ports = Ports {
        clock: Arc::new(clock),
        runtime: Arc::new(FakeRuntime::new(clock, Duration::from_millis(300))),
        router: Arc::new(router),
        store: Arc::new(Nowhere::default()),
        metrics: Arc::new(FakeMetrics::new(Says::Number(1.0))),
        jobs: Arc::new(FakeJobs::default()),
    };
    ControlPlane::start(ports, Pace::default()).await.unwrap()
}

/// A store that links the ledger and keeps nothing: what a disk holds is no memory of the controller.
#[derive(Default)]
struct Nowhere(Mutex<Head>);

#[async_trait]
impl Store for Nowhere {
    async fn lead(&self, least: Epoch) -> Result<Epoch, StoreError> {
        Ok(least)
    }

    async fn load(&self) -> Result<Vec<StoredObject>, StoreError> {
        Ok(Vec::new())
    }

    async fn commit(&self, _epoch: Epoch, batch: Batch) -> Result<Committed, StoreError> {
        let mut head = self.0.lock().unwrap();
        let entries = batch.entries.into_iter().map(|draft| {
            let entry = link(*head, draft);
            *head = entry.head();
            entry
        });
        Ok(Committed { entries: entries.collect() })
    }

    async fn entries(&self, _after: u64, _limit: usize) -> Result<Vec<Entry>, StoreError> {
        Ok(Vec::new())
    }

    async fn verify(&self, _expected: Option<Head>) -> Result<Summary, VerifyError> {
        Ok(Verifier::new(Head::default(), None).so_far())
    }
}

/// Applies, and says how long that took.
async fn apply(plane: &ControlPlane, resource: Resource) -> Duration {
    let begun = Instant::now();
    plane.apply(resource, json!({}), "bench", "Applied").await.unwrap();
    begun.elapsed()
}

/// How long an apply takes when there are few of them, and when there are all; and, for machines that
/// have other things to do, what it takes of the CPU.
fn tell_applies(took: &mut [Duration], used: Duration) {
    let each = used.as_secs_f64() * 1000.0 / took.len() as f64;
    println!("an apply: {each:.2} ms of CPU, the ticks that it leads to among them");
    let tenth = took.len().div_ceil(10);
    let last = took.len() - tenth;
    for (which, part) in [("first", 0..tenth), ("last", last..took.len())] {
        let part = &mut took[part];
        part.sort_unstable();
        let millis = |at: usize| part[at].as_secs_f64() * 1000.0;
        let (median, most) = (millis(part.len() / 2), millis(part.len() * 99 / 100));
        println!("an apply among the {which} tenth: median {median:.2} ms, p99 {most:.2} ms");
    }
}

/// Waits until every rollout is in this phase.
async fn settled(plane: &ControlPlane, count: u32, phase: Phase) {
    loop {
        let views = plane.rollouts(None);
        let done = views.iter().filter(|view| view.report.phase == phase).count();
        if done == usize::try_from(count).unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn key(number: u32) -> ObjectKey {
    ObjectKey::new("default", &format!("web-{number}"))
}

fn labels(number: u32) -> BTreeMap<String, String> {
    BTreeMap::from([("app".to_owned(), format!("web-{number}"))])
}

fn service(number: u32) -> Service {
    Service {
        key: key(number),
        selector: labels(number),
        ports: vec![ServicePort {
            name: None,
            port: 80,
            target: Target::Number(8080),
            node_port: None,
        }],
        listen: Some((Ipv4Addr::from(0x7f01_0000 | number), 80).into()),
        sticky: None,
        region: None,
    }
}

fn rollout(number: u32, revision: &str) -> RolloutResource {
    RolloutResource {
        selector: labels(number),
        ..RolloutResource::new(
            key(number),
            RolloutSpec {
                name: key(number).name.to_string(),
                replicas: 1,
                revision: RevisionHash::from(format!("{revision}-{number}").as_str()),
                paused: false,
                min_ready: Duration::ZERO,
                revision_history_limit: 10,
                progress_deadline: Duration::from_mins(10),
                progress_deadline_abort: false,
                restart_at: None,
                rollback_window: 0,
                strategy: Strategy::Canary(Canary {
                    steps: vec![Step::SetWeight(Weight::new(5).unwrap()), Step::Pause(None)],
                    routed: true,
                    ..Canary::default()
                }),
            },
            Arc::new(PodTemplate {
                meta: WorkloadMeta { labels: labels(number), annotations: BTreeMap::new() },
                containers: vec![Container {
                    name: "web".to_owned(),
                    image: format!("web:{revision}"),
                    ports: vec![ContainerPort { number: 8080, name: None, udp: false }],
                    ..Container::default()
                }],
                termination_grace: Duration::from_secs(30),
                ..PodTemplate::default()
            }),
        )
    }
}
