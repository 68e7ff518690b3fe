//! The experiment planner: templates that stand side by side for a while, and what comes of them.
//!
//! Invariant: nothing here reads a clock, waits, or touches the world; `now` is in the input.
//!
//! [`plan`] is one pass: take note of the runs that ended (`runs`), see how the templates are
//! (`templates`), decide what the experiment has come to (`verdict`), then how many replicas each
//! template should have (`counts`) and which runs should be there, and from those the orders
//! (`orders`), the report (`view`) and when to look again (`wake`).
//!
//! What should be there is stored with the status; orders follow from comparing it with what is
//! seen. An order that is lost is given again, one that is repeated says the same.

mod counts;
mod observation;
mod orders;
mod plan;
mod report;
mod resource;
mod runs;
mod spec;
mod status;
mod templates;
mod turn;
mod verdict;
mod view;
mod wake;

pub use observation::Observation;
pub use plan::{Action, Event, Plan, plan};
pub use report::{Report, Waiting};
pub use resource::{ExperimentResource, MadeBy, TemplateResource};
pub use spec::{ExperimentSpec, Template};
pub use status::{ExperimentStatus, RunRecord, TemplatePhase, TemplateRecord};
pub use tidegate_rollout::ExperimentAnalysis as Analysis;
pub use tidegate_units::RunPhase as Phase;
