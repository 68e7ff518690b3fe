//! What the steps of a workflow say to the runner that runs them, as GitHub's runner hears it: commands
//! in what they print, files that they write, secrets that nobody may read, and problems that tools tell.
//!
//! Invariant: nothing here touches a file, a process or a clock. A line, a file's bytes or a matcher's text
//! comes in, and what follows from it goes out as [`Effect`]s, pairs, masked text and [`Problem`]s.

mod annotation;
mod command;
mod encodings;
mod files;
mod interpreter;
mod masker;
mod matcher_file;
mod matchers;
mod pattern;
mod scan;
mod stream;

pub use annotation::{Annotation, Level, MOST_ANNOTATIONS_PER_LEVEL, MOST_MESSAGE_CHARACTERS};
pub use command::Command;
pub use files::{
    BLOCKED_VARIABLE, FileError, MOST_SUMMARY_BYTES, Pair, SummaryTooLarge, check_summary,
    check_variable, pairs, paths, text,
};
pub use interpreter::{Effect, Interpreter, Trust};
pub use masker::{MASK, MOST_PATTERN_BYTES, Masker, TooManySecrets};
pub use matcher_file::{MOST_MATCHER_BYTES, MatcherError, MatcherSpec, PatternSpec, read_matchers};
pub use matchers::{Matchers, Problem, Verdict};
pub use stream::MaskStream;
