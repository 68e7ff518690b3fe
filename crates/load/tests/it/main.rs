//! Load on servers that answer well, badly, late and not at all.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tidegate_load::{Counts, Load, Plan};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
};

/// What the server does with each request.
#[derive(Clone, Copy)]
enum Server {
    Answers(&'static str),
    Waits(Duration),
    HangsUp,
}

async fn serve(server: Server) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(talk(stream, server));
        }
    });
    address
}

async fn talk(mut stream: TcpStream, server: Server) {
    let mut request = [0; 4096];
    while stream.read(&mut request).await.is_ok_and(|count| count > 0) {
        match server {
            Server::Answers(answer) => drop(stream.write_all(answer.as_bytes()).await),
            Server::Waits(time) => tokio::time::sleep(time).await,
            Server::HangsUp => return,
        }
    }
}

/// How long anything may take that should happen soon. Generous: the machine may be busy.
const SOON: Duration = Duration::from_secs(40);

/// What becomes of 40 requests and more, of clients that are patient.
async fn load(address: SocketAddr) -> Counts {
    load_with_patience(address, SOON).await
}

async fn load_with_patience(address: SocketAddr, timeout: Duration) -> Counts {
    let load = Load::start(Plan {
        address,
        path: "/".to_owned(),
        rate: 100.0,
        timeout,
        version_header: "x-version",
    });
    let begun = Instant::now();
    // Open loop: they are sent whether or not those before were answered.
    while load.counts().sent < 40 {
        assert!(begun.elapsed() < SOON, "not sent: {:?}", load.counts());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    load.stop().await
}

#[tokio::test]
async fn answers_are_counted_by_version_and_all_requests_are_accounted_for() {
    let answer = "HTTP/1.1 200 OK\r\nx-version: v1\r\ncontent-length: 2\r\n\r\nhi";
    let counts = load(serve(Server::Answers(answer)).await).await;
    assert_eq!(counts.settled(), counts.sent);
    assert_eq!(counts.lost, 0, "{:?}", counts.lost_why);
    let v1 = counts.versions.get("v1").unwrap();
    assert_eq!((v1.good, v1.failed, v1.errors), (counts.sent, 0, None));
    assert_eq!(v1.latency.count(), counts.sent);
}

#[tokio::test]
async fn failures_of_the_service_and_of_the_router_are_told_apart() {
    let service = "HTTP/1.1 500 Oh\r\nx-version: v2\r\ncontent-length: 0\r\n\r\n";
    let counts = load(serve(Server::Answers(service)).await).await;
    let v2 = counts.versions.get("v2").unwrap();
    assert_eq!((v2.good, v2.failed, counts.router_failed), (0, counts.sent, 0));
    assert!(v2.errors.is_some_and(|errors| errors.first <= errors.last));

    let router = "HTTP/1.1 502 Bad\r\nx-tidegate-error: refused\r\ncontent-length: 0\r\n\r\n";
    let counts = load(serve(Server::Answers(router)).await).await;
    assert_eq!((counts.router_failed, counts.versions.len()), (counts.sent, 0));
    assert_eq!(counts.misses.len() as u64, counts.sent);
    assert!(counts.misses.iter().all(|it| it.sent <= it.ended && it.why.ends_with("refused")));
}

#[tokio::test]
async fn what_is_late_or_cut_off_or_refused_is_lost_with_its_reason() {
    let check = async |address, timeout, why: &str| {
        let counts = load_with_patience(address, timeout).await;
        assert_eq!((counts.lost, counts.misses.len() as u64), (counts.sent, counts.sent));
        assert!(counts.lost_why.keys().all(|reason| reason.contains(why)), "{:?}", counts.lost_why);
    };
    let short = Duration::from_millis(200);
    check(serve(Server::Waits(SOON)).await, short, "no answer within").await;
    check(serve(Server::HangsUp).await, SOON, "connection closed").await;
    // It holds its port, so that nobody else comes to listen there, and takes nothing.
    let deaf = TcpSocket::new_v4().unwrap();
    deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    check(deaf.local_addr().unwrap(), SOON, "no connection").await;
}
