//! The decision on a revision, as a metric: rules over what was measured, the judge's evidence and a
//! prediction.

mod look;
mod measured;
mod memory;
mod others;
mod settings;
mod view;

pub(crate) use look::Look;
pub(crate) use others::Others;
pub use settings::{DecisionSettings, KNOWN_VALUES, PredictionFrom, ValueFrom};
pub use view::DecisionView;
