//! Jobs whose steps are reported by a script of what each does: which run, with what, and what the job comes to.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod any_job;
mod background;
mod bed;
mod cancel;
mod composite;
mod conditions;
mod inputs;
mod stages;
mod variables;
