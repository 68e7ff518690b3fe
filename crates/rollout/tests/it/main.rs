//! The planner in a small world: executors that are late, lose and repeat what they are told.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod any_order;
mod blue_green;
mod commands;
mod rules;
mod scenario_abort;
mod scenario_analysis;
mod scenario_auto;
mod scenario_carry;
mod scenario_deadline;
mod scenario_experiment;
mod scenario_first;
mod scenario_plugin;
mod scenario_release;
mod scenario_rings;
mod scenario_routes;
mod scenario_scale;
mod scenario_shadow;
mod scenario_spec;
mod scenario_window;
mod stored;
mod world;
