use std::borrow::Cow;

use regex::bytes::{Regex, RegexBuilder};

use crate::{
    CookieMatch, RegionMatch, RequestMatch, TextMatch, UserKey, UserShare, VISITOR_COOKIE,
    cookie_value, users::visitor,
};

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

    /// The value of the cookie of this name, when it says anything.
    fn cookie<'a>(&'a self, name: &str) -> Option<&'a str> {
        cookie_value(self.values("cookie"), name).filter(|value| !value.is_empty())
    }
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
    cookies: Vec<(String, Test)>,
    region: Option<RegionMatch>,
    users: Option<UserShare>,
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

    /// Whether a request meets them. Where that depends on who asks, and the request names no
    /// visitor, it is the one whose number `newcomer` gives.
    pub fn is_met(&self, request: &impl RequestFacts, newcomer: &dyn Fn() -> u64) -> bool {
        self.any.iter().any(|conditions| conditions.are_met(request, newcomer))
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
            cookies: of.cookies.iter().map(cookie).collect::<Result<_, _>>()?,
            region: of.region.clone(),
            users: of.users.clone(),
        })
    }

    /// Who asks is looked at last, so that only those get a number whom it decides about.
    fn are_met(&self, request: &impl RequestFacts, newcomer: &dyn Fn() -> u64) -> bool {
        let method = request.method().as_bytes();
        (self.method.is_empty() || self.method.iter().any(|test| test.is_met(method)))
            && self.path.as_ref().is_none_or(|test| test.is_met_by_target(request.target()))
            && self.headers.iter().all(|(name, any)| {
                joined(request.values(name))
                    .is_some_and(|value| any.iter().any(|test| test.is_met(&value)))
            })
            && self.cookies.iter().all(|(name, test)| {
                request.cookie(name).is_some_and(|value| test.is_met(value.as_bytes()))
            })
            && self.region.as_ref().is_none_or(|region| is_from(region, request))
            && self.users.as_ref().is_none_or(|users| is_among(users, request, newcomer))
    }
}

fn cookie(of: &CookieMatch) -> Result<(String, Test), PatternError> {
    Ok((of.name.clone(), Test::new(&of.is)?))
}

fn is_from(region: &RegionMatch, request: &impl RequestFacts) -> bool {
    match joined(request.values(&region.header)).filter(|value| !value.is_empty()) {
        Some(value) => region.any.iter().any(|name| name.as_bytes() == &*value),
        None => region.here,
    }
}

/// Who has no key is nobody's user, but for visitors: who is not known yet gets a number.
fn is_among(users: &UserShare, request: &impl RequestFacts, newcomer: &dyn Fn() -> u64) -> bool {
    match &users.by {
        UserKey::Header(name) => {
            joined(request.values(name)).is_some_and(|value| !value.is_empty() && users.has(&value))
        }
        UserKey::Cookie(name) => {
            request.cookie(name).is_some_and(|value| users.has(value.as_bytes()))
        }
        UserKey::Visitor => match request.cookie(VISITOR_COOKIE) {
            Some(value) => users.has(value.as_bytes()),
            None => users.has(visitor(newcomer()).as_bytes()),
        },
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
        let is_met = matcher.is_met(&request, &|| 0);
        assert_eq!(is_met, met, "{any:?}: {method} {target} {fields:?}");
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
    fn a_cookie_is_looked_at_by_its_name() {
        let of = |is: TextMatch| {
            let cookies = vec![CookieMatch { name: "plan".to_owned(), is }];
            [RequestMatch { cookies, ..RequestMatch::default() }]
        };
        let fields = [("cookie", "a=1; plan=gold"), ("Cookie", "b=2")];
        check(&of(exact("gold")), "GET", "/", &fields, true);
        check(&of(prefix("go")), "GET", "/", &fields, true);
        check(&of(regex("g.*")), "GET", "/", &fields, true);
        check(&of(TextMatch::Present), "GET", "/", &fields, true);
        check(&of(exact("blue")), "GET", "/", &fields, false);
        check(&of(TextMatch::Present), "GET", "/", &[("cookie", "xplan=gold; plan=")], false);
        check(&of(TextMatch::Present), "GET", "/", &[], false);
    }

    #[test]
    fn a_region_is_that_of_the_header_and_else_that_of_the_place() {
        let of = |here| {
            let any = ["eu-north", "eu-west"].map(str::to_owned).to_vec();
            let region = RegionMatch { header: "x-region".to_owned(), any, here };
            [RequestMatch { region: Some(region), ..RequestMatch::default() }]
        };
        for here in [false, true] {
            check(&of(here), "GET", "/", &[("X-Region", "eu-west")], true);
            check(&of(here), "GET", "/", &[("X-Region", "us")], false);
            check(&of(here), "GET", "/", &[("X-Region", "eu-west"), ("x-region", "us")], false);
            check(&of(here), "GET", "/", &[("X-Region", "")], here);
            check(&of(here), "GET", "/", &[], here);
        }
    }

    fn share_by(by: UserKey) -> RequestMatch {
        // As in the test of the hash: user-3 is inside, user-5 is not.
        let users = UserShare { hundredths: 1250, by, salt: "default/web".to_owned() };
        RequestMatch { users: Some(users), ..RequestMatch::default() }
    }

    #[test]
    fn a_user_is_who_the_key_says() {
        let by_header = [share_by(UserKey::Header("x-user".to_owned()))];
        check(&by_header, "GET", "/", &[("X-User", "user-3")], true);
        check(&by_header, "GET", "/", &[("X-User", "user-5")], false);
        check(&by_header, "GET", "/", &[("X-User", "")], false);
        check(&by_header, "GET", "/", &[], false);
        let by_cookie = [share_by(UserKey::Cookie("sid".to_owned()))];
        check(&by_cookie, "GET", "/", &[("cookie", "a=b; sid=user-3")], true);
        check(&by_cookie, "GET", "/", &[("cookie", "a=b; sid=user-5")], false);
        check(&by_cookie, "GET", "/", &[], false);
        let visitor = [share_by(UserKey::Visitor)];
        check(&visitor, "GET", "/", &[("cookie", "tidegate-visitor=user-3")], true);
        check(&visitor, "GET", "/", &[("cookie", "tidegate-visitor=user-5")], false);
    }

    #[test]
    fn a_newcomer_gets_a_number_only_where_it_decides() {
        let asked = |matches: &[RequestMatch], fields: &[(&str, &str)]| {
            let (count, matcher) = (std::cell::Cell::new(0), Matcher::new(matches).unwrap());
            let newcomer = || {
                count.set(count.get() + 1);
                7
            };
            let met = matcher.is_met(&Request { method: "GET", target: "/", fields }, &newcomer);
            let kept = [("cookie", "tidegate-visitor=0000000000000007")];
            let kept = Request { method: "GET", target: "/", fields: &kept };
            (met == matcher.is_met(&kept, &|| 0), count.get())
        };
        assert_eq!(asked(&[share_by(UserKey::Visitor)], &[]), (true, 1));
        assert_eq!(asked(&[share_by(UserKey::Header("x".to_owned()))], &[]).1, 0);
        let of_some = RequestMatch {
            headers: header("a", &[exact("1")]).headers,
            ..share_by(UserKey::Visitor)
        };
        assert_eq!(asked(std::slice::from_ref(&of_some), &[("a", "2")]).1, 0);
        assert_eq!(asked(&[of_some], &[("a", "1")]).1, 1);
        let first = [header("a", &[exact("1")]), share_by(UserKey::Visitor)];
        assert_eq!(asked(&first, &[("a", "1")]).1, 0);
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
            let met = matcher.is_met(&Request { method: "GET", target: "/", fields: &fields }, &|| 0);
            let longest = regex::Regex::new(&format!("^({pattern})$")).unwrap().is_match(&value);
            prop_assert_eq!(met, longest);
            prop_assert!(!met || alone.is_match(&value));
        }
    }
}
