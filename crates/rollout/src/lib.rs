//! The rollout planner: what to do next, and why.
//!
//! Invariant: nothing here reads a clock, waits, or touches the world; `now` is in the input.

mod basic;
mod command;
mod conditions;
mod deadline;
mod desired;
mod finish;
mod observation;
mod orders;
mod plan;
mod replicas;
mod report;
mod resource;
mod runs;
mod spec;
mod split;
mod status;
mod steps;
mod turn;
mod view;
mod wake;
mod wanted;

pub use command::{Command, CommandRefused, apply_command};
pub use observation::{Observation, RevisionSeen, RunSeen};
pub use plan::{Action, Event, Plan, plan};
pub use report::{Report, RevisionRole, RevisionView, StepState, StepView, Waiting};
pub use resource::RolloutResource;
pub use spec::{AnalysisUse, ArgValue, Canary, CountOrPercent, RolloutSpec, Step, TemplateUse};
pub use status::{
    Abort, AbortReason, Condition, ConditionKind, PauseReason, PauseState, Phase, RevisionRecord,
    RolloutStatus, RunKind, RunRef, Told,
};
