use serde_json::Value;
use tidegate_ledger::depth;

use crate::{StoreError, StoredText};

/// A document or an entry may be this long as JSON, in bytes. A rollout's whole history is some
/// 100 KiB; the largest thing kept is a `ConfigMap`, which Kubernetes bounds at 1 MiB.
pub const LONGEST_KEPT: usize = 4 * 1024 * 1024;

/// ...and nested this deep: the reader of JSON stops at 128, and an entry wraps its detail once.
pub const DEEPEST_KEPT: usize = 100;

/// Refuses what is nested deeper than a store keeps it; `name` says what it is.
pub fn check_depth(name: impl FnOnce() -> String, body: &Value) -> Result<(), StoreError> {
    check_nesting(name, depth(body))
}

/// Refuses a document that is longer or nested deeper than a store keeps it.
pub fn check_text(text: &StoredText) -> Result<(), StoreError> {
    let name = || format!("{} {}", text.kind, text.key);
    check_nesting(name, nesting(&text.body))?;
    check_length(name, text.body.len())
}

/// How deeply arrays and objects are nested in a text that is JSON, as `depth` says of a value.
fn nesting(json: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                now += 1;
                most = most.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
            b'"' => skip_text(&mut bytes),
            _ => {}
        }
    }
    most
}

/// Goes over the rest of a string: what is in it nests nothing.
fn skip_text(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

fn check_nesting(name: impl FnOnce() -> String, found: usize) -> Result<(), StoreError> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value) {
        assert_eq!(nesting(&value.to_string()), depth(value), "{value}");
    }

    #[test]
    fn a_text_is_nested_as_deep_as_what_it_says() {
        check(&json!(null));
        check(&json!("[[[{"));
        check(&json!([]));
        check(&json!({ "a": [1, { "b": [] }], "[": "]}" }));
        check(&json!(["\\", "\"[", "\\\"{", { "\"": [[]] }]));
        check(&json!({ "a": { "b": {} }, "c": [[], [[[]]]] }));
    }
}
