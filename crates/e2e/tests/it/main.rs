//! The real binary on real processes under real load, in a short form. `tidegate-measure` runs the
//! same trials hundreds of times.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod blue_green;
mod containers;
mod databases;
mod demo;
mod drills;
mod haproxy;
mod job;
mod moves;
mod nginx;
mod notifications;
mod postgres;
mod prometheus;
mod receivers;
mod release;
mod rings;
mod scenarios;
mod survive;
mod two_servers;
