use crate::{
    literal,
    token::{Operator, Token, TokenKind, word},
};

/// Cuts a query into tokens. The last is [`TokenKind::End`], or [`TokenKind::Broken`] where the
/// text cannot be read.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { source, at: 0, parens: 0, in_braces: false, in_brackets: false };
    let mut tokens = Vec::new();
    let mut previous = TokenKind::End;
    while !matches!(previous, TokenKind::Broken(_)) {
        let token = lexer.token(&previous);
        let last = token.kind == TokenKind::End;
        previous = token.kind.clone();
        tokens.push(token);
        if last {
            break;
        }
    }
    tokens
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    parens: usize,
    in_braces: bool,
    in_brackets: bool,
}

type Read = Result<TokenKind, String>;

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn token(&mut self, previous: &TokenKind) -> Token {
        self.skip_blanks();
        let start = self.at;
        let read = match self.rest().chars().next() {
            _ if *previous == TokenKind::LeftBracket => self.range(),
            None => self.end(),
            Some(quote @ ('"' | '\'' | '`')) => self.text(quote),
            Some(first) if self.in_braces => self.within_braces(first),
            Some(first) => self.outside(first),
        };
        let kind = read.unwrap_or_else(TokenKind::Broken);
        let text = self.source.get(start..self.at).unwrap_or_default().to_owned();
        Token { kind, text, start }
    }

    /// Blanks, and comments to the end of their line.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            let comment = match rest.get(blank..) {
                Some(text) if text.starts_with('#') => {
                    text.find(['\n', '\r']).unwrap_or(text.len())
                }
                _ => 0,
            };
            if blank + comment == 0 {
                return;
            }
            self.at += blank + comment;
        }
    }

    fn end(&self) -> Read {
        if self.in_braces {
            Err("unexpected end of input inside braces".to_owned())
        } else if self.parens > 0 {
            Err("unclosed left parenthesis".to_owned())
        } else if self.in_brackets {
            Err("unclosed left bracket".to_owned())
        } else {
            Ok(TokenKind::End)
        }
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let (taken, _) = rest.split_at(rest.find(|c| !wanted(c)).unwrap_or(rest.len()));
        self.at += taken.len();
        taken
    }

    fn within_braces(&mut self, first: char) -> Read {
        if is_letter(first) {
            self.take_while(is_letter_or_digit);
            return Ok(TokenKind::Identifier);
        }
        self.at += first.len_utf8();
        match first {
            ',' => Ok(TokenKind::Comma),
            '=' if self.take("~") => Ok(TokenKind::PatternEqual),
            '=' => Ok(TokenKind::Equal),
            '!' if self.take("~") => Ok(TokenKind::PatternNotEqual),
            '!' if self.take("=") => Ok(TokenKind::Operator(Operator::NotEqual)),
            '!' => Err(format!("unexpected character after '!' inside braces: {}", self.shown())),
            '{' => Err("unexpected left brace '{'".to_owned()),
            '}' => {
                self.in_braces = false;
                Ok(TokenKind::RightBrace)
            }
            other => Err(format!("unexpected character inside braces: {other:?}")),
        }
    }

    /// The next character as Go quotes it.
    fn shown(&self) -> String {
        self.rest().chars().next().map_or("'\u{fffd}'".to_owned(), |c| format!("{c:?}"))
    }

    fn outside(&mut self, first: char) -> Read {
        let second_is_digit = self.rest().chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        if first.is_ascii_digit() || (first == '.' && second_is_digit) {
            return self.number_or_duration();
        }
        if (is_letter(first) || first == ':') && !self.in_brackets {
            return Ok(word(self.take_while(|c| is_letter_or_digit(c) || c == ':')));
        }
        self.at += first.len_utf8();
        self.sign(first)
    }

    fn sign(&mut self, first: char) -> Read {
        let operator = match first {
            '+' => Operator::Add,
            '-' => Operator::Sub,
            '*' => Operator::Mul,
            '/' => Operator::Div,
            '%' => Operator::Mod,
            '^' => Operator::Pow,
            '=' if self.take("=") => Operator::Equal,
            '=' if self.rest().starts_with('~') => {
                return Err("unexpected character after '=': '~'".to_owned());
            }
            '!' if self.take("=") => Operator::NotEqual,
            '!' => return Err(format!("unexpected character after '!': {}", self.shown())),
            '<' if self.take("=") => Operator::LessOrEqual,
            '<' => Operator::Less,
            '>' if self.take("=") => Operator::GreaterOrEqual,
            '>' => Operator::Greater,
            other => return self.bracket(other),
        };
        Ok(TokenKind::Operator(operator))
    }

    fn bracket(&mut self, sign: char) -> Read {
        match sign {
            ',' => Ok(TokenKind::Comma),
            '=' => Ok(TokenKind::Equal),
            '@' => Ok(TokenKind::At),
            ':' => Ok(TokenKind::Colon),
            '(' => {
                self.parens += 1;
                Ok(TokenKind::LeftParen)
            }
            ')' => {
                let before = self.parens.checked_sub(1);
                self.parens = before.ok_or("unexpected right parenthesis ')'")?;
                Ok(TokenKind::RightParen)
            }
            '{' => {
                self.in_braces = true;
                Ok(TokenKind::LeftBrace)
            }
            '[' if self.in_brackets => Err("unexpected left bracket '['".to_owned()),
            '[' => {
                self.in_brackets = true;
                Ok(TokenKind::LeftBracket)
            }
            ']' if self.in_brackets => {
                self.in_brackets = false;
                Ok(TokenKind::RightBracket)
            }
            ']' => Err("unexpected right bracket ']'".to_owned()),
            other => Err(format!("unexpected character: {other:?}")),
        }
    }

    fn text(&mut self, quote: char) -> Read {
        self.at += literal::text_end(self.rest(), quote)?;
        Ok(TokenKind::Text)
    }

    /// What follows `[`.
    fn range(&mut self) -> Read {
        let start = self.at;
        if self.number() {
            return Err("missing unit character in duration".to_owned());
        }
        if self.units() {
            return Ok(TokenKind::Duration);
        }
        let read = self.source.get(start..self.at).unwrap_or_default();
        Err(format!("bad duration syntax: {read:?}"))
    }

    fn number_or_duration(&mut self) -> Read {
        let start = self.at;
        if self.number() {
            return Ok(TokenKind::Number);
        }
        if self.units() {
            return Ok(TokenKind::Duration);
        }
        let read = self.source.get(start..self.at).unwrap_or_default();
        Err(format!("bad number or duration syntax: {read:?}"))
    }

    /// Takes digits with point and exponent; whether a number ends there.
    fn number(&mut self) -> bool {
        let hexadecimal = self.take("0") && (self.take("x") || self.take("X"));
        let is_digit = |c: char| c.is_ascii_digit() || (hexadecimal && c.is_ascii_hexdigit());
        self.take_while(is_digit);
        if self.take(".") {
            self.take_while(is_digit);
        }
        if self.take("e") || self.take("E") {
            let _ = self.take("+") || self.take("-");
            self.take_while(|c| c.is_ascii_digit());
        }
        !self.rest().starts_with(is_letter_or_digit)
    }

    /// Takes the rest of a duration, as `m30s` of `5m30s`; whether a duration ends there.
    fn units(&mut self) -> bool {
        let mut units: &[char] = &['s', 'm', 'h', 'd', 'w', 'y'];
        loop {
            if !self.rest().starts_with(units) {
                return false;
            }
            self.at += 1;
            // The second letter of "ms"; what has none is told when the duration is read.
            self.take("s");
            units = &['s', 'm', 'h', 'd', 'w'];
            if self.take_while(|c| c.is_ascii_digit()).is_empty() {
                return !self.rest().starts_with(is_letter_or_digit);
            }
        }
    }
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_letter_or_digit(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expect: &[&str]) {
        let found: Vec<_> = tokens(source)
            .into_iter()
            .map(|token| match token.kind {
                TokenKind::Broken(why) => format!("{} {why}", token.start),
                TokenKind::End => "end".to_owned(),
                _ => token.text,
            })
            .collect();
        assert_eq!(found, expect, "{source}");
    }

    #[test]
    fn a_query_is_cut_into_tokens() {
        check(
            "sum(a:b{c=~'d',e!='f'}) # why\n>=0x1F",
            &[
                "sum", "(", "a:b", "{", "c", "=~", "'d'", ",", "e", "!=", "'f'", "}", ")", ">=",
                "0x1F", "end",
            ],
        );
        check(
            "a[ 5m30s : 10s ] offset -1h @ 1e3",
            &["a", "[", "5m30s", ":", "10s", "]", "offset", "-", "1h", "@", "1e3", "end"],
        );
    }

    #[test]
    fn words_within_braces_are_labels() {
        let kinds: Vec<_> = tokens("by{by='1'}").into_iter().map(|token| token.kind).collect();
        assert_eq!(kinds[0], word("by"));
        assert_eq!(kinds[2], TokenKind::Identifier);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        check("a{", &["a", "{", "2 unexpected end of input inside braces"]);
        check("(a", &["(", "a", "2 unclosed left parenthesis"]);
        check("a[5m", &["a", "[", "5m", "4 unclosed left bracket"]);
        check("a)", &["a", "1 unexpected right parenthesis ')'"]);
        check("a[5]", &["a", "[", "2 missing unit character in duration"]);
        check("a[5x]", &["a", "[", "2 bad duration syntax: \"5\""]);
        check("5mm", &["0 bad number or duration syntax: \"5m\""]);
        check("a=~b", &["a", "1 unexpected character after '=': '~'"]);
        check("a ! b", &["a", "2 unexpected character after '!': ' '"]);
        check("a{!}", &["a", "{", "2 unexpected character after '!' inside braces: '}'"]);
        check("a{1}", &["a", "{", "2 unexpected character inside braces: '1'"]);
        check("a;", &["a", "1 unexpected character: ';'"]);
        check("\"a", &["0 unterminated quoted string"]);
    }
}
