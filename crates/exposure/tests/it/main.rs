//! What an exposure by budget promises.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../../benches/exposure/chance.rs"]
mod chance;
#[path = "../../benches/exposure/world.rs"]
mod world;

mod arms;
mod budget;
mod ramp;
