//! A JSON path on the first line, and a document behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_analysis::{JsonPath, TimeExpression, parse_duration};

fuzz_target!(|text: &str| {
    let (path, document) = text.split_once('\n').unwrap_or((text, "{}"));
    let _ = TimeExpression::parse(path);
    let _ = parse_duration(path);
    let Ok(path) = JsonPath::parse(path) else { return };
    if let Ok(document) = serde_json::from_str(document) {
        let _ = path.find(&document);
    }
});
