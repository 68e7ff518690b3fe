use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::SystemTime,
};

use tidegate_workflow_commands::{Masker, MatcherSpec, TooManySecrets};
use tokio::sync::mpsc::Sender;

use crate::{
    cancel::Cancel,
    environment::{Sources, TRACKING, runner_context},
    event::{Event, StepNumber},
    folders::{FolderError, Folders},
    machine::Machine,
    report::{Report, add_path},
    running::Running,
    step::{Outcome, Patience, Step, StepEnd},
};

/// What a job is.
#[derive(Clone, Debug, Default)]
pub struct JobSettings {
    /// Names the job among all that this machine runs at the same time.
    pub id: String,
    /// Where its folders are made: a folder that is not there.
    pub root: PathBuf,
    /// `owner/name`.
    pub repository: String,
    /// The variables of the workflow and, over them, of the job.
    pub variables: BTreeMap<String, String>,
    /// `GITHUB_*` and `ACTIONS_*`: what happened, and where services are. They are over all variables.
    pub context: BTreeMap<String, String>,
    /// What is masked from the start.
    pub secrets: Vec<String>,
    /// Whether the log tells why: `ACTIONS_STEP_DEBUG`.
    pub detailed: bool,
    /// How long steps may take to end when they are asked to.
    pub patience: Patience,
}

/// A job that runs on this machine. Clones are the same job.
#[derive(Clone, Debug)]
pub struct Job {
    pub(crate) shared: Arc<Shared>,
    pub(crate) events: Sender<Event>,
}

/// What the steps of a job have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    machine: Machine,
    pub(crate) settings: JobSettings,
    folders: Folders,
    masker: Mutex<Masker>,
    /// More is secret than can be masked: nothing is shown any more.
    mute: AtomicBool,
    begun: AtomicU32,
    state: Mutex<State>,
}

/// By name.
pub(crate) type Variables = BTreeMap<String, String>;

/// What steps leave to those after them.
#[derive(Debug, Default)]
struct State {
    variables: BTreeMap<String, String>,
    paths: Vec<String>,
    matchers: Vec<MatcherSpec>,
    kept: BTreeMap<String, BTreeMap<String, String>>,
}

impl Job {
    /// Makes the folders of a job. What happens in it is told to `events`, which slow it down when they are full.
    pub fn prepare(
        machine: &Machine,
        settings: JobSettings,
        events: Sender<Event>,
    ) -> Result<Self, FolderError> {
        let folders = Folders::create(&settings.root, &settings.repository)?;
        let mut masker = Masker::new();
        let all_masked = settings.secrets.iter().try_for_each(|secret| masker.add_secret(secret));
        let state = State { variables: settings.variables.clone(), ..State::default() };
        let shared = Shared {
            machine: machine.clone(),
            folders,
            masker: Mutex::new(masker),
            mute: AtomicBool::new(all_masked.is_err()),
            begun: AtomicU32::new(0),
            state: Mutex::new(state),
            settings,
        };
        Ok(Self { shared: Arc::new(shared), events })
    }

    /// The folders of the job.
    pub fn folders(&self) -> &Folders {
        &self.shared.folders
    }

    /// The context `runner` of its steps.
    pub fn runner_context(&self) -> Vec<(&'static str, String)> {
        runner_context(self.shared.machine.settings(), &self.shared.folders)
    }

    /// The variables of the workflow and the job, and what steps set since.
    pub fn variables(&self) -> BTreeMap<String, String> {
        self.shared.state().variables.clone()
    }

    /// Masks something more from here on.
    pub fn add_mask(&self, secret: &str) -> Result<(), TooManySecrets> {
        self.shared.add_mask(secret)
    }

    /// The text as others may see it.
    pub fn mask(&self, text: &str) -> String {
        self.shared.mask(text)
    }

    /// Runs a step to its end. What it leaves counts for others when it is settled.
    pub async fn run(&self, step: &Step, cancel: &Cancel) -> StepEnd {
        let number = self.begin(step).await;
        let began = SystemTime::now();
        let mut running = Running::new(self, step, number);
        let ran = running.run(cancel).await;
        let (outcome, code) = running.judge(ran, cancel);
        running.listener.pass_on().await;
        let report = running.listener.into_report();
        let end = ended(step, number, began, outcome, code, report);
        self.tell(&end).await;
        end
    }

    /// What a step left counts for those after it: variables, `PATH` and state. Whoever tells each step all of that itself
    /// has no need of it.
    pub fn settle(&self, end: &StepEnd) {
        let mut state = self.shared.state();
        let report = &end.report;
        state.variables.extend(report.variables.clone());
        report.paths.iter().for_each(|folder| add_path(&mut state.paths, folder));
        state.kept.entry(end.id.clone()).or_default().extend(report.state.clone());
    }

    /// Ends all processes that steps left, but those that gave themselves another `RUNNER_TRACKING_ID`, and removes
    /// the folders. That takes a look at all processes of the machine, which jobs that end together share; how the job
    /// ended is known before, and need not wait for it.
    pub async fn close(&self) -> std::io::Result<()> {
        self.shared.machine.sweep(format!("{TRACKING}={}", self.shared.tracking())).await;
        let folders = self.shared.folders.clone();
        let removed = tokio::task::spawn_blocking(move || folders.remove()).await;
        removed.unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }

    fn number(&self) -> StepNumber {
        StepNumber(self.shared.begun.fetch_add(1, Ordering::Relaxed) + 1)
    }

    async fn begin(&self, step: &Step) -> StepNumber {
        let number = self.number();
        let (id, name) = (step.id.clone(), self.mask(&step.name));
        let _ =
            self.events.send(Event::Began { step: number, id, name, at: SystemTime::now() }).await;
        number
    }

    async fn tell(&self, end: &StepEnd) {
        let _ =
            self.events.send(Event::Ended { step: end.number, end: Box::new(end.clone()) }).await;
    }
}

fn ended(
    step: &Step,
    number: StepNumber,
    began: SystemTime,
    outcome: Outcome,
    exit_code: Option<i32>,
    report: Report,
) -> StepEnd {
    StepEnd {
        id: step.id.clone(),
        number,
        outcome,
        exit_code,
        began,
        ended: SystemTime::now(),
        report,
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn masker(&self) -> MutexGuard<'_, Masker> {
        self.masker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn folders(&self) -> &Folders {
        &self.folders
    }

    fn tracking(&self) -> String {
        format!("github_{}", self.settings.id)
    }

    /// The variables of a step: those that the workflow named, and all.
    pub(crate) fn variables_of(&self, step: &Step) -> (Variables, Variables) {
        let state = self.state();
        let tracking = self.tracking();
        let sources = Sources {
            machine: self.machine.settings(),
            folders: &self.folders,
            job: &state.variables,
            paths: &state.paths,
            state: state.kept.get(&step.id),
            context: &self.settings.context,
            tracking: &tracking,
        };
        let named = sources.named(step);
        let all = sources.all(step, &named);
        (named, all)
    }

    pub(crate) fn is_detailed(&self) -> bool {
        self.settings.detailed
    }

    pub(crate) fn mask(&self, text: &str) -> String {
        if self.mute.load(Ordering::Relaxed) {
            return tidegate_workflow_commands::MASK.to_owned();
        }
        self.masker().mask(text).into_owned()
    }

    /// The begin of a text, without what may be the begin of a secret that goes on behind it.
    pub(crate) fn mask_begin(&self, text: &str) -> String {
        if self.mute.load(Ordering::Relaxed) {
            return tidegate_workflow_commands::MASK.to_owned();
        }
        let mut out = Vec::with_capacity(text.len());
        self.masker().stream().feed(text.as_bytes(), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    pub(crate) fn add_mask(&self, secret: &str) -> Result<(), TooManySecrets> {
        let added = self.masker().add_mask(secret);
        if added.is_err() {
            self.mute.store(true, Ordering::Relaxed);
        }
        added
    }

    pub(crate) fn matchers(&self) -> Vec<MatcherSpec> {
        self.state().matchers.clone()
    }

    pub(crate) fn remember_matchers(&self, specs: &[MatcherSpec]) {
        for spec in specs {
            self.forget_matcher(&spec.owner);
        }
        self.state().matchers.splice(0..0, specs.iter().cloned());
    }

    pub(crate) fn forget_matcher(&self, owner: &str) {
        self.state().matchers.retain(|spec| !spec.owner.eq_ignore_ascii_case(owner));
    }
}
