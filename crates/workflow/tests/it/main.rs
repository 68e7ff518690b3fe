//! Workflows: what they are, what starts them, and what of them is to be done next.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod calls;
mod checker;
mod crons;
mod events;
mod made_up;
mod matrices;
mod names;
mod patterns;
mod permitted;
mod reports;
mod reruns;
mod runs;
mod settings;
mod templates;
mod told;
mod world;
mod written;
