//! The path expressions of matching rules: `$.orders[*].id`, `$['a key'].*`.

use std::fmt;

use crate::place::Place;

/// The most characters of a path expression; real ones have some dozens.
const LONGEST: usize = 4096;

/// What a part of a place has to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Token {
    /// `$`
    Root,
    /// `.name` or `['name']`
    Field(String),
    /// `[3]`
    Index(usize),
    /// `.*`: any key or index
    Star,
    /// `[*]`: any index
    StarIndex,
}

impl Token {
    /// How well a part of a place fits: 2 by its name, 1 by a star, 0 not at all.
    fn weight(&self, part: &str) -> usize {
        let fits = match self {
            Self::Root => part == "$",
            Self::Field(name) => part == name,
            Self::Index(index) => part.parse() == Ok(*index),
            Self::Star => return 1,
            Self::StarIndex => return usize::from(part.parse::<usize>().is_ok()),
        };
        if fits { 2 } else { 0 }
    }
}

/// A path expression.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<Token>);

/// Why a text is no path expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at character {at} of the path {path:?}; a path is such as $.orders[*].id")]
pub struct PathError {
    /// What is wrong.
    pub problem: String,
    /// At which character, from 1.
    pub at: usize,
    /// The text.
    pub path: String,
}

impl Path {
    /// Nothing: the path of rules about a request's path, or a status.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The root with these tokens below it.
    pub fn below_root(tokens: impl IntoIterator<Item = Token>) -> Self {
        Self(std::iter::once(Token::Root).chain(tokens).collect())
    }

    /// A path of a place's parts and one token more.
    pub(crate) fn at(place: &Place, last: Token) -> Self {
        let parts = place.parts().iter().map(|part| match (part.as_str(), part.parse()) {
            ("$", _) => Token::Root,
            (_, Ok(index)) => Token::Index(index),
            _ => Token::Field(part.clone()),
        });
        Self(parts.chain([last]).collect())
    }

    /// Its tokens.
    pub fn tokens(&self) -> &[Token] {
        &self.0
    }

    /// How many tokens it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a path expression. A text with no `$` is the name of a field.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let mut reader = Reader { text, letters: text.chars().collect(), at: 0 };
        if reader.letters.len() > LONGEST {
            return Err(reader.error(format!("there are more than {LONGEST} characters")));
        }
        match reader.peek() {
            None => Ok(Self::empty()),
            Some('$') => {
                reader.at = 1;
                reader.rest(vec![Token::Root])
            }
            Some(_) => {
                let first = reader.name()?;
                reader.rest(vec![Token::Root, Token::Field(first)])
            }
        }
    }

    /// How well a place fits: 0 not at all. A path fits the places below it, too.
    pub(crate) fn weight(&self, place: &Place) -> usize {
        let parts = place.parts();
        if parts.len() < self.0.len() {
            return 0;
        }
        let weights = self.0.iter().zip(parts).map(|(token, part)| token.weight(part));
        weights.fold(1, usize::saturating_mul)
    }

    /// Whether it is of that very place.
    pub(crate) fn is_of(&self, place: &Place) -> bool {
        self.0.len() == place.parts().len() && self.weight(place) > 0
    }

    /// The same with its fields in lower case: names of headers.
    pub(crate) fn lower_case(&self) -> Self {
        let lower = |token: &Token| match token {
            Token::Field(name) => Token::Field(name.to_lowercase()),
            other => other.clone(),
        };
        Self(self.0.iter().map(lower).collect())
    }
}

struct Reader<'a> {
    text: &'a str,
    letters: Vec<char>,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn error(&self, problem: impl Into<String>) -> PathError {
        let path = self.text.chars().take(LONGEST).collect();
        PathError { problem: problem.into(), at: self.at + 1, path }
    }

    fn rest(mut self, mut tokens: Vec<Token>) -> Result<Path, PathError> {
        while let Some(letter) = self.peek() {
            self.at += 1;
            let token = match letter {
                '.' if self.peek() == Some('*') => {
                    self.at += 1;
                    Token::Star
                }
                '.' => Token::Field(self.name()?),
                '[' => self.bracket()?,
                other => {
                    self.at -= 1;
                    return Err(self.error(format!("{other:?} is neither \".\" nor \"[\"")));
                }
            };
            tokens.push(token);
        }
        Ok(Path(tokens))
    }

    fn name(&mut self) -> Result<String, PathError> {
        let from = self.at;
        let ends = |letter: char| letter == '.' || letter == '[';
        while self.peek().is_some_and(|letter| !ends(letter)) {
            self.at += 1;
        }
        let name: String = self.letters.get(from..self.at).unwrap_or_default().iter().collect();
        if name.is_empty() { Err(self.error("a name is missing")) } else { Ok(name) }
    }

    fn bracket(&mut self) -> Result<Token, PathError> {
        let token = match self.peek() {
            Some('\'') => Token::Field(self.quoted('\'')?),
            Some('"') => Token::Field(self.quoted('"')?),
            Some('*') => {
                self.at += 1;
                Token::StarIndex
            }
            _ => self.index()?,
        };
        if self.peek() != Some(']') {
            return Err(self.error("\"]\" is missing"));
        }
        self.at += 1;
        Ok(token)
    }

    fn quoted(&mut self, quote: char) -> Result<String, PathError> {
        let mut name = String::new();
        self.at += 1;
        while let Some(letter) = self.peek() {
            self.at += 1;
            if letter == quote {
                return Ok(name);
            }
            let escaped =
                letter == '\\' && self.peek().is_some_and(|next| next == quote || next == '\\');
            if escaped {
                name.extend(self.peek());
                self.at += 1;
            } else {
                name.push(letter);
            }
        }
        Err(self.error(format!("the closing {quote:?} is missing")))
    }

    fn index(&mut self) -> Result<Token, PathError> {
        let from = self.at;
        while self.peek().is_some_and(|letter| letter.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.letters.get(from..self.at).unwrap_or_default().iter().collect();
        digits
            .parse()
            .map(Token::Index)
            .map_err(|_| self.error("an index, a quoted name or * is missing"))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.0 {
            match token {
                Token::Root => f.write_str("$")?,
                Token::Field(name) => {
                    write!(f, "['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))?;
                }
                Token::Index(index) => write!(f, "[{index}]")?,
                Token::Star => f.write_str(".*")?,
                Token::StarIndex => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}
