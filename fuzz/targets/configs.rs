//! Kayenta's canary configurations and maps of images.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_manifest::{read_canary_config, read_image_map};

fuzz_target!(|text: &str| {
    if let Err(problems) = read_canary_config("fuzzed.json", text) {
        assert!(!problems.problems.is_empty(), "refused for nothing");
    }
    if let Err(problems) = read_image_map("fuzzed.yaml", text) {
        assert!(!problems.problems.is_empty(), "refused for nothing");
    }
});
