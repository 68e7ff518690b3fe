//! Heads as attackers write them: refused, or carried with one meaning.

use crate::smuggling::{
    Came::{One, Refused},
    HIDDEN, check,
};

/// Heads that parsers read in different ways, and versions that are none.
#[tokio::test]
async fn a_head_that_could_be_read_in_two_ways_is_refused() {
    let mut cases = Vec::new();
    let long = "a".repeat(70 * 1024);
    for start in [
        "GET / HTTP/1.1\r\nhost: a\r\nhost: b",
        "GET / HTTP/1.1\r\nhost: a\r\nHost: a",
        "GET / HTTP/1.1\r\nhost: a\r\nhost:",
        "GET / HTTP/1.1\r\nhost: a\r\n host: b",
        "GET / HTTP/1.1\r\nhost: a, b",
        "GET / HTTP/1.1\r\nhost: a b",
        "GET / HTTP/1.1\r\nhost: a/b",
        "GET / HTTP/1.1\r\nhost: a?b",
        "GET / HTTP/1.1\r\nhost: a#b",
        "GET / HTTP/1.1\r\nhost: u@a",
        "GET / HTTP/1.1\r\nhost: a\\b",
        "GET / HTTP/1.1\r\nhost: a\"",
        "GET / HTTP/1.1\r\nhost: \u{e4}",
        "GET / HTTP/1.1\r\nhost : a",
        "GET / HTTP/1.1\r\n host: a",
        "GET / HTTP/1.1\r\nx: y",
        "GET http://b/ HTTP/1.1\r\nhost: a b",
        "GET http://u@b/ HTTP/1.1\r\nhost: a",
        "GET http://a@b@c/ HTTP/1.1\r\nhost: a",
        "GET http:///x HTTP/1.1\r\nhost: a",
        "GET http://a b/ HTTP/1.1\r\nhost: a",
        "GET a:80 HTTP/1.1\r\nhost: a",
        "GET a HTTP/1.1\r\nhost: a",
        "GET * HTTP/1.1\r\nhost: a",
        "CONNECT a:80 HTTP/1.1\r\nhost: a",
        "CONNECT / HTTP/1.1\r\nhost: a",
        "GET / HTTP/1.1 \r\nhost: a",
        "GET /  HTTP/1.1\r\nhost: a",
        "GET  / HTTP/1.1\r\nhost: a",
        "GET\t/ HTTP/1.1\r\nhost: a",
        "GET /\tHTTP/1.1\r\nhost: a",
        "GET /\u{b}HTTP/1.1\r\nhost: a",
        "GET /a b HTTP/1.1\r\nhost: a",
        "GET / HTTP/1.1\nHTTP/1.1\r\nhost: a",
        "GET / HTTP/1.1 HTTP/1.1\r\nhost: a",
        "GET / HTTP/1.0 HTTP/1.1\r\nhost: a",
        "GET / HTTP/1.2\r\nhost: a",
        "GET / HTTP/1.10\r\nhost: a",
        "GET / HTTP/1.11\r\nhost: a",
        "GET / HTTP/01.1\r\nhost: a",
        "GET / HTTP/2.0\r\nhost: a",
        "GET / HTTP/0.9\r\nhost: a",
        "GET / HTTP/1,1\r\nhost: a",
        "GET / http/1.1\r\nhost: a",
        "GET / HTTP /1.1\r\nhost: a",
        "GET / HTTQ/1.1\r\nhost: a",
        "GET / \r\nhost: a",
        "GET /\r\nhost: a",
        "GET\r\nhost: a",
        "/ HTTP/1.1\r\nhost: a",
        " GET / HTTP/1.1\r\nhost: a",
        "\0GET / HTTP/1.1\r\nhost: a",
        "G\0ET / HTTP/1.1\r\nhost: a",
        "G(T / HTTP/1.1\r\nhost: a",
        "GET /\0 HTTP/1.1\r\nhost: a",
        "GET /\r HTTP/1.1\r\nhost: a",
        "GET /\u{7f} HTTP/1.1\r\nhost: a",
        "GET / HTTP/1.1\rhost: a\r\nhost: a",
        "GET / HTTP/1.1\r\nhost: a\r\nx: a\0b",
        "GET / HTTP/1.1\r\nhost: a\r\nx: a\rb",
        "GET / HTTP/1.1\r\nhost: a\r\nx: a\r",
        "GET / HTTP/1.1\r\nhost: a\r\nx: \u{1}",
        "GET / HTTP/1.1\r\nhost: a\r\nx: \u{7f}",
        "GET / HTTP/1.1\r\nhost: a\r\nx",
        "GET / HTTP/1.1\r\nhost: a\r\n: y",
        "GET / HTTP/1.1\r\nhost: a\r\nx y: z",
        "GET / HTTP/1.1\r\nhost: a\r\nx\u{e4}: z",
        "GET / HTTP/1.1\r\nhost: a\r\nx(: z",
        "GET / HTTP/1.1\r\nhost: a\r\n\"x\": z",
        "GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n z",
        "GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n\tz",
        "GET / HTTP/1.1\r\nhost: a\r\nX_Forwarded_For: 1.1.1.1",
        "GET / HTTP/1.1\r\nhost: a\r\nx_forwarded-Proto: https",
        "GET / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked",
        "GET / HTTP/1.0\r\nhost: a\r\nhost: b",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}",
        "PRI * HTTP/2.0",
        "SSH-2.0-x",
    ] {
        cases.push((format!("{start}\r\n\r\n{HIDDEN}"), Refused));
    }
    for start in [
        format!("GET /{long} HTTP/1.1\r\nhost: a"),
        format!("{long} / HTTP/1.1\r\nhost: a"),
        format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}"),
        format!("GET / HTTP/1.1\r\nhost: a\r\n{long}: x"),
        format!("GET / HTTP/1.1\r\nhost: a{}", "\r\nx: y".repeat(120)),
        format!("GET / HTTP/1.1\r\nhost: a{}", "\r\nx: y".repeat(300)),
    ] {
        cases.push((format!("{start}\r\n\r\n{HIDDEN}"), Refused));
    }
    check(cases).await;
}

/// What is unusual and has one meaning is carried, and the replica sees that meaning alone.
#[tokio::test]
async fn what_has_one_meaning_reaches_the_replica_as_one_request() {
    let mut cases = Vec::new();
    for request in [
        "GET http://b/x HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET https://b:1/x HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET http://b HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET http://b# HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET http://b#/x HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET http://b?x HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /x#y HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /x?y#z HTTP/1.1\r\nhost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        "\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.1\nhost: a\r\n\n",
        "GET / HTTP/1.1\nhost: a\n\n",
        "GET / HTTP/1.0\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "FOO / HTTP/1.1\r\nhost: a\r\n\r\n",
        // No field that frames or routes can be taken away as one for this connection only.
        "POST / HTTP/1.1\r\nhost: a\r\nconnection: content-length\r\ncontent-length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nhost: a\r\nconnection: transfer-encoding\r\n\
         transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nconnection: host, close, x-forwarded-for\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nconnection: , ,,\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nconnection: \u{e4}\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nkeep-alive: x\r\nproxy-connection: keep-alive\r\n\r\n",
        // No protocol is changed to behind the router's back.
        "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n\
         http2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket, h2c\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         content-length: 3\r\n\r\nabc",
    ] {
        cases.push((request.to_owned(), One));
    }
    // `CL.0` and `TE.0`: with a body where none is expected, the replica sees it framed.
    for method in ["GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "POST"] {
        let start = format!("{method} / HTTP/1.1\r\nhost: a\r\n");
        let (length, size) = (HIDDEN.len(), format!("{:x}", HIDDEN.len()));
        cases.push((format!("{start}content-length: {length}\r\n\r\n{HIDDEN}"), One));
        let chunks = format!("{size}\r\n{HIDDEN}\r\n0\r\n\r\n");
        cases.push((format!("{start}transfer-encoding: chunked\r\n\r\n{chunks}"), One));
    }
    // Whoever is asked to wait sends all at once, or asks in disguise.
    for expect in
        ["100-continue", "100-Continue", "y 100-continue", "100-continue, x", "200-ok", "", "\t"]
    {
        for method in ["GET", "POST"] {
            let length = HIDDEN.len();
            cases.push((
                format!(
                    "{method} / HTTP/1.1\r\nhost: a\r\nexpect: {expect}\r\n\
                     content-length: {length}\r\n\r\n{HIDDEN}"
                ),
                One,
            ));
        }
    }
    check(cases).await;
}
