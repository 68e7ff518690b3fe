//! The one error of the program, and the one place that writes it.

use std::{fmt::Write as _, process::ExitCode};

use tidegate_manifest::Problems;

use crate::{exit, paint::Paint};

/// What kind of failure it is; it decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// It was tried and failed.
    Failed,
    /// The command line makes no sense.
    Usage,
    /// It took too long.
    TimedOut,
    /// No server answers.
    Unreachable,
    /// What was recorded cannot be read.
    Unreadable,
    /// A server may do nothing more.
    Ended,
}

/// An error as it is told: what, because of what, and what to do.
#[derive(Debug)]
pub(crate) struct CliError {
    kind: ErrorKind,
    message: String,
    sources: Vec<String>,
    hint: Option<String>,
    problems: Vec<Problems>,
}

impl CliError {
    /// An error of a kind; `message` is one sentence with no full stop.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            sources: Vec::new(),
            hint: None,
            problems: Vec::new(),
        }
    }

    /// Something that was tried and failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed, message)
    }

    /// Adds `source` and all that stands behind it as the reason.
    pub(crate) fn because(mut self, source: &dyn std::error::Error) -> Self {
        let mut next = Some(source);
        while let Some(error) = next {
            let text = error.to_string();
            // Many errors repeat their source in their own words; once is enough.
            if !self.sources.last().is_some_and(|last| last.ends_with(&text)) {
                self.sources.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what to do about it, unless that is known better already.
    pub(crate) fn or_hint(mut self, hint: &str) -> Self {
        self.hint.get_or_insert_with(|| hint.to_owned());
        self
    }

    /// Adds every problem of the files that were read.
    pub(crate) fn problems(mut self, problems: Vec<Problems>) -> Self {
        self.problems = problems;
        self
    }

    /// The same error as one of another kind.
    pub(crate) const fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// What kind it is.
    pub(crate) const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What the program ends with.
    pub(crate) const fn code(&self) -> u8 {
        match self.kind {
            ErrorKind::Failed => exit::FAILED,
            ErrorKind::Usage => exit::USAGE,
            ErrorKind::TimedOut => exit::TIMED_OUT,
            ErrorKind::Unreachable => exit::UNREACHABLE,
            ErrorKind::Unreadable => exit::UNREADABLE,
            ErrorKind::Ended => exit::ENDED,
        }
    }

    /// The error as it is shown to people.
    pub(crate) fn render(&self, paint: Paint) -> String {
        let mut text = String::new();
        for problems in &self.problems {
            let _ = writeln!(text, "{}", paint.problems(problems));
        }
        let _ = writeln!(text, "{} {}", paint.red_bold("error:"), self.message);
        for source in &self.sources {
            let _ = writeln!(text, "  {} {source}", paint.dim("because:"));
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "  {} {hint}", paint.cyan("hint:"));
        }
        text
    }
}

impl From<&CliError> for ExitCode {
    fn from(error: &CliError) -> Self {
        Self::from(error.code())
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error, fmt};

    use super::*;

    #[derive(Debug)]
    struct Outer(Inner);
    #[derive(Debug)]
    struct Inner;

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the file cannot be read")
        }
    }
    impl fmt::Display for Inner {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no permission")
        }
    }
    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }
    impl Error for Inner {}

    #[test]
    fn an_error_says_what_because_of_what_and_what_to_do() {
        let error = CliError::failed("nothing was applied").because(&Outer(Inner)).hint("chmod it");
        insta::assert_snapshot!(error.render(Paint::Plain), @r"
        error: nothing was applied
          because: the file cannot be read
          because: no permission
          hint: chmod it
        ");
        assert_eq!(error.code(), 1);
    }

    #[test]
    fn a_source_that_is_repeated_is_told_once() {
        let inner = std::io::Error::other("disk full");
        let outer = std::io::Error::new(std::io::ErrorKind::StorageFull, inner);
        let error = CliError::failed("no").because(&outer);
        assert_eq!(error.sources, ["disk full"]);
    }
}
