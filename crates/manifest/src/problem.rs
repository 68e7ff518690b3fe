use std::fmt;

use serde::{Deserialize, Serialize};

use crate::LeftAlone;

/// Something in a file that cannot be accepted, with its place and its mend.
///
/// `Display` gives one line; [`Problem::snippet`] the source line with a caret as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ManifestProblem)]
pub struct Problem {
    /// The file, as it was named to [`crate::read`].
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The path of the field, such as `spec.strategy.canary.steps[2].setWeight`; empty when the
    /// problem is not in a field.
    pub field: String,
    /// What is wrong: what was found.
    pub message: String,
    /// What is allowed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
    /// What may be meant, or how to mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The source line; empty in a Secret, whose lines are not repeated.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// How many characters of the source line are meant, from `column` on; at least 1.
    #[serde(default = "one")]
    pub width: u32,
}

fn one() -> u32 {
    1
}

impl Problem {
    /// An object that is left alone, where nothing may be.
    pub fn of_left(left: &LeftAlone) -> Self {
        Self {
            file: left.file.clone(),
            line: left.line,
            column: 1,
            field: "kind".to_owned(),
            message: format!("the kind {} of {} is not read here", left.kind, left.api_version),
            allowed: None,
            hint: Some(left.reason.clone()),
            source: String::new(),
            width: 1,
        }
    }

    /// The problem with its source line and a caret under what is meant, over several lines.
    pub fn snippet(&self) -> impl fmt::Display + '_ {
        Snippet(self)
    }
}

struct Snippet<'a>(&'a Problem);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)?;
        if let Some(allowed) = &self.allowed {
            write!(f, "; allowed: {allowed}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Snippet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = self.0;
        let number = problem.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "error: {}", problem.message)?;
        write!(f, "{margin}--> {}:{}:{}", problem.file, problem.line, problem.column)?;
        if !problem.field.is_empty() {
            write!(f, " in {}", problem.field)?;
        }
        writeln!(f)?;
        if !problem.source.is_empty() {
            let source = problem.source.replace('\t', " ");
            let indent = " ".repeat(problem.column.saturating_sub(1) as usize);
            let carets = "^".repeat(problem.width.max(1) as usize);
            writeln!(f, "{margin} |")?;
            writeln!(f, "{number} | {source}")?;
            writeln!(f, "{margin} | {indent}{carets}")?;
        }
        if let Some(allowed) = &problem.allowed {
            writeln!(f, "{margin} = allowed: {allowed}")?;
        }
        if let Some(hint) = &problem.hint {
            writeln!(f, "{margin} = help: {hint}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a file, in the order of the file; never empty.
///
/// `Display` gives one line for each; [`Problems::snippets`] the source lines as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problems {
    /// At least one, at most [`Problems::MOST`].
    pub problems: Vec<Problem>,
    /// How many more there are.
    #[serde(default)]
    pub omitted: usize,
}

impl Problems {
    /// Nobody mends more problems than this in one go, and an answer must stay small; a file of
    /// another kind altogether would otherwise give one for each of its lines.
    pub const MOST: usize = 500;

    /// All problems with their source lines, an empty line between two.
    pub fn snippets(&self) -> impl fmt::Display + '_ {
        Snippets(self)
    }
}

struct Snippets<'a>(&'a Problems);

impl fmt::Display for Snippets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            problem.snippet().fmt(f)?;
        }
        write_omitted(f, self.0.omitted)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            problem.fmt(f)?;
        }
        write_omitted(f, self.omitted)
    }
}

fn write_omitted(f: &mut fmt::Formatter<'_>, omitted: usize) -> fmt::Result {
    if omitted == 0 {
        return Ok(());
    }
    write!(f, "\nand {omitted} more")
}

impl std::error::Error for Problem {}
impl std::error::Error for Problems {}
