//! Answers of two revisions to copies of one request: compared field by field.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_comparison::{Answer, Body, Settings, compare};
use tidegate_traffic::cookie_value;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let mut next = || {
        let body = parts.next().unwrap_or_default().to_vec();
        let fields = vec![("content-type".to_owned(), "application/json".to_owned())];
        Answer { status: 200, fields, body: Body::Whole(body), micros: 1 }
    };
    let (one, other, third) = (next(), next(), next());
    let settings = Settings::default();
    let _ = compare(&settings, [Some(&one), Some(&other), Some(&third)]);
    let _ = compare(&settings, [Some(&one), Some(&other), None]);
    let _ = cookie_value(data.split(|byte| *byte == b'\n'), "tidegate-web");
});
