//! What a replica answers: whatever it is, the client gets one answer that can be read in one way only,
//! or a part of one and the end of its connection; and nobody else gets any of it.
#![no_main]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{LazyLock, Mutex},
};

use libfuzzer_sys::fuzz_target;
use tidegate_fuzz::{
    Client, World,
    answer::{Answer, read},
    text,
};

// What the router writes is read by it, as in its own tests.
#[path = "../../crates/router/tests/it/narrow.rs"]
mod narrow;

use narrow::narrow;

const OWN: &[u8] = b"HTTP/1.1 200 OK\r\nx-own: yes\r\ncontent-length: 3\r\n\r\nown";

static WORLD: LazyLock<World> = LazyLock::new(|| World::new(serve));
static SAYS: Mutex<Says> = Mutex::new(Says { bytes: Vec::new(), closes: false });

/// What is said to the first request.
struct Says {
    bytes: Vec<u8>,
    closes: bool,
}

fn serve(mut stream: TcpStream) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..count]);
        while let Some(request) = narrow(&bytes).expect("requests are the router's") {
            bytes.drain(..request.length);
            let is_first = request.line.contains("/first");
            let (said, closes) = if is_first {
                let says = SAYS.lock().unwrap();
                (says.bytes.clone(), says.closes)
            } else {
                (OWN.to_vec(), false)
            };
            if stream.write_all(&said).is_err() || closes {
                return;
            }
        }
    }
}

fn ask(client: &mut Client, method: &str, path: &str, way: &str) {
    client.send(format!("{method} {path} HTTP/1.1\r\nhost: a\r\n{way}\r\n").as_bytes());
}

/// The answer to its next request is its own, or an error of the router.
fn check_own(client: &mut Client, way: &str) {
    client.read.clear();
    ask(client, "GET", "/own", way);
    let is_whole = |bytes: &[u8]| !matches!(read(bytes, false), Ok(Answer::Part));
    client.wait_for(is_whole);
    let told = text(&client.read);
    // The connection may have been about to be closed.
    if !client.read.is_empty() {
        assert!(told.contains("x-own: yes") || told.contains("x-tidegate-error"), "{told}");
        assert!(is_whole(&client.read), "{told}");
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((flags, bytes)) = data.split_first() else { return };
    let to_head = flags & 1 != 0;
    // One in four replicas waits for more requests: what is not whole takes the router's patience then.
    let closes = flags & 0b1010 != 0b1000;
    *SAYS.lock().unwrap() = Says { bytes: bytes.to_vec(), closes };
    // By the direct path, or through hyper.
    let way = if flags & 4 != 0 { "te: trailers\r\n" } else { "" };
    let (mut client, _) = WORLD.connect();
    ask(&mut client, if to_head { "HEAD" } else { "GET" }, "/first", way);
    let known = |bytes: &[u8]| match read(bytes, to_head) {
        Ok(Answer::Part | Answer::UntilClose { .. }) => false,
        Ok(Answer::Whole { .. }) | Err(_) => true,
    };
    let open = client.wait_for(known);
    let answer = read(&client.read, to_head);
    let answer = answer.unwrap_or_else(|why| panic!("{why}: {}", text(&client.read)));
    if let Answer::Whole { length, closes, .. } = answer {
        let rest = &client.read[length..];
        assert!(rest.is_empty(), "more than an answer: {}", text(rest));
        if open && !closes {
            check_own(&mut client, way);
        }
    }
    let (mut other, _) = WORLD.connect();
    check_own(&mut other, way);
});
