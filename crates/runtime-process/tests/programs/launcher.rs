//! For the tests: the launcher, and a service with known habits.

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::ExitCode,
};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["launch"] => tidegate_runtime_process::launcher_main(),
        ["serve", ..] => serve(),
        _ => ExitCode::from(2),
    }
}

/// Answers each request with what its path asks for: `/id` is the replica's id, `/env/NAME` a
/// variable, `/pid` the pid; `/fail` is a 500. Listens on `PORT`.
fn serve() -> ExitCode {
    let port: u16 = variable("PORT").parse().unwrap_or(0);
    let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) else {
        return ExitCode::from(98);
    };
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || answer(stream));
    }
    ExitCode::SUCCESS
}

fn answer(mut stream: std::net::TcpStream) {
    let mut request = [0; 4096];
    let length = stream.read(&mut request).unwrap_or(0);
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "id"] => (200, variable("TIDEGATE_REPLICA")),
        ["", "pid"] => (200, std::process::id().to_string()),
        ["", "env", name] => (200, variable(name)),
        ["", "fail"] => (500, String::new()),
        ["", "file", name] => match std::fs::read_to_string(name) {
            Ok(text) => (200, text),
            Err(_) => (503, String::new()),
        },
        _ => (404, String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body.as_bytes());
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
