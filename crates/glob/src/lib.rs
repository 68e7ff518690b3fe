//! Files by patterns, as GitHub's actions find them: what `@actions/glob` finds, in its order.
//! `hashFiles`, `actions/upload-artifact` and `actions/cache` all look for files by it.
//!
//! Windows' paths are absent: patterns are those of `/`.

mod hash;
mod name;
mod pattern;
mod segment;
mod walk;

pub use name::{NamePattern, NamePatternError};
pub use pattern::{Glob, PatternError, Place};
pub use walk::{Options, WalkError};
