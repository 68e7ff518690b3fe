//! JSON as the runner reads it for `fromJSON`: with comments, single quotes, names without quotes and a comma behind the last item. What is
//! behind the value is not looked at. Of two members of one name the later value holds.

use std::sync::Arc;

use crate::{Value, number};

/// Arrays and objects within each other that `fromJSON` takes: as many as the runner's reader does. It is read by recursion.
pub const MAX_JSON_DEPTH: usize = 64;

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {line}, column {column})")]
pub struct JsonError {
    /// Line of the text, from 1.
    pub line: usize,
    /// Column of that line in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// Reads the first value of a text, which may be so deep.
pub(crate) fn read(text: &str, depth: usize) -> Result<Value, JsonError> {
    let mut reader = Reader { text, at: 0, left: depth };
    reader.value().map_err(|message| {
        let before = text.get(..reader.at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        JsonError { line, column, message }
    })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Levels that it may still be nested.
    left: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes past `sign`, if it is next.
    fn skip(&mut self, sign: &str) -> bool {
        let is_next = self.rest().starts_with(sign);
        if is_next {
            self.at += sign.len();
        }
        is_next
    }

    /// Goes past blanks and comments, and says what is behind them.
    fn next(&mut self) -> Result<Option<char>, String> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if self.skip("//") {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if self.rest().starts_with("/*") {
                let end = self.rest().find("*/").ok_or("a comment that does not end")?;
                self.at += end + 2;
            } else {
                return Ok(self.peek());
            }
        }
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.peek() {
            Some(found) => format!("unexpected {found:?} where {wanted} should be"),
            None => format!("it ends where {wanted} should be"),
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.next()? {
            Some('[') => self.nested(Self::list),
            Some('{') => self.nested(Self::object),
            Some('"' | '\'') => self.quoted().map(Value::from),
            Some('0'..='9' | '-' | '.') => self.number(),
            Some('a'..='z' | 'A'..='Z') => self.word(),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        self.left = self.left.checked_sub(1).ok_or("it is nested too deep")?;
        self.at += 1;
        let value = read(self)?;
        self.left += 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Value, String> {
        let mut items = Vec::new();
        while self.next()? != Some(']') {
            items.push(self.value()?);
            self.separator(']')?;
        }
        self.at += 1;
        Ok(items.into())
    }

    fn object(&mut self) -> Result<Value, String> {
        let mut members: Vec<(Arc<str>, Value)> = Vec::new();
        while self.next()? != Some('}') {
            let name = self.name()?;
            if self.next()? != Some(':') {
                return Err(self.unexpected("':'"));
            }
            self.at += 1;
            members.push((name.into(), self.value()?));
            self.separator('}')?;
        }
        self.at += 1;
        Ok(members.into_iter().collect())
    }

    /// Goes past the comma behind an item, which the last one may lack.
    fn separator(&mut self, end: char) -> Result<(), String> {
        match self.next()? {
            Some(',') => self.at += 1,
            Some(found) if found == end => {}
            _ => return Err(self.unexpected(&format!("',' or '{end}'"))),
        }
        Ok(())
    }

    fn name(&mut self) -> Result<String, String> {
        if matches!(self.peek(), Some('"' | '\'')) {
            return self.quoted();
        }
        let name = self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
        if name.is_empty() { Err(self.unexpected("a name")) } else { Ok(name.to_owned()) }
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn word(&mut self) -> Result<Value, String> {
        let start = self.at;
        let value = match self.take_while(char::is_alphanumeric) {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "NaN" => Value::Number(f64::NAN),
            "Infinity" => Value::Number(f64::INFINITY),
            word => {
                self.at = start;
                return Err(format!("{word} is no value"));
            }
        };
        Ok(value)
    }

    /// A number may be hexadecimal (`0x1f`) or octal (`017`).
    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        let text = self.take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '+' | '.'));
        let number = match text.strip_prefix('0') {
            _ if text == "-Infinity" => f64::NEG_INFINITY,
            Some(digits) if digits.starts_with(['x', 'X']) => whole(digits.get(1..), 16),
            Some(digits) if digits.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) => {
                whole(Some(digits), 8)
            }
            _ if text.ends_with(|c: char| c.is_ascii_digit() || c == '.') => number::read(text),
            _ => f64::NAN,
        };
        if number.is_nan() {
            self.at = start;
            return Err(format!("{text} is no number"));
        }
        Ok(Value::Number(number))
    }

    fn quoted(&mut self) -> Result<String, String> {
        let quote = self.peek().unwrap_or('"');
        self.at += quote.len_utf8();
        let mut units: Vec<u16> = Vec::new();
        let mut text = String::new();
        loop {
            let plain = self.take_while(|c| c != quote && c != '\\');
            if !plain.is_empty() {
                flush(&mut units, &mut text);
                text.push_str(plain);
            }
            match self.peek() {
                None => return Err("a text that does not end".to_owned()),
                Some('\\') => units.push(self.escape()?),
                Some(_) => {
                    self.at += quote.len_utf8();
                    flush(&mut units, &mut text);
                    return Ok(text);
                }
            }
        }
    }

    /// What an escape stands for, in UTF-16.
    fn escape(&mut self) -> Result<u16, String> {
        self.at += 1;
        let escaped = self.peek().ok_or("a text that does not end")?;
        let unit = match escaped {
            'b' => 8,
            't' => 9,
            'n' => 10,
            'f' => 12,
            'r' => 13,
            '\\' => 92,
            '"' => 34,
            '\'' => 39,
            '/' => 47,
            'u' => {
                let digits = self.rest().get(1..5).filter(|digits| is_hexadecimal(digits));
                self.at += digits.map_or(0, str::len);
                let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
                unit.ok_or("\\u without its four hexadecimal digits")?
            }
            _ => return Err(format!("\\{escaped} is no escape")),
        };
        self.at += 1;
        Ok(unit)
    }
}

/// Appends what was escaped; half a pair of surrogates is no character.
fn flush(units: &mut Vec<u16>, text: &mut String) {
    text.push_str(&String::from_utf16_lossy(units));
    units.clear();
}

fn is_hexadecimal(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[expect(clippy::cast_precision_loss, reason = "a number of the language is a double")]
fn whole(digits: Option<&str>, radix: u32) -> f64 {
    let digits = digits.filter(|digits| is_hexadecimal(digits));
    let whole = digits.and_then(|digits| i64::from_str_radix(digits, radix).ok());
    whole.map_or(f64::NAN, |whole| whole as f64)
}
