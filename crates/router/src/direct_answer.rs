use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};
use hyper::header::HeaderValue;

use crate::{
    chunks::{Chunks, NotChunked},
    direct_request::{decimal, write_field},
    settings::MOST_FIELDS,
};

/// What the bytes that a replica sent turn out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// The head is not whole yet.
    Part,
    /// An interim answer of so many bytes, which the client did not ask for.
    Interim(usize),
    /// The head of the answer, written anew for the client.
    Head(Head),
    /// Not an answer.
    Nonsense,
}

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its length on the wire.
    pub(crate) length: usize,
    /// Its status.
    pub(crate) status: u16,
    /// Where its body ends.
    pub(crate) framing: Framing,
    /// Whether the connection can carry another request after it.
    pub(crate) reusable: bool,
}

/// Where a body ends (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// After so many more bytes.
    Length(u64),
    /// With its last chunk.
    Chunked(Chunks),
    /// With the connection.
    Close,
}

impl Framing {
    /// Goes on through `bytes` of the body: how many belong to it, and whether it has ended.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(usize, bool), NotChunked> {
        match self {
            Self::Length(left) => {
                let here = (*left).min(bytes.len() as u64);
                *left -= here;
                Ok((usize::try_from(here).unwrap_or(usize::MAX), *left == 0))
            }
            Self::Chunked(chunks) => {
                let used = chunks.scan(bytes)?;
                Ok((used, chunks.is_at_end()))
            }
            Self::Close => Ok((bytes.len(), false)),
        }
    }
}

/// Looks at `bytes`, the beginning of an answer to a request (a `HEAD` if `to_head`); its head is
/// written to `out` as the client shall see it, with `cookies` as `Set-Cookie` fields besides its own.
pub(crate) fn look(
    bytes: &[u8],
    to_head: bool,
    most_fields: usize,
    cookies: [Option<&HeaderValue>; 2],
    out: &mut Vec<u8>,
) -> Given {
    let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let mut response = Response::new(&mut []);
    let parser = ParserConfig::default();
    let parsed = parser.parse_response_with_uninit_headers(&mut response, bytes, &mut fields);
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Given::Part,
        Err(_) => return Given::Nonsense,
    };
    match response.code {
        Some(101) | None => Given::Nonsense,
        Some(100..=199) => Given::Interim(length),
        Some(status) if status >= 200 && response.headers.len() <= most_fields => {
            let reason = response.reason.unwrap_or_default();
            let newer = response.version == Some(1);
            out.clear();
            write_status(out, status, reason);
            let shape = write_fields(response.headers, newer, status, to_head, out);
            for cookie in cookies.into_iter().flatten() {
                write_field(out, "set-cookie", cookie.as_bytes());
            }
            shape.map_or(Given::Nonsense, |(framing, reusable)| {
                Given::Head(Head { length, status, framing, reusable })
            })
        }
        Some(_) => Given::Nonsense,
    }
}

fn write_status(out: &mut Vec<u8>, status: u16, reason: &str) {
    if status == 200 && reason == "OK" {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    let mut digits = [b'0'; 3];
    let mut rest = status;
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    for part in [b"HTTP/1.1 ".as_slice(), &digits, b" ", reason.as_bytes(), b"\r\n"] {
        out.extend_from_slice(part);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Connection,
    Drop,
    Length,
    Encoding,
}

fn kind(name: &str) -> Kind {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    match name.len() {
        7 if is("upgrade") => Kind::Drop,
        10 if is("connection") => Kind::Connection,
        10 if is("keep-alive") => Kind::Drop,
        14 if is("content-length") => Kind::Length,
        16 if is("proxy-connection") => Kind::Drop,
        17 if is("transfer-encoding") => Kind::Encoding,
        _ => Kind::Plain,
    }
}

/// Writes the fields for the client, but for the empty line. Says where the body ends and whether
/// the connection can be used again; none when the fields contradict each other.
fn write_fields(
    fields: &[Header<'_>],
    newer: bool,
    status: u16,
    to_head: bool,
    out: &mut Vec<u8>,
) -> Option<(Framing, bool)> {
    let (mut length, mut chunked, mut reusable) = (None, false, newer);
    let mut named: Option<Vec<&str>> = None;
    for field in fields {
        if kind(field.name) == Kind::Connection {
            let options = std::str::from_utf8(field.value).ok()?;
            reusable &= !options.to_ascii_lowercase().contains("close");
            named.get_or_insert_default().extend(options.split(',').map(str::trim));
        }
    }
    for field in fields {
        match kind(field.name) {
            Kind::Connection | Kind::Drop => continue,
            Kind::Length if length.is_some() => return None,
            Kind::Length => {
                length = Some(decimal::<u64>(field.value)?);
                // RFC 9110, section 8.6: none in such an answer.
                if status == 204 {
                    continue;
                }
            }
            Kind::Encoding if chunked => return None,
            Kind::Encoding => {
                chunked = field.value.eq_ignore_ascii_case(b"chunked");
                if !chunked || !newer {
                    return None;
                }
                if status == 204 || status == 304 {
                    continue;
                }
            }
            Kind::Plain => {
                let is_this = |it: &&str| it.eq_ignore_ascii_case(field.name);
                if named.iter().flatten().any(is_this) {
                    continue;
                }
            }
        }
        write_field(out, field.name, field.value);
    }
    let none = to_head || status == 204 || status == 304;
    let framing = match (length, chunked) {
        (Some(_), true) => return None,
        _ if none => Framing::Length(0),
        (Some(length), false) => Framing::Length(length),
        (None, true) => Framing::Chunked(Chunks::new()),
        (None, false) => Framing::Close,
    };
    if framing == Framing::Close {
        out.extend_from_slice(b"connection: close\r\n");
        reusable = false;
    }
    Some((framing, reusable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(text: &str, to_head: bool) -> (Given, String) {
        let mut out = Vec::new();
        let given = look(text.as_bytes(), to_head, 100, [None, None], &mut out);
        (given, String::from_utf8(out).unwrap())
    }

    /// Where the body ends, and whether the connection can be used again; none for nonsense.
    fn check(fields: &str, expect: Option<(Framing, bool)>) {
        let (given, _) = looked(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"), false);
        let found = match given {
            Given::Head(head) => Some((head.framing, head.reusable)),
            Given::Nonsense => None,
            other => panic!("{fields:?}: {other:?}"),
        };
        assert_eq!(found, expect, "{fields:?}");
    }

    #[test]
    fn the_body_ends_where_exactly_one_field_says() {
        let chunked = Framing::Chunked(Chunks::new());
        check("content-length: 7\r\n", Some((Framing::Length(7), true)));
        check("Content-Length: 0\r\n", Some((Framing::Length(0), true)));
        check("Transfer-Encoding: Chunked\r\n", Some((chunked, true)));
        check("", Some((Framing::Close, false)));
        check("connection: Close\r\ncontent-length: 7\r\n", Some((Framing::Length(7), false)));
        check("content-length: 7\r\ntransfer-encoding: chunked\r\n", None);
        check("content-length: 7\r\ncontent-length: 7\r\n", None);
        check("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", None);
        check("transfer-encoding: gzip, chunked\r\n", None);
        for length in ["+7", "-7", "0x7", "7,7", "", "7 7", "99999999999999999999"] {
            check(&format!("content-length: {length}\r\n"), None);
        }
    }

    #[test]
    fn answers_that_have_no_body_have_none_whatever_their_fields_say() {
        let text = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n";
        for (text, to_head) in [
            (text, true),
            ("HTTP/1.1 204 No Content\r\n\r\n", false),
            ("HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n", false),
        ] {
            let Given::Head(head) = looked(text, to_head).0 else { panic!("{text:?}") };
            assert_eq!((head.framing, head.reusable), (Framing::Length(0), true), "{text:?}");
        }
    }

    #[test]
    fn the_client_sees_the_head_without_what_is_for_this_connection() {
        let text = "HTTP/1.1 404 Gone Fishing\r\nServer: a\r\nConnection: keep-alive, X-Own\r\n\
             X-Own: 1\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nxrest";
        let (given, out) = looked(text, false);
        let Given::Head(head) = given else { panic!("{given:?}") };
        assert_eq!(&text[head.length..], "xrest");
        assert_eq!(head.status, 404);
        assert_eq!(out, "HTTP/1.1 404 Gone Fishing\r\nServer: a\r\nContent-Length: 1\r\n");
    }

    #[test]
    fn the_cookie_is_one_more_field() {
        let mut out = Vec::new();
        let cookie = HeaderValue::from_static("tg=r");
        let text = b"HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n";
        look(text, false, 100, [None, Some(&cookie)], &mut out);
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("set-cookie: a=b\r\n") && out.ends_with("set-cookie: tg=r\r\n"));
    }

    #[test]
    fn parts_interim_answers_and_nonsense_are_told_apart() {
        for (text, expect) in [
            ("", Given::Part),
            ("HTTP/1.1 200 OK\r\ncontent-le", Given::Part),
            ("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP", Given::Interim(37)),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", Given::Nonsense),
            ("HTTP/1.1 099 Odd\r\n\r\n", Given::Nonsense),
            ("HTTP/2.0 200 OK\r\n\r\n", Given::Nonsense),
            ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Given::Nonsense),
            ("HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", Given::Nonsense),
            ("SSH-2.0-x\r\n", Given::Nonsense),
        ] {
            assert_eq!(looked(text, false).0, expect, "{text:?}");
        }
    }
}
