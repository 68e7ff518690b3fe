//! The judge as its users see it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the numbers of a simulation are small"
)]
#![expect(clippy::print_stdout, reason = "a simulation tells its figures with --nocapture")]

mod clumps;
mod cost;
mod design;
mod evidence;
mod false_alarms;
mod fields;
mod history;
mod interval;
mod interval_false_alarms;
mod power;
mod product;
mod rates;
mod series;
mod soundness;
mod split;
mod trend;
mod weights;
mod world;
