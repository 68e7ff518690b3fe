//! The reader, from the outside: good files, bad files, and any text at all.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod amounts;
mod analysis_runs;
mod any;
mod argo;
mod auto;
mod bad;
mod blue_green;
mod canary;
mod canary_configs;
mod decisions;
mod defaults;
mod edits;
mod empty;
mod experiments;
mod good;
mod init;
mod jobs;
mod limits;
mod notifications;
mod page;
mod queries;
mod rendering;
mod rings;
mod routing;
mod scales;
mod services;
mod shadow;
mod strangers;
mod templates;
mod text;
mod volumes;
mod workload_ref;
