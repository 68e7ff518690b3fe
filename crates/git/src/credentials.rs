use std::{ffi::OsString, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use url::Url;

use crate::Error;

/// What proves who somebody is to a server that speaks HTTP.
///
/// It is given to git in its environment, for the one server alone, and is written nowhere.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    secret: String,
}

impl Credentials {
    /// A token, as forges give them to programs.
    pub fn token(token: impl Into<String>) -> Self {
        // The name that GitHub asks for, and that GitLab, Gitea and Bitbucket take, too.
        Self { user: "x-access-token".to_owned(), secret: token.into() }
    }

    /// A name and its password or token.
    pub fn basic(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), secret: password.into() }
    }

    /// The setting by which git shows it to the server of `url` and to no other.
    pub(crate) fn setting(&self, url: &str) -> Result<(String, OsString), Error> {
        let bad = |why: &str| Error::BadAddress { url: without(url), why: why.to_owned() };
        let parsed =
            Url::parse(url).map_err(|_| bad("it is no URL, so that no token can go there"))?;
        let (true, Some(host)) = (matches!(parsed.scheme(), "http" | "https"), parsed.host_str())
        else {
            return Err(bad("a token goes to an address of http or https alone"));
        };
        let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
        let key = format!("http.{}://{host}{port}/.extraHeader", parsed.scheme());
        let pair = STANDARD.encode(format!("{}:{}", self.user, self.secret));
        Ok((key, format!("Authorization: Basic {pair}").into()))
    }
}

/// An address without the name and password in it, and those.
pub(crate) fn apart(url: &str) -> (String, Option<Credentials>) {
    let Some(mut parsed) =
        Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
    else {
        return (url.to_owned(), None);
    };
    let plain =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (plain(parsed.username()), parsed.password().map(plain));
    if user.is_empty() && password.is_none() {
        return (url.to_owned(), None);
    }
    // Neither fails of an address that has a host.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    (parsed.into(), Some(Credentials::basic(user, password.unwrap_or_default())))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// `text` with no name and password in its addresses.
pub(crate) fn without(text: &str) -> String {
    let mut left = text;
    let mut clean = String::with_capacity(text.len());
    while let Some(at) = left.find("://") {
        let (before, after) = left.split_at(at + 3);
        clean.push_str(before);
        let end =
            after.find(|c: char| c == '/' || c.is_whitespace() || c == '\'').unwrap_or(after.len());
        let (place, rest) = after.split_at(end);
        clean.push_str(place.rsplit_once('@').map_or(place, |(_, host)| host));
        left = rest;
    }
    clean.push_str(left);
    clean
}
