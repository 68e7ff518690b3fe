//! Manifests, as people write them: each is read or refused with a place that is in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_manifest::read_file;

fuzz_target!(|text: &str| {
    // YAML ends a line with a carriage return as well.
    let lines = text.chars().filter(|one| matches!(one, '\n' | '\r')).count() + 1;
    let lines = u32::try_from(lines).unwrap_or(u32::MAX);
    match read_file("fuzzed.yaml", text) {
        Ok(reading) => {
            for document in reading.documents {
                assert!(!format!("{:?}", document.resource).is_empty());
            }
        }
        Err(problems) => {
            assert!(!problems.problems.is_empty(), "refused for nothing");
            for problem in problems.problems {
                let told = problem.to_string();
                assert!(problem.line <= lines, "no such line: {told}");
            }
        }
    }
});
