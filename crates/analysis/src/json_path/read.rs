//! Reading a path.

use serde_json::Value;

use super::{Filter, Group, JsonPathError, Operand, Operator, Part};

/// A path is written by hand: this is far above what anyone writes, and bounds the work.
const MAX_BYTES: usize = 4_096;

type Result<T> = std::result::Result<T, JsonPathError>;

/// Ranges within ranges: nobody nests more than two.
const MAX_DEPTH: usize = 8;

/// Each `{...}` of a text.
pub(super) fn path(text: &str) -> Result<Vec<Group>> {
    if text.len() > MAX_BYTES {
        return Err(JsonPathError::new(format!("a path has at most {MAX_BYTES} bytes")));
    }
    let groups = Reader { rest: text.trim() }.groups(text, 0)?;
    if groups.is_empty() { Err(JsonPathError::new("the path is empty")) } else { Ok(groups) }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// Groups up to the end, or within a range up to its `{end}`.
    fn groups(&mut self, text: &str, depth: usize) -> Result<Vec<Group>> {
        if depth > MAX_DEPTH {
            return Err(JsonPathError::new(format!("more than {MAX_DEPTH} ranges in each other")));
        }
        let mut groups = Vec::new();
        while !self.rest.is_empty() {
            if !self.takes("{") {
                return Err(JsonPathError::new(format!(
                    "{text:?} stands outside of braces: write {{$.path.to.value}}"
                )));
            }
            self.skip_spaces();
            if self.is_word("end") {
                if depth == 0 {
                    return Err(JsonPathError::new("{end} ends no {range}"));
                }
                self.takes("end");
                self.need("}")?;
                return Ok(groups);
            }
            groups.push(self.group(text, depth)?);
            self.skip_spaces();
        }
        if depth == 0 { Ok(groups) } else { Err(JsonPathError::new("a {range} has no {end}")) }
    }

    /// What stands after a brace.
    fn group(&mut self, text: &str, depth: usize) -> Result<Group> {
        if self.rest.starts_with(['\'', '"']) {
            let quoted = self.quoted()?;
            self.need("}")?;
            return Ok(Group::Text(Value::String(quoted)));
        }
        let is_range = self.is_word("range");
        if is_range {
            self.takes("range");
        }
        let path = self.parts()?;
        self.need("}")?;
        if !is_range {
            return Ok(Group::Path(path));
        }
        self.skip_spaces();
        Ok(Group::Range(path, self.groups(text, depth + 1)?))
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, token: &str) -> bool {
        let after = self.rest.strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn need(&mut self, token: &str) -> Result<()> {
        self.skip_spaces();
        if self.takes(token) { Ok(()) } else { Err(self.surprise(token)) }
    }

    fn surprise(&self, expected: &str) -> JsonPathError {
        match self.rest.chars().next() {
            Some(found) => JsonPathError::new(format!("found {found:?} in place of {expected}")),
            None => JsonPathError::new(format!("it ends where {expected} is missing")),
        }
    }

    fn is_word(&self, word: &str) -> bool {
        let after = self.rest.strip_prefix(word);
        after.is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    }

    /// Parts up to something that belongs to no path.
    fn parts(&mut self) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        loop {
            self.skip_spaces();
            let part = if self.takes("..") {
                parts.push(Part::Deep);
                if self.rest.starts_with('[') {
                    continue;
                }
                self.name()?
            } else if self.takes(".") {
                // `{.}` is the document; `.[0]` is `[0]`.
                if self.rest.starts_with(['}', '[', ' ']) || self.rest.is_empty() {
                    continue;
                }
                self.name()?
            } else if self.takes("$") {
                Part::Root
            } else if self.takes("@") {
                Part::Here
            } else if self.takes("[") {
                self.bracket()?
            } else if parts.is_empty() && self.rest.starts_with(is_of_name) {
                self.name()?
            } else {
                return Ok(parts);
            };
            parts.push(part);
        }
    }

    /// A name after a dot; `\.` stands for a dot in it.
    fn name(&mut self) -> Result<Part> {
        if self.takes("*") {
            return Ok(Part::All);
        }
        let mut name = String::new();
        let mut chars = self.rest.chars();
        loop {
            let before = chars.as_str();
            match chars.next() {
                Some('\\') => name.extend(chars.next()),
                Some(c) if is_of_name(c) => name.push(c),
                _ => {
                    self.rest = before;
                    break;
                }
            }
        }
        if name.is_empty() { Err(self.surprise("a name")) } else { Ok(Part::Names(vec![name])) }
    }

    /// What stands after `[`.
    fn bracket(&mut self) -> Result<Part> {
        self.skip_spaces();
        let part = if self.takes("?") {
            self.need("(")?;
            let filter = self.filter()?;
            self.need(")")?;
            Part::Filter(Box::new(filter))
        } else if self.takes("*") {
            Part::All
        } else if self.rest.starts_with(['\'', '"']) {
            let mut names = vec![self.quoted()?];
            while self.comma() {
                names.push(self.quoted()?);
            }
            Part::Names(names)
        } else {
            self.numbers()?
        };
        self.need("]")?;
        Ok(part)
    }

    fn comma(&mut self) -> bool {
        self.skip_spaces();
        let there = self.takes(",");
        self.skip_spaces();
        there
    }

    fn numbers(&mut self) -> Result<Part> {
        let from = self.whole()?;
        self.skip_spaces();
        if !self.rest.starts_with(':') {
            let mut indexes = vec![from.ok_or_else(|| self.surprise("a number"))?];
            while self.comma() {
                indexes.push(self.whole()?.ok_or_else(|| self.surprise("a number"))?);
            }
            return Ok(Part::Indexes(indexes));
        }
        let mut next = || if self.takes(":") { self.whole() } else { Ok(None) };
        let (to, step) = (next()?, next()?);
        if step.is_some_and(|step| step < 1) {
            return Err(JsonPathError::new("the step of a slice is 1 or more"));
        }
        Ok(Part::Slice { from, to, step })
    }

    fn whole(&mut self) -> Result<Option<i64>> {
        self.skip_spaces();
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '-');
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if digits.is_empty() {
            return Ok(None);
        }
        self.rest = rest;
        let number = digits.parse();
        number.map(Some).map_err(|_| JsonPathError::new(format!("{digits:?} is no whole number")))
    }

    fn quoted(&mut self) -> Result<String> {
        let mut chars = self.rest.chars();
        let Some(quote @ ('\'' | '"')) = chars.next() else {
            return Err(self.surprise("a name between quotes"));
        };
        let mut text = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\\' => text.extend(chars.next()),
                c if c == quote => {
                    self.rest = chars.as_str();
                    return Ok(text);
                }
                c => text.push(c),
            }
        }
        Err(JsonPathError::new(format!("a quote {quote} is not closed")))
    }

    fn filter(&mut self) -> Result<Filter> {
        let left = self.operand()?;
        self.skip_spaces();
        // The longer ones first: `<` begins `<=`.
        let operators = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        let found = operators.into_iter().find(|(token, _)| self.takes(token));
        match (found, left) {
            (Some((_, operator)), left) => {
                Ok(Filter::Compare { left, operator, right: self.operand()? })
            }
            (None, Operand::Path(path)) => Ok(Filter::Exists(path)),
            (None, Operand::Literal(_)) => Err(self.surprise("a comparison")),
        }
    }

    fn operand(&mut self) -> Result<Operand> {
        self.skip_spaces();
        if self.rest.starts_with(['\'', '"']) {
            return self.quoted().map(|text| Operand::Literal(Value::String(text)));
        }
        for (word, flag) in [("true", true), ("false", false)] {
            if self.is_word(word) {
                self.takes(word);
                return Ok(Operand::Literal(Value::Bool(flag)));
            }
        }
        let end = self.rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
        let (number, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if let Ok(number) = number.parse::<serde_json::Number>() {
            self.rest = rest;
            return Ok(Operand::Literal(Value::Number(number)));
        }
        let path = self.parts()?;
        if path.is_empty() {
            Err(self.surprise("a path, text or number"))
        } else {
            Ok(Operand::Path(path))
        }
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '+' | '%')
}
