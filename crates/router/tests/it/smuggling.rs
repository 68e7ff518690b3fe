//! Request smuggling, after the published attacks: whatever a client sends, a replica gets one
//! request that can be read in one way only, or none.
//!
//! The tables follow Linhart et al., "HTTP Request Smuggling" (2005); Kettle, "HTTP Desync Attacks"
//! (2019), "HTTP/2: The Sequel is Always Worse" (2021), "Browser-Powered Desync Attacks" (2022) and
//! "HTTP/1.1 Must Die" (2025); Jeppe Bonde Weikop's "Funky Chunks" (2025).

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
    task::JoinSet,
};

use crate::{
    fixture::{Way, World},
    narrow::Narrow,
    recorder::Recorder,
};

/// What an attacker wants the replica to take for a request of its own.
pub(crate) const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n";

/// So long nothing moves before the router gives a connection up; long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// So long the router may take to begin with what follows a request.
const SOON: Duration = Duration::from_millis(100);

/// Cases that are tried at the same time: more would only wait for each other.
static PLACES: Semaphore = Semaphore::const_new(16);

/// What may come of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// An error for the client or nothing, and no whole request for the replica.
    Refused,
    /// One request for the replica, which is answered.
    One,
}
use Came::{One, Refused};

/// A router with so many listeners, each with a replica that records.
pub(crate) async fn lanes(count: usize) -> (World, Vec<(Recorder, SocketAddr)>) {
    let mut world = World::with(|settings| {
        settings.limits.head_timeout = PATIENCE;
        settings.limits.stall_timeout = PATIENCE;
        settings.limits.answer_timeout = PATIENCE;
        settings.limits.idle_timeout = PATIENCE;
    });
    let mut recorders = Vec::new();
    for _ in 0..count {
        recorders.push(Recorder::new().await);
    }
    let replicas: Vec<_> = recorders.iter().map(Recorder::address).collect();
    let addresses = world.apply_lanes(&replicas).await;
    (world, recorders.into_iter().zip(addresses).collect())
}

/// What came of raw bytes: the statuses that the client got until its connection was closed, and the
/// requests that the replica got.
async fn sent(
    bytes: &[u8],
    recorder: &Recorder,
    listen: SocketAddr,
) -> (Vec<u16>, Result<Vec<Narrow>, String>) {
    let mut client = TcpStream::connect(listen).await.unwrap();
    let mut read = Vec::new();
    // A router that has seen enough closes while the rest is still being sent.
    let _ = client.write_all(bytes).await;
    let all = async {
        while !read.ends_with(b"seen") && matches!(client.read_buf(&mut read).await, Ok(1..)) {}
        // Whatever else is to come of the bytes comes soon: they are all there.
        let rest = client.read_to_end(&mut read);
        if tokio::time::timeout(SOON, rest).await.is_err() {
            let _ = client.shutdown().await;
            // Closed with what was sent unread, a connection is reset.
            let _ = client.read_to_end(&mut read).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("it is never closed");
    let text = String::from_utf8_lossy(&read);
    let heads = text.match_indices("HTTP/1.");
    let statuses = heads.filter_map(|(at, _)| text.get(at + 9..at + 12)?.parse().ok());
    let statuses = statuses.filter(|&status| status != 100).collect();
    (statuses, recorder.requests())
}

fn judge(statuses: &[u16], requests: &Result<Vec<Narrow>, String>) -> Result<Came, String> {
    let requests = requests.as_ref().map_err(Clone::clone)?;
    let hidden = |it: &&Narrow| it.line.contains("/hidden") || it.line.contains("HIDDEN");
    if let Some(hidden) = requests.iter().find(hidden) {
        return Err(format!("the replica took {hidden:?}"));
    }
    match (requests.len(), statuses) {
        (0, [] | [400..=599]) => Ok(Refused),
        // What follows the one request may be told to be none.
        (1, [200] | [200, 400..=499]) => Ok(One),
        (count, _) => Err(format!("{count} requests for the replica, answers {statuses:?}")),
    }
}

/// The same bytes by both ways.
fn both_ways(bytes: &str) -> Vec<String> {
    let host = "host: a\r\n";
    let slow = bytes.replacen(host, &format!("{host}{}", Way::Hyper.field()), 1);
    vec![bytes.to_owned(), slow]
}

/// Sends each case by both ways and tells all that do not come out as expected.
pub(crate) async fn check(cases: Vec<(String, Came)>) {
    let mut all = JoinSet::new();
    let count = cases.len();
    let (_world, mut lanes) = lanes(count * 2).await;
    for (case, expect) in cases {
        for bytes in both_ways(&case) {
            let place = PLACES.acquire().await.unwrap();
            let (recorder, listen) = lanes.pop().unwrap();
            all.spawn(async move {
                let (statuses, requests) = sent(bytes.as_bytes(), &recorder, listen).await;
                drop(place);
                let came = judge(&statuses, &requests);
                let told = || {
                    format!("{bytes:.400?}\n    expected {expect:?}, but {came:?} ({statuses:?})")
                };
                (came != Ok(expect)).then(told)
            });
        }
    }
    let wrong: Vec<_> = all.join_all().await.into_iter().flatten().collect();
    assert!(
        wrong.is_empty(),
        "{} of {count} cases by both ways:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn post(fields: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: a\r\n{fields}\r\n{body}")
}

/// `CL.TE`, `TE.CL` and `TE.TE`: two ways to say where the body ends, one of them disguised.
#[tokio::test]
async fn a_disguised_transfer_encoding_hides_no_request() {
    let mut cases = Vec::new();
    for (field, alone) in [
        // Understood, so that a length beside it is dropped and the connection is closed.
        ("Transfer-Encoding: chunked", One),
        ("tRANSFER-ENCODING:chunKED", One),
        ("Transfer-Encoding:\tchunked\t", One),
        ("Transfer-Encoding:   chunked", One),
        ("X: X\nTransfer-Encoding: chunked", One),
        // Not understood: refused, never passed on.
        ("Transfer-Encoding : chunked", Refused),
        ("Transfer-Encoding\t: chunked", Refused),
        (" Transfer-Encoding: chunked", Refused),
        ("\tTransfer-Encoding: chunked", Refused),
        ("X: X\r\n Transfer-Encoding: chunked", Refused),
        ("X: X\rTransfer-Encoding: chunked", Refused),
        ("X: X\r\rTransfer-Encoding: chunked", Refused),
        ("Transfer-Encoding\r\n: chunked", Refused),
        ("Transfer-Encoding:\r\n chunked", Refused),
        ("Transfer-Encoding:\n chunked", Refused),
        ("Transfer-Encoding\0: chunked", Refused),
        ("Transfer\0-Encoding: chunked", Refused),
        ("\u{b}Transfer-Encoding: chunked", Refused),
        ("Transfer-Encoding\u{b}: chunked", Refused),
        ("Transfer-Encoding: chunked\u{b}", Refused),
        ("Transfer-Encoding:\u{b}chunked", Refused),
        ("Transfer-Encoding: chunked\u{c}", Refused),
        ("Transfer-Encoding: \u{85}chunked", Refused),
        ("Transfer-Encoding: chunked\u{a0}", Refused),
        ("Transfer-Encoding: \u{ff}chunked", Refused),
        ("Transfer-Encoding: chunked\0", Refused),
        ("Transfer-Encoding: chunked\r", Refused),
        ("Transfer-Encoding: \"chunked\"", Refused),
        ("Transfer-Encoding: 'chunked'", Refused),
        ("Transfer-Encoding: chunked;q=1", Refused),
        ("Transfer-Encoding: chunked;", Refused),
        ("Transfer-Encoding: xchunked", Refused),
        ("Transfer-Encoding: chunkedx", Refused),
        ("Transfer-Encoding: chunk", Refused),
        ("Transfer-Encoding: ch\u{fc}nked", Refused),
        ("Transfer-Encoding: chun\u{212a}ed", Refused),
        ("Transfer-Encoding: ,chunked", Refused),
        ("Transfer-Encoding: chunked,", Refused),
        ("Transfer-Encoding: , chunked", Refused),
        ("Transfer-Encoding: chunked chunked", Refused),
        ("Transfer-Encoding: chunked, chunked", Refused),
        ("Transfer-Encoding: chunked, identity", Refused),
        ("Transfer-Encoding: identity, chunked", Refused),
        ("Transfer-Encoding: gzip, chunked", Refused),
        ("Transfer-Encoding: chunked, gzip", Refused),
        ("Transfer-Encoding: cow", Refused),
        ("Transfer-Encoding: identity", Refused),
        ("Transfer-Encoding:", Refused),
        ("Transfer-Encoding: ,", Refused),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", Refused),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", Refused),
        ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", Refused),
        ("Transfer-Encoding: cow\r\nTransfer-Encoding: chunked", Refused),
        ("Transfer-Encoding: chunked\r\nTransfer-encoding: x", Refused),
        // Another name in HTTP, the same variable behind servers that make one of each field.
        ("Transfer_Encoding: chunked", Refused),
        ("transfer_encoding: chunked", Refused),
        ("Content_Length: 3", Refused),
        ("Connection: transfer-encoding\r\nTransfer-Encoding: chunked", One),
    ] {
        let whole = format!("0\r\n\r\n{HIDDEN}");
        let length = whole.len();
        cases.push((post(&format!("content-length: {length}\r\n{field}\r\n"), &whole), alone));
        cases.push((post(&format!("{field}\r\ncontent-length: {length}\r\n"), &whole), alone));
        let one = format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len());
        cases.push((post(&format!("content-length: 4\r\n{field}\r\n"), &one), alone));
        cases.push((post(&format!("{field}\r\n"), &one), alone));
        if alone == Refused {
            cases.push((post(&format!("{field}\r\n"), &whole), alone));
        }
    }
    check(cases).await;
}

#[tokio::test]
async fn a_disguised_content_length_hides_no_request() {
    let mut cases = Vec::new();
    for fields in [
        "Content-Length : 41",
        "Content-Length\t: 41",
        " Content-Length: 41",
        "\tContent-Length: 41",
        "X: X\r\n Content-Length: 41",
        "Content-Length:\r\n 41",
        "Content-Length:\n 41",
        "Content-\nLength: 41",
        "Content-Length\0: 41",
        "Content-Length: 41\0",
        "Content-Length: 41\u{b}",
        "Content-Length: \u{b}41",
        "Content-Length: +41",
        "Content-Length: -41",
        "Content-Length: 0x29",
        "Content-Length: 41.0",
        "Content-Length: 4 1",
        "Content-Length: 41, 41",
        "Content-Length: 41,",
        "Content-Length: 0, 41",
        "Content-Length: \"41\"",
        "Content-Length: \u{664}\u{661}",
        "Content-Length: 41;x",
        "Content-Length: 4_1",
        "Content-Length:",
        "Content-Length: ",
        "Content-Length: 18446744073709551616",
        "Content-Length: 18446744073709551657",
        "Content-Length: 99999999999999999999999999",
        "Content-Length: 9223372036854775849",
        "Content-Length: 0\r\nContent-Length: 41",
        "Content-Length: 41\r\nContent-Length: 0",
        "Content-Length: 41\r\ncontent-length: 41",
        "Content-Length: 41\r\nContent-Length:",
        "Content_Length: 41",
        "content_length: 41\r\nContent-Length: 0",
    ] {
        for method in ["GET", "POST"] {
            let start = format!("{method} / HTTP/1.1\r\nhost: a\r\n{fields}\r\n\r\n");
            cases.push((format!("{start}{HIDDEN}AAAAAAA"), Refused));
        }
    }
    check(cases).await;
}

/// Lines in a body in chunks that end in ways of their own: `TERM.EXT`, `EXT.TERM`, `TERM.SPILL`,
/// `SPILL.TERM`, and sizes that are none.
#[tokio::test]
async fn chunks_that_could_end_elsewhere_are_refused() {
    let last = "0\r\n\r\n";
    let mut cases: Vec<(String, Came)> = Vec::new();
    for body in [
        format!("2;\nxx\r\n29\r\n0\r\n\r\n{HIDDEN}"),
        format!("2;a=\"\n\"\r\nxx\r\n{last}"),
        format!("2\nxx\r\n{last}{HIDDEN}"),
        format!("2\rxx\r\n{last}{HIDDEN}"),
        format!("2\r\rxx\r\n{last}{HIDDEN}"),
        format!("2\r;\nxx\r\n{last}{HIDDEN}"),
        format!("2;a\rb\r\nxx\r\n{last}"),
        format!("5\r\nhelloXX2d\r\nBBBB\r\n{last}"),
        format!("5\r\nhello2\r\nab\r\n{last}"),
        format!("5\r\nhello\n0\r\n\r\n{HIDDEN}"),
        format!("5\r\nhello\r0\r\n\r\n{HIDDEN}"),
        format!("5\r\nhello\n\n0\r\n\r\n{HIDDEN}"),
        format!("5\r\nhello\r\r\n0\r\n\r\n{HIDDEN}"),
        format!("0x5\r\nhello\r\n{last}"),
        format!("+5\r\nhello\r\n{last}"),
        format!("-5\r\nhello\r\n{last}"),
        format!(" 5\r\nhello\r\n{last}"),
        format!("\t5\r\nhello\r\n{last}"),
        format!("\r\n5\r\nhello\r\n{last}"),
        format!("5 5\r\nhello\r\n{last}"),
        format!("5\u{b}\r\nhello\r\n{last}"),
        format!("5,\r\nhello\r\n{last}"),
        format!("5_\r\nhello\r\n{last}"),
        format!("5h\r\nhello\r\n{last}"),
        format!("\u{665}\r\nhello\r\n{last}"),
        format!("ffffffffffffffff0\r\nhello\r\n{last}"),
        format!("10000000000000005\r\nhello\r\n{last}"),
        format!("fffffffffffffffb\r\nhello\r\n{last}{HIDDEN}"),
        format!("7fffffffffffffff\r\nhello\r\n{last}{HIDDEN}"),
        format!("100000005\r\nhello\r\n{last}{HIDDEN}"),
        format!(";\r\nhello\r\n{last}"),
        format!("\r\n{last}"),
        format!("5;{}\r\nhello\r\n{last}", "a".repeat(20_000)),
        format!("5\r\nhello\r\n0\n\n{HIDDEN}"),
        format!("5\r\nhello\r\n0\n\r\n{HIDDEN}"),
        format!("5\r\nhello\r\n0\r\rX{HIDDEN}"),
        format!("5\r\nhello\r\n0\r\nx: y\r\r\n\r\n{HIDDEN}"),
        format!("5\r\nhello\r\n0\r\nno colon\r\n\r\n{HIDDEN}"),
        format!("5\r\nhello\r\n0\r\nx: {}\r\n\r\n", "y".repeat(70_000)),
        format!("5\r\nhello\r\n0\r\n{}\r\n", "x: y\r\n".repeat(200)),
    ] {
        cases.push((post("transfer-encoding: chunked\r\n", &body), Refused));
    }
    for body in [
        format!("5;a=b;c=\"d;e\"\r\nhello\r\n{last}"),
        format!("5 ;a\r\nhello\r\n{last}"),
        format!("5 \t\r\nhello\r\n{last}"),
        format!("000000000000000000000005\r\nhello\r\n{last}"),
        format!("2;a\0b\r\nxx\r\n{last}"),
        "5\r\nhello\r\n0;a=b\r\n\r\n".to_owned(),
        // What is hidden so is read as trailers, and they go no further.
        format!("5\r\nhello\r\n0\r\n\n{HIDDEN}"),
        format!("5\r\nhello\r\n0\r\nx: y\n\r\n{HIDDEN}"),
        "5\r\nhello\r\n000\r\n\r\n".to_owned(),
        "5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n".to_owned(),
        // Fields that frame or route have no place in trailers (RFC 9110, section 6.5.1).
        "5\r\nhello\r\n0\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\nhost: b\r\n\r\n"
            .to_owned(),
    ] {
        let named = "trailer: x-sum, content-length, transfer-encoding, host\r\nte: trailers\r\n";
        cases.push((post("transfer-encoding: chunked\r\n", &body), One));
        cases.push((post(&format!("transfer-encoding: chunked\r\n{named}"), &body), One));
    }
    check(cases).await;
}
