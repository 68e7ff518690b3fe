//! A service with known habits, for the tests of every runtime. It is compiled into the test
//! programs of each, so it uses nothing but the standard library.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// Whether it says that it is ready.
static READY: AtomicBool = AtomicBool::new(true);

/// Answers each request with what its path asks for: `/id` is the replica's id, `/env/NAME` a
/// variable, `/born` when it started in nanoseconds, `/ready` 200 or 503, `/unready` and `/again`
/// change that, `/exit` ends it with code 3, `/fail` is a 500, `/pid` its pid, `/file/NAME` what a
/// file says, `/via/NAME` asks the port `NAME` of the replica for
/// its `/env/NAME`. Listens on `PORT`, on all addresses.
pub(crate) fn serve() -> ExitCode {
    let born = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let port: u16 = variable("PORT").parse().unwrap_or(0);
    let Ok(listener) = TcpListener::bind(("0.0.0.0", port)) else {
        return ExitCode::from(98);
    };
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || answer(stream, born));
    }
    ExitCode::SUCCESS
}

fn answer(mut stream: TcpStream, born: u128) {
    let mut request = [0; 4096];
    let length = stream.read(&mut request).unwrap_or(0);
    let request = String::from_utf8_lossy(request.get(..length).unwrap_or_default()).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "id"] => (200, variable("TIDEGATE_REPLICA")),
        ["", "born"] => (200, born.to_string()),
        ["", "env", name] => (200, variable(name)),
        ["", "ready"] if READY.load(Ordering::Relaxed) => (200, String::new()),
        ["", "ready"] => (503, String::new()),
        ["", "unready"] => {
            READY.store(false, Ordering::Relaxed);
            (200, String::new())
        }
        ["", "again"] => {
            READY.store(true, Ordering::Relaxed);
            (200, String::new())
        }
        ["", "exit"] => std::process::exit(3),
        ["", "fail"] => (500, String::new()),
        ["", "pid"] => (200, std::process::id().to_string()),
        ["", "file", name] => match std::fs::read_to_string(name) {
            Ok(text) => (200, text),
            Err(_) => (503, String::new()),
        },
        ["", "via", name] => (200, neighbour(name)),
        _ => (404, String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body.as_bytes());
}

/// What another container of the replica answers, found as the environment says.
fn neighbour(name: &str) -> String {
    let port: u16 = variable(&format!("PORT_{}", name.to_uppercase())).parse().unwrap_or(0);
    let mut answer = String::new();
    if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
        let _ = stream.write_all(b"GET /env/NAME HTTP/1.1\r\nHost: a\r\n\r\n");
        let _ = stream.read_to_string(&mut answer);
    }
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
