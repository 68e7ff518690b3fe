use serde_json::Value;
use tidegate_ledger::depth;

use crate::StoreError;

/// A document or an entry may be this long as JSON, in bytes. A rollout's whole history is some
/// 100 KiB; the largest thing kept is a `ConfigMap`, which Kubernetes bounds at 1 MiB.
pub const LONGEST_KEPT: usize = 4 * 1024 * 1024;

/// ...and nested this deep: the reader of JSON stops at 128, and an entry wraps its detail once.
pub const DEEPEST_KEPT: usize = 100;

/// Refuses what is nested deeper than a store keeps it; `name` says what it is.
pub fn check_depth(name: impl FnOnce() -> String, body: &Value) -> Result<(), StoreError> {
    let found = depth(body);
    if found <= DEEPEST_KEPT {
        return Ok(());
    }
    let why = format!("it is nested {found} deep, at most {DEEPEST_KEPT} is kept");
    Err(StoreError::Failed(format!("{}: {why}", name())))
}

/// Refuses what is longer than a store keeps it, in bytes of JSON; `name` says what it is.
pub fn check_length(name: impl FnOnce() -> String, found: usize) -> Result<(), StoreError> {
    if found <= LONGEST_KEPT {
        return Ok(());
    }
    let why = format!("it is {found} bytes long, at most {LONGEST_KEPT} are kept");
    Err(StoreError::Failed(format!("{}: {why}", name())))
}
