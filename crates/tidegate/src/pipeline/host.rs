//! This machine as the host of jobs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tidegate_expression::Value;
use tidegate_git::Git;
use tidegate_glob::{Glob, Options, Place};
use tidegate_ports::{HostedJob, JobHost, JobRoom, Remark, StepLog};
use tidegate_results::{CacheScope, Grant, Server, Store, Trust};
use tidegate_runner::{Cancel, Event, Job, JobSettings, Machine, Step, StepEnd};
use tidegate_steps::{
    Action, Find, Note, NoteLevel, Order, OrderId, Outcome, Pair, Report, Stage, StepAt, Work,
};
use tokio::sync::{mpsc, oneshot};

use super::{
    event::Source,
    library::{Library, Remote, action_in},
    native, preflight,
};

/// Events of a step that wait to be written: a step that says more waits for the disk.
const EVENTS: usize = 64;

/// A job's token for artifacts and caches holds so long: the longest that a job may take, and some more.
const TOKEN: Duration = Duration::from_hours(7);

/// This machine.
pub(crate) struct LocalHost {
    pub(crate) machine: Machine,
    pub(crate) git: Git,
    pub(crate) library: Library,
    pub(crate) source: Source,
    pub(crate) store: Arc<Store>,
    pub(crate) services: Arc<Server>,
    /// Where jobs have their folders.
    pub(crate) folder: PathBuf,
    /// The number of the run.
    pub(crate) run: u64,
    /// What happened, as JSON.
    pub(crate) payload: String,
    pub(crate) trust: Trust,
}

#[async_trait]
impl JobHost for LocalHost {
    async fn open(
        &self,
        job: &HostedJob,
        log: Arc<dyn StepLog>,
    ) -> Result<Arc<dyn JobRoom>, String> {
        if let Some(label) = job.labels.iter().find(|label| preflight::is_elsewhere(label)) {
            return Err(format!("the job runs on {label}, and this machine has Linux"));
        }
        let reference = self.source.reference.clone();
        let default = format!("refs/heads/{}", self.source.default_branch);
        let grant = Grant {
            run: self.run.to_string(),
            attempt: job.attempt,
            job: job.id.clone(),
            caches: CacheScope::of_run(&reference, None, Some(&default), self.trust),
            reference,
        };
        let token = self.services.token(&grant, TOKEN).map_err(|error| error.to_string())?;
        let services = self.services.environment(&token);
        let mut secrets = job.secrets.clone();
        secrets.push(token);
        let settings = JobSettings {
            // What is left of a job is found by this name, and runs of other data folders have jobs of the same numbers.
            id: format!("{}-{}", std::process::id(), job.id),
            root: self.folder.join(&job.id),
            repository: self.source.repository.clone(),
            context: services.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            secrets: secrets.into_iter().filter(|secret| !secret.is_empty()).collect(),
            ..JobSettings::default()
        };
        let (tell, events) = mpsc::channel(EVENTS);
        let running =
            Job::prepare(&self.machine, settings, tell).map_err(|error| error.to_string())?;
        let payload = running.folders().temporary().join("event.json");
        std::fs::write(&payload, &self.payload)
            .map_err(|error| format!("{}: {error}", payload.display()))?;
        let room = Room {
            contexts: contexts(job, &running, &payload.display().to_string()),
            job: running,
            git: self.git.clone(),
            library: self.library.clone(),
            source: self.source.clone(),
            store: self.store.clone(),
            grant,
            log: log.clone(),
            open: Arc::default(),
            stops: Mutex::default(),
        };
        tokio::spawn(listen(events, log, room.open.clone()));
        Ok(Arc::new(room))
    }
}

/// The contexts `github`, `runner` and `job` of a job, with its folders.
fn contexts(job: &HostedJob, running: &Job, payload: &str) -> Value {
    let folders = running.folders();
    let workspace = folders.workspace().display().to_string();
    let github = job.contexts.get("github").with([
        ("workspace", workspace.as_str().into()),
        ("event_path", payload.into()),
        ("job", job.job.as_str().into()),
    ]);
    let runner: Value = running
        .runner_context()
        .into_iter()
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    let empty: Value = Vec::<(&str, Value)>::new().into_iter().collect();
    [("github", github), ("runner", runner), ("job", empty)].into_iter().collect()
}

/// Orders that run, by what their events name.
type Open = Arc<Mutex<BTreeMap<String, (StepAt, Option<oneshot::Sender<()>>)>>>;

/// Writes what a job says where people read it.
async fn listen(mut events: mpsc::Receiver<Event>, log: Arc<dyn StepLog>, open: Open) {
    let mut steps = BTreeMap::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Began { step, id, .. } => {
                let open = open.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((at, _)) = open.get(&id) {
                    steps.insert(step, at.clone());
                }
            }
            Event::Lines { step, lines } => {
                let Some(at) = steps.get(&step) else { continue };
                for line in &lines {
                    log.line(at, &line.text);
                }
            }
            Event::Annotated { step, annotation } => {
                let Some(at) = steps.get(&step) else { continue };
                let remark = Remark {
                    level: annotation.level.name(),
                    message: annotation.message,
                    title: annotation.title,
                    file: annotation.file,
                    line: annotation.line,
                    column: annotation.column,
                };
                log.annotation(at, &remark);
            }
            Event::Ended { step, end } => {
                let at = steps.remove(&step);
                if let (Some(at), Some(summary)) = (&at, &end.report.summary) {
                    log.summary(at, summary);
                }
                let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(written) = open.remove(&end.id).and_then(|(_, written)| written) {
                    // Whoever waited may be gone.
                    let _ = written.send(());
                }
            }
        }
    }
}

/// The room of a job on this machine.
pub(crate) struct Room {
    contexts: Value,
    pub(crate) job: Job,
    pub(crate) git: Git,
    pub(crate) library: Library,
    pub(crate) source: Source,
    pub(crate) store: Arc<Store>,
    pub(crate) grant: Grant,
    log: Arc<dyn StepLog>,
    open: Open,
    stops: Mutex<Stops>,
}

/// What is to end.
#[derive(Default)]
struct Stops {
    running: BTreeMap<OrderId, Cancel>,
    /// Orders that were to end before they began.
    early: BTreeSet<OrderId>,
    /// Whether all ends that begins from now on.
    all: bool,
}

impl Room {
    /// A line of a step's log, masked.
    pub(crate) fn say(&self, step: &StepAt, text: &str) {
        text.lines().for_each(|line| self.log.line(step, &self.job.mask(line)));
    }

    fn remark(&self, step: &StepAt, level: &'static str, text: &str) {
        let message = self.job.mask(text);
        message.lines().for_each(|line| self.log.line(step, &format!("##[{level}]{line}")));
        self.log.annotation(step, &Remark { level, message, ..Remark::default() });
    }

    /// Where patterns of a job begin.
    pub(crate) fn place<'a>(&'a self, home: &'a PathBuf) -> Place<'a> {
        Place { folder: self.job.folders().workspace(), home }
    }

    fn cancel_of(&self, order: OrderId) -> Cancel {
        let cancel = Cancel::new();
        let mut stops = self.stops();
        if stops.all {
            cancel.now();
        } else if stops.early.remove(&order) {
            cancel.politely();
        }
        stops.running.insert(order, cancel.clone());
        cancel
    }

    fn stops(&self) -> std::sync::MutexGuard<'_, Stops> {
        self.stops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs processes of an order.
    async fn process(&self, order: &Order, work: tidegate_runner::Work) -> Report {
        let id = format!("order-{}", order.id.0);
        let (written, wait) = oneshot::channel();
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.clone(), (order.step.clone(), Some(written)));
        let directory = match &order.work {
            Work::Script { directory, .. } => directory.as_deref().filter(|one| !one.is_empty()),
            _ => None,
        };
        let step = Step {
            name: order.step.title.clone(),
            variables: texts(&order.env),
            context: texts(&order.context),
            paths: order.path.iter().map(ToString::to_string).collect(),
            folder: directory.map(PathBuf::from),
            timeout: order.timeout_minutes.and_then(minutes),
            ..Step::new(id, work)
        };
        let end = self.job.run(&step, &self.cancel_of(order.id)).await;
        self.stops().running.remove(&order.id);
        // What it said is written before it is over.
        let _ = wait.await;
        report(&end)
    }

    async fn native(
        &self,
        order: &Order,
        name: &'static str,
        inputs: &[Pair],
        state: &[Pair],
    ) -> Report {
        let cancel = self.cancel_of(order.id);
        let limit = order.timeout_minutes.and_then(minutes);
        let late = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let done = tokio::select! {
            biased;
            () = cancel.asked() => Err((Outcome::Cancelled, "The operation was canceled.".to_owned())),
            done = native::run(self, order, name, inputs, state) => {
                done.map_err(|error| (Outcome::Failure, error))
            }
            () = late => {
                let text = format!("The action '{}' has timed out.", order.step.title);
                Err((Outcome::Failure, text))
            }
        };
        self.stops().running.remove(&order.id);
        done.unwrap_or_else(|(outcome, error)| {
            self.remark(&order.step, "error", &error);
            Report::of(outcome)
        })
    }
}

fn minutes(minutes: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(minutes * 60.0).ok()
}

fn texts(pairs: &[Pair]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn report(end: &StepEnd) -> Report {
    let pairs = |of: &BTreeMap<String, String>| {
        of.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect()
    };
    Report {
        outcome: match end.outcome {
            tidegate_runner::Outcome::Success => Outcome::Success,
            tidegate_runner::Outcome::Failure => Outcome::Failure,
            tidegate_runner::Outcome::Cancelled => Outcome::Cancelled,
        },
        outputs: pairs(&end.report.outputs),
        env: pairs(&end.report.variables),
        path: end.report.paths.iter().map(|path| path.as_str().into()).collect(),
        state: pairs(&end.report.state),
    }
}

impl tidegate_steps::Machine for Room {
    fn hash_files(&self, patterns: &[Value]) -> Result<String, String> {
        let home = self.job.folders().home();
        let mut lines: Vec<_> = patterns.iter().map(Value::as_text).collect();
        let follow_links = lines.first().is_some_and(|first| &**first == "--follow-symbolic-links");
        if follow_links {
            lines.remove(0);
        }
        let glob =
            Glob::parse(&lines.join("\n"), self.place(&home)).map_err(|error| error.to_string())?;
        let options = Options { folders: false, follow_links, ..Options::default() };
        let hash = glob.hash(self.job.folders().workspace(), options);
        hash.map(Option::unwrap_or_default).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl JobRoom for Room {
    fn contexts(&self) -> Value {
        self.contexts.clone()
    }

    async fn find(&self, find: &Find) -> Result<Action, String> {
        let workspace = self.job.folders().workspace();
        if let Some(path) = find.uses.strip_prefix("./") {
            return action_in(&workspace.join(path));
        }
        let remote = match (find.uses.strip_prefix("$/"), &find.from) {
            (Some(path), Some((repository, reference))) => Some(Remote {
                repository: repository.clone(),
                path: path.to_owned(),
                reference: reference.clone(),
            }),
            _ => Remote::read(&find.uses),
        };
        let remote = remote.ok_or_else(|| native::refusal(&find.uses))?;
        if let Some(action) = native::action(&remote) {
            return Ok(action);
        }
        let (library, to) = (self.library.clone(), self.job.folders().actions());
        let found = tokio::task::spawn_blocking(move || library.action(&remote, &to)).await;
        found.unwrap_or_else(|error| Err(error.to_string()))
    }

    async fn run(&self, order: &Order) -> Report {
        match &order.work {
            Work::Script { script, shell, .. } => {
                let text = script.to_string();
                let shell = shell.as_ref().map(ToString::to_string);
                self.process(order, tidegate_runner::Work::Script { text, shell }).await
            }
            Work::Node { action, entry } => {
                let entry = PathBuf::from(&action.directory).join(entry);
                // Its inputs are in the order's context.
                self.process(order, tidegate_runner::Work::Node { entry, inputs: vec![] }).await
            }
            Work::Native { name, inputs, state } => self.native(order, name, inputs, state).await,
        }
    }

    fn stop(&self, order: OrderId) {
        let mut stops = self.stops();
        match stops.running.get(&order) {
            Some(cancel) => cancel.politely(),
            None => drop(stops.early.insert(order)),
        }
    }

    fn kill(&self) {
        let mut stops = self.stops();
        stops.all = true;
        stops.running.values().for_each(Cancel::now);
    }

    fn note(&self, note: &Note) {
        let level = match note.level {
            NoteLevel::Notice => "notice",
            NoteLevel::Warning => "warning",
            NoteLevel::Error => "error",
        };
        self.remark(&note.step, level, &note.text);
    }

    fn mask(&self, text: &str) -> String {
        self.job.mask(text)
    }

    async fn close(&self) -> Result<(), String> {
        self.job.close().await.map_err(|error| error.to_string())
    }
}

/// Which stage of an action an order is of.
pub(crate) const fn is_post(order: &Order) -> bool {
    matches!(order.step.stage, Stage::Post)
}
