//! The parts of a URL, as far as a client of metrics needs them.

use std::fmt::{self, Write as _};

use hyper::http::uri::{Authority, Uri};

/// Where a server is, and what it is asked for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The host and port as they are written.
    pub(crate) authority: String,
    /// With a slash at its begin.
    pub(crate) path: String,
    /// What stands after `?`.
    pub(crate) query: Option<String>,
    /// A name and password before `@`.
    pub(crate) user: Option<(String, String)>,
}

/// Neither user nor query: there may be secrets in both.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Url {
    /// Reads a URL that names a scheme and a host.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let no_url = || {
            let text = text.rsplit('@').next().unwrap_or_default();
            format!("{text:?} is no URL: write one such as http://host:port/path")
        };
        let text = text.split('#').next().unwrap_or_default();
        let uri: Uri = escaped(text.trim()).parse().map_err(|_| no_url())?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(no_url()),
        };
        let authority = uri.authority().ok_or_else(no_url)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(no_url());
        }
        Ok(Self {
            tls,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            authority: without_user(authority).to_owned(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            user: user(authority),
        })
    }

    /// What follows from a `Location`, which may be a part of a URL only.
    pub(crate) fn join(&self, location: &str) -> Result<Self, String> {
        let scheme = if self.tls { "https" } else { "http" };
        if location.contains("://") {
            return Self::parse(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Self::parse(&format!("{scheme}://{rest}"));
        }
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let authority = &self.authority;
        let mut next = match location.chars().next() {
            Some('/') => Self::parse(&format!("{scheme}://{authority}{location}")),
            Some('?') => Self::parse(&format!("{scheme}://{authority}{}{location}", self.path)),
            _ => Self::parse(&format!("{scheme}://{authority}{folder}/{location}")),
        }?;
        next.user.clone_from(&self.user);
        Ok(next)
    }

    /// The same server with `path` below this path.
    pub(crate) fn below(&self, path: &str) -> Self {
        let path = format!("{}{path}", self.path.trim_end_matches('/'));
        Self { path, ..self.clone() }
    }

    /// What stands in the first line of a request.
    pub(crate) fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

fn without_user(authority: &Authority) -> &str {
    authority.as_str().rsplit('@').next().unwrap_or_default()
}

fn user(authority: &Authority) -> Option<(String, String)> {
    let (user, _) = authority.as_str().rsplit_once('@')?;
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    Some((unescaped(name), unescaped(password)))
}

/// People write spaces and other signs that stand for themselves; a URL has to escape them.
fn escaped(text: &str) -> String {
    let mut url = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_graphic()
            && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        {
            url.push(c);
        } else {
            escape(c, &mut url);
        }
    }
    url
}

fn escape(c: char, url: &mut String) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        // Writing into a string cannot fail.
        let _ = write!(url, "%{byte:02X}");
    }
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Names and values as a form is sent: `application/x-www-form-urlencoded`.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for c in value.chars() {
            match c {
                ' ' => text.push('+'),
                c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~') => {
                    text.push(c);
                }
                c => escape(c, &mut text),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let read = Url::parse(text).map(|url| {
            let user = url.user.as_ref().map(|(name, password)| format!(" as {name}:{password}"));
            format!("{} {} {url} {}{}", url.host, url.port, url.target(), user.unwrap_or_default())
        });
        assert_eq!(read.unwrap_or_else(|problem| problem), expect, "{text}");
    }

    #[test]
    fn a_url_is_taken_apart() {
        check("http://p", "p 80 http://p/ /");
        check("https://p/a?b=c#d", "p 443 https://p/a /a?b=c");
        check("http://[::1]:9090/x", "::1 9090 http://[::1]:9090/x /x");
        check("http://a%40b:p%3Aq@p:1", "p 1 http://p:1/ / as a@b:p:q");
        check("http://p/?q=rate(x{a=\"b c\"})", "p 80 http://p/ /?q=rate(x%7Ba=%22b%20c%22%7D)");
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_secrets() {
        let no_url =
            |text: &str| format!("{text:?} is no URL: write one such as http://host:port/path");
        for text in ["", "prometheus", "prometheus:9090", "/path", "ftp://p", "http://"] {
            check(text, &no_url(text));
        }
        check("ftp://user:secret@p", &no_url("p"));
    }

    #[test]
    fn a_location_may_be_a_part_of_a_url() {
        let check = |location: &str, expect: &str| {
            let from = Url::parse("http://u:p@a:1/x/y?z=1").unwrap();
            let next = from.join(location).unwrap();
            assert_eq!(format!("{next} {}", next.target()), expect, "{location}");
        };
        check("https://b/c", "https://b/c /c");
        check("//b/c", "http://b/c /c");
        check("/c?d", "http://a:1/c /c?d");
        check("c", "http://a:1/x/c /x/c");
        check("?d=2", "http://a:1/x/y /x/y?d=2");
    }

    #[test]
    fn a_form_escapes_what_would_end_a_value() {
        assert_eq!(
            form(&[("query", "a{b=\"c d\"} + 1&é"), ("t", "1.5")]),
            "query=a%7Bb%3D%22c+d%22%7D+%2B+1%26%C3%A9&t=1.5"
        );
    }
}
