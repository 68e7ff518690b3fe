//! What holds for browsers, which send cookies along with what other pages have them ask, and resolve names that
//! lead here for whoever owns them.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, ORIGIN, REFERRER_POLICY,
            STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use subtle::ConstantTimeEq as _;
use tidegate_access::{Secret, SecretKind};

use crate::{
    listen::Shown,
    problem::{Problem, ProblemKind},
    routes::Api,
};

/// The header field in which a page shows that it is ours.
pub const CSRF_HEADER: &str = "tidegate-csrf";
/// The header field in which a page repeats the name of what a person confirmed.
pub const CONFIRM_HEADER: &str = "tidegate-confirm";

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Where browsers find this server.
#[derive(Clone, Default)]
pub(crate) struct Site {
    /// Whether what they ask crosses no network in the clear.
    pub(crate) secure: bool,
    /// The name that it has beside its addresses and `localhost`.
    name: Option<String>,
    /// What it shows where it speaks TLS itself: it has the names that are in there.
    pub(crate) certificate: Shown,
}

impl Site {
    /// The site of a URL that browsers have of this server; without one it is on this machine.
    pub(crate) fn of(public_url: Option<&str>, certificate: Shown) -> Self {
        let url = public_url.and_then(|url| url::Url::parse(url).ok());
        let name = url.as_ref().and_then(url::Url::domain).map(ToOwned::to_owned);
        let encrypts = url.is_some_and(|url| url.scheme() == "https");
        Self { secure: encrypts || certificate.is_some(), name, certificate }
    }

    /// Whether a name is its own.
    pub(crate) fn has(&self, name: &str) -> bool {
        let shown = || self.certificate.as_ref().is_some_and(|shown| shown.covers(name));
        self.name.as_deref() == Some(name) || shown()
    }
}

/// The name of the cookie. Over TLS no other host of the domain, and nothing without TLS, can set one of that name.
const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-tidegate-session" } else { "tidegate-session" }
}

/// The same where nothing is encrypted.
pub(crate) const fn session_cookie() -> &'static str {
    cookie_name(false)
}

/// What the cookie of a session is, if the request has one.
pub(crate) fn session_secret(headers: &HeaderMap, secure: bool) -> Option<Secret> {
    Secret::read(SecretKind::Session, cookie(headers, cookie_name(secure))?).ok()
}

/// The cookie of a session, for no script and no other site.
pub(crate) fn set_cookie(secret: &Secret, secure: bool) -> Result<HeaderValue, Problem> {
    let secret = secret.reveal();
    written(format!("{}={secret}; {}", cookie_name(secure), attributes(secure)))
}

const fn sign_in_cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-tidegate-sign-in" } else { "tidegate-sign-in" }
}

/// What the cookie of a sign-in on its way is, if the request has one.
pub(crate) fn sign_in_secret(headers: &HeaderMap, secure: bool) -> Option<Secret> {
    Secret::read(SecretKind::Code, cookie(headers, sign_in_cookie_name(secure))?).ok()
}

/// The cookie of a sign-in on its way, which ends by itself. It comes back with the browser from another site, so
/// it is not a strict one; it lets nobody do anything but end that sign-in.
pub(crate) fn set_sign_in_cookie(
    secret: &Secret,
    lasts: Duration,
    secure: bool,
) -> Result<HeaderValue, Problem> {
    let (name, secret, age) = (sign_in_cookie_name(secure), secret.reveal(), lasts.as_secs());
    let encrypted = if secure { "; Secure" } else { "" };
    written(format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{encrypted}"))
}

fn written(cookie: String) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::try_from(cookie)
        .map_err(|_| Problem::new(ProblemKind::Unavailable, "the cookie cannot be written"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The value of a cookie.
fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let fields = headers.get_all(COOKIE).into_iter().filter_map(|field| field.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|it| it.split_once('='));
    pairs.find(|(name, _)| name.trim() == wanted).map(|(_, value)| value.trim())
}

/// What takes it away.
pub(crate) fn no_cookie(secure: bool) -> HeaderValue {
    let text = format!("{}=; {}; Max-Age=0", cookie_name(secure), attributes(secure));
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

const fn attributes(secure: bool) -> &'static str {
    if secure {
        "Path=/; HttpOnly; SameSite=Strict; Secure"
    } else {
        "Path=/; HttpOnly; SameSite=Strict"
    }
}

/// What a page that has signed in shows when it changes anything. It follows from the cookie, which no page can read.
pub(crate) fn csrf(session: &Secret) -> String {
    session.derived("tidegate csrf")
}

/// Whether a request by cookie may change anything: it has to come from our own page.
pub(crate) fn may_change(
    headers: &HeaderMap,
    session: &Secret,
    site: &Site,
) -> Result<(), Problem> {
    is_ours(headers, site)?;
    let shown = headers.get(CSRF_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
    if shown.ct_eq(csrf(session).as_bytes()).into() {
        return Ok(());
    }
    Err(Problem::new(ProblemKind::Forbidden, "the header field `Tidegate-Csrf` is not that of the session")
        .with_hint("GET /v1/session tells it as `csrf`; a script shows a token in `Authorization` and needs none"))
}

/// Whether a request that a browser may have been made to send comes from our own page, at a name that is ours.
pub(crate) fn is_ours(headers: &HeaderMap, site: &Site) -> Result<(), Problem> {
    is_our_host(headers, site)?;
    let from = text(headers, SEC_FETCH_SITE);
    if from.is_some_and(|from| !matches!(from, "same-origin" | "none")) {
        return Err(foreign("another site's page asked for this"));
    }
    let scheme = if site.secure { "https" } else { "http" };
    let host = text(headers, HOST.as_str()).unwrap_or_default();
    match text(headers, ORIGIN.as_str()) {
        Some(origin) if !origin.eq_ignore_ascii_case(&format!("{scheme}://{host}")) => {
            Err(foreign("another origin's page asked for this"))
        }
        _ => Ok(()),
    }
}

/// Whether the name by which this server was found is an address, `localhost` or its own: any other may be
/// somebody's, who lets it lead here to have a browser ask in it.
pub(crate) fn is_our_host(headers: &HeaderMap, site: &Site) -> Result<(), Problem> {
    let host = text(headers, HOST.as_str()).unwrap_or_default();
    let url = url::Url::parse(&format!("http://{host}/"));
    let name = url.as_ref().ok().and_then(url::Url::host);
    match name {
        Some(url::Host::Ipv4(_) | url::Host::Ipv6(_) | url::Host::Domain("localhost")) => Ok(()),
        Some(url::Host::Domain(name)) if site.has(name) => Ok(()),
        _ => Err(foreign("this server is not known by the name that the browser has for it")
            .with_hint(
                "open it by its address, as localhost, as what it was given as --public-url, or by a name \
                 in its certificate",
            )),
    }
}

fn foreign(detail: &str) -> Problem {
    Problem::new(ProblemKind::Forbidden, detail).with_hint(
        "a script shows a token in the header field `Authorization`, which needs none of this",
    )
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// Whether a method changes anything.
pub(crate) fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Says with every answer what a browser may do with it, where the answer does not say so itself.
pub(crate) async fn with_security_headers(
    State(api): State<Api>,
    request: Request,
    next: Next,
) -> Response {
    const ALWAYS: [(HeaderName, &str); 6] = [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache, private"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let lasting = lasting(&request, &api.site);
    let mut response = next.run(request).await;
    for (name, value) in ALWAYS.into_iter().chain(lasting) {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// That a browser is to come by TLS alone from here on, for a year. It is said of names, not of addresses, and never
/// of `localhost`, where it would hold for everything else on this machine.
fn lasting(request: &Request, site: &Site) -> Option<(HeaderName, &'static str)> {
    let host = text(request.headers(), HOST.as_str())?;
    let url = url::Url::parse(&format!("http://{host}/")).ok()?;
    let named = url.domain().is_some_and(|name| site.has(name));
    (site.secure && named).then_some((STRICT_TRANSPORT_SECURITY, "max-age=31536000"))
}

/// Lets a browser see what everybody may see, the page and the status page, at names that are ours alone: at any
/// other it would be somebody else's page to the browser.
pub(crate) async fn at_our_name(State(api): State<Api>, request: Request, next: Next) -> Response {
    match is_our_host(request.headers(), &api.site) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_request_is_ours_by_its_host_its_origin_and_its_site() {
        let check = |fields: &[(&'static str, &str)], expect: bool| {
            assert_eq!(is_ours(&headers(fields), &Site::default()).is_ok(), expect, "{fields:?}");
        };
        check(&[("host", "127.0.0.1:7420")], true);
        check(&[("host", "[::1]:7420")], true);
        check(&[("host", "localhost")], true);
        check(&[("host", "localhost:7420"), ("origin", "http://localhost:7420")], true);
        check(&[("host", "127.0.0.1:1"), ("sec-fetch-site", "same-origin")], true);
        check(&[], false);
        check(&[("host", "evil.example:7420")], false);
        check(&[("host", "localhost.evil.example")], false);
        check(&[("host", "127.0.0.1:1"), ("origin", "http://127.0.0.1:2")], false);
        check(&[("host", "127.0.0.1:1"), ("origin", "https://127.0.0.1:1")], false);
        check(&[("host", "127.0.0.1:1"), ("origin", "null")], false);
        check(&[("host", "127.0.0.1:1"), ("sec-fetch-site", "same-site")], false);
        check(&[("host", "127.0.0.1:1"), ("sec-fetch-site", "cross-site")], false);
    }

    #[test]
    fn a_cookie_is_found_among_others_and_no_script_sees_it() {
        let secret = Secret::new(SecretKind::Session, [7; 32]);
        let set = set_cookie(&secret, false).unwrap();
        let set = set.to_str().unwrap();
        assert!(
            set.contains("HttpOnly") && set.contains("SameSite=Strict") && set.contains("Path=/")
        );
        assert!(set_cookie(&secret, true).unwrap().to_str().unwrap().ends_with("; Secure"));
        let cookies = format!("a=b; tidegate-session={}; c", secret.reveal());
        assert_eq!(session_secret(&headers(&[("cookie", &cookies)]), false), Some(secret));
        assert_eq!(session_secret(&headers(&[("cookie", &cookies)]), true), None);
        assert_eq!(session_secret(&headers(&[("cookie", "tidegate-session=tgs_x")]), false), None);
    }

    #[test]
    fn a_page_without_the_sessions_word_changes_nothing() {
        let secret = Secret::new(SecretKind::Session, [7; 32]);
        let word = csrf(&secret);
        let host = ("host", "127.0.0.1:7420");
        assert!(
            may_change(&headers(&[host, (CSRF_HEADER, &word)]), &secret, &Site::default()).is_ok()
        );
        assert!(may_change(&headers(&[host]), &secret, &Site::default()).is_err());
        assert!(
            may_change(&headers(&[host, (CSRF_HEADER, &word[1..])]), &secret, &Site::default())
                .is_err()
        );
        let other = Secret::new(SecretKind::Session, [8; 32]);
        assert!(
            may_change(&headers(&[host, (CSRF_HEADER, &word)]), &other, &Site::default()).is_err()
        );
    }
}
