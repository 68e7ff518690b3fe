//! Where the problems of one file are gathered.

use std::cell::{Cell, RefCell};

use crate::{
    load::small,
    node::Place,
    problem::{Problem, Problems},
};

/// What is wrong, without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    message: String,
    allowed: Option<String>,
    hint: Option<String>,
}

impl Complaint {
    /// What was found.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), allowed: None, hint: None }
    }

    /// What is allowed.
    pub(crate) fn allow(self, allowed: impl Into<String>) -> Self {
        Self { allowed: Some(allowed.into()), ..self }
    }

    /// How to mend it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// "Did you mean", when there is something to mean.
    pub(crate) fn suggest(self, meant: Option<&str>) -> Self {
        match meant {
            Some(meant) => self.hint(format!("did you mean \"{meant}\"?")),
            None => self,
        }
    }
}

/// The problems of a file, and its lines.
pub(crate) struct Reports<'t> {
    file: &'t str,
    lines: Vec<&'t str>,
    problems: RefCell<Vec<Problem>>,
    omitted: Cell<usize>,
    /// What is read in another sense than the file may mean.
    pub(crate) notes: RefCell<Vec<Problem>>,
    /// Set while a Secret is read: its lines and values are not repeated.
    pub(crate) secret: Cell<bool>,
    /// Set while a Job of a metric is read: its labels may have `{{args.NAME}}` in them. Names may
    /// not, for files and folders are named after them.
    pub(crate) holes: Cell<bool>,
}

impl<'t> Reports<'t> {
    pub(crate) fn new(file: &'t str, text: &'t str) -> Self {
        Self {
            file,
            lines: split_lines(text),
            problems: RefCell::default(),
            omitted: Cell::new(0),
            notes: RefCell::default(),
            secret: Cell::new(false),
            holes: Cell::new(false),
        }
    }

    /// A line of the file, from 1.
    pub(crate) fn line(&self, line: u32) -> &'t str {
        (line as usize)
            .checked_sub(1)
            .and_then(|index| self.lines.get(index))
            .copied()
            .unwrap_or_default()
    }

    /// A place that is inside the file, at most one behind the end of a line.
    pub(crate) fn clamp(&self, line: usize, column: usize) -> Place {
        let line = small(line.clamp(1, self.lines.len().max(1)));
        let longest = self.line(line).chars().count() + 1;
        Place { line, column: small(column.clamp(1, longest)), width: 1 }
    }

    /// What the file is called.
    pub(crate) fn file(&self) -> &'t str {
        self.file
    }

    pub(crate) fn add_at(&self, place: Place, field: &str, complaint: Complaint) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() >= Problems::MOST {
            self.omitted.set(self.omitted.get() + 1);
            return;
        }
        problems.push(self.problem(place, field, complaint));
    }

    /// Tells something that is no problem; as much as is told of problems.
    pub(crate) fn note_at(&self, place: Place, field: &str, complaint: Complaint) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() < Problems::MOST {
            notes.push(self.problem(place, field, complaint));
        }
    }

    fn problem(&self, place: Place, field: &str, complaint: Complaint) -> Problem {
        let source = if self.secret.get() {
            String::new()
        } else {
            excerpt(self.line(place.line), place.column)
        };
        Problem {
            file: self.file.to_owned(),
            line: place.line,
            column: place.column,
            field: field.to_owned(),
            message: complaint.message,
            allowed: complaint.allowed,
            hint: complaint.hint,
            source,
            width: place.width,
        }
    }

    /// How many problems there are.
    pub(crate) fn len(&self) -> usize {
        self.problems.borrow().len() + self.omitted.get()
    }

    /// All problems, in the order of the file; none twice.
    pub(crate) fn into_problems(self) -> Option<Problems> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems.dedup();
        let omitted = self.omitted.get();
        (!problems.is_empty()).then_some(Problems { problems, omitted })
    }
}

/// Lines as YAML counts them: ended by LF, CR LF or CR.
fn split_lines(text: &str) -> Vec<&str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r')).collect()
}

/// A line for a terminal; a very long one (JSON without line breaks) is left out where the place
/// is beyond what anybody looks at.
fn excerpt(line: &str, column: u32) -> String {
    /// As wide as a wide terminal, twice.
    const WIDEST: usize = 400;
    if column as usize > WIDEST {
        return String::new();
    }
    line.chars().take(WIDEST).collect()
}

/// Adds a key to the path of a field.
pub(crate) fn push_key(path: &mut String, key: &str) {
    let plain =
        key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$'));
    if !plain || key.is_empty() {
        let quoted = format!("[{key:?}]");
        path.push_str(&quoted);
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

/// Adds the number of an item to the path of a field.
pub(crate) fn push_index(path: &mut String, index: usize) {
    let index = format!("[{index}]");
    path.push_str(&index);
}
