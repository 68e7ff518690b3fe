//! The rollout planner: what to do next, and why.
//!
//! Invariant: nothing here reads a clock, waits, or touches the world; `now` is in the input.
//!
//! [`plan`] is one pass, in the order in which it matters: follow the revision that the spec names
//! (`wanted`), take back what failed (`runs`, `experiments`), take the steps that are done (`steps`), make stable
//! what serves all (`finish`), look at the deadline (`deadline`); then decide the split (`split`)
//! and the replicas (`replicas`, and `basic` and `by_counts` where no router splits), and from those the orders
//! (`orders`), what programs that took steps are called for (`plugins`), the conditions (`conditions`), the report (`view`) and when to look again (`wake`).
//!
//! Three rules carry the safety of it:
//! - A share rises only onto replicas that are available, and falls at once; without a router, as fast as the others carry it.
//! - The router is believed only by a generation that is not older than the split that was decided;
//!   until it has confirmed that, it may follow any split that it was ever told, and nothing shrinks.
//! - What should be there is stored with the status; orders follow from comparing it with what is
//!   seen. An order that is lost is given again, or taken back if what it would end is needed by
//!   then; one that is repeated says the same. [`Action::Forget`] alone is given once, and says why
//!   it cannot be lost.

mod auto;
mod basic;
mod blue_green;
mod by_counts;
mod command;
mod conditions;
mod deadline;
mod desired;
mod experiment;
mod experiments;
mod finish;
mod guests;
mod keep;
mod observation;
mod orders;
mod plan;
mod plugins;
mod replicas;
mod report;
mod resource;
mod ring;
mod rules;
mod runs;
mod scale;
mod shadow;
mod spec;
mod split;
mod status;
mod steps;
mod turn;
mod view;
mod wake;
mod wanted;
mod went_back;
mod window;

pub use blue_green::{BlueGreen, BlueGreenProgress, CutOver, Promotion};
pub use command::{Command, CommandRefused, apply_command};
pub use experiment::{
    ExperimentAnalysis, StepExperiment, StepTemplate, TemplateOf, TemplateService,
};
pub use observation::{ExperimentSeen, Observation, RevisionSeen, RunSeen, TemplateSeen};
pub use plan::{Action, Event, Plan, plan};
pub use report::{
    BlueGreenView, GuestView, Report, RevisionRole, RevisionView, RingState, RingView, StepState,
    StepView, Waiting,
};
pub use resource::{PingPong, RoleMeta, RolloutResource, RunHistory};
pub use ring::Ring;
pub use rules::{Route, RouteKind};
pub use scale::{CanaryScale, Threshold};
pub use shadow::{SHADOW_RULE, Shadow};
pub use spec::{
    AnalysisUse, ArgValue, Canary, CountOrPercent, PluginTask, PluginUse, RolloutSpec, Step,
    Strategy, TemplateUse,
};
pub use status::{
    Abort, AbortReason, Condition, ConditionKind, ExperimentRef, PauseReason, PauseState, Phase,
    PluginCall, PluginStep, RevisionRecord, RolloutStatus, RunKind, RunRef, Told,
};
pub use tidegate_exposure::ExposureSettings;
