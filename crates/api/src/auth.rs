use std::fmt;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header::AUTHORIZATION},
    middleware::Next,
    response::{IntoResponse, Response},
};
use subtle::ConstantTimeEq;

use crate::{
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
    fn admits(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// Lets a request through only with the token.
pub(crate) async fn require_token(
    State(api): State<Api>,
    request: Request,
    next: Next,
) -> Response {
    let shown = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    match shown {
        Some(token) if api.token.admits(token) => next.run(request).await,
        Some(_) => refuse("the token is not the one of this server"),
        None => refuse("a request needs the header field `Authorization: Bearer TOKEN`"),
    }
}

fn refuse(detail: &str) -> Response {
    let hint = "the token is in the file `token` of the server's data folder; name the folder with \
                --data or the file with --token-file";
    let mut response =
        Problem::new(ProblemKind::Unauthorized, detail).with_hint(hint).into_response();
    response.headers_mut().insert(
        axum::http::header::WWW_AUTHENTICATE,
        axum::http::HeaderValue::from_static("Bearer realm=\"tidegate\""),
    );
    response
}

/// Who asks, for the ledger.
pub(crate) fn who(headers: &HeaderMap) -> Result<String, Problem> {
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
