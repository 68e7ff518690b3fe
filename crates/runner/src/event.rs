use std::time::SystemTime;

use tidegate_workflow_commands::Annotation;

use crate::step::StepEnd;

/// Counts the steps of a job from 1, in the order in which they began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepNumber(pub u32);

/// A line of a log, masked and without its line break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was read.
    pub at: SystemTime,
    /// What it says. Runner's own lines begin `##[`: `group`, `endgroup`, `debug`, `notice`, `warning`, `error`.
    pub text: String,
}

/// What happens in a job, in order.
#[derive(Clone, Debug)]
pub enum Event {
    /// A step begins.
    Began {
        /// Which.
        step: StepNumber,
        /// Its id, as the workflow has it.
        id: String,
        /// Its name, as people see it.
        name: String,
        /// When.
        at: SystemTime,
    },
    /// A step said something: some lines at once, as they came.
    Lines {
        /// Which.
        step: StepNumber,
        /// What.
        lines: Vec<LogLine>,
    },
    /// A remark was made, which is in the log, too.
    Annotated {
        /// By which.
        step: StepNumber,
        /// What.
        annotation: Annotation,
    },
    /// A step has ended.
    Ended {
        /// Which.
        step: StepNumber,
        /// How.
        end: Box<StepEnd>,
    },
}
