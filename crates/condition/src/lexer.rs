use crate::{
    ConditionError,
    error::Place,
    literal::{read_number, unescape},
    token::{SIGNS, Token, TokenKind, WORDS},
};

/// Cuts a condition's text into tokens; the last one is [`TokenKind::End`].
pub(crate) fn tokens(source: &str) -> Result<Vec<Token>, ConditionError> {
    let mut lexer = Lexer::new(source);
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token()?;
        let last = token.is_end();
        tokens.push(token);
        if last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    place: Place,
}

impl<'a> Lexer<'a> {
    fn new(source: &'a str) -> Self {
        let place = Place { line: 1, column: 1 };
        Self { rest: source, place }
    }

    fn token(&mut self) -> Result<Token, ConditionError> {
        self.skip_blanks()?;
        let place = self.place;
        let kind = match self.peek() {
            None => TokenKind::End,
            Some(quote @ ('"' | '\'')) => self.text(quote)?,
            Some('`') => self.raw_text()?,
            Some(first) if first.is_ascii_digit() => self.number()?,
            Some('.') if self.second().is_some_and(|c| c.is_ascii_digit()) => self.number()?,
            Some('b' | 'B') if matches!(self.second(), Some('"' | '\'')) => {
                return Err(
                    place.syntax("byte strings such as b\"..\" are not supported; write \"..\"")
                );
            }
            Some(first) if is_name_part(first) => self.word(),
            Some(other) => self.sign(other)?,
        };
        Ok(Token { kind, place })
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn second(&self) -> Option<char> {
        self.rest.chars().nth(1)
    }

    /// Takes the next `bytes` bytes, which end at a character.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        for c in taken.chars() {
            if c == '\n' {
                self.place.line += 1;
                self.place.column = 1;
            } else {
                self.place.column += 1;
            }
        }
        taken
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn skip_blanks(&mut self) -> Result<(), ConditionError> {
        loop {
            self.take_while(char::is_whitespace);
            if self.rest.starts_with("//") {
                self.take_while(|c| c != '\n');
            } else if self.rest.starts_with("/*") {
                let Some(end) = self.rest.get(2..).and_then(|inside| inside.find("*/")) else {
                    return Err(self.place.syntax("this comment is not closed; `*/` is missing"));
                };
                self.take(end + 4);
            } else {
                return Ok(());
            }
        }
    }

    fn word(&mut self) -> TokenKind {
        let word = self.take_while(is_name_part);
        match WORDS.iter().find(|keyword| **keyword == word) {
            Some(keyword) => TokenKind::Sign(keyword),
            None => TokenKind::Name(word.to_owned()),
        }
    }

    fn sign(&mut self, found: char) -> Result<TokenKind, ConditionError> {
        match SIGNS.iter().find(|sign| self.rest.starts_with(**sign)) {
            Some(sign) => {
                self.take(sign.len());
                Ok(TokenKind::Sign(sign))
            }
            None if found == '&' => {
                Err(self.place.syntax("`&` is no operator; did you mean `&&`?"))
            }
            None => Err(self.place.syntax(format!("the character {found:?} has no meaning here"))),
        }
    }

    fn number(&mut self) -> Result<TokenKind, ConditionError> {
        let place = self.place;
        let text = self.take(number_length(self.rest));
        if self.peek().is_some_and(is_name_part) {
            let tail = self.take_while(is_name_part);
            return Err(place.syntax(format!("`{text}{tail}` is not a number")));
        }
        let value = read_number(text).map_err(|why| place.syntax(why))?;
        Ok(TokenKind::Number { text: text.to_owned(), value })
    }

    fn text(&mut self, quote: char) -> Result<TokenKind, ConditionError> {
        let place = self.place;
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find_map(|(at, c)| match c {
            '\n' => Some(None),
            _ if escaped => {
                escaped = false;
                None
            }
            '\\' => {
                escaped = true;
                None
            }
            _ => (c == quote).then_some(Some(at)),
        });
        let Some(Some(end)) = end else {
            return Err(place.syntax(format!("this string is not closed; {quote} is missing")));
        };
        let quoted = self.take(end + 1);
        let inside = quoted.get(1..end).unwrap_or_default();
        let text = unescape(inside).map_err(|why| place.syntax(why))?;
        Ok(TokenKind::Text(text))
    }

    /// Text in backticks: no escapes, but two backticks stand for one.
    fn raw_text(&mut self) -> Result<TokenKind, ConditionError> {
        let place = self.place;
        let mut text = String::new();
        self.take(1);
        loop {
            text.push_str(self.take_while(|c| c != '`'));
            if self.rest.starts_with("``") {
                self.take(2);
                text.push('`');
            } else if self.take(1) == "`" {
                return Ok(TokenKind::Text(text));
            } else {
                return Err(place.syntax("this string is not closed; ` is missing"));
            }
        }
    }
}

fn is_name_part(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}

/// How many bytes at the start of `text` are a number. `1..2` is the number 1 and a range.
fn number_length(text: &str) -> usize {
    let lower = text.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (prefix, radix) = match lower.as_str() {
        "0x" => (2, 16),
        "0o" => (2, 8),
        "0b" => (2, 2),
        _ => (0, 10),
    };
    let digits = |from: usize| {
        let tail = text.get(from..).unwrap_or_default();
        let end = tail.find(|c: char| c != '_' && !c.is_digit(radix));
        from + end.unwrap_or(tail.len())
    };
    let starts = |from: usize, with: &[char]| text.get(from..).is_some_and(|t| t.starts_with(with));
    let mut end = digits(prefix);
    if starts(end, &['.']) {
        if starts(end + 1, &['.']) {
            return end;
        }
        end = digits(end + 1);
    }
    if starts(end, &['e', 'E']) {
        let sign = usize::from(starts(end + 1, &['+', '-']));
        end = digits(end + 1 + sign);
    }
    end
}
