/// Part of a pattern between two slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// `**`: any number of parts of a path.
    Any,
    /// One part of a path.
    One(Vec<Token>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Letter(char),
    /// `?`
    Any,
    /// `*`
    Some,
    /// `[a-z]`: ranges of letters, and whether it is all others.
    Class {
        ranges: Vec<(char, char)>,
        is_negated: bool,
    },
}

/// From the first letter to the last, both of them in it.
type Ranges = &'static [(char, char)];

/// The classes of POSIX that a set may name, as `[[:alpha:]]`.
const CLASSES: &[(&str, Ranges)] = &[
    ("alnum", &[('a', 'z'), ('A', 'Z'), ('0', '9')]),
    ("alpha", &[('a', 'z'), ('A', 'Z')]),
    ("ascii", &[('\0', '\x7f')]),
    ("blank", &[(' ', ' '), ('\t', '\t')]),
    ("cntrl", &[('\0', '\x1f'), ('\x7f', '\x7f')]),
    ("digit", &[('0', '9')]),
    ("graph", &[('!', '~')]),
    ("lower", &[('a', 'z')]),
    ("print", &[(' ', '~')]),
    ("punct", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
    ("space", &[(' ', ' '), ('\t', '\r')]),
    ("upper", &[('A', 'Z')]),
    ("word", &[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]),
    ("xdigit", &[('0', '9'), ('a', 'f'), ('A', 'F')]),
];

impl Segment {
    /// A part that is as it is written.
    pub(crate) fn literal(text: &str) -> Self {
        Self::One(text.chars().map(Token::Letter).collect())
    }

    pub(crate) fn parse(text: &str) -> Self {
        if text == "**" {
            return Self::Any;
        }
        let letters: Vec<char> = text.chars().collect();
        let mut tokens = Vec::new();
        let mut rest = letters.as_slice();
        while let [letter, after @ ..] = rest {
            rest = after;
            tokens.push(match (letter, after) {
                ('\\', [escaped, after @ ..]) => {
                    rest = after;
                    Token::Letter(*escaped)
                }
                // Several are as good as one.
                ('*', _) if tokens.last() == Some(&Token::Some) => continue,
                ('*', _) => Token::Some,
                ('?', _) => Token::Any,
                ('[', _) => match class(after) {
                    Some((class, after)) => {
                        rest = after;
                        class
                    }
                    None => Token::Letter('['),
                },
                _ => Token::Letter(*letter),
            });
        }
        Self::One(tokens)
    }

    /// The one text that it stands for, if there is only one.
    pub(crate) fn text(&self) -> Option<String> {
        let Self::One(tokens) = self else { return None };
        let letter = |token: &Token| match token {
            Token::Letter(letter) => Some(*letter),
            Token::Class { ranges, is_negated: false } => match ranges.as_slice() {
                [(first, last)] if first == last => Some(*first),
                _ => None,
            },
            _ => None,
        };
        tokens.iter().map(letter).collect()
    }

    /// Whether a part of a path is of it.
    pub(crate) fn matches(&self, part: &str) -> bool {
        match self {
            Self::Any => true,
            // Nothing is no part of a path.
            Self::One(tokens) => !part.is_empty() && matches(tokens, part),
        }
    }
}

/// Goes back to the last `*` alone, so it takes at most as many steps as both lengths multiplied.
fn matches(tokens: &[Token], part: &str) -> bool {
    let letters: Vec<char> = part.chars().collect();
    let (mut token, mut letter) = (0, 0);
    let mut back = None;
    while let Some(found) = letters.get(letter) {
        match tokens.get(token) {
            Some(Token::Some) => {
                back = Some((token + 1, letter));
                token += 1;
            }
            Some(other) if other.takes(*found) => {
                token += 1;
                letter += 1;
            }
            _ => match back {
                Some((after, before)) => {
                    back = Some((after, before + 1));
                    (token, letter) = (after, before + 1);
                }
                None => return false,
            },
        }
    }
    tokens.get(token..).unwrap_or_default().iter().all(|token| *token == Token::Some)
}

impl Token {
    fn takes(&self, letter: char) -> bool {
        match self {
            Self::Letter(own) => *own == letter,
            Self::Any => true,
            Self::Some => false,
            Self::Class { ranges, is_negated } => {
                let within = |(first, last): &(char, char)| (*first..=*last).contains(&letter);
                ranges.iter().any(within) != *is_negated
            }
        }
    }
}

/// A set, after its `[`, and what follows its `]`; none if it is not closed.
fn class(letters: &[char]) -> Option<(Token, &[char])> {
    let (is_negated, mut rest) = match letters {
        ['!' | '^', rest @ ..] => (true, rest),
        _ => (false, letters),
    };
    let mut ranges = Vec::new();
    let mut is_first = true;
    loop {
        let (first, after) = match rest {
            [']', after @ ..] if !is_first => {
                // A set of nothing is nothing, whatever its letters.
                return (!ranges.is_empty())
                    .then_some((Token::Class { ranges, is_negated }, after));
            }
            ['[', ':', after @ ..] if let Some((named, after)) = posix(after) => {
                ranges.extend_from_slice(named);
                (rest, is_first) = (after, false);
                continue;
            }
            _ => letter(rest)?,
        };
        (rest, is_first) = (after, false);
        let last = match rest {
            ['-', after @ ..] if after.first().is_some_and(|next| *next != ']') => {
                let (last, after) = letter(after)?;
                rest = after;
                last
            }
            _ => first,
        };
        if first <= last {
            ranges.push((first, last));
        }
    }
}

fn letter(letters: &[char]) -> Option<(char, &[char])> {
    match letters {
        ['\\', escaped, after @ ..] => Some((*escaped, after)),
        [letter, after @ ..] => Some((*letter, after)),
        [] => None,
    }
}

fn posix(letters: &[char]) -> Option<(Ranges, &[char])> {
    let end = letters.windows(2).position(|pair| pair == [':', ']'])?;
    let name: String = letters.get(..end)?.iter().collect();
    let (_, ranges) = CLASSES.iter().find(|(known, _)| *known == name)?;
    Some((ranges, letters.get(end + 2..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, is: &[&str], is_not: &[&str]) {
        let segment = Segment::parse(pattern);
        for part in is {
            assert!(segment.matches(part), "{pattern} should take {part}");
        }
        for part in is_not {
            assert!(!segment.matches(part), "{pattern} should not take {part}");
        }
    }

    #[test]
    fn parts_are_matched_as_minimatch_does() {
        check("*", &["a", ".a", "ä b"], &[""]);
        check("a*b*c", &["abc", "axxbxxc", "abcbc"], &["ab", "abcd", "xabc"]);
        check("*.tar.*", &["a.tar.gz", ".tar.tar.tar."], &["a.tar", "tar.gz"]);
        check("?", &["a", "ä", "."], &["", "ab"]);
        check("[a-c]", &["a", "b", "c"], &["d", "", "A", "-"]);
        check("[!a-c]x", &["dx", "-x"], &["ax", "x"]);
        check("[^a]", &["b"], &["a"]);
        check("[]a]", &["]", "a"], &["b", "[]a]"]);
        check("[a-]", &["a", "-"], &["b"]);
        check("[[:digit:]x]", &["0", "9", "x"], &["a", ":", "d"]);
        check("[ab", &["[ab"], &["a", "b"]);
        check(r"\*\[a]", &["*[a]"], &["x[a]", r"\*a"]);
        check(r"[\]]", &["]"], &["\\"]);
        check("{a,b}", &["{a,b}"], &["a", "b"]);
        check("+(a)", &["+(a)"], &["a", "aa"]);
    }

    #[test]
    fn a_pattern_that_goes_back_often_ends_soon() {
        let pattern = "*a".repeat(200);
        check(&pattern, &[], &[&"a".repeat(199), &format!("{}b", "a".repeat(5_000))]);
    }

    #[test]
    fn the_text_of_a_part_is_known_where_there_is_one() {
        let text = |pattern: &str| Segment::parse(pattern).text();
        assert_eq!(text("ab").as_deref(), Some("ab"));
        assert_eq!(text(r"\*[a]").as_deref(), Some("*a"));
        for pattern in ["*", "a?", "[ab]", "**", "[!a]"] {
            assert_eq!(text(pattern), None, "{pattern}");
        }
    }
}
