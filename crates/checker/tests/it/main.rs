//! Good and bad plans, by hand and from the planner under random worlds.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod blue_green;
mod capacity;
mod cut_over;
mod exposure;
mod fences;
mod first;
mod gates;
mod planner;
mod plugins;
mod rings;
mod routes;
mod sabotage;
mod scales;
mod scene;
mod shadow;
mod splits;
mod world;
