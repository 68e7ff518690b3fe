//! The real program over a real socket.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command},
    time::{Duration, Instant},
};

use tidegate_testkit::ports::free_port;

struct Sample {
    child: Child,
    port: u16,
}

impl Sample {
    fn start(environment: &[(&str, &str)]) -> Self {
        let port = free_port();
        let child = Command::new(env!("CARGO_BIN_EXE_tidegate-sample"))
            .env_clear()
            .env("PORT", port.to_string())
            .envs(environment.iter().copied())
            .spawn()
            .unwrap();
        let mut sample = Self { child, port };
        // Counted in looks, not in time: a machine that stands still looks at nothing.
        for _ in 0..4_000 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return sample;
            }
            let ended = sample.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before it listened: {ended:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not listen on {port}");
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn it_says_which_version_it_is() {
    let sample = Sample::start(&[("VERSION", "v7")]);
    let answer = sample.get("/");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("x-version: v7\r\n"), "{answer}");
    assert!(answer.ends_with("{\"version\":\"v7\",\"ok\":true}\n"), "{answer}");
}

#[test]
fn it_fails_as_often_as_it_is_told_to_but_stays_healthy() {
    let sample = Sample::start(&[("ERROR_RATE", "1")]);
    let (answer, health) = (sample.get("/"), sample.get("/healthz"));
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer:?}");
    assert!(health.starts_with("HTTP/1.1 200 "), "{health:?}");
}

#[test]
fn it_is_as_slow_and_as_long_as_it_is_told_to_be() {
    let sample = Sample::start(&[("LATENCY_P50_MS", "80"), ("BODY_BYTES", "1024")]);
    let begin = Instant::now();
    let answer = sample.get("/");
    assert!(begin.elapsed() >= Duration::from_millis(80));
    assert_eq!(answer.split_once("\r\n\r\n").unwrap().1.len(), 1024);
}

#[test]
fn it_ends_as_it_is_told_to() {
    let at_once = Command::new(env!("CARGO_BIN_EXE_tidegate-sample"))
        .envs([("PORT", "1"), ("ENDS", "at-once")])
        .status()
        .unwrap();
    assert_eq!(at_once.code(), Some(3));
    let deaf = Sample::start(&[("ENDS", "ignores-term"), ("LEAK_BYTES", "4096")]);
    let term = Command::new("sh").args(["-c", &format!("kill {}", deaf.child.id())]).status();
    assert!(term.unwrap().success());
    // It took the signal before it takes this connection: both wait for the same thread.
    let answer = deaf.get("/");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
}
