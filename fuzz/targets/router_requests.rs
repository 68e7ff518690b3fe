//! What a client sends to the router: whatever it is, the replica gets whole requests that can be read in
//! one way only, each one marked by the router, and where the client's bytes can be read in one way too,
//! exactly those that it sent.
#![no_main]

use std::{
    collections::VecDeque,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    sync::{LazyLock, Mutex},
    time::Duration,
};

use libfuzzer_sys::fuzz_target;
use tidegate_fuzz::World;

#[path = "../../crates/router/tests/it/narrow.rs"]
mod narrow;

use narrow::{Narrow, narrow, text};

/// What comes after all else: its answer says that the rest is answered.
const LAST: &[u8] = b"GET /last HTTP/1.1\r\nhost: a\r\n\r\n";
/// The answer to anything else.
const SEEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const LAST_SEEN: &[u8] = b"HTTP/1.1 200 OK\r\nx-last: seen\r\ncontent-length: 0\r\n\r\n";
/// So long nothing comes before the client says that it has ended.
const QUIET: Duration = Duration::from_millis(4);
/// Requests of so many earlier clients may still come.
const EARLIER: usize = 4096;

static WORLD: LazyLock<World> = LazyLock::new(|| World::new(serve));
static GOT: Mutex<Vec<(Ipv4Addr, Narrow)>> = Mutex::new(Vec::new());
static MARKS: Mutex<VecDeque<Ipv4Addr>> = Mutex::new(VecDeque::new());

/// A replica that reads requests in one way.
fn serve(mut stream: TcpStream) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..count]);
        while let Some(request) = narrow(&bytes).unwrap_or_else(|why| {
            panic!("the replica got {}: {why}", text(&bytes));
        }) {
            bytes.drain(..request.length);
            let is_last = request.line.split(' ').nth(1) == Some("/last");
            note(request);
            if stream.write_all(if is_last { LAST_SEEN } else { SEEN }).is_err() {
                return;
            }
        }
    }
}

/// Keeps a request with the client's address, which the router adds to it.
fn note(request: Narrow) {
    let told = request.all("x-forwarded-for").join(", ");
    let mark = told.rsplit(", ").next().and_then(|last| last.parse().ok());
    let known = |mark: &Ipv4Addr| MARKS.lock().unwrap().contains(mark);
    let Some(mark) = mark.filter(known) else {
        panic!("the replica got a request that the router did not mark: {request:?}");
    };
    GOT.lock().unwrap().push((mark, request));
}

/// Where to go and what to bring is the same; what is for one connection is not.
fn check_same(sent: &Narrow, got: &Narrow) {
    assert_eq!(sent.line, got.line, "{sent:?}, {got:?}");
    assert_eq!(sent.all("host"), got.all("host"), "{sent:?}, {got:?}");
    if !sent.all("connection").is_empty() {
        return;
    }
    for (name, _) in &sent.fields {
        let is_hop = ["keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect"];
        let is_made = ["content-length", "transfer-encoding", "http2-settings", "x-forwarded-for"];
        if !is_hop.contains(&name.as_str()) && !is_made.contains(&name.as_str()) {
            assert_eq!(sent.all(name), got.all(name), "{sent:?}, {got:?}");
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let world = &*WORLD;
    let (mut client, mark) = world.connect();
    {
        let mut marks = MARKS.lock().unwrap();
        marks.push_back(mark);
        if marks.len() > EARLIER {
            marks.pop_front();
        }
    }
    let bytes = [data, LAST].concat();
    client.send(&bytes);
    client.read_until(QUIET, |read| read.windows(6).any(|it| it == b"x-last"));
    client.end();
    let all = std::mem::take(&mut *GOT.lock().unwrap());
    let got: Vec<_> = all.into_iter().filter(|(of, _)| *of == mark).map(|(_, it)| it).collect();
    let mut rest = bytes.as_slice();
    for request in &got {
        let Ok(Some(sent)) = narrow(rest) else { break };
        check_same(&sent, request);
        rest = &rest[sent.length..];
    }
    let answered = client.read.windows(15).filter(|it| it == b"HTTP/1.1 200 OK").count();
    assert!(answered <= got.len(), "{answered} answers to {got:?}: {}", text(&client.read));
});
