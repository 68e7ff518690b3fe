//! PromQL: queries, and the selectors of a federation.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_promql::{duration, parse, parse_matchers};

fuzz_target!(|text: &str| {
    if let Ok(expression) = parse(text) {
        let _ = expression.value_type();
    }
    let _ = parse_matchers(text);
    let _ = duration(text);
});
