//! Steps of a job.

use std::sync::Arc;

use crate::model::Condition;
use crate::naming::{Ids, of_action};
use crate::place::{Place, Placed};
use crate::template::Template;

/// A step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it begins.
    pub place: Place,
    /// Its id: the one that is written, or one that begins with `__`.
    pub id: Arc<str>,
    /// What it is called: a text.
    pub name: Option<Template>,
    /// Whether the job goes on as if it had not failed: `true` or `false`.
    pub continue_on_error: Option<Template>,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// A script.
    Run(Box<Run>),
    /// An action.
    Uses(Box<Uses>),
    /// Waits for steps in the background, by their ids.
    Wait(Vec<Placed<Arc<str>>>),
    /// Waits for each step in the background.
    WaitAll,
    /// Ends a step in the background, by its id.
    Cancel(Placed<Arc<str>>),
    /// Steps beside each other; the job goes on when all of them are over.
    Parallel(Vec<Step>),
}

/// A script that a step runs.
#[derive(Clone, Debug)]
pub struct Run {
    /// The script: a text.
    pub script: Template,
    /// What runs it: a text.
    pub shell: Option<Template>,
    /// Where it runs: a text.
    pub working_directory: Option<Template>,
    /// When and how.
    pub execution: Execution,
}

/// An action that a step uses.
#[derive(Clone, Debug)]
pub struct Uses {
    /// Which one: `./path`, `owner/repository/path@ref` or `docker://image`.
    pub action: Placed<String>,
    /// Its inputs: a mapping of texts.
    pub with: Option<Template>,
    /// When and how.
    pub execution: Execution,
}

/// When and how a script or an action runs.
#[derive(Clone, Debug)]
pub struct Execution {
    /// Whether it runs at all.
    pub condition: Condition,
    /// Variables: a mapping of texts.
    pub env: Option<Template>,
    /// How long it may take, in minutes: a number.
    pub timeout_minutes: Option<Template>,
    /// Whether the next step begins at once.
    pub background: bool,
}

impl Step {
    /// When and how it runs, where it is a script or an action.
    pub fn execution(&self) -> Option<&Execution> {
        match &self.kind {
            StepKind::Run(run) => Some(&run.execution),
            StepKind::Uses(uses) => Some(&uses.execution),
            StepKind::Wait(_) | StepKind::WaitAll | StepKind::Cancel(_) | StepKind::Parallel(_) => {
                None
            }
        }
    }
}

impl StepKind {
    /// What the id of such a step begins with where none is written.
    fn word(&self) -> String {
        match self {
            Self::Run(_) => "__run".to_owned(),
            Self::Uses(uses) => of_action(&uses.action.what),
            Self::Wait(_) => "__wait".to_owned(),
            Self::WaitAll => "__wait-all".to_owned(),
            Self::Cancel(_) => "__cancel".to_owned(),
            Self::Parallel(_) => "__parallel".to_owned(),
        }
    }
}

/// Gives each step whose id is empty one of its own; `ids` has those that are written.
///
/// Steps beside each other have ids of their own too, from ids of their own: that is how GitHub
/// does it.
pub fn identify(steps: &mut [Step], ids: &mut Ids) {
    for step in steps.iter_mut().filter(|step| step.id.is_empty()) {
        if let Some(id) = ids.reserved(&[&step.kind.word()]) {
            step.id = id.into();
        }
    }
}
