use std::fmt;

use axum::http::{HeaderMap, header::AUTHORIZATION, request::Parts};
use subtle::ConstantTimeEq;

use crate::{
    access::refusals::Source,
    browser,
    caller::{Caller, Credential},
    limits::NAME_LIMIT,
    problem::{Problem, ProblemKind},
    routes::Api,
};

/// The header field in which a client says for whom it asks; it goes into the ledger.
pub const USER_HEADER: &str = "tidegate-user";

/// What the ledger says when a client names nobody.
const NOBODY: &str = "unnamed";

/// The secret that a client must show. Its `Debug` form hides it.
#[derive(Clone)]
pub struct Token(String);

/// A text that is too weak to be a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token is at least 32 visible ASCII characters in one word")]
pub struct TokenError;

impl Token {
    /// Takes `text` as the token, without the white space around it.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.len() < 32 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The token itself, to be sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether `shown` is this token, in a time that does not tell where they differ.
    pub(crate) fn admits(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// Who asks, by what the request shows: a token, or else the cookie of a session.
pub(crate) fn authenticate(api: &Api, parts: &Parts) -> Result<Caller, Problem> {
    let Some(shown) = parts.headers.get(AUTHORIZATION) else {
        return by_cookie(api, parts);
    };
    let shown = shown
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let Some(token) = shown else {
        return Err(unknown("a request needs the header field `Authorization: Bearer TOKEN`"));
    };
    if api.access.is_owner(token) {
        return owner(parts);
    }
    api.access.of_token(token).map_err(|why| {
        let source = parts.extensions.get::<Source>().copied().unwrap_or(Source(None));
        let detail = why.to_string();
        api.access.refuse(source, &detail);
        unknown(&detail)
    })
}

fn by_cookie(api: &Api, parts: &Parts) -> Result<Caller, Problem> {
    let Some(secret) = browser::session_secret(&parts.headers, api.site.secure) else {
        return Err(unknown("a request needs the header field `Authorization: Bearer TOKEN`"));
    };
    browser::is_our_host(&parts.headers, &api.site)?;
    let key = secret.digest();
    let caller = api.access.of_session(key);
    let caller = caller.map_err(|_| unknown("the session has ended: sign in again"))?;
    if browser::changes(&parts.method) {
        browser::may_change(&parts.headers, &secret, &api.site)?;
    }
    api.access.used(key);
    Ok(caller)
}

/// The owner, in the name that the request gives. A name that cannot stand in the ledger matters to what is
/// written there alone.
fn owner(parts: &Parts) -> Result<Caller, Problem> {
    let name = who(&parts.headers).or_else(|problem| {
        if browser::changes(&parts.method) { Err(problem) } else { Ok(NOBODY.to_owned()) }
    });
    Ok(Caller::owner(&name?, Credential::Owner))
}

fn unknown(detail: &str) -> Problem {
    let hint = "show a token: the one of an account, by --token-file, or the one in \
                the file `token` of the server's data folder, by --data";
    Problem::new(ProblemKind::Unauthorized, detail).with_hint(hint)
}

/// Who asks, for the ledger.
fn who(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(value) = headers.get(USER_HEADER) else {
        return Ok(NOBODY.to_owned());
    };
    let name = std::str::from_utf8(value.as_bytes()).unwrap_or_default().trim();
    let plain = !name.is_empty() && !name.chars().any(char::is_control);
    if plain && name.chars().count() <= NAME_LIMIT {
        return Ok(name.to_owned());
    }
    let detail = format!(
        "the header field `Tidegate-User` must be a name of 1 to {NAME_LIMIT} printable characters"
    );
    Err(Problem::new(ProblemKind::BadRequest, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_token_admits_itself_and_nothing_else() {
        let token = Token::new(&format!("{GOOD}\n")).unwrap();
        assert!(token.admits(GOOD));
        for shown in ["", "0", &GOOD[1..], &format!("{GOOD}0"), &GOOD.to_uppercase()] {
            assert!(!token.admits(shown), "{shown:?}");
        }
        assert_eq!(format!("{token:?}"), "Token(hidden)");
    }

    #[test]
    fn a_weak_token_is_refused() {
        for text in ["", "short", &format!("{GOOD} {GOOD}"), &"ä".repeat(32)] {
            assert_eq!(Token::new(text).unwrap_err(), TokenError, "{text:?}");
        }
    }

    #[test]
    fn a_name_for_the_ledger_is_printable_and_bounded() {
        let check = |value: Option<&[u8]>, expect: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(USER_HEADER, value.try_into().unwrap());
            }
            assert_eq!(who(&headers).ok().as_deref(), expect, "{value:?}");
        };
        check(None, Some(NOBODY));
        check(Some(b" ada "), Some("ada"));
        check(Some("Zoë".as_bytes()), Some("Zoë"));
        check(Some(b""), None);
        check(Some(b"a\tb"), None);
        check(Some(b"\xff"), None);
        check(Some(&[b'a'; 129]), None);
    }
}
