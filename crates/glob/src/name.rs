use crate::segment::Segment;

/// A pattern of names, as `actions/download-artifact` takes one: `*`, `?`, sets and `{a,b}`.
#[derive(Clone, Debug)]
pub struct NamePattern {
    is_negated: bool,
    alternatives: Vec<Alternative>,
}

#[derive(Clone, Debug)]
struct Alternative {
    segment: Segment,
    /// A name that begins with a dot is only meant by a pattern that does.
    begins_with_dot: bool,
}

/// A pattern of names that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamePatternError {
    /// It has extended globs, such as `+(a|b)`.
    #[error("the pattern {pattern:?} has an extended glob, which is not built; write {{a,b}}")]
    Extended {
        /// As it was written.
        pattern: String,
    },
    /// Its braces come to too many patterns.
    #[error("the pattern {pattern:?} comes to more than {limit} patterns")]
    Many {
        /// As it was written.
        pattern: String,
        /// How many may be.
        limit: usize,
    },
}

/// What braces may come to: each pair doubles it, and nobody reads more.
const ALTERNATIVES: usize = 1_000;

impl NamePattern {
    /// Reads one pattern.
    pub fn parse(text: &str) -> Result<Self, NamePatternError> {
        let extended = text
            .as_bytes()
            .windows(2)
            .any(|pair| matches!(pair, [b'+' | b'@' | b'?' | b'*' | b'!', b'(']));
        if extended {
            return Err(NamePatternError::Extended { pattern: text.to_owned() });
        }
        let rest = text.trim_start_matches('!');
        let is_negated = (text.len() - rest.len()) % 2 == 1;
        let mut expanded = vec![String::new()];
        // A pattern that begins with `#` is a comment, and is of nothing.
        if text.starts_with('#') {
            expanded.clear();
        } else {
            expanded = expand(rest).ok_or_else(|| NamePatternError::Many {
                pattern: text.to_owned(),
                limit: ALTERNATIVES,
            })?;
        }
        let alternatives = expanded.iter().map(|text| Alternative {
            // Within a name `**` is no more than `*`.
            segment: Segment::parse(if text == "**" { "*" } else { text }),
            begins_with_dot: text.starts_with('.') || text.starts_with("\\."),
        });
        Ok(Self { is_negated, alternatives: alternatives.collect() })
    }

    /// Whether this name is meant.
    pub fn matches(&self, name: &str) -> bool {
        let is_meant = self.alternatives.iter().any(|alternative| {
            (alternative.begins_with_dot || !name.starts_with('.'))
                && alternative.segment.matches(name)
        });
        is_meant != self.is_negated
    }
}

/// What a pattern with braces stands for; none if it is too much.
fn expand(text: &str) -> Option<Vec<String>> {
    let Some((before, choices, after)) = first_braces(text) else {
        return Some(vec![text.to_owned()]);
    };
    let mut found = Vec::new();
    let rest = expand(after)?;
    for choice in choices {
        for middle in expand(choice)? {
            for rest in &rest {
                if found.len() == ALTERNATIVES {
                    return None;
                }
                found.push(format!("{before}{middle}{rest}"));
            }
        }
    }
    Some(found)
}

/// The first braces with a comma in them, what is between the commas, and what is around them.
fn first_braces(text: &str) -> Option<(&str, Vec<&str>, &str)> {
    let mut from = 0;
    while let Some(open) = text.get(from..)?.find('{').map(|at| at + from) {
        let (mut depth, mut start, mut choices) = (0_u32, open + 1, Vec::new());
        for (at, letter) in text.char_indices().skip_while(|(at, _)| *at < open) {
            match letter {
                '{' => depth += 1,
                ',' if depth == 1 => {
                    choices.push(text.get(start..at)?);
                    start = at + 1;
                }
                '}' if depth == 1 && !choices.is_empty() => {
                    choices.push(text.get(start..at)?);
                    return Some((text.get(..open)?, choices, text.get(at + 1..)?));
                }
                '}' if depth == 1 => break,
                '}' => depth -= 1,
                _ => {}
            }
        }
        from = open + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, is: &[&str], is_not: &[&str]) {
        let parsed = NamePattern::parse(pattern).unwrap();
        for name in is {
            assert!(parsed.matches(name), "{pattern} should take {name}");
        }
        for name in is_not {
            assert!(!parsed.matches(name), "{pattern} should not take {name}");
        }
    }

    #[test]
    fn names_are_meant_as_minimatch_means_them() {
        check("app-*", &["app-", "app-linux"], &["app", "my-app-linux"]);
        check("*", &["a"], &[".a"]);
        check("**", &["a"], &[".a"]);
        check(".*", &[".a"], &["a"]);
        check("!app-*", &["web"], &["app-1"]);
        check("!!a", &["a"], &["b"]);
        check("{app,web}-{1,2}", &["app-1", "web-2"], &["app-3", "{app,web}-1"]);
        check("a{b,{c,d}e}", &["ab", "ace", "ade"], &["ac", "abe"]);
        check("a{b}", &["a{b}"], &["ab"]);
        check("{a", &["{a"], &["a"]);
        check("{x}{a,b}", &["{x}a", "{x}b"], &["xa"]);
        check("#a", &[], &["#a", "a"]);
        check("[ab]?", &["a1", "b2"], &["c1", "a"]);
    }

    #[test]
    fn what_is_not_built_or_too_much_is_refused() {
        for pattern in ["+(a)", "a@(b|c)", "!(a)"] {
            assert!(matches!(NamePattern::parse(pattern), Err(NamePatternError::Extended { .. })));
        }
        let many = "{a,b}".repeat(10);
        assert!(matches!(NamePattern::parse(&many), Err(NamePatternError::Many { .. })));
        NamePattern::parse(&"{a,b}".repeat(9)).unwrap();
    }
}
