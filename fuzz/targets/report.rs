//! What CI tools wrote, in whatever format it is found to be, and what is made of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_evidence::{Evidence, annotate, evidence_page};
use tidegate_report::{Format, Hint, changed_lines, read};

fuzz_target!(|data: &[u8]| {
    let _ = changed_lines(data, "fuzzed");
    for format in [None, Some(Format::Lcov), Some(Format::GoBench), Some(Format::Sizes)] {
        let Ok(reading) = read(data, Hint { name: "fuzzed", format }) else { continue };
        let mut evidence = Evidence::default();
        evidence.add(reading.report);
        let page = evidence_page(&evidence);
        assert!(page.len() < 1 << 20, "a page of {} bytes", page.len());
        assert!(annotate(&evidence, 50).shown.len() <= 50);
    }
});
