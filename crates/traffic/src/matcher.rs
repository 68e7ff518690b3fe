use std::borrow::Cow;

use regex::bytes::{Regex, RegexBuilder};

use crate::{RequestMatch, TextMatch};

/// A regular expression compiles to no more than this: what people write takes a hundredth of it,
/// and every router holds one for each rule.
const REGEX_BYTES: usize = 1024 * 1024;

/// A regular expression that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

/// What a rule looks at in a request.
pub trait RequestFacts {
    /// The method, as it was sent.
    fn method(&self) -> &str;
    /// The path and the query.
    fn target(&self) -> &str;
    /// The values of all fields of this name, in their order.
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]>;
}

/// The conditions of a rule, ready for use. What a test costs is linear in the request's length,
/// whatever the expressions are.
#[derive(Clone, Debug)]
pub struct Matcher {
    any: Vec<Conditions>,
}

#[derive(Clone, Debug)]
struct Conditions {
    method: Vec<Test>,
    path: Option<Test>,
    headers: Vec<(String, Vec<Test>)>,
}

#[derive(Clone, Debug)]
enum Test {
    Exact(String),
    Prefix(String),
    Regex(Regex),
    Present,
}

impl Matcher {
    /// Makes the conditions of a rule ready.
    ///
    /// # Errors
    /// The first regular expression that cannot be used.
    pub fn new(any: &[RequestMatch]) -> Result<Self, PatternError> {
        let any = any.iter().map(Conditions::new).collect::<Result<_, _>>()?;
        Ok(Self { any })
    }

    /// Whether a request meets them.
    pub fn is_met(&self, request: &impl RequestFacts) -> bool {
        self.any.iter().any(|conditions| conditions.are_met(request))
    }
}

impl Conditions {
    fn new(of: &RequestMatch) -> Result<Self, PatternError> {
        let headers = of.headers.iter();
        Ok(Self {
            method: tests(&of.method)?,
            path: of.path.as_ref().map(Test::new).transpose()?,
            headers: headers
                .map(|header| Ok((header.name.clone(), tests(&header.any)?)))
                .collect::<Result<_, PatternError>>()?,
        })
    }

    fn are_met(&self, request: &impl RequestFacts) -> bool {
        let method = request.method().as_bytes();
        (self.method.is_empty() || self.method.iter().any(|test| test.is_met(method)))
            && self.path.as_ref().is_none_or(|test| test.is_met_by_target(request.target()))
            && self.headers.iter().all(|(name, any)| {
                joined(request.values(name))
                    .is_some_and(|value| any.iter().any(|test| test.is_met(&value)))
            })
    }
}

fn tests(of: &[TextMatch]) -> Result<Vec<Test>, PatternError> {
    of.iter().map(Test::new).collect()
}

/// All values as one; none when there are none.
fn joined<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Option<Cow<'a, [u8]>> {
    let mut all = Cow::Borrowed(values.next()?);
    for value in values {
        let all = all.to_mut();
        all.push(b',');
        all.extend_from_slice(value);
    }
    Some(all)
}

impl Test {
    fn new(of: &TextMatch) -> Result<Self, PatternError> {
        Ok(match of {
            TextMatch::Exact(text) => Self::Exact(text.clone()),
            TextMatch::Prefix(text) => Self::Prefix(text.clone()),
            TextMatch::Regex(pattern) => Self::Regex(whole(pattern)?),
            TextMatch::Present => Self::Present,
        })
    }

    fn is_met(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(exact) => text == exact.as_bytes(),
            Self::Prefix(prefix) => text.starts_with(prefix.as_bytes()),
            Self::Regex(regex) => regex.is_match(text),
            Self::Present => true,
        }
    }

    fn is_met_by_target(&self, target: &str) -> bool {
        let path = match self {
            Self::Prefix(_) => target,
            _ => target.split_once('?').map_or(target, |(path, _)| path),
        };
        self.is_met(path.as_bytes())
    }
}

/// A regular expression that matches whole texts.
fn whole(pattern: &str) -> Result<Regex, PatternError> {
    let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(REGEX_BYTES).build();
    let refused = |error: regex::Error| PatternError(error.to_string());
    // By itself first: a parenthesis too many must not close the group that is put around it.
    build(pattern).map_err(refused)?;
    build(&format!(r"\A(?:{pattern})\z")).map_err(refused)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::HeaderMatch;

    struct Request<'a> {
        method: &'a str,
        target: &'a str,
        fields: &'a [(&'a str, &'a str)],
    }

    impl RequestFacts for Request<'_> {
        fn method(&self) -> &str {
            self.method
        }

        fn target(&self) -> &str {
            self.target
        }

        fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
            let fields = self.fields.iter();
            fields
                .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_bytes())
        }
    }

    fn exact(text: &str) -> TextMatch {
        TextMatch::Exact(text.to_owned())
    }

    fn prefix(text: &str) -> TextMatch {
        TextMatch::Prefix(text.to_owned())
    }

    fn regex(text: &str) -> TextMatch {
        TextMatch::Regex(text.to_owned())
    }

    fn header(name: &str, any: &[TextMatch]) -> RequestMatch {
        let header = HeaderMatch { name: name.to_owned(), any: any.to_vec() };
        RequestMatch { headers: vec![header], ..RequestMatch::default() }
    }

    fn check(any: &[RequestMatch], method: &str, target: &str, fields: &[(&str, &str)], met: bool) {
        let matcher = Matcher::new(any).unwrap();
        let request = Request { method, target, fields };
        assert_eq!(matcher.is_met(&request), met, "{any:?}: {method} {target} {fields:?}");
    }

    fn check_value(test: TextMatch, value: &str, met: bool) {
        check(&[header("agent", &[test])], "GET", "/", &[("Agent", value)], met);
    }

    #[test]
    fn a_text_is_compared_as_a_whole() {
        check_value(exact("Chrome"), "Chrome", true);
        check_value(exact("Chrome"), "chrome", false);
        check_value(exact("Chrome"), "Chrome 9", false);
        check_value(prefix("Chrome"), "Chrome 9", true);
        check_value(prefix("Chrome"), "A Chrome", false);
        check_value(regex("Moz(illa)?"), "Mozilla", true);
        check_value(regex("a|ab"), "ab", true);
        check_value(regex("Moz"), "Mozilla", false);
        check_value(regex("Moz.*"), "Mozilla", true);
        check_value(TextMatch::Present, "", true);
    }

    #[test]
    fn a_field_that_is_not_there_meets_nothing() {
        for test in [exact(""), prefix(""), regex(".*"), TextMatch::Present] {
            check(&[header("agent", &[test])], "GET", "/", &[("other", "x")], false);
        }
        check(&[], "GET", "/", &[], false);
    }

    #[test]
    fn several_fields_of_a_name_are_one_value() {
        let fields = [("x-a", "1"), ("b", "2"), ("X-A", "3")];
        check(&[header("x-a", &[exact("1,3")])], "GET", "/", &fields, true);
        check(&[header("x-a", &[exact("1")])], "GET", "/", &fields, false);
    }

    #[test]
    fn conditions_are_joined_by_and_matches_by_or() {
        let a = header("a", &[exact("1"), exact("2")]);
        let mut both = a.clone();
        both.headers.push(HeaderMatch { name: "b".to_owned(), any: vec![exact("1")] });
        both.method = vec![exact("GET"), exact("HEAD")];
        both.path = Some(prefix("/api"));
        let fields = [("a", "2"), ("b", "1")];
        check(&[both.clone()], "HEAD", "/api?x", &fields, true);
        check(&[both.clone()], "POST", "/api", &fields, false);
        check(&[both.clone()], "GET", "/", &fields, false);
        check(&[both.clone()], "GET", "/api", &fields[..1], false);
        check(&[both, a], "POST", "/", &fields[..1], true);
    }

    #[test]
    fn a_path_is_compared_without_its_query_but_for_a_prefix() {
        let of = |path| [RequestMatch { path: Some(path), ..RequestMatch::default() }];
        check(&of(exact("/a")), "GET", "/a?b=1", &[], true);
        check(&of(exact("/a?b=1")), "GET", "/a?b=1", &[], false);
        check(&of(regex("/a")), "GET", "/a?b=1", &[], true);
        check(&of(prefix("/a?b")), "GET", "/a?b=1", &[], true);
    }

    #[test]
    fn an_expression_that_cannot_be_used_is_refused() {
        for pattern in ["(", "a)|(b", "(?x) a # b", r"\w{1000}{1000}", "[z-a]"] {
            assert!(Matcher::new(&[header("a", &[regex(pattern)])]).is_err(), "{pattern}");
        }
    }

    proptest! {
        /// However an expression is put, it matches a text exactly when it matches all of it.
        #[test]
        fn an_expression_matches_the_whole_value(value in "[abc]{0,6}", pattern in "[abc|*.?]{0,6}") {
            let Ok(alone) = regex::Regex::new(&pattern) else { return Ok(()) };
            let Ok(matcher) = Matcher::new(&[header("a", &[regex(&pattern)])]) else {
                return Err(TestCaseError::fail("refused"));
            };
            let fields = [("a", value.as_str())];
            let met = matcher.is_met(&Request { method: "GET", target: "/", fields: &fields });
            let longest = regex::Regex::new(&format!("^({pattern})$")).unwrap().is_match(&value);
            prop_assert_eq!(met, longest);
            prop_assert!(!met || alone.is_match(&value));
        }
    }
}
