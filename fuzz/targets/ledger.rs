//! An exported ledger, line by line; and canonical JSON, which is the same when it is made of itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tidegate_ledger::{Head, Verifier, canonical, depth};

fuzz_target!(|text: &str| {
    let mut verifier = Verifier::new(Head::default(), None);
    for line in text.lines() {
        if verifier.take_line(line).is_err() {
            break;
        }
    }
    let _ = verifier.finish();
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let _ = depth(&value);
    let once = canonical(&value);
    let again: Value = serde_json::from_str(&once).expect("canonical JSON is JSON");
    assert_eq!(canonical(&again), once);
});
