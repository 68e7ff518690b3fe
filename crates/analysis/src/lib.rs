//! Measurements, limits and sequential tests: the verdict on a revision.
//!
//! Invariant: nothing here reads a clock, waits, or touches the world.

mod metric;
mod run;
mod template;

pub use metric::{ArmMeasure, JudgeSettings, Metric, Provider, RevisionRole, RouterMeasure};
pub use run::{
    JudgeEvidence, MeasurementView, MetricView, RunEvent, RunObservation, RunPhase, RunPlan,
    RunSpec, RunStatus, RunTraffic, plan_run,
};
pub use template::{AnalysisTemplate, ArgDeclaration, MetricTemplate, ResolveError, Setting};
