use regex::{Regex, RegexBuilder};

use crate::{ConditionError, error::Place};

/// How large a compiled pattern may be, in bytes. It bounds the time to compile and to match,
/// which is linear in pattern and text; a pattern that a person writes needs a few kilobytes.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// Compiles the right side of `matches`.
pub(crate) fn compile(pattern: &str, place: Place) -> Result<Regex, ConditionError> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(MAX_PATTERN_BYTES)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => place
                .limit(format!("the pattern needs more than {limit} bytes; write a simpler one")),
            other => {
                place.syntax(format!("{pattern:?} is not a regular expression: {}", reason(&other)))
            }
        })
}

/// The last line of the regex crate's report, which names the mistake.
fn reason(error: &regex::Error) -> String {
    let report = error.to_string();
    let last = report.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}
