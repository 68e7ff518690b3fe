use crate::command::Command;

/// How many annotations of one level a step may leave; GitHub keeps ten and only logs the rest.
pub const MOST_ANNOTATIONS_PER_LEVEL: usize = 10;

/// How long a message of an annotation may be; GitHub cuts it there, after masking.
pub const MOST_MESSAGE_CHARACTERS: usize = 4096;

/// How much an annotation matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Notice,
    /// Worth looking at.
    Warning,
    /// Wrong.
    Error,
}

impl Level {
    /// The word that commands and logs have for it: `notice`, `warning` or `error`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The level of a word, without regard to case.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Notice, Self::Warning, Self::Error]
            .into_iter()
            .find(|level| name.eq_ignore_ascii_case(level.name()))
    }
}

/// A remark on a run, perhaps at a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub message: String,
    /// Its heading.
    pub title: Option<String>,
    /// The file, relative to the workspace where it lies in it.
    pub file: Option<String>,
    /// The first line, from 1.
    pub line: Option<u32>,
    /// The last line.
    pub end_line: Option<u32>,
    /// The first column, from 1.
    pub column: Option<u32>,
    /// The last column.
    pub end_column: Option<u32>,
    /// The code that a tool gave to the problem.
    pub code: Option<String>,
}

impl Annotation {
    /// A remark without a place.
    pub fn new(level: Level, message: impl Into<String>) -> Self {
        Self {
            level,
            message: message.into(),
            title: None,
            file: None,
            line: None,
            end_line: None,
            column: None,
            end_column: None,
            code: None,
        }
    }

    /// What the log has of it: `##[error]message`.
    pub fn log_line(&self) -> String {
        format!("##[{}]{}", self.level.name(), self.message)
    }

    /// The remark that a command makes, and why parts of its place do not count.
    pub(crate) fn of_command(
        level: Level,
        command: &Command,
        workspace: &str,
    ) -> (Self, Vec<String>) {
        let number = |name| command.property(name).and_then(|text| text.trim().parse().ok());
        let mut annotation = Self::new(level, command.data.clone());
        annotation.title = command.property("title").map(str::to_owned);
        annotation.file = command.property("file").map(|file| within(file, workspace).to_owned());
        annotation.code = command.property("code").map(str::to_owned);
        annotation.line = number("line");
        annotation.end_line = number("endLine");
        annotation.column = number("col");
        annotation.end_column = number("endColumn");
        let dropped = annotation.settle_place(level.name());
        (annotation, dropped)
    }

    /// Drops what cannot be of a place, in the order in which GitHub's runner looks.
    fn settle_place(&mut self, name: &str) -> Vec<String> {
        let mut told = Vec::new();
        let mut tell = |what: &str| told.push(format!("Invalid {name} command value. {what}"));
        if self.end_line.is_some() && self.line.is_none() {
            tell("'endLine' can only be set if 'line' is provided");
            self.line = self.end_line;
        }
        if self.end_column.is_some() && self.column.is_none() {
            tell("'endColumn' can only be set if 'col' is provided");
            self.column = self.end_column;
        }
        if self.line.is_none() && self.column.is_some() {
            tell("'col' and 'endColumn' can only be set if 'line' value is provided");
            (self.column, self.end_column) = (None, None);
        }
        if self.end_line.is_some() && self.line != self.end_line && self.column.is_some() {
            tell(
                "'col' and 'endColumn' cannot be set if 'line' and 'endLine' are different values",
            );
            (self.column, self.end_column) = (None, None);
        }
        if self.end_line.is_some_and(|end| self.line.is_some_and(|line| end < line)) {
            tell("'endLine' cannot be less than 'line'");
            (self.line, self.end_line) = (None, None);
        }
        if self.end_column.is_some_and(|end| self.column.is_some_and(|column| end < column)) {
            tell("'endColumn' cannot be less than 'col'");
            (self.column, self.end_column) = (None, None);
        }
        told
    }
}

/// The path from the workspace to a file in it; any other path as it is.
fn within<'a>(file: &'a str, workspace: &str) -> &'a str {
    let root = workspace.trim_end_matches('/');
    let inside = file
        .strip_prefix(root)
        .filter(|_| !root.is_empty())
        .and_then(|rest| rest.strip_prefix('/'));
    inside.map(|rest| rest.trim_start_matches('/')).filter(|rest| !rest.is_empty()).unwrap_or(file)
}
