use std::mem::MaybeUninit;

use httparse::{Header, Request, Status};
use hyper::header::HeaderValue;
use tidegate_traffic::cookie_value;

use crate::{
    fields::{is_alias, is_host},
    rules::{Parsed, Ruling, Wish},
    settings::MOST_FIELDS,
    view::LocalRoute,
};

/// What the first bytes of a connection, or those after a request, turn out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The head is not whole yet.
    Part,
    /// A whole request, written anew for the replica.
    Plain(Plain),
    /// Something else: a body that is still on its way, an upgrade, HTTP/1.0, an error.
    Other,
}

/// A request that is whole and has nothing unusual about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    /// Its length on the wire, head and body.
    pub(crate) length: usize,
    /// The length of its body.
    pub(crate) body: usize,
    /// Whether its answer has no body.
    pub(crate) is_head: bool,
    /// Whether it may be carried twice: its method says so, and it has no body.
    pub(crate) repeatable: bool,
    /// The revision that its cookie names.
    pub(crate) kept: Option<String>,
    /// What the rules of its route say.
    pub(crate) ruling: Ruling,
}

impl Plain {
    /// Where it wants to go.
    pub(crate) fn wish(&self) -> Wish<'_> {
        Wish { sent: self.ruling.sent.as_ref(), kept: self.kept.as_deref() }
    }
}

/// Looks at `bytes`; a plain request is written to `out` as the replica shall see it.
///
/// Whatever is not plain is left to hyper, which knows all of HTTP. So this has to be right only
/// about what it takes: HTTP/1.1, a path, one `Host`, no `Transfer-Encoding`, at most one
/// `Content-Length` whose body is here already, and nothing about the connection but keep-alive.
pub(crate) fn look(
    bytes: &[u8],
    peer: &HeaderValue,
    route: &LocalRoute,
    most_fields: usize,
    out: &mut Vec<u8>,
) -> Seen {
    let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let mut request = Request::new(&mut []);
    let head = match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(Status::Complete(head)) => head,
        Ok(Status::Partial) => return Seen::Part,
        Err(_) => return Seen::Other,
    };
    out.clear();
    plain(&request, bytes, head, route, most_fields, peer, out).map_or(Seen::Other, Seen::Plain)
}

fn plain(
    request: &Request<'_, '_>,
    bytes: &[u8],
    head: usize,
    route: &LocalRoute,
    most_fields: usize,
    peer: &HeaderValue,
    out: &mut Vec<u8>,
) -> Option<Plain> {
    let (method, path) = (request.method?, request.path?);
    // Without the bytes that are no part of a path or of a query.
    let is_part = |byte| matches!(byte, b'!' | 36..=59 | b'=' | 63..=95 | 97..=126);
    let is_path = path.starts_with('/') && path.bytes().all(is_part);
    if request.version != Some(1) || !is_path || method == "CONNECT" {
        return None;
    }
    if request.headers.len() > most_fields {
        return None;
    }
    for part in [method, " ", path, " HTTP/1.1\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    let body = write_fields(request.headers, peer, out)?;
    let length = head.checked_add(body)?;
    out.extend_from_slice(bytes.get(head..length)?);
    Some(Plain {
        length,
        body,
        is_head: method == "HEAD",
        repeatable: body == 0
            && matches!(method, "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE" | "TRACE"),
        kept: route.shared.cookie.as_deref().and_then(|name| kept(request.headers, name)),
        ruling: if route.shared.rules.is_empty() {
            Ruling::default()
        } else {
            route.ruling(&Parsed { method, target: path, fields: request.headers })
        },
    })
}

fn kept(fields: &[Header<'_>], name: &str) -> Option<String> {
    let cookies = fields.iter().filter(|it| it.name.eq_ignore_ascii_case("cookie"));
    cookie_value(cookies.map(|it| it.value), name).map(str::to_owned)
}

/// What there is to do about a field of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Host,
    Length,
    Connection,
    Drop,
    ForwardedFor,
    ForwardedHost,
    ForwardedProto,
    /// Not for this path.
    Unusual,
}

fn kind(name: &str) -> Kind {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    match name.len() {
        2 if is("te") => Kind::Unusual,
        4 if is("host") => Kind::Host,
        6 if is("expect") => Kind::Unusual,
        7 if is("upgrade") || is("trailer") => Kind::Unusual,
        10 if is("connection") => Kind::Connection,
        10 if is("keep-alive") => Kind::Drop,
        14 if is("content-length") => Kind::Length,
        14 if is("http2-settings") => Kind::Unusual,
        15 if is("x-forwarded-for") => Kind::ForwardedFor,
        16 if is("proxy-connection") => Kind::Drop,
        16 if is("x-forwarded-host") => Kind::ForwardedHost,
        17 if is("transfer-encoding") => Kind::Unusual,
        17 if is("x-forwarded-proto") => Kind::ForwardedProto,
        14..=17 if is_alias(name.as_bytes()) => Kind::Unusual,
        _ => Kind::Plain,
    }
}

/// Writes the fields for the replica. Says how long the body is; none when a field is not for
/// this path.
fn write_fields(fields: &[Header<'_>], peer: &HeaderValue, out: &mut Vec<u8>) -> Option<usize> {
    let (mut host, mut length) = (None, None);
    let (mut has_host, mut has_proto, mut forwarded) = (false, false, false);
    for field in fields {
        match kind(field.name) {
            Kind::Plain => {}
            Kind::Drop => continue,
            Kind::Connection if field.value.eq_ignore_ascii_case(b"keep-alive") => continue,
            Kind::Connection | Kind::Unusual => return None,
            Kind::Host if host.is_some() || !is_host(field.value) => return None,
            Kind::Host => host = Some(field.value),
            Kind::Length if length.is_some() => return None,
            Kind::Length => length = Some(decimal(field.value)?),
            Kind::ForwardedFor => {
                forwarded = true;
                continue;
            }
            Kind::ForwardedHost => has_host = true,
            Kind::ForwardedProto => has_proto = true,
        }
        write_field(out, field.name, field.value);
    }
    let host = host?;
    out.extend_from_slice(b"x-forwarded-for: ");
    if forwarded {
        let before = fields.iter().filter(|it| kind(it.name) == Kind::ForwardedFor);
        for field in before {
            out.extend_from_slice(field.value);
            out.extend_from_slice(b", ");
        }
    }
    out.extend_from_slice(peer.as_bytes());
    out.extend_from_slice(b"\r\n");
    if !has_proto {
        out.extend_from_slice(b"x-forwarded-proto: http\r\n");
    }
    if !has_host {
        write_field(out, "x-forwarded-host", host);
    }
    out.extend_from_slice(b"\r\n");
    Some(length.unwrap_or(0))
}

/// Writes one field.
pub(crate) fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// A length in decimal digits and nothing else.
pub(crate) fn decimal<T: std::str::FromStr>(value: &[u8]) -> Option<T> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    if digits { std::str::from_utf8(value).ok()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidegate_traffic::{Listener, Sticky};
    use tidegate_units::{ObjectKey, Owner, Timestamp};

    use super::*;
    use crate::{meters::Meters, routes::Route};

    fn route() -> LocalRoute {
        let key = ObjectKey::new("default", "web");
        let listener = Listener {
            decided: None,
            service: key.clone(),
            address: "127.0.0.1:1".parse().unwrap(),
            owner: Owner::rollout(&key),
            destinations: vec![],
            sticky: Some(Sticky { cookie: "tg".to_owned(), max_age: std::time::Duration::ZERO }),
            rules: vec![],
        };
        LocalRoute::without_pools(Route::new(&listener, &Meters::new(1), Timestamp::default()))
    }

    fn looked(text: &str) -> (Seen, String) {
        let (mut out, peer) = (Vec::new(), HeaderValue::from_static("9.9.9.9"));
        let seen = look(text.as_bytes(), &peer, &route(), 100, &mut out);
        (seen, String::from_utf8(out).unwrap())
    }

    fn check_other(text: &str) {
        assert_eq!(looked(text).0, Seen::Other, "{text:?}");
    }

    #[test]
    fn a_plain_request_is_written_for_the_replica() {
        let text = "POST /a?b HTTP/1.1\r\nHost: shop\r\nCookie: a=b; tg=r1\r\nConnection: keep-alive\r\n\
             Keep-Alive: 5\r\nX-Forwarded-For: 1.1.1.1\r\nContent-Length: 2\r\n\r\nhiGET";
        let (seen, out) = looked(text);
        let Seen::Plain(plain) = seen else { panic!("{seen:?}") };
        assert_eq!((&text[plain.length..], plain.body), ("GET", 2));
        assert!(!plain.is_head && !plain.repeatable);
        assert_eq!(plain.kept.as_deref(), Some("r1"));
        assert_eq!(
            out,
            "POST /a?b HTTP/1.1\r\nHost: shop\r\nCookie: a=b; tg=r1\r\nContent-Length: 2\r\n\
             x-forwarded-for: 1.1.1.1, 9.9.9.9\r\nx-forwarded-proto: http\r\n\
             x-forwarded-host: shop\r\n\r\nhi"
        );
    }

    #[test]
    fn only_what_means_the_same_twice_is_repeatable() {
        for (method, expect) in
            [("GET", true), ("HEAD", true), ("DELETE", true), ("POST", false), ("get", false)]
        {
            let (seen, _) = looked(&format!("{method} / HTTP/1.1\r\nhost: a\r\n\r\n"));
            let Seen::Plain(plain) = seen else { panic!("{seen:?}") };
            assert_eq!((plain.repeatable, plain.is_head), (expect, method == "HEAD"), "{method}");
        }
    }

    #[test]
    fn what_is_unusual_is_left_to_hyper() {
        for line in [
            "te: trailers",
            "Expect: 100-continue",
            "upgrade: websocket",
            "trailer: x",
            "connection: close",
            "connection: keep-alive, x-own",
            "Transfer-Encoding: chunked",
            "transfer-encoding: identity",
            "http2-settings: x",
            "host: second",
            "content-length: 9",
            "content-length: x",
            "content-length: +0",
            "content-length: 0\r\ncontent-length: 0",
            "x : y",
            "Content_Length: 3",
            "transfer_encoding: chunked",
            "X_Forwarded-For: 1.1.1.1",
        ] {
            check_other(&format!("GET / HTTP/1.1\r\nhost: a\r\n{line}\r\n\r\n"));
        }
        for start in [
            "GET / HTTP/1.0\r\nhost: a",
            "GET http://a/ HTTP/1.1\r\nhost: a",
            "OPTIONS * HTTP/1.1\r\nhost: a",
            "CONNECT /a HTTP/1.1\r\nhost: a",
            "GET /a#b HTTP/1.1\r\nhost: a",
            "GET /a\"b HTTP/1.1\r\nhost: a",
            "GET /a?b>c HTTP/1.1\r\nhost: a",
            "GET / HTTP/1.1\r\nhost: a/b",
            "GET /\u{e4} HTTP/1.1\r\nhost: a",
            "GET / HTTP/1.1\r\nx: y",
        ] {
            check_other(&format!("{start}\r\n\r\n"));
        }
        check_other(&format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(100)));
    }

    proptest! {
        /// What goes to the replica reads as one request of the same meaning: no field's value
        /// can add a field, end the head or change where the body ends.
        #[test]
        fn what_is_taken_is_one_request_for_the_replica_too(
            path in "/[ -~]{0,20}",
            fields in prop::collection::vec(("[a-zA-Z-]{1,18}|host|te|connection|content-length", "[\\x00-\\x7f]{0,12}"), 0..8),
            rest in "[ -~\\r\\n]{0,20}",
        ) {
            let mut text = format!("GET {path} HTTP/1.1\r\nhost: a\r\n");
            for (name, value) in &fields {
                text = text + name + ": " + value + "\r\n";
            }
            text = text + "\r\n" + &rest;
            let (seen, out) = looked(&text);
            if let Seen::Plain(plain) = seen {
                let mut slots = [httparse::EMPTY_HEADER; MOST_FIELDS];
                let mut again = Request::new(&mut slots);
                let head = again.parse(out.as_bytes()).unwrap().unwrap();
                prop_assert_eq!(out.len() - head, plain.body);
                prop_assert_eq!(again.path, Some(path.as_str()));
                let hosts = again.headers.iter().filter(|it| it.name.eq_ignore_ascii_case("host"));
                prop_assert_eq!(hosts.count(), 1);
                let hop = |name: &str| matches!(kind(name), Kind::Connection | Kind::Drop | Kind::Unusual);
                prop_assert!(!again.headers.iter().any(|it| hop(it.name)));
            }
        }
    }
}
