//! An expression on the first line, and the contexts that it is evaluated over behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_expression::{Contexts, Expression, MEMORY, Names, Value};

fuzz_target!(|text: &str| {
    let (source, contexts) = text.split_once('\n').unwrap_or((text, "{}"));
    let contexts = Value::from_json(contexts);
    let Ok(expression) = Expression::parse(source, &Names::any()) else { return };
    let printed = expression.to_string();
    let again = Expression::parse(&printed, &Names::any());
    // What is printed has blanks that the source may lack, and can be too long for that.
    if printed.len() < 21_000 {
        assert_eq!(again.as_ref(), Ok(&expression), "what is printed means the same");
    }
    let Ok(contexts) = contexts else { return };
    let scope = Contexts(contexts);
    let value = expression.evaluate_within(MEMORY, &scope);
    assert_eq!(value, expression.evaluate_within(MEMORY, &scope), "the same question has one answer");
    if let Ok(value) = value {
        let json = value.to_json();
        assert!(Value::from_json(&json).is_ok(), "what is printed is JSON");
    }
});
