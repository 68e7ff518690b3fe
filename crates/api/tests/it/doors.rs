//! Who is let in, and what is refused at the door.

use std::time::Duration;

use hyper::Method;
use tidegate_api::{BODY_LIMIT, Reach, ServeError, listen};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::house::{House, TOKEN};

#[tokio::test]
async fn only_the_token_opens_and_health_is_told_to_all() {
    let house = House::build().await;
    let check = async |header: Option<&str>, status: u16| {
        let headers = header.map(|value| ("authorization", value));
        let answer = house.ask_with(Method::GET, "/api/v1/services", headers.as_slice(), "").await;
        assert_eq!(answer.status, status, "{header:?}");
        if status == 401 {
            answer.refused(401, "", "--token-file");
            assert!(answer.headers.contains_key("www-authenticate"));
        }
    };
    check(None, 401).await;
    check(Some("Bearer wrong"), 401).await;
    check(Some(&format!("Basic {TOKEN}")), 401).await;
    check(Some(&format!("Bearer {}", &TOKEN[1..])), 401).await;
    check(Some(&format!("Bearer {TOKEN}")), 200).await;
    check(Some(&format!("bearer {TOKEN}")), 200).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(house.ask_with(Method::GET, path, &[], "").await.text(), "ok\n");
    }
}

#[tokio::test]
async fn addresses_and_methods_that_are_none_are_problems_too() {
    let house = House::build().await;
    house.get("/v2").await.refused(404, "nothing at /v2", "tidegate version");
    house.ask(Method::PUT, "/v1/ledger", "").await.refused(405, "PUT", "");
    house.get("/api/v1/pods").await.refused(404, "pods", "services, configmaps, secrets");
    house.get("/api/v1/namespaces/default/rollouts").await.refused(
        404,
        "rollouts",
        "services, configmaps, secrets",
    );
    // Without a token nothing is told, not even what is not there.
    assert_eq!(house.ask_with(Method::GET, "/v2", &[], "").await.status, 401);
}

#[tokio::test]
async fn a_name_that_cannot_stand_in_the_ledger_is_refused() {
    let house = House::with_web().await;
    let bearer = format!("Bearer {TOKEN}");
    let long = "x".repeat(200);
    let headers = [("authorization", bearer.as_str()), ("tidegate-user", long.as_str())];
    let path = "/v1/namespaces/default/rollouts/web/pause";
    house.ask_with(Method::POST, path, &headers, "").await.refused(400, "Tidegate-User", "");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_nothing_of_it_is_kept() {
    let house = House::build().await;
    let text = "#".repeat(BODY_LIMIT + 1);
    house.apply(&text).await.refused(413, "8 MiB", "several files");
}

#[tokio::test]
async fn other_machines_cannot_reach_it() {
    let refused = listen(([0, 0, 0, 0], 0).into(), Reach::ThisMachine).await;
    assert!(matches!(refused, Err(ServeError::NotLoopback(_))));
    let house = House::build().await;
    let taken = listen(house.address, Reach::ThisMachine).await;
    assert!(matches!(taken, Err(ServeError::Listen { .. })));
}

#[tokio::test]
async fn a_stop_ends_idle_connections_and_watches_at_once() {
    let mut house = House::with_web().await;
    let mut idle = TcpStream::connect(house.address).await.unwrap();
    let mut watch = TcpStream::connect(house.address).await.unwrap();
    let request = format!(
        "GET /v1/namespaces/default/rollouts/web/watch HTTP/1.1\r\nhost: x\r\n\
         authorization: Bearer {TOKEN}\r\n\r\n"
    );
    watch.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 64];
    watch.read_exact(&mut first).await.unwrap();
    assert!(first.starts_with(b"HTTP/1.1 200"));
    house.end().await;
    let patience = Duration::from_secs(20);
    let mut rest = Vec::new();
    tokio::time::timeout(patience, idle.read_to_end(&mut rest)).await.unwrap().unwrap();
    tokio::time::timeout(patience, watch.read_to_end(&mut rest)).await.unwrap().unwrap();
    // The stream of events ended as a whole answer does, not in the middle.
    assert!(rest.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&rest));
    assert!(TcpStream::connect(house.address).await.is_err());
}
