//! A condition on the first line, and what it is asked about behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_condition::Condition;

fuzz_target!(|text: &str| {
    let (condition, result) = text.split_once('\n').unwrap_or((text, "1.5"));
    let Ok(condition) = Condition::parse(condition) else { return };
    if let Ok(result) = serde_json::from_str(result) {
        let answer = condition.holds(&result);
        assert_eq!(answer, condition.holds(&result), "the same question has one answer");
    }
});
