//! The sequential comparison of the canary with the stable revision.
mod arms;
mod errors;
mod evidence;
mod latency;
mod look;
mod mixture;
mod needs;
mod shadow;
mod threshold;
mod verdict;

pub use evidence::{ArmSum, JudgeEvidence, TestEvidence, TestUnit, Verdict};
pub use shadow::{FieldEvidence, weigh};
