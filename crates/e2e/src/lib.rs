//! The real binary on real processes under real load.
//!
//! [`House`] is a data folder with a server, its router and the sample service in it, steered by the
//! same commands that people type. The tests of the whole and the measurements share it.

mod house;
mod manifest;
mod programs;
mod prometheus;
mod scenario;

pub mod trials;

pub use house::{Carrier, House};
pub use manifest::{Manifest, Step};
pub use programs::Programs;
pub use prometheus::Prometheus;
pub use scenario::run_scenario;
