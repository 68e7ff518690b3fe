//! URLs, as far as a client needs them.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::{Host, Position};

/// Signs that people write for themselves, and that some servers refuse if they come so.
const SIGNS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Where a server is, and what it is asked for: a URL of HTTP, with a host.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(url::Url);

/// Neither user nor query: there may be secrets in both.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.0.scheme(), self.authority(), self.0.path())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Url {
    /// Reads a URL that names a scheme and a host.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::of(url::Url::parse(&escaped(text)), text)
    }

    /// What follows from a `Location`, which may be a part of a URL only.
    pub fn join(&self, location: &str) -> Result<Self, String> {
        Self::of(self.0.join(&escaped(location)), location)
    }

    fn of(read: Result<url::Url, url::ParseError>, text: &str) -> Result<Self, String> {
        match read {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Self(url)),
            _ => {
                let text = match text.rsplit_once('@') {
                    // A password with a `?`, or a query with an `@`: either may be a secret.
                    Some((before, _)) if before.contains('?') => "...",
                    Some((_, after)) => after,
                    None => text,
                };
                let text = text.split('?').next().unwrap_or_default();
                Err(format!("{text:?} is no URL: write one such as http://host:port/path"))
            }
        }
    }

    /// The same server with `path` below this path.
    pub fn below(&self, path: &str) -> Self {
        let mut below = self.clone();
        below.0.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        below
    }

    /// Asks for `more`, which is escaped already, beside what is asked for.
    pub fn ask(&mut self, more: &str) {
        let query = self.0.query().map(|given| format!("{given}&{more}"));
        self.0.set_query(Some(query.as_deref().unwrap_or(more)));
    }

    /// All of it, with what `Display` leaves out: no log and no error may show this.
    pub fn whole(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is asked over TLS.
    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// A name or an address, the latter without brackets.
    pub fn host(&self) -> String {
        match self.0.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => self.0.host_str().unwrap_or_default().to_owned(),
        }
    }

    /// The port, the usual one of its scheme where it names none.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// The host, and the port if it is not the usual one.
    pub fn authority(&self) -> &str {
        &self.0[Position::BeforeHost..Position::AfterPort]
    }

    /// What stands in the first line of a request.
    pub fn target(&self) -> &str {
        &self.0[Position::BeforePath..Position::AfterQuery]
    }

    /// A name and password before `@`.
    pub fn user(&self) -> Option<(String, String)> {
        let (name, password) = (self.0.username(), self.0.password());
        let plain = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        (!name.is_empty() || password.is_some())
            .then(|| (plain(name), plain(password.unwrap_or_default())))
    }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text.trim(), SIGNS).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let read = Url::parse(text).map(|url| {
            let user = url.user().map(|(name, password)| format!(" as {name}:{password}"));
            let (host, port, target) = (url.host(), url.port(), url.target());
            format!("{host} {port} {url} {target}{}", user.unwrap_or_default())
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
        check("http://Bücher.example", "xn--bcher-kva.example 80 http://xn--bcher-kva.example/ /");
        check(" http://my_p/é|%20\n", "my_p 80 http://my_p/%C3%A9%7C%20 /%C3%A9%7C%20");
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_secrets() {
        let no_url =
            |text: &str| format!("{text:?} is no URL: write one such as http://host:port/path");
        for text in ["", "prometheus", "prometheus:9090", "/path", "ftp://p", "http://"] {
            check(text, &no_url(text));
        }
        check("ftp://user:secret@p?token=secret", &no_url("p"));
        check("p/a?token=b@secret", &no_url("..."));
        check("ftp://user:a?secret@p", &no_url("..."));
    }

    #[test]
    fn a_location_may_be_a_part_of_a_url() {
        let check = |location: &str, expect: &str| {
            let from = Url::parse("http://u:p@a:1/x/y?z=1").unwrap();
            let next = from.join(location).unwrap();
            let user = next.user().map_or(String::new(), |(name, _)| format!(" as {name}"));
            assert_eq!(format!("{next} {}{user}", next.target()), expect, "{location}");
        };
        check("https://b/c", "https://b/c /c");
        check("//b/c", "http://b/c /c");
        check("/c?d", "http://a:1/c /c?d as u");
        check("c", "http://a:1/x/c /x/c as u");
        check("../c", "http://a:1/c /c as u");
        check("/c?from=http://a", "http://a:1/c /c?from=http://a as u");
        check("?d=2", "http://a:1/x/y /x/y?d=2 as u");
    }

    #[test]
    fn a_query_may_be_added_to() {
        for (from, expect) in [("http://p/a/?b=c", "/a/d?b=c&q=%2B+"), ("http://p", "/d?q=%2B+")] {
            let mut url = Url::parse(from).unwrap().below("/d");
            url.ask("q=%2B+");
            assert_eq!(url.target(), expect);
        }
    }
}
