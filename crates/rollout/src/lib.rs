//! The rollout planner: what to do next, and why.
//!
//! Invariant: nothing here reads a clock, waits, or touches the world; `now` is in the input.

mod command;
mod observation;
mod plan;
mod report;
mod resource;
mod spec;
mod status;

pub use command::{Command, CommandRefused, apply_command};
pub use observation::{Observation, RevisionSeen, RunSeen};
pub use plan::{Action, Event, Plan, plan};
pub use report::{Report, RevisionRole, RevisionView, StepState, StepView, Waiting};
pub use resource::RolloutResource;
pub use spec::{AnalysisUse, ArgValue, Canary, CountOrPercent, RolloutSpec, Step, TemplateUse};
pub use status::{
    Abort, AbortReason, Condition, ConditionKind, PauseReason, PauseState, Phase, RevisionRecord,
    RolloutStatus, RunKind, RunRef,
};
