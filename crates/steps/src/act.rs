use std::sync::Arc;

use crate::{Action, Outcome};

/// A name and a value: a variable, an input, an output.
pub type Pair = (Arc<str>, Arc<str>);

/// What is to be done now, or to be told.
#[derive(Clone, Debug)]
pub enum Act {
    /// Run this, and report it.
    Run(Box<Order>),
    /// Find an action, and tell what it is.
    Find(Find),
    /// End what was ordered; its report is still waited for.
    Stop(OrderId),
    /// A step is over, or was never begun.
    Ended(Ended),
    /// Something that whoever reads the log should know.
    Note(Note),
}

/// An order's number, never used twice in a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderId(pub u64);

/// The number of a question for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FindId(pub u64);

/// An action that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// Under which number to tell it.
    pub id: FindId,
    /// `owner/repository/path@ref`, `./path` or `docker://image`.
    pub uses: String,
    /// The repository and revision of the composite action whose step wants it, which `$/path` is below.
    pub from: Option<(String, String)>,
}

/// A step, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepAt {
    /// Its number among the steps of the job as they began, from 0: each stage of an action has its own.
    pub number: u32,
    /// Its id, with those of the composite actions that it is in: `build.compile`.
    pub path: String,
    /// What it is called.
    pub title: String,
    /// How many composite actions it is in.
    pub depth: usize,
    /// Which part of the step this is.
    pub stage: Stage,
}

impl StepAt {
    /// The step that is no step: what comes before all of them.
    pub fn set_up() -> Self {
        Self {
            number: 0,
            path: "__set-up".to_owned(),
            title: "Set up job".to_owned(),
            depth: 0,
            stage: Stage::Pre,
        }
    }
}

/// Which part of a step something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// What an action does before all steps.
    Pre,
    /// The step itself.
    Main,
    /// What an action does after all steps.
    Post,
}

/// Something to run. All that it needs is in it.
#[derive(Clone, Debug)]
pub struct Order {
    /// Under which number to report it.
    pub id: OrderId,
    /// Which step it is.
    pub step: StepAt,
    /// What to run.
    pub work: Work,
    /// The variables that the workflow, the job, steps before and the step itself have set; of two of one name there is
    /// one.
    pub env: Vec<Pair>,
    /// What goes before those: inputs and saved state of an action, `GITHUB_*` and `RUNNER_*`. The later of two of one name
    /// holds.
    pub context: Vec<Pair>,
    /// Folders to look for programs in before all others, the first one first.
    pub path: Vec<Arc<str>>,
    /// How many minutes it may take; `None` for as long as it likes.
    pub timeout_minutes: Option<f64>,
}

/// What to run.
#[derive(Clone, Debug)]
pub enum Work {
    /// A script, by a shell.
    Script {
        /// The script.
        script: Arc<str>,
        /// The shell as it is asked for; `None` where none is.
        shell: Option<Arc<str>>,
        /// The folder, from the workspace on; `None` for the workspace itself.
        directory: Option<Arc<str>>,
    },
    /// A script of an action, by Node. Its inputs are in the environment.
    Node {
        /// The action.
        action: Arc<Action>,
        /// The script, below the action's folder.
        entry: String,
    },
    /// What Tidegate does itself.
    Native {
        /// Which of those that Tidegate has.
        name: &'static str,
        /// What it is told, by the names that it knows.
        inputs: Vec<Pair>,
        /// What an earlier stage of it saved.
        state: Vec<Pair>,
    },
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether it did what it was to do.
    pub outcome: Outcome,
    /// What it told.
    pub outputs: Vec<Pair>,
    /// Variables for the steps after it.
    pub env: Vec<Pair>,
    /// Folders for programs of the steps after it, in the order in which they were told.
    pub path: Vec<Arc<str>>,
    /// What it saved for its later stages.
    pub state: Vec<Pair>,
}

impl Report {
    /// A report of nothing but what it came to.
    pub fn of(outcome: Outcome) -> Self {
        Self { outcome, outputs: vec![], env: vec![], path: vec![], state: vec![] }
    }
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which step.
    pub step: StepAt,
    /// Whether it did what it was to do.
    pub outcome: Outcome,
    /// What that means for its job.
    pub conclusion: Outcome,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// About which step.
    pub step: StepAt,
    /// How bad it is.
    pub level: NoteLevel,
    /// In words.
    pub text: String,
}

/// How bad something is that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteLevel {
    /// It is good to know.
    Notice,
    /// It may be a mistake.
    Warning,
    /// The step fails for it.
    Error,
}
