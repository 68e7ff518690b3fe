//! A control plane on fakes, with a rollout `web` behind a Service `web`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde_json::json;
use tidegate_controller::{ControlPlane, Pace, Ports, Resource, RolloutView};
use tidegate_ports::Clock;
use tidegate_rollout::{
    AnalysisUse, BlueGreen, Canary, Command, Phase, Promotion, RolloutResource, RolloutSpec, Step,
    Strategy, TemplateUse,
};
use tidegate_testkit::{
    FakeJobs, FakeMetrics, FakeRouter, FakeRuntime, MemoryStore, Says, TokioClock,
};
use tidegate_traffic::{Service, ServicePort, Target};
use tidegate_units::{ObjectKey, RevisionHash, Timestamp, Weight};
use tidegate_workload::{Container, ContainerPort, PodTemplate, WorkloadMeta};

/// Requests per second that the fake router carries.
pub(crate) const RATE: f64 = 200.0;

pub(crate) struct Bench {
    pub(crate) clock: TokioClock,
    pub(crate) wall: Arc<WallClock>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) router: Arc<FakeRouter>,
    pub(crate) runtime: Arc<FakeRuntime>,
    pub(crate) metrics: Arc<FakeMetrics>,
    pub(crate) jobs: Arc<FakeJobs>,
    pub(crate) plane: ControlPlane,
}

impl Bench {
    /// A world with nothing in it.
    pub(crate) async fn empty() -> Self {
        let clock = TokioClock::new();
        let store = Arc::new(MemoryStore::default());
        let router = Arc::new(FakeRouter::new(clock, RATE));
        let runtime = Arc::new(FakeRuntime::new(clock, Duration::from_millis(300)));
        let wall = Arc::new(WallClock::new(clock));
        let metrics = Arc::new(FakeMetrics::new(Says::Number(1.0)));
        let jobs = Arc::new(FakeJobs::default());
        let plane = start(&wall, &store, &router, &runtime, (&metrics, &jobs)).await;
        Self { clock, wall, store, router, runtime, metrics, jobs, plane }
    }

    /// A world in which revision `v1` is stable.
    pub(crate) async fn with_stable() -> Self {
        let bench = Self::empty().await;
        bench.apply(Resource::Service(service())).await;
        bench.apply(Resource::Rollout(rollout("v1"))).await;
        bench.until("v1 is healthy", |view| view.report.phase == Phase::Healthy).await;
        bench
    }

    /// The control plane dies and another starts on what is left.
    pub(crate) async fn restart(self) -> Self {
        let Self { clock, wall, store, router, runtime, metrics, jobs, plane } = self;
        drop(plane);
        sleep(1).await;
        let plane = start(&wall, &store, &router, &runtime, (&metrics, &jobs)).await;
        Self { clock, wall, store, router, runtime, metrics, jobs, plane }
    }

    /// The world as a control plane sees it.
    pub(crate) fn ports(&self) -> Ports {
        let doors = (&self.metrics, &self.jobs);
        ports(&self.wall, &self.store, &self.router, &self.runtime, doors)
    }

    pub(crate) async fn apply(&self, resource: Resource) {
        let manifest = manifest(&resource);
        self.plane.apply(resource, manifest, "ada", "Applied").await.unwrap();
    }

    pub(crate) async fn command(&self, command: Command) {
        self.plane.command(key(), command, "ada").await.unwrap();
    }

    pub(crate) fn view(&self) -> RolloutView {
        self.plane.rollout(&key()).unwrap()
    }

    /// Waits, at most ten simulated minutes.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&RolloutView) -> bool) {
        for _ in 0..60_000 {
            if self.plane.rollout(&key()).is_some_and(|view| holds(&view)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic_with(what, &self.view());
    }

    /// The share of `revision` at the router.
    pub(crate) fn weight(&self, revision: &str) -> u32 {
        self.router.weight(&key(), &revision.into()).map_or(0, |it| it.out_of(100))
    }
}

#[expect(clippy::panic, reason = "a test fails by panicking")]
fn panic_with(what: &str, view: &RolloutView) {
    panic!("never: {what}\n{:#?}\n{:#?}", view.report, view.status);
}

async fn start(
    wall: &Arc<WallClock>,
    store: &Arc<MemoryStore>,
    router: &Arc<FakeRouter>,
    runtime: &Arc<FakeRuntime>,
    doors: (&Arc<FakeMetrics>, &Arc<FakeJobs>),
) -> ControlPlane {
    ControlPlane::start(ports(wall, store, router, runtime, doors), Pace::default()).await.unwrap()
}

fn ports(
    wall: &Arc<WallClock>,
    store: &Arc<MemoryStore>,
    router: &Arc<FakeRouter>,
    runtime: &Arc<FakeRuntime>,
    (metrics, jobs): (&Arc<FakeMetrics>, &Arc<FakeJobs>),
) -> Ports {
    Ports {
        clock: Arc::clone(wall) as _,
        runtime: Arc::clone(runtime) as _,
        router: Arc::clone(router) as _,
        store: Arc::clone(store) as _,
        metrics: Arc::clone(metrics) as _,
        jobs: Arc::clone(jobs) as _,
    }
}

/// The machine's clock, which somebody may set.
pub(crate) struct WallClock {
    clock: TokioClock,
    behind_ms: AtomicU64,
    ahead_ms: AtomicU64,
}

impl WallClock {
    fn new(clock: TokioClock) -> Self {
        Self { clock, behind_ms: AtomicU64::new(0), ahead_ms: AtomicU64::new(0) }
    }

    pub(crate) fn set_back(&self, by: Duration) {
        self.behind_ms.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn set_forth(&self, by: Duration) {
        self.ahead_ms.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let by = |set: &AtomicU64| Duration::from_millis(set.load(Ordering::SeqCst));
        self.clock.now().after(by(&self.ahead_ms)).before(by(&self.behind_ms))
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }
}

/// Runs to the end, in a time that jumps from one event to the next.
pub(crate) fn in_simulated_time(life: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(life);
}

pub(crate) async fn sleep(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

pub(crate) fn key() -> ObjectKey {
    ObjectKey::new("default", "web")
}

fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([("app".to_owned(), "web".to_owned())])
}

pub(crate) fn service() -> Service {
    Service {
        key: key(),
        selector: labels(),
        ports: vec![ServicePort {
            name: None,
            port: 80,
            target: Target::Number(8080),
            node_port: None,
        }],
        listen: None,
        sticky: None,
        region: None,
    }
}

/// A rollout of three replicas: 5 %, 20 s, 50 %, 20 s, all.
pub(crate) fn rollout(revision: &str) -> RolloutResource {
    let weight = |percent| Step::SetWeight(Weight::new(percent).unwrap());
    let pause = Step::Pause(Some(Duration::from_secs(20)));
    RolloutResource {
        selector: labels(),
        ..RolloutResource::new(
            key(),
            RolloutSpec {
                name: "web".to_owned(),
                replicas: 3,
                revision: RevisionHash::from(revision),
                paused: false,
                min_ready: Duration::ZERO,
                revision_history_limit: 10,
                progress_deadline: Duration::from_mins(10),
                progress_deadline_abort: false,
                restart_at: None,
                rollback_window: 0,
                strategy: Strategy::Canary(Canary {
                    steps: vec![weight(5), pause.clone(), weight(50), pause],
                    routed: true,
                    default_watch: true,
                    ..Canary::default()
                }),
            },
            template(revision),
        )
    }
}

/// The same by blue-green, waiting for 5 s; with a template, that one before and after the switch.
pub(crate) fn blue_green(revision: &str, template: Option<&str>) -> RolloutResource {
    let analysis = template.map(|name| AnalysisUse {
        templates: vec![TemplateUse { name: name.to_owned(), ..TemplateUse::default() }],
        ..AnalysisUse::default()
    });
    let mut rollout = rollout(revision);
    rollout.active_service = Some(key().name.to_string());
    rollout.spec.strategy = Strategy::BlueGreen(BlueGreen {
        promotion: Promotion::After(Duration::from_secs(5)),
        pre_promotion: analysis.clone(),
        post_promotion: analysis,
        ..BlueGreen::default()
    });
    rollout
}

/// The canary strategy of a spec, to be changed.
pub(crate) fn canary_of(spec: &mut RolloutSpec) -> &mut Canary {
    match &mut spec.strategy {
        Strategy::Canary(canary) => canary,
        Strategy::BlueGreen(_) => panic!("not a canary"),
    }
}

/// The same with an analysis step in place of its second pause.
pub(crate) fn analysed(revision: &str, template: &str) -> RolloutResource {
    let mut rollout = rollout(revision);
    canary_of(&mut rollout.spec).default_watch = false;
    canary_of(&mut rollout.spec).steps[3] = Step::Analysis(AnalysisUse {
        templates: vec![TemplateUse { name: template.to_owned(), ..TemplateUse::default() }],
        ..AnalysisUse::default()
    });
    rollout
}

pub(crate) fn template(image: &str) -> PodTemplate {
    PodTemplate {
        meta: WorkloadMeta { labels: labels(), annotations: BTreeMap::new() },
        containers: vec![Container {
            name: "web".to_owned(),
            image: format!("web:{image}"),
            ports: vec![ContainerPort { number: 8080, name: None, udp: false }],
            ..Container::default()
        }],
        termination_grace: Duration::from_secs(30),
        ..PodTemplate::default()
    }
}

/// A stand-in for what the user wrote: it differs when the resource does.
pub(crate) fn manifest(resource: &Resource) -> serde_json::Value {
    let spec = match resource {
        Resource::Secret(secret) => {
            return json!({ "kind": "Secret", "stringData": secret.data });
        }
        Resource::Rollout(rollout) => {
            let mut spec = json!(rollout.spec);
            spec["template"] = json!({ "spec": { "containers": [] } });
            Ok(spec)
        }
        other => serde_json::to_value(other),
    };
    json!({ "kind": resource.kind().as_str(), "spec": spec.unwrap() })
}
