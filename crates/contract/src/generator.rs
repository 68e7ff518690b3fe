//! What a contract wants made up anew for each request: ids that the provider's state tells, dates, random values.

use std::collections::BTreeMap;

use jiff::{Zoned, civil};
use serde_json::Value;

use crate::{
    moment::{Piece, pieces},
    pact::{Body, Content, Request},
    path::{Path, Token},
};

/// Characters of a random value; nobody asks for more, and a contract may say any number.
const MOST_CHARACTERS: usize = 4096;

/// What makes a value up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Generator {
    /// An integer within these, both among them.
    RandomInt(i64, i64),
    /// So many digits with a point among them.
    RandomDecimal(usize),
    /// So many hexadecimal digits.
    RandomHexadecimal(usize),
    /// So many letters and digits.
    RandomString(usize),
    /// `true` or `false`.
    RandomBoolean,
    /// A UUID of version 4.
    Uuid(UuidFormat),
    /// The present moment in that notation.
    Moment(String),
    /// What the provider answered when its state was set: a key of it, or a text with `${key}`; of that type.
    ProviderState(String, DataType),
    /// The value that is written, which is as good as any: the address of the consumer's fake provider, a text that a
    /// regular expression takes.
    AsWritten,
}

/// As what a value of the provider's state is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataType {
    /// As the provider told it.
    #[default]
    Raw,
    /// As text.
    Text,
    /// As a number.
    Number,
    /// As a boolean.
    Boolean,
}

impl DataType {
    fn of(self, value: Value) -> Result<Value, String> {
        let text = text_of(&value);
        let no = |what: &str| format!("the provider told {value} of its state, which is no {what}");
        match self {
            Self::Raw => Ok(value),
            Self::Text => Ok(text.into()),
            Self::Number => match text.parse::<serde_json::Number>() {
                Ok(number) => Ok(number.into()),
                Err(_) => Err(no("number")),
            },
            Self::Boolean => text.parse::<bool>().map(Value::from).map_err(|_| no("boolean")),
        }
    }
}

/// How a UUID is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UuidFormat {
    /// `936da01f-9abd-4d9d-80c7-02af85c822a8`
    #[default]
    Lower,
    /// The same in upper case.
    Upper,
    /// Without hyphens.
    Simple,
    /// After `urn:uuid:`.
    Urn,
}

/// All generators of a request or message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generators {
    /// Of the path.
    pub path: Option<Generator>,
    /// Of headers, by name.
    pub header: BTreeMap<String, Generator>,
    /// Of parameters, by name.
    pub query: BTreeMap<String, Generator>,
    /// Of places in the body.
    pub body: Vec<(Path, Generator)>,
}

impl Generators {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What values are made of.
pub struct Source<'a> {
    /// The present moment, in the zone in which it is written.
    pub now: Zoned,
    /// What the provider answered when its states were set.
    pub states: &'a BTreeMap<String, Value>,
    /// Random bits.
    pub random: &'a mut dyn FnMut() -> u64,
}

/// A request with all its values made up.
///
/// # Errors
/// Which value cannot be made up, and why.
pub fn generate(request: &Request, source: &mut Source<'_>) -> Result<Request, String> {
    let mut made = request.clone();
    let generators = &request.content.generators;
    if let Some(generator) = &generators.path {
        made.path = text_of(&source.make(generator, &Value::String(request.path.clone()))?);
    }
    for (name, generator) in &generators.query {
        for (_, values) in made.query.iter_mut().filter(|(known, _)| known == name) {
            for value in values.iter_mut() {
                let old = Value::String(value.clone().unwrap_or_default());
                *value = Some(text_of(&source.make(generator, &old)?));
            }
        }
    }
    fill(&mut made.content, generators, source)?;
    Ok(made)
}

/// Headers and body with all their values made up.
fn fill(
    content: &mut Content,
    generators: &Generators,
    source: &mut Source<'_>,
) -> Result<(), String> {
    for (name, generator) in &generators.header {
        let same = |(known, _): &&mut (String, Vec<String>)| known.eq_ignore_ascii_case(name);
        for (_, values) in content.headers.iter_mut().filter(same) {
            for value in values.iter_mut() {
                *value = text_of(&source.make(generator, &Value::String(value.clone()))?);
            }
        }
    }
    let is_json = content.content_type().is_some_and(|known| known.is_json());
    let Body::Present { bytes, .. } = &mut content.body else { return Ok(()) };
    if generators.body.is_empty() || !is_json {
        return Ok(());
    }
    let mut body = serde_json::from_slice(bytes).map_err(|problem| problem.to_string())?;
    for (path, generator) in &generators.body {
        let tokens = path.tokens().get(1..).unwrap_or_default();
        at(&mut body, tokens, &mut |value| {
            *value = source.make(generator, value)?;
            Ok(())
        })?;
    }
    *bytes = body.to_string().into_bytes();
    Ok(())
}

/// Does something to every value that a path leads to.
fn at(
    value: &mut Value,
    tokens: &[Token],
    then: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let Some((first, rest)) = tokens.split_first() else { return then(value) };
    match (first, value) {
        (Token::Field(name), Value::Object(fields)) => match fields.get_mut(name) {
            Some(inner) => at(inner, rest, then),
            None => Ok(()),
        },
        (Token::Index(index), Value::Array(items)) => match items.get_mut(*index) {
            Some(inner) => at(inner, rest, then),
            None => Ok(()),
        },
        (Token::Star, Value::Object(fields)) => {
            fields.values_mut().try_for_each(|inner| at(inner, rest, then))
        }
        (Token::Star | Token::StarIndex, Value::Array(items)) => {
            items.iter_mut().try_for_each(|inner| at(inner, rest, then))
        }
        _ => Ok(()),
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Source<'_> {
    fn make(&mut self, generator: &Generator, old: &Value) -> Result<Value, String> {
        let made = match generator {
            Generator::RandomInt(min, max) => self.number(*min, *max, old),
            Generator::RandomDecimal(digits) => self.decimal(*digits, old),
            Generator::RandomHexadecimal(size) => self.letters(*size, b"0123456789abcdef").into(),
            Generator::RandomString(size) => self.letters(*size, LETTERS).into(),
            Generator::RandomBoolean => (self.below(2) == 0).into(),
            Generator::Uuid(format) => self.uuid(*format).into(),
            Generator::Moment(format) => written(&self.now, format)?.into(),
            Generator::ProviderState(expression, kind) => kind.of(self.told(expression)?)?,
            Generator::AsWritten => old.clone(),
        };
        Ok(made)
    }

    /// A number below `end`, which is at least 1.
    fn below(&mut self, end: u64) -> u64 {
        (self.random)() % end.max(1)
    }

    fn number(&mut self, min: i64, max: i64, old: &Value) -> Value {
        let span = max.abs_diff(min).saturating_add(1);
        let number = min.saturating_add_unsigned(self.below(span));
        if old.is_string() { number.to_string().into() } else { number.into() }
    }

    fn letters(&mut self, size: usize, of: &[u8]) -> String {
        let count = of.len() as u64;
        let one = |_| {
            let at = usize::try_from(self.below(count)).unwrap_or_default();
            char::from(of.get(at).copied().unwrap_or(b'0'))
        };
        (0..size.min(MOST_CHARACTERS)).map(one).collect()
    }

    fn decimal(&mut self, digits: usize, old: &Value) -> Value {
        let rest = self.letters(digits.saturating_sub(2).clamp(1, 15), b"123456789");
        let text = format!("{}.{rest}", self.letters(1, b"123456789"));
        match text.parse::<f64>() {
            Ok(number) if !old.is_string() => number.into(),
            _ => text.into(),
        }
    }

    /// RFC 9562, section 5.4.
    fn uuid(&mut self, format: UuidFormat) -> String {
        let bits = (u128::from((self.random)()) << 64) | u128::from((self.random)());
        let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let simple = format!("{bits:032x}");
        let part = |from: usize, to: usize| simple.get(from..to).unwrap_or_default();
        let lower = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
        match format {
            UuidFormat::Lower => lower,
            UuidFormat::Upper => lower.to_uppercase(),
            UuidFormat::Simple => simple,
            UuidFormat::Urn => format!("urn:uuid:{lower}"),
        }
    }

    /// What the provider told of its state.
    fn told(&self, expression: &str) -> Result<Value, String> {
        let value = |key: &str| {
            let missing = || {
                format!(
                    "the provider's answer to its state has no {key:?}, which the contract asks for"
                )
            };
            self.states.get(key).cloned().ok_or_else(missing)
        };
        if !expression.contains("${") {
            return value(expression);
        }
        if let Some(key) = expression.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'))
            && !key.contains("${")
        {
            return value(key);
        }
        let mut text = String::new();
        let mut rest = expression;
        while let Some((before, after)) = rest.split_once("${") {
            let unclosed = || format!("\"}}\" is missing in {expression:?}");
            let (key, after) = after.split_once('}').ok_or_else(unclosed)?;
            text.push_str(before);
            text.push_str(&text_of(&value(key)?));
            rest = after;
        }
        text.push_str(rest);
        Ok(text.into())
    }
}

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A moment in the notation of Java.
fn written(now: &Zoned, format: &str) -> Result<String, String> {
    let mut text = String::new();
    for piece in pieces(format)? {
        match piece {
            Piece::Text(plain) => text.push_str(&plain),
            Piece::Letters(letter, count) => text.push_str(&part(now, letter, count)?),
        }
    }
    Ok(text)
}

fn part(now: &Zoned, letter: char, count: usize) -> Result<String, String> {
    let time: civil::Time = now.time();
    let padded = |number: i64| format!("{number:0count$}");
    let twelve = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let with = |format: &str| now.strftime(format).to_string();
    Ok(match (letter, count) {
        ('y' | 'u' | 'Y', 2) => with("%y"),
        ('y' | 'u' | 'Y', _) => padded(now.year().into()),
        ('M', 3) => with("%b"),
        ('M', 4..) => with("%B"),
        ('M' | 'L', _) => padded(now.month().into()),
        ('d', _) => padded(now.day().into()),
        ('D', _) => padded(now.day_of_year().into()),
        ('E', 4..) => with("%A"),
        ('E', _) => with("%a"),
        ('a', _) => with("%p"),
        ('H', _) => padded(time.hour().into()),
        ('h', _) => padded(twelve.into()),
        ('m', _) => padded(time.minute().into()),
        ('s', _) => padded(time.second().into()),
        ('S', _) => with("%9f").chars().take(count).collect(),
        ('X', _) if now.offset().is_zero() => "Z".to_owned(),
        ('X' | 'x', 3..) | ('Z', 5) => with("%:z"),
        ('X' | 'x' | 'Z', _) => with("%z"),
        ('z', _) => with("%Z"),
        _ => return Err(format!("no moment is written with the letter {letter}")),
    })
}
