//! What load generators, logs and monitoring recorded, in whatever format it is found to be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_recording::{ReadSettings, Reader, Shape};

fuzz_target!(|data: &[u8]| {
    for shape in [None, Some(Shape::Requests), Some(Shape::Intervals)] {
        for arms in [false, true] {
            let settings = ReadSettings { shape, arms, ..ReadSettings::default() };
            let Ok(mut reader) = Reader::open("fuzzed", Box::new(data), &settings) else {
                continue;
            };
            if reader.shape() == Shape::Intervals {
                for series in reader.series().unwrap_or_default() {
                    assert!(!series.points.is_empty(), "a series of nothing");
                }
            } else {
                while let Ok(Some(_)) = reader.next_request() {}
            }
            let _ = reader.notes();
        }
    }
});
