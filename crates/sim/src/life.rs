//! A world that lives through a script, and then comes to rest.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate_controller::{ControlPlane, Kind, Outcome, Pace, Ports, StartError};
use tidegate_ports::StoreError;
use tidegate_rollout::Command;
use tidegate_testkit::{
    FakeJobs, FakeMetrics, FakeRouter, FakeRuntime, MemoryStore, Says, TokioClock,
};
use tokio::time::Instant;

use crate::{
    apps::{asking, key, manifest, revision, rollout, secret, service},
    chance::Chance,
    clock::WrongClock,
    doors::{Doors, Fate, Machine, State},
    kinds,
    rules::Rules,
    script::{Act, App, Deed, MOST_LOST, Release},
    trace::Trace,
};

/// Requests a second of each Service, to begin with.
pub(crate) const RATE: f64 = 20.0;
/// How often a real one looks at what moves, and how often most do here.
const REAL_PACE: Duration = Duration::from_millis(200);
const PACES: [u64; 8] = [2, 3, 5, 5, 10, 10, 20, 20];

/// What came of a life.
#[derive(Debug)]
pub struct Life {
    /// SHA-256 over all that happened, in hexadecimal digits: the same for the same seed.
    pub hash: String,
    /// How much happened: orders, entries, deeds.
    pub steps: u64,
    /// Simulated time.
    pub lasted: Duration,
    /// What was done to it: by people, machines and revisions. How often, by kind.
    pub acts: BTreeMap<String, u64>,
    /// What was broken; nothing, if all is well.
    pub broken: Vec<String>,
    /// What happened, line by line, if it was kept.
    pub lines: Vec<String>,
}

/// Lives through a script; `lines` says whether all that happens is kept as text.
pub(crate) fn live(seed: u64, acts: &[Act], lines: bool) -> Life {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    match runtime {
        Ok(runtime) => runtime.block_on(async {
            let loses = acts.iter().any(|act| matches!(act.deed, Deed::LostFsync { .. }));
            let mut world = World::begin(seed, lines, loses).await;
            world.live(acts).await;
            Life { acts: kinds::count(acts), ..world.end().await }
        }),
        Err(problem) => Life {
            hash: String::new(),
            steps: 0,
            lasted: Duration::ZERO,
            acts: BTreeMap::new(),
            broken: vec![problem.to_string()],
            lines: Vec::new(),
        },
    }
}

pub(crate) struct World {
    pub(crate) begin: Instant,
    pub(crate) machine: Arc<Machine>,
    pub(crate) clock: Arc<WrongClock>,
    pace: Pace,
    /// Those that led before and were not killed.
    pub(crate) before: Vec<ControlPlane>,
    pub(crate) metrics: Arc<FakeMetrics>,
    jobs: Arc<FakeJobs>,
    pub(crate) doors: Doors,
    /// Those of whoever led before.
    pub(crate) doors_before: Vec<Doors>,
    /// What was applied last, by application.
    applied: BTreeMap<&'static str, Release>,
    /// How often somebody gave what is secret another value.
    secrets: u64,
    /// None while no control plane is there.
    plane: Arc<Mutex<Option<ControlPlane>>>,
}

impl World {
    async fn begin(seed: u64, lines: bool, loses: bool) -> Self {
        let truth = TokioClock::new();
        let router = FakeRouter::new(truth, RATE);
        router.forget();
        let state = State {
            router: None,
            store: None,
            chance: Chance::of(seed, "doors"),
            rules: Rules::default(),
            trace: Trace::new(lines),
            on_their_way: 0,
            peace: false,
        };
        let machine = Arc::new(Machine {
            truth,
            runtime: FakeRuntime::new(truth, Duration::from_millis(300)),
            router,
            store: MemoryStore::default(),
            state: Mutex::new(state),
        });
        let mut world = Self {
            begin: Instant::now(),
            clock: Arc::new(WrongClock::new(truth)),
            before: Vec::new(),
            pace: pace(&mut Chance::of(seed, "pace")),
            metrics: Arc::new(FakeMetrics::new(Says::Number(1.0))),
            jobs: Arc::new(FakeJobs::default()),
            doors: Doors::new(Arc::clone(&machine)),
            doors_before: Vec::new(),
            applied: BTreeMap::new(),
            secrets: 0,
            plane: Arc::default(),
            machine,
        };
        world.start_plane().await;
        world.people_begin().await;
        // From here on: nobody would apply the Services again.
        if loses {
            world.machine.store.may_lose(MOST_LOST);
            world.machine.state().rules.may_lose(MOST_LOST);
        }
        world
    }
}

/// Some look as often as a real one does, which is dear in days; most look less often, and live the
/// longer for it.
fn pace(chance: &mut Chance) -> Pace {
    let real = chance.one_in(40);
    let moving = if real { REAL_PACE } else { Duration::from_secs(chance.pick(&PACES)) };
    let saving = if real { Duration::from_secs(1) } else { Duration::from_mins(1) };
    Pace { moving, resting: 10 * moving, saving }
}

/// The control plane.
impl World {
    fn ports(&self) -> Ports {
        Ports {
            clock: Arc::clone(&self.clock) as _,
            runtime: Arc::new(self.doors.clone()),
            router: Arc::new(self.doors.clone()),
            store: Arc::new(self.doors.clone()),
            metrics: Arc::clone(&self.metrics) as _,
            jobs: Arc::clone(&self.jobs) as _,
        }
    }

    /// Starts one, as often as it takes: with a full disk none starts.
    pub(crate) async fn start_plane(&mut self) {
        let before = std::mem::replace(&mut self.doors, Doors::new(Arc::clone(&self.machine)));
        self.doors_before.push(before);
        loop {
            match ControlPlane::start(self.ports(), self.pace).await {
                Ok(plane) => {
                    self.machine.note("a control plane starts");
                    *self.slot() = Some(plane);
                    return;
                }
                Err(StartError::Store(StoreError::Damaged(why))) => self.mend(&why).await,
                Err(_) => tokio::time::sleep(Duration::from_secs(5)).await,
            }
            // Where a rule is broken nothing is waited for.
            if self.is_broken() {
                return;
            }
        }
    }

    pub(crate) fn slot(&self) -> std::sync::MutexGuard<'_, Option<ControlPlane>> {
        self.plane.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn plane(&self) -> Option<ControlPlane> {
        self.slot().clone()
    }

    /// Who ended by itself, with nobody who leads, is started again.
    pub(crate) async fn revive(&mut self) {
        let Some(plane) = self.plane() else { return };
        if tokio::time::timeout(Duration::ZERO, plane.ended()).await.is_ok() {
            self.machine.note("the control plane has ended");
            self.start_plane().await;
        }
    }

    async fn succeeded(&mut self, stops: Option<Duration>) {
        if let Some(lasts) = stops {
            self.doors.meets(Fate::Stops(0, lasts));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.before.extend(self.plane());
        self.start_plane().await;
    }

    async fn killed(&mut self, after_doors: u64, away: Duration) {
        self.doors.meets(Fate::Dies(after_doors));
        // It gets as far as it gets in a second.
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.doors.meets(Fate::Dies(0));
        *self.slot() = None;
        self.machine.note("the control plane is dead");
        tokio::time::sleep(away).await;
        self.start_plane().await;
    }
}

/// What people do. Nobody waits for an answer longer than a minute.
impl World {
    async fn people_begin(&self) {
        let Some(plane) = self.plane() else { return };
        for app in App::ALL {
            apply(Arc::clone(&self.machine), plane.clone(), service(app)).await;
        }
        apply(Arc::clone(&self.machine), plane.clone(), secret(0)).await;
        apply(Arc::clone(&self.machine), plane, asking()).await;
    }

    fn ask(&self, app: App, command: Command) {
        let Some(plane) = self.plane() else { return };
        tokio::spawn(order(Arc::clone(&self.machine), plane, app, command));
    }

    fn delete(&self, app: App) {
        let Some(plane) = self.plane() else { return };
        let machine = Arc::clone(&self.machine);
        tokio::spawn(async move {
            let deleted = plane.delete(Kind::Rollout, key(app), "ada");
            if let Ok(Ok(())) = tokio::time::timeout(PATIENCE, deleted).await {
                machine.state().rules.deleted(&key(app));
            }
        });
    }

    fn new_secret(&mut self) {
        self.secrets += 1;
        let Some(plane) = self.plane() else { return };
        tokio::spawn(apply(Arc::clone(&self.machine), plane, secret(self.secrets)));
    }

    /// By somebody who still speaks with who led before, if that is there.
    fn ask_another(&self, app: App, command: Command) {
        let Some(plane) = self.before.last().cloned().or_else(|| self.plane()) else { return };
        tokio::spawn(order(Arc::clone(&self.machine), plane, app, command));
    }

    fn release(&mut self, app: App, release: &Release) {
        self.applied.insert(app.name(), release.clone());
        let Some(plane) = self.plane() else { return };
        tokio::spawn(apply(Arc::clone(&self.machine), plane, rollout(app, release)));
    }
}

const PATIENCE: Duration = Duration::from_mins(1);

async fn apply(
    machine: Arc<Machine>,
    plane: ControlPlane,
    resource: tidegate_controller::Resource,
) {
    let (manifest, key) = (manifest(&resource), resource.key().clone());
    let applied = plane.apply(resource, manifest, "ada", "Applied");
    // A refusal is an answer like any other, and so is none.
    match tokio::time::timeout(PATIENCE, applied).await {
        Ok(Ok(applied)) if applied.outcome != Outcome::Unchanged => {
            machine.state().rules.answered(&key, "Applied");
        }
        Ok(Err(refused)) => machine.state().rules.read("a refusal", &refused.to_string()),
        _ => {}
    }
}

pub(crate) async fn order(machine: Arc<Machine>, plane: ControlPlane, app: App, command: Command) {
    let what = word(&command);
    let done = plane.command(key(app), command, "ada");
    match tokio::time::timeout(PATIENCE, done).await {
        Ok(Ok(())) => machine.state().rules.answered(&key(app), what),
        Ok(Err(refused)) => machine.state().rules.read("a refusal", &refused.to_string()),
        Err(_) => {}
    }
}

/// What the ledger calls it.
const fn word(command: &Command) -> &'static str {
    match command {
        Command::Promote => "Promote",
        Command::PromoteFull => "PromoteFull",
        Command::Pause => "Pause",
        Command::Resume => "Resume",
        Command::Abort { .. } => "Abort",
        Command::Retry => "Retry",
    }
}

/// The script.
impl World {
    async fn live(&mut self, acts: &[Act]) {
        for act in acts {
            tokio::time::sleep_until(self.begin + act.at).await;
            if self.is_broken() {
                return;
            }
            self.machine.note(&format!("{:?}", act.deed));
            self.revive().await;
            self.read_all();
            self.act(&act.deed).await;
        }
    }

    async fn act(&mut self, deed: &Deed) {
        match deed {
            Deed::Apply { app, release } => self.release(*app, release),
            Deed::Command { app, command } => self.ask(*app, command.clone()),
            Deed::ApplyAnd { app, release, command } => {
                self.release(*app, release);
                self.ask(*app, command.clone());
            }
            Deed::Scale { app, replicas } => {
                if let Some(release) = self.applied.get(app.name()).cloned() {
                    self.release(*app, &Release { replicas: *replicas, ..release });
                }
            }
            Deed::Delete { app } => self.delete(*app),
            Deed::NewSecret => self.new_secret(),
            Deed::TwoAtOnce { app, one, other } => {
                self.ask(*app, one.clone());
                self.ask_another(*app, other.clone());
            }
            Deed::Answers { app, revision: number, fails, latency_ms } => {
                let share = f64::from(*fails) / 1_000.0;
                let revision = revision(*app, *number);
                self.machine.router.answers(&revision, share, latency_ms * 1_000);
            }
            Deed::Starts { app, revision: number, takes } => {
                self.machine.runtime.starts(&revision(*app, *number), *takes);
            }
            Deed::Crash { app, revision: number } => {
                self.machine.runtime.crash(&revision(*app, *number));
            }
            Deed::OutOfMemory { app, revision, every, lasts } => {
                self.out_of_memory(*app, *revision, *every, *lasts);
            }
            Deed::Deaf { app, revision, lasts } => self.deaf(*app, *revision, *lasts),
            Deed::Probes { app, revision, lie, lasts } => {
                self.probes(*app, *revision, *lie, *lasts);
            }
            Deed::Rate(rate) => self.machine.router.rate(f64::from(*rate)),
            Deed::Router { trouble, lasts } => {
                self.machine.state().router = Some(*trouble);
                self.later(*lasts, |machine| machine.state().router = None);
            }
            Deed::RouterRestarts => self.machine.router.restart(),
            Deed::Store { trouble, lasts } => self.store(*trouble, *lasts),
            Deed::Metrics { trouble, lasts } => self.ill(*trouble, *lasts),
            Deed::Clock(trouble) => self.wrong_clock(*trouble),
            Deed::Killed { after_doors, away } => self.killed(*after_doors, *away).await,
            Deed::BitFlip(place) => self.decays(*place),
            Deed::LostFsync { commits, away } => self.lost(*commits, *away).await,
            Deed::Succeeded { stops } => self.succeeded(*stops).await,
            Deed::Stopped { after_doors, lasts } => {
                self.doors.meets(Fate::Stops(*after_doors, *lasts));
            }
        }
    }
}
