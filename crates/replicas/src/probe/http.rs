//! The GET of a probe. Only the status line of the answer matters, so this reads nothing else.

use std::{collections::BTreeMap, io};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use super::tls;

/// A request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Get<'a> {
    /// Where to connect to.
    pub(super) host: &'a str,
    /// Where to connect to.
    pub(super) port: u16,
    /// Path and query.
    pub(super) path: &'a str,
    /// Fields of the manifest; `Host` among them replaces that of the address.
    pub(super) headers: &'a BTreeMap<String, String>,
    /// Whether it is asked over TLS.
    pub(super) tls: bool,
}

/// `HTTP/1.1 200` and a little more; a peer that has not said this much by then speaks another protocol.
const STATUS_LINE: u64 = 64;

/// The status is said by then.
const STATUS_END: usize = "HTTP/1.1 200".len();

/// The status that a server answers with on a connection to it.
pub(super) async fn status(get: &Get<'_>, stream: TcpStream) -> io::Result<u16> {
    if get.tls {
        // On the heap: there are many probes, and few of them by TLS.
        return Box::pin(async { exchange(get, tls::begin(get.host, stream).await?).await }).await;
    }
    exchange(get, stream).await
}

async fn exchange(
    get: &Get<'_>,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
) -> io::Result<u16> {
    stream.write_all(request(get).as_bytes()).await?;
    let mut start = Vec::new();
    let mut answer = stream.take(STATUS_LINE);
    while start.len() < STATUS_END {
        if answer.read_buf(&mut start).await? == 0 {
            break;
        }
    }
    parse(&start).ok_or_else(|| io::Error::other("the answer is not HTTP"))
}

fn request(get: &Get<'_>) -> String {
    let slash = if get.path.starts_with('/') { "" } else { "/" };
    let own = |name: &str| get.headers.keys().any(|key| key.eq_ignore_ascii_case(name));
    let mut lines = vec![format!("GET {slash}{} HTTP/1.1", clean(get.path))];
    if !own("host") {
        lines.push(format!("Host: {}:{}", get.host, get.port));
    }
    if !own("user-agent") {
        lines.push(concat!("User-Agent: tidegate-probe/", env!("CARGO_PKG_VERSION")).to_owned());
    }
    if !own("accept") {
        lines.push("Accept: */*".to_owned());
    }
    for (name, value) in get.headers {
        lines.push(format!("{}: {}", clean(name), clean(value)));
    }
    lines.push("Connection: close\r\n\r\n".to_owned());
    lines.join("\r\n")
}

/// A line break in a field of the manifest must not begin another one.
fn clean(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

fn parse(start: &[u8]) -> Option<u16> {
    let rest = start.strip_prefix(b"HTTP/1.")?;
    let code = rest.get(2..5)?;
    (rest.get(1) == Some(&b' ')).then(|| std::str::from_utf8(code).ok()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_line_is_taken_for_an_answer() {
        for (answer, expect) in [
            ("HTTP/1.1 200 OK\r\n", Some(200)),
            ("HTTP/1.0 503 \r\n", Some(503)),
            ("HTTP/1.1 404", Some(404)),
            ("HTTP/1.1 20", None),
            ("HTTP/2 200 OK", None),
            ("SSH-2.0-OpenSSH", None),
            ("HTTP/1.1 abc OK", None),
            ("", None),
        ] {
            assert_eq!(parse(answer.as_bytes()), expect, "{answer:?}");
        }
    }

    #[test]
    fn fields_of_the_manifest_replace_ours_and_cannot_begin_others() {
        let headers = [
            ("host".to_owned(), "web.test".to_owned()),
            ("X-Probe".to_owned(), "a\r\nEvil: 1".to_owned()),
        ]
        .into();
        let get = Get {
            host: "127.0.0.1",
            port: 8080,
            path: "ready?deep=1",
            headers: &headers,
            tls: false,
        };
        let text = request(&get);
        assert!(text.starts_with("GET /ready?deep=1 HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("\r\nX-Probe: aEvil: 1\r\nhost: web.test\r\n"), "{text}");
        assert!(!text.contains("127.0.0.1"), "{text}");
        assert!(text.ends_with("\r\nConnection: close\r\n\r\n"), "{text}");
    }
}
