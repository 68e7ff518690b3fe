//! Workflows as GitHub has them: what one is, which events start it, and what of a run is to be done
//! next.
//!
//! A [`Workflow`] is made by whoever reads files. [`Run`] plans: it says which jobs there are, which
//! begin, which are cancelled and what the whole comes to, and whoever carries that out says what was
//! [`Seen`].
//!
//! Invariant: nothing here reads a file, a clock or the environment, and nothing runs a process.

mod action;
mod advance;
mod begin;
mod call;
mod contexts;
mod cron;
mod evaluate;
mod event;
mod finish;
mod graph;
mod groups;
mod input;
mod matrix;
mod model;
mod naming;
mod pattern;
mod permissions;
mod place;
mod report;
mod rerun;
mod run;
mod seen;
pub mod setting;
mod state;
mod step;
mod strategy;
mod template;
mod trigger;

pub use action::{Action, Begin, Member, Plan};
pub use call::{Input, InputKind, Interface, Output, Secret};
pub use cron::{Cron, CronError};
pub use evaluate::{Problem, TemplateError, evaluate};
pub use event::{Event, NotStarted, Reference, default_activities};
pub use graph::StartError;
pub use groups::{Groups, MOST_WAITING, Told};
pub use input::{InputError, LONGEST_DISPATCHED, MOST_DISPATCHED, called, dispatched};
pub use matrix::{Combination, MOST_COMBINATIONS, combinations};
pub use model::{Call, Condition, Job, Secrets, Steps, Work, Workflow};
pub use naming::{IdError, Ids, LONGEST_ID, LONGEST_NAME, of_action, of_matrix_job};
pub use pattern::{LONGEST_PATTERN, PatternError, Patterns};
pub use permissions::{Excess, Level, Permission, Permissions};
pub use place::{Place, Placed};
pub use report::{JobReport, Report, Standing, Waiting};
pub use rerun::{Rerun, RerunError};
pub use run::{Given, MOST_CALLS_DEEP, MOST_JOBS, Protection, Run};
pub use seen::{Refused, Seen};
pub use state::{
    CancelReason, Cancelled, FrameState, GroupState, InstanceState, JobKey, JobPhase, JobResult,
    JobState, Kept, Phase, RunState, Settings,
};
pub use step::{Execution, Run as Script, Step, StepKind, Uses, identify};
pub use strategy::Strategy;
pub use template::{Entry, Key, Template, Token};
pub use trigger::{EventTrigger, Filters, Schedule, Triggers};
