//! What it takes to let a thousand people watch thousands of rollouts:
//! `cargo bench -p tidegate-e2e --bench watchers`.
//!
//! One server with the real store, on a disk, holds 5,000 rollouts; runtime and router are fakes in its process. A
//! process of its own is the clients, over loopback on the same machine: what it takes of the CPU is in the times.
//! Measured are
//!
//! - *memory* of the server with 1,000 watchers that were told nothing yet, and after all that they were told, which
//!   has the 200 canaries in it as well;
//! - *from change to event*: from when a new image is asked for until a watcher has read of it, for each of them;
//! - *the list* of all rollouts, from the request to its last byte, with the connection it is asked over, while they
//!   watch.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints what it saw")]

#[path = "many/rollouts.rs"]
mod rollouts;

use std::{
    net::SocketAddr,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tidegate_api::{Limits, Metrics, MetricsAccess, Options, Reach, Token, listen, serve};
use tidegate_controller::{ControlPlane, Pace, Ports};
use tidegate_rollout::Phase;
use tidegate_series::Recorder;
use tidegate_store::SqliteStore;
use tidegate_testkit::{
    FakeJobs, FakeMetrics, FakeRouter, FakeRuntime, Says, TokioClock,
    usage::{load, resident},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::Command,
    time::sleep,
};

use crate::rollouts::{apply, tell, until};

const ROLLOUTS: u32 = 5_000;
const WATCHERS: usize = 1_000;
const CHANGES: u32 = 200;
/// From one change to the next.
const BETWEEN: Duration = Duration::from_millis(200);
const LISTS: usize = 50;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// What makes the process the clients.
const CLIENTS: &str = "--clients-of";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip_while(|arg| arg != CLIENTS).skip(1);
    match args.next() {
        Some(address) => ask(address.parse().unwrap()).await,
        None => answer().await,
    }
}

/// The server, and what it holds.
async fn answer() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TokioClock::new();
    let router = FakeRouter::new(clock, 0.0);
    router.forget();
    let ports = Ports {
        clock: Arc::new(clock),
        runtime: Arc::new(FakeRuntime::new(clock, Duration::from_millis(300))),
        router: Arc::new(router),
        store: Arc::new(SqliteStore::open(folder.path()).unwrap()),
        metrics: Arc::new(FakeMetrics::new(Says::Number(1.0))),
        jobs: Arc::new(FakeJobs::default()),
    };
    let plane = ControlPlane::start(ports, Pace::default()).await.unwrap();
    apply(&plane, ROLLOUTS, "v1").await;
    until(&plane, ROLLOUTS, |phase| phase == Phase::Healthy).await;

    let listener = listen(([127, 0, 0, 1], 0).into(), Reach::ThisMachine).await.unwrap();
    let address = listener.local_addr().unwrap();
    let metrics = Metrics { recorder: Arc::new(Recorder::default()), access: MetricsAccess::Open };
    let mut options = Options::new(Token::new(TOKEN).unwrap(), metrics, Arc::new(clock));
    options.limits = Limits::default();
    tokio::spawn(serve(listener, plane, options, std::future::pending()));

    let mut clients = Command::new(std::env::current_exe().unwrap());
    clients.args([CLIENTS, &address.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut clients = clients.kill_on_drop(true).spawn().unwrap();
    let (mut tell, told) = (clients.stdin.take().unwrap(), clients.stdout.take().unwrap());
    let mut told = BufReader::new(told).lines();
    println!("{ROLLOUTS} rollouts are healthy; the machine's load is {}", load());
    let mut before = 0;
    while let Some(line) = told.next_line().await.unwrap() {
        match line.as_str() {
            "connected to nothing" => before = resident(),
            "watching" | "changed" => {
                let more = resident().saturating_sub(before) * 1024;
                println!(
                    "{line}: {} KiB more memory for each of {WATCHERS}",
                    more / WATCHERS as u64
                );
            }
            said => println!("{said}"),
        }
        // They wait until it was read.
        if matches!(line.as_str(), "connected to nothing" | "watching" | "changed") {
            sleep(Duration::from_secs(1)).await;
            tell.write_all(b"\n").await.unwrap();
        }
    }
    println!("the machine's load is {}", load());
}

/// The clients.
async fn ask(address: SocketAddr) {
    println!("connected to nothing");
    wait();
    let changes = Arc::new(Changes::default());
    for _ in 0..WATCHERS {
        let stream = watch(address).await;
        tokio::spawn(follow(stream, Arc::clone(&changes)));
    }
    println!("watching");
    wait();
    for number in 0..CHANGES {
        changes.asked.lock().unwrap().push(Instant::now());
        let body = format!("{{\"images\":{{\"web\":\"web:n{number}x\"}}}}");
        let path = format!("/v1/namespaces/default/rollouts/web-{number}/set-image");
        request(address, "POST", &path, &body).await;
        sleep(BETWEEN).await;
    }
    sleep(Duration::from_secs(2)).await;
    println!("changed");
    wait();
    let mut read = std::mem::take(&mut *changes.read.lock().unwrap());
    assert_eq!(read.len(), WATCHERS * CHANGES as usize, "everybody is told everything");
    tell("from change to event", &mut read);

    let mut took = Vec::new();
    for _ in 0..LISTS {
        let begun = Instant::now();
        let length = request(address, "GET", "/v1/rollouts?limit=10000", "").await;
        took.push(begun.elapsed());
        assert!(length > 1_000_000, "{length}");
        sleep(Duration::from_millis(20)).await;
    }
    tell("the list", &mut took);
}

/// Waits until the server has looked at itself.
fn wait() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// When changes were asked for, and how long it took until somebody read of one.
#[derive(Default)]
struct Changes {
    asked: Mutex<Vec<Instant>>,
    read: Mutex<Vec<Duration>>,
}

/// One request over a connection of its own. Returns the bytes of its answer.
async fn request(address: SocketAddr, method: &str, path: &str, body: &str) -> usize {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = head(method, path, body.len(), "close");
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    answer.len()
}

fn head(method: &str, path: &str, length: usize, connection: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\
         Connection: {connection}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// A watch that has been let in.
async fn watch(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = head("GET", "/v1/rollouts/watch", 0, "keep-alive");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut begin = [0; 15];
    stream.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200 OK");
    stream
}

/// Reads on, and notes when each change is read of for the first time.
async fn follow(mut stream: TcpStream, changes: Arc<Changes>) {
    let (mut text, mut next) = (Vec::new(), 0);
    loop {
        if stream.read_buf(&mut text).await.unwrap() == 0 {
            return;
        }
        let now = Instant::now();
        while let Some(at) = find(&text, format!("web:n{next}x").as_bytes()) {
            let asked = changes.asked.lock().unwrap().get(next).copied().unwrap();
            changes.read.lock().unwrap().push(now - asked);
            text.drain(..at);
            next += 1;
        }
        // What is left may be the begin of a mark.
        let keep = text.len().saturating_sub(16);
        text.drain(..keep);
    }
}

fn find(text: &[u8], mark: &[u8]) -> Option<usize> {
    text.windows(mark.len()).position(|found| found == mark)
}
