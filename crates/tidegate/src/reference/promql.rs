//! The reference of `PromQL` and of the series, from what answers them.

use std::fmt::Write as _;

use tidegate_promql::{FUNCTIONS, Function, Last, ValueType};
use tidegate_series::FAMILIES;

const HEAD: &str = "\
# PromQL and series

[How it is asked](../how-to/promql.md). The language is that of Prometheus 2.42.

## The language

| part | what there is |
|---|---|
| selectors | `name{label=\"a\", label!=\"a\", label=~\"a.*\", label!~\"a.*\"}`, `[5m]`, `offset 5m`, `@ 1700000000`, `@ start()`, `@ end()` |
| subqueries | `expression[1h:1m]` |
| operators | `+ - * / % ^ atan2`, `== != > < >= <=` with and without `bool`, `and or unless` |
| matching | `on (..)`, `ignoring (..)`, `group_left (..)`, `group_right (..)` |
| aggregation | `sum avg min max count group stddev stdvar topk bottomk quantile count_values`, with `by (..)` or `without (..)` |

## Functions

| function | what it gives |
|---|---|
";

const SERIES: &str = "
## Series

| series | kind | what it counts |
|---|---|---|
";

/// The page.
pub(crate) fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for function in FUNCTIONS {
        // Writing into a string cannot fail.
        let _ = writeln!(page, "| `{}` | {} |", signature(function), function.summary);
    }
    page.push_str(SERIES);
    for family in FAMILIES.iter().copied().flatten() {
        let kind = family.kind.name();
        let _ = writeln!(page, "| `{}` | {kind} | {} |", family.name, family.help);
    }
    page
}

fn signature(function: &Function) -> String {
    let last = function.arguments.len().saturating_sub(1);
    let arguments: Vec<String> = function
        .arguments
        .iter()
        .enumerate()
        .map(|(index, argument)| {
            let word = match argument {
                ValueType::Scalar => "number",
                ValueType::Vector => "vector",
                ValueType::Matrix => "range",
                ValueType::Text => "text",
            };
            match function.last {
                Last::Optional if index == last => format!("[{word}]"),
                Last::Repeated if index == last => format!("[{word}..]"),
                _ => word.to_owned(),
            }
        })
        .collect();
    format!("{}({})", function.name, arguments.join(", "))
}
