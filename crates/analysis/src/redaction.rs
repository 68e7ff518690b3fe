//! Secrets taken out of what is kept of an answer.

use std::fmt;

/// What nobody may see, in whatever spelling a server or a client of ours repeats it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Redaction {
    /// The longest first: one may be a part of another.
    hidden: Vec<String>,
    shown: &'static str,
}

impl Redaction {
    /// Puts `shown` where one of `secrets` stands.
    pub fn new(secrets: impl IntoIterator<Item = String>, shown: &'static str) -> Self {
        // A newline at the end of a file is no part of what is sent, nor of what comes back.
        let hidden = secrets.into_iter().map(|secret| secret.trim().to_owned());
        let mut hidden: Vec<_> = hidden.filter(|secret| !secret.is_empty()).collect();
        hidden.sort_by(|one, other| (other.len(), one).cmp(&(one.len(), other)));
        hidden.dedup();
        Self { hidden, shown }
    }

    /// The text without them.
    pub fn of(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.hidden {
            // As it is last: of what is written longer it may be a part.
            if text.contains(['%', '+']) {
                text = self.without(&text, secret, after_percent);
            }
            if text.contains('\\') {
                text = self.without(&text, secret, after_escaped);
            }
            text = text.replace(secret, self.shown);
        }
        text
    }

    fn without(&self, text: &str, secret: &str, after: Spelling) -> String {
        let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(next) = rest.chars().next() {
            if let Some(left) = after(rest, secret) {
                kept.push_str(self.shown);
                rest = left;
            } else {
                kept.push(next);
                rest = rest.get(next.len_utf8()..).unwrap_or_default();
            }
        }
        kept
    }
}

/// Nothing of what is hidden.
impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redaction of {}", self.hidden.len())
    }
}

/// What follows a secret at the beginning of a text, where it is spelled in one way.
type Spelling = for<'t> fn(&'t str, &str) -> Option<&'t str>;

/// As in a URL: each byte by itself or as `%XX`, a space also as `+`.
fn after_percent<'t>(text: &'t str, secret: &str) -> Option<&'t str> {
    let mut rest = text.as_bytes();
    for byte in secret.bytes() {
        rest = match rest {
            [b'%', high, low, rest @ ..] if percent(*high, *low) == Some(u32::from(byte)) => rest,
            [b'+', rest @ ..] if byte == b' ' => rest,
            [first, rest @ ..] if *first == byte => rest,
            _ => return None,
        };
    }
    text.get(text.len() - rest.len()..)
}

fn percent(high: u8, low: u8) -> Option<u32> {
    Some(char::from(high).to_digit(16)? * 16 + char::from(low).to_digit(16)?)
}

/// As in a text of JSON, or in quotes.
fn after_escaped<'t>(text: &'t str, secret: &str) -> Option<&'t str> {
    secret.chars().try_fold(text, |rest, sign| {
        let Some(escaped) = rest.strip_prefix('\\') else { return rest.strip_prefix(sign) };
        let (letter, after) = (escaped.chars().next()?, escaped.get(1..)?);
        let meant = match letter {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let number = u32::from_str_radix(after.get(..4)?, 16).ok()?;
                return (number == u32::from(sign)).then(|| after.get(4..)).flatten();
            }
            other => other,
        };
        (meant == sign).then_some(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secret: &str, text: &str, expect: &str) {
        let redaction = Redaction::new([secret.to_owned()], "(secret)");
        assert_eq!(redaction.of(text), expect);
    }

    #[test]
    fn a_secret_is_found_as_it_is_and_without_the_newline_of_its_file() {
        check("tok\n", "https://h/hook/tok: 500", "https://h/hook/(secret): 500");
        check("tok", "toktoktok to", "(secret)(secret)(secret) to");
        check("süß", "is süßes süß", "is (secret)es (secret)");
        check(" \n", "nothing", "nothing");
    }

    #[test]
    fn a_secret_is_found_in_a_url() {
        check("a b|c", "/x/a%20b%7Cc?q=a+b%7cc", "/x/(secret)?q=(secret)");
        check("süß", "/s%C3%BC%c3%9F/", "/(secret)/");
        check("100%", "/100%25/100%", "/(secret)/(secret)");
        check("a%20b", "a%20b a%2520b", "(secret) (secret)");
    }

    #[test]
    fn a_secret_is_found_in_the_text_of_json() {
        check(r#"a"b\c"#, r#"{"x":"a\"b\\c"}"#, r#"{"x":"(secret)"}"#);
        check("a\nß/", r#""a\n\u00df\/""#, r#""(secret)""#);
        check("ab", r"a\", r"a\");
        check("ab", r"\u12", r"\u12");
    }

    #[test]
    fn the_longest_goes_first_and_none_is_shown() {
        let redaction = Redaction::new(["key".to_owned(), "key-2".to_owned()], "(secret)");
        assert_eq!(redaction.of("key-2 and key"), "(secret) and (secret)");
        assert_eq!(format!("{redaction:?}"), "Redaction of 2");
        assert_eq!(Redaction::default().of("as it is"), "as it is");
    }
}
