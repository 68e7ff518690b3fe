//! A machine whose steps are words: `ok`, `fail`, `out NAME=VALUE`, `hang` until it is stopped or let go, `panic`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use tidegate_expression::{Expression, Names, Value};
use tidegate_pipeline::{Drive, JobName, Watcher, Word, drive};
use tidegate_ports::{Clock, HostedJob, JobHost, JobRoom, Remark, StepLog};
use tidegate_steps::{
    Action, Ended, Find, Machine, Note, Order, OrderId, Outcome, Report, StepAt, Work,
};
use tidegate_units::Timestamp;
use tidegate_workflow::{
    Condition, Entry, Execution, Given, Job, JobResult, Key, Place, Placed, Run, RunState, Script,
    Step, StepKind, Steps, Template, Token, Triggers, Workflow,
};
use tokio::sync::{Notify, mpsc};

const PLACE: Place = Place::new(1, 1);

/// A text, or `${{ ... }}` as a whole.
fn template(text: &str) -> Template {
    match text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) {
        None => Template::text(PLACE, text),
        Some(inner) => {
            let expression = Expression::parse(inner, &Names::any()).unwrap();
            Template::new(PLACE, Token::Expression(Arc::new(expression)))
        }
    }
}

fn mapping(name: &str, value: Template) -> Template {
    let entry = Entry { place: PLACE, key: Key::Text(name.into()), value };
    Template::new(PLACE, Token::Mapping(vec![entry]))
}

/// A job whose steps run these scripts.
pub(crate) fn job(id: &str, needs: &[&str], scripts: &[&str]) -> Job {
    let step = |(number, script): (usize, &&str)| Step {
        place: PLACE,
        id: format!("s{number}").into(),
        name: None,
        continue_on_error: None,
        kind: StepKind::Run(Box::new(Script {
            script: template(script),
            shell: None,
            working_directory: None,
            execution: Execution {
                condition: Condition::Success,
                env: None,
                timeout_minutes: None,
                background: false,
            },
        })),
    };
    let steps = Steps {
        runs_on: template("here"),
        environment: None,
        env: None,
        defaults: None,
        timeout_minutes: None,
        cancel_timeout_minutes: None,
        continue_on_error: None,
        container: None,
        services: None,
        outputs: Some(mapping("told", template("${{ steps.s0.outputs.told }}"))),
        snapshot: None,
        steps: scripts.iter().enumerate().map(step).collect(),
    };
    Job {
        place: PLACE,
        id: id.into(),
        name: None,
        needs: needs.iter().map(|need| Placed::new(PLACE, Arc::from(*need))).collect(),
        condition: Condition::Success,
        strategy: None,
        permissions: None,
        concurrency: None,
        work: tidegate_workflow::Work::Steps(Box::new(steps)),
    }
}

/// The same with its first step in the background, which the last one cancels.
pub(crate) fn cancelling(mut job: Job) -> Job {
    if let tidegate_workflow::Work::Steps(steps) = &mut job.work
        && let Some(first) = steps.steps.first_mut()
        && let StepKind::Run(run) = &mut first.kind
    {
        run.execution.background = true;
        let kind = StepKind::Cancel(Placed::new(PLACE, first.id.clone()));
        let id = "__cancel".into();
        steps.steps.push(Step { place: PLACE, id, name: None, continue_on_error: None, kind });
    }
    job
}

/// The same in a concurrency group.
pub(crate) fn in_group(mut job: Job, group: &str) -> Job {
    job.concurrency = Some(template(group));
    job
}

/// What happens, and how many things at once.
#[derive(Default)]
pub(crate) struct World {
    lines: Mutex<Vec<String>>,
    running: Mutex<(usize, usize)>,
    open: Mutex<usize>,
}

impl World {
    fn tell(&self, line: impl Into<String>) {
        self.lines.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The most that ran at once.
    pub(crate) fn most(&self) -> usize {
        self.running.lock().unwrap().1
    }

    /// Rooms that are open.
    pub(crate) fn open(&self) -> usize {
        *self.open.lock().unwrap()
    }

    /// Waits until a line was told.
    pub(crate) async fn until(&self, line: &str) {
        let all = async {
            while !self.lines().iter().any(|told| told == line) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let late = tokio::time::timeout(Duration::from_secs(30), all).await;
        assert!(late.is_ok(), "{line:?} was never told: {:?}", self.lines());
    }
}

struct Now;

#[async_trait]
impl Clock for Now {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

struct Host(Arc<World>);

#[async_trait]
impl JobHost for Host {
    async fn open(&self, job: &HostedJob, _: Arc<dyn StepLog>) -> Result<Arc<dyn JobRoom>, String> {
        if job.job == "nowhere" {
            return Err("there is no room".to_owned());
        }
        *self.0.open.lock().unwrap() += 1;
        let stops = Mutex::default();
        Ok(Arc::new(Room { world: self.0.clone(), job: job.job.clone(), stops }))
    }
}

struct Room {
    world: Arc<World>,
    job: String,
    stops: Mutex<BTreeMap<OrderId, Arc<Notify>>>,
}

impl Machine for Room {
    fn hash_files(&self, _: &[Value]) -> Result<String, String> {
        Ok(String::new())
    }
}

#[async_trait]
impl JobRoom for Room {
    fn contexts(&self) -> Value {
        Vec::<(&str, Value)>::new().into_iter().collect()
    }

    async fn find(&self, find: &Find) -> Result<Action, String> {
        Err(format!("there is no {}", find.uses))
    }

    async fn run(&self, order: &Order) -> Report {
        let Work::Script { script, .. } = &order.work else { panic!("only scripts run here") };
        {
            let mut running = self.world.running.lock().unwrap();
            running.0 += 1;
            running.1 = running.1.max(running.0);
        }
        let stop = self.stops.lock().unwrap().entry(order.id).or_default().clone();
        self.world.tell(format!("{} runs {script}", self.job));
        let mut report = Report::of(Outcome::Success);
        match script.split_once(' ').unwrap_or((script, "")) {
            ("fail", _) => report.outcome = Outcome::Failure,
            ("panic", _) => panic!("as it is told to"),
            ("out", told) => report.outputs.push(("told".into(), told.into())),
            ("hang", _) => {
                stop.notified().await;
                report.outcome = Outcome::Cancelled;
            }
            // So that others can begin meanwhile.
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
        self.world.running.lock().unwrap().0 -= 1;
        report
    }

    fn stop(&self, order: OrderId) {
        self.world.tell(format!("{} is stopped", self.job));
        self.stops.lock().unwrap().entry(order).or_default().notify_one();
    }

    fn kill(&self) {
        self.world.tell(format!("{} is killed", self.job));
        self.stops.lock().unwrap().values().for_each(|stop| stop.notify_one());
    }

    fn note(&self, note: &Note) {
        self.world.tell(format!("{}: {}", self.job, note.text));
    }

    fn mask(&self, text: &str) -> String {
        text.replace("s3cret", "***")
    }

    async fn close(&self) -> Result<(), String> {
        *self.world.open.lock().unwrap() -= 1;
        Ok(())
    }
}

struct Eyes(Arc<World>);

struct Quiet(Arc<World>);

impl StepLog for Quiet {
    fn line(&self, _: &StepAt, text: &str) {
        self.0.tell(text);
    }

    fn annotation(&self, _: &StepAt, _: &Remark) {}

    fn summary(&self, _: &StepAt, _: &str) {}
}

impl Watcher for Eyes {
    fn keep(&self, _: &RunState) {}

    fn job_began(&self, _: &JobName) -> Arc<dyn StepLog> {
        Arc::new(Quiet(self.0.clone()))
    }

    fn step_began(&self, _: &JobName, _: &StepAt) {}

    fn step_ended(&self, job: &JobName, ended: &Ended) {
        if ended.outcome == Outcome::Skipped {
            self.0.tell(format!("{} skips {}", job.id, ended.step.title));
        }
    }

    fn job_ended(&self, job: &JobName, result: JobResult) {
        self.0.tell(format!("{} {}", job.id, result.name()));
    }

    fn job_idle(&self, job: &JobName, result: JobResult, errors: &[String]) {
        self.0.tell(format!("{} {} {}", job.id, result.name(), errors.join("; ")).trim_end());
    }

    fn asked(&self, _: &str, _: &[String]) {}
}

/// A run on its way.
pub(crate) struct Bed {
    pub(crate) world: Arc<World>,
    pub(crate) words: mpsc::Sender<Word>,
    pub(crate) run: tokio::task::JoinHandle<(Run, JobResult)>,
}

/// Begins a run of these jobs, so many at once.
pub(crate) fn begin(jobs: Vec<Job>, at_once: usize) -> Bed {
    let workflow = Workflow {
        name: None,
        run_name: None,
        triggers: Triggers::default(),
        env: None,
        defaults: None,
        permissions: None,
        concurrency: None,
        jobs,
    };
    let run = Run::new(&Arc::new(workflow), Given::default()).unwrap();
    let world = Arc::new(World::default());
    let driven = Drive {
        host: Arc::new(Host(world.clone())),
        watcher: Arc::new(Eyes(world.clone())),
        clock: Arc::new(Now),
        secrets: Value::Null,
        id: "1".to_owned(),
        at_once,
    };
    let (words, hears) = mpsc::channel(4);
    Bed { world, words, run: tokio::spawn(drive(run, driven, hears)) }
}

impl Bed {
    /// What the run comes to, once it is over and every room is closed.
    pub(crate) async fn end(self) -> (Vec<String>, JobResult) {
        let ended = tokio::time::timeout(Duration::from_mins(1), self.run).await;
        let (_, result) =
            ended.unwrap_or_else(|_| panic!("it does not end: {:?}", self.world.lines())).unwrap();
        assert_eq!(self.world.open(), 0, "rooms are left open");
        (self.world.lines(), result)
    }
}
