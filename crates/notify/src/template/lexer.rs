//! The text of a template, cut into what is written as it is and what is done.

use serde_json::Value;

use crate::template::{TemplateError, literals};

/// What is told of a piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Action { line: usize, words: Vec<Word> },
}

/// A word between `{{` and `}}`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Word {
    /// A function, or a word of the language such as `if`.
    Name(String),
    /// `.`, and the fields that follow it at once.
    Dot(Vec<String>),
    /// `$x`, and the fields that follow it at once.
    Variable(String, Vec<String>),
    Literal(Value),
    Open,
    /// `)`, and the fields that follow it at once.
    Close(Vec<String>),
    Pipe,
    Comma,
    Declare,
    Assign,
}

type Read<T> = Result<T, TemplateError>;

/// The pieces of a template in their order.
pub(crate) fn tokens(text: &str) -> Read<Vec<Piece>> {
    let (mut pieces, mut rest, mut line) = (Vec::new(), text, 1);
    let mut trims_next = false;
    while let Some((before, after)) = rest.split_once("{{") {
        let trims = after.strip_prefix('-').filter(|more| more.starts_with(char::is_whitespace));
        let after = trims.unwrap_or(after);
        push_text(&mut pieces, before, trims_next, trims.is_some());
        line += lines(before);
        let begin = line;
        let (action, next, trims) = action(after, begin)?;
        line += lines(action);
        trims_next = trims;
        if !is_comment(action) {
            let words = Words { rest: action, line: begin, found: Vec::new() }.read()?;
            pieces.push(Piece::Action { line: begin, words });
        }
        rest = next;
    }
    push_text(&mut pieces, rest, trims_next, false);
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str, trims_begin: bool, trims_end: bool) {
    let text = if trims_begin { text.trim_start() } else { text };
    let text = if trims_end { text.trim_end() } else { text };
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

fn lines(text: &str) -> usize {
    text.matches('\n').count()
}

fn is_comment(action: &str) -> bool {
    let action = action.trim();
    action.starts_with("/*") && action.ends_with("*/")
}

/// What is up to `}}`, which may stand in a string as well; what follows, and whether its blanks are trimmed.
fn action(text: &str, line: usize) -> Read<(&str, &str, bool)> {
    if text.trim_start().starts_with("/*") {
        let end =
            text.find("*/").ok_or_else(|| TemplateError::at(line, "a comment has no `*/`"))?;
        let after = text.get(end + 2..).unwrap_or_default();
        let close = after.find("}}").ok_or_else(|| unclosed(line))?;
        let trims = after.get(..close).is_some_and(|gap| gap.trim() == "-");
        return Ok((
            text.get(..end + 2).unwrap_or_default(),
            after.get(close + 2..).unwrap_or_default(),
            trims,
        ));
    }
    let mut quote = None;
    let mut escaped = false;
    for (at, sign) in text.char_indices() {
        match quote {
            Some('"' | '\'') if escaped => escaped = false,
            Some('"' | '\'') if sign == '\\' => escaped = true,
            Some(open) if sign == open => quote = None,
            None if matches!(sign, '"' | '`' | '\'') => quote = Some(sign),
            None if text.get(at..).is_some_and(|rest| rest.starts_with("}}")) => {
                let inside = text.get(..at).unwrap_or_default();
                let trimmed =
                    inside.strip_suffix('-').filter(|more| more.ends_with(char::is_whitespace));
                let next = text.get(at + 2..).unwrap_or_default();
                return Ok((trimmed.unwrap_or(inside), next, trimmed.is_some()));
            }
            Some(_) | None => {}
        }
    }
    Err(unclosed(line))
}

fn unclosed(line: usize) -> TemplateError {
    TemplateError::at(line, "`{{` has no `}}`")
}

struct Words<'a> {
    rest: &'a str,
    line: usize,
    found: Vec<Word>,
}

impl<'a> Words<'a> {
    fn read(mut self) -> Read<Vec<Word>> {
        loop {
            self.rest = self.rest.trim_start();
            let Some(sign) = self.rest.chars().next() else { return Ok(self.found) };
            let word = self.word(sign)?;
            self.found.push(word);
        }
    }

    fn word(&mut self, sign: char) -> Read<Word> {
        match sign {
            '(' => Ok(self.sign(1, Word::Open)),
            ')' => {
                self.skip(1);
                Ok(Word::Close(self.fields()))
            }
            '|' => Ok(self.sign(1, Word::Pipe)),
            ',' => Ok(self.sign(1, Word::Comma)),
            ':' if self.rest.starts_with(":=") => Ok(self.sign(2, Word::Declare)),
            '=' => Ok(self.sign(1, Word::Assign)),
            '"' => self.quoted(),
            '`' => self.raw(),
            '\'' => self.letter(),
            '$' => {
                self.skip(1);
                let name = self.name().to_owned();
                Ok(Word::Variable(name, self.fields()))
            }
            '.' if !self
                .rest
                .get(1..)
                .is_some_and(|more| more.starts_with(|next: char| next.is_ascii_digit())) =>
            {
                let fields = self.fields();
                if fields.is_empty() {
                    self.skip(1);
                }
                Ok(Word::Dot(fields))
            }
            '0'..='9' | '-' | '+' | '.' => self.number(),
            letter if letter.is_alphabetic() || letter == '_' => {
                Ok(Word::Name(self.name().to_owned()))
            }
            other => Err(self.wrong(format!("found {other:?} where a value is expected"))),
        }
    }

    fn wrong(&self, message: impl Into<String>) -> TemplateError {
        TemplateError::at(self.line, message)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn sign(&mut self, bytes: usize, word: Word) -> Word {
        self.skip(bytes);
        word
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|sign: char| !is_part(sign)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn name(&mut self) -> &'a str {
        self.take(|sign| sign.is_alphanumeric() || sign == '_')
    }

    /// `.a.b`, without a blank between.
    fn fields(&mut self) -> Vec<String> {
        let mut fields = Vec::new();
        while let Some(after) = self.rest.strip_prefix('.') {
            if !after.starts_with(|sign: char| sign.is_alphabetic() || sign == '_') {
                break;
            }
            self.rest = after;
            fields.push(self.name().to_owned());
        }
        fields
    }

    fn raw(&mut self) -> Read<Word> {
        self.skip(1);
        let (text, rest) =
            self.rest.split_once('`').ok_or_else(|| self.wrong("a string has no end"))?;
        self.rest = rest;
        Ok(Word::Literal(Value::from(text)))
    }

    fn quoted(&mut self) -> Read<Word> {
        let inside = self.between('"', "a string has no end")?;
        match literals::unescaped(inside) {
            Some(text) => Ok(Word::Literal(text.into())),
            None => Err(self.wrong(format!("\"{inside}\" is no string of Go"))),
        }
    }

    /// What is between this sign, with which the rest begins, and the next one that is not escaped.
    fn between(&mut self, sign: char, endless: &str) -> Read<&'a str> {
        let text = self.rest;
        let mut escaped = false;
        let end = text.char_indices().skip(1).find(|(_, next)| {
            let ends = *next == sign && !escaped;
            escaped = *next == '\\' && !escaped;
            ends
        });
        let (end, _) = end.ok_or_else(|| self.wrong(endless))?;
        self.rest = text.get(end + 1..).unwrap_or_default();
        Ok(text.get(1..end).unwrap_or_default())
    }

    /// `'x'`, which is a number.
    fn letter(&mut self) -> Read<Word> {
        let inside = self.between('\'', "a letter has no end")?;
        let letters = literals::unescaped(inside).unwrap_or_default();
        let mut signs = letters.chars();
        match (signs.next(), signs.next()) {
            (Some(letter), None) => Ok(Word::Literal(u32::from(letter).into())),
            _ => Err(self.wrong("between two `'` is one letter")),
        }
    }

    fn number(&mut self) -> Read<Word> {
        let text = self.take(|sign| sign.is_ascii_alphanumeric() || "+-._".contains(sign));
        let number = literals::number(text);
        let wrong = || self.wrong(format!("{text:?} is no number; write it as 5, 1.5 or 0x1f"));
        number.map(|number| Word::Literal(number.into())).ok_or_else(wrong)
    }
}
