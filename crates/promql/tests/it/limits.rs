//! What a query may take, whoever writes it.

use std::cell::Cell;

use tidegate_promql::{Engine, EvalError, Limits, Span, parse};

use crate::examples::known;

fn ask(query: &str, limits: Limits<'_>) -> Option<EvalError> {
    let known = known();
    let engine = Engine { source: &known, limits };
    engine.range(&parse(query).unwrap(), Span { start: 0, end: 60_000, step: 1_000 }).err()
}

#[test]
fn a_query_reads_and_makes_only_so_many_samples() {
    let limited = |samples| Limits { samples, ..Limits::prometheus() };
    assert_eq!(ask("requests", limited(1_000)), None);
    for query in ["requests", "rate(requests[1m])", "sum_over_time(level[1h:1ms])", "vector(1)"] {
        assert_eq!(ask(query, limited(60)), Some(EvalError::TooManySamples), "{query}");
    }
}

#[test]
fn a_query_ends_when_its_time_is_over() {
    let asked = Cell::new(0);
    let is_over = || {
        asked.set(asked.get() + 1);
        asked.get() > 20
    };
    let limits = Limits { is_over: &is_over, ..Limits::prometheus() };
    assert_eq!(ask("sum(requests)", limits), Some(EvalError::Timeout));
}

#[test]
fn expressions_are_nested_only_so_deep() {
    for (open, close) in [("(", ")"), ("abs(", ")"), ("-", ""), ("1 + ", ""), ("2 ^ ", "")] {
        let nested = |levels: usize| {
            let inner = if open == "abs(" { "level" } else { "1" };
            format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
        };
        assert!(parse(&nested(100)).is_ok(), "{open}");
        let problem = parse(&nested(50_000)).unwrap_err().to_string();
        assert!(problem.ends_with("nested more than 128 levels deep"), "{open} {problem}");
    }
}
