//! Observes, plans, records, acts.
//!
//! One driver task does all of it, in ticks: take what people asked, look at the world, plan every
//! rollout that may have something to do, write all new statuses and their ledger entries in one
//! transaction, then act. After a crash the next tick observes and plans again; nothing is replayed.
//!
//! Invariant: it reaches the world only through the ports, and decides nothing that a planner decides.

mod act;
mod agreement;
mod analysis_run;
mod asking;
#[cfg(debug_assertions)]
mod audit;
mod authors;
mod behind;
mod beyond;
mod comparison_view;
mod decision;
mod document;
mod driver;
mod ended;
mod experiment_entry;
mod experiment_made;
mod experiment_manifest;
mod experiment_plan;
mod experiment_routes;
mod experiment_show;
mod experiment_stage;
mod field_path;
mod fleet;
mod fleet_summary;
mod handle;
mod index;
mod kept;
mod manifest_text;
mod own_change;
mod pace;
mod planning;
mod record;
mod refused;
mod rehearsal;
mod request;
mod restoration;
mod restore;
mod routes;
mod routing;
mod run_start;
mod runs;
mod secrets;
mod selection;
mod settings;
mod settled;
mod shared;
mod shared_map;
mod show;
mod sight;
mod stage;
mod stage_touch;
mod steady;
mod sweep;
mod takeover;
mod turns;
mod version;
mod view;
mod world;

pub use agreement::Agreement;
pub use analysis_run::AnalysisRunView;
pub use comparison_view::{ComparedField, ComparisonView, LatencyView};
pub use driver::Ports;
pub use ended::Ended;
pub use experiment_show::{ExperimentRunView, ExperimentView};
pub use fleet::{Fleet, Rates};
pub use fleet_summary::{ReplicaCounts, RolloutSummary, StrategyName, WaitsFor};
pub use handle::{Applied, ControlPlane, Outcome, StartError};
pub use kept::{Kept, KeptChange, KeptEntry, KeptKind};
pub use own_change::OwnChange;
pub use pace::Pace;
pub use refused::Refused;
pub use rehearsal::Rehearsal;
pub use restoration::{Remains, Restoration};
pub use restore::DocumentError;
pub use tidegate_resource::{Kind, Resource, UnknownKind};
pub use version::{Expected, Version, VersionError};
pub use view::{
    HistoryItem, MirroredView, ResourceView, RolloutView, RunView, ServiceAddress, TrafficView,
};
