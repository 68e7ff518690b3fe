//! The program itself, as people and scripts run it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod backup;
mod broken;
mod contract;
mod errors;
mod help;
mod judge;
mod judge_kayenta;
mod ledger;
mod mixed;
mod program;
mod release;
mod report;
mod rollout;
mod server;
mod tls;
mod validate;
mod workflow;
mod workflow_run;
