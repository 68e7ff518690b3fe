use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use crate::{event::StepNumber, report::Report};

/// One step, all of whose expressions are values already.
#[derive(Clone, Debug)]
pub struct Step {
    /// Names the step in the job: its outputs and the state of its stages are kept by it.
    pub id: String,
    /// What people see.
    pub name: String,
    /// What it does.
    pub work: Work,
    /// Its own variables, over those of the workflow, the job and the steps before it.
    pub variables: Vec<(String, String)>,
    /// What its action is, as `GITHUB_*` and `ACTIONS_*`: over all else.
    pub context: Vec<(String, String)>,
    /// Folders to look for programs in before those of `PATH` and of the steps before, the first one first.
    pub paths: Vec<String>,
    /// Where it runs, relative to the workspace; there if absent.
    pub folder: Option<PathBuf>,
    /// How long it may take.
    pub timeout: Option<Duration>,
}

impl Step {
    /// A step with nothing but its work.
    pub fn new(id: impl Into<String>, work: Work) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            work,
            variables: Vec::new(),
            context: Vec::new(),
            paths: Vec::new(),
            folder: None,
            timeout: None,
        }
    }

    /// A step that runs a script in the usual shell.
    pub fn script(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(id, Work::Script { text: text.into(), shell: None })
    }

    /// The same in a shell that is named as workflows name it.
    pub fn script_in(id: impl Into<String>, shell: &str, text: impl Into<String>) -> Self {
        Self::new(id, Work::Script { text: text.into(), shell: Some(shell.to_owned()) })
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A script in a shell.
    Script {
        /// The script.
        text: String,
        /// `bash`, `sh`, `pwsh`, `python`, or a command line with `{0}` where the script's file goes.
        shell: Option<String>,
    },
    /// One stage of a JavaScript action.
    Node {
        /// The file that Node runs.
        entry: PathBuf,
        /// The action's inputs by name, with their defaults.
        inputs: Vec<(String, String)>,
    },
    /// A program.
    Program {
        /// Its path, or its name in `PATH`.
        program: PathBuf,
        /// What it is given.
        arguments: Vec<String>,
    },
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// As it should.
    Success,
    /// Otherwise, or not in time.
    Failure,
    /// Somebody ended it.
    Cancelled,
}

impl Outcome {
    /// The word that `steps.ID.outcome` has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How a step ended, and what it left.
#[derive(Clone, Debug)]
pub struct StepEnd {
    /// Its id.
    pub id: String,
    /// Which it was.
    pub number: StepNumber,
    /// How it ended.
    pub outcome: Outcome,
    /// What its program ended with: 128 and the signal's number where a signal ended it.
    pub exit_code: Option<i32>,
    /// When it began.
    pub began: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// What it said to the runner.
    pub report: Report,
}

/// How long a process that is to end may take for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From the interrupt to the request to terminate.
    pub interrupted: Duration,
    /// From there to the end.
    pub terminated: Duration,
}

impl Default for Patience {
    /// What GitHub's runner gives: 7.5 s and 2.5 s.
    fn default() -> Self {
        Self { interrupted: Duration::from_millis(7_500), terminated: Duration::from_millis(2_500) }
    }
}
