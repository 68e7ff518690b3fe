use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::fixtures::{Fake, FakeUnit, container, port, words};

/// A server that answers every connection with these bytes, or with nothing at all.
async fn server(answer: Option<&'static str>) -> u16 {
    let listener = TcpListener::bind((ADDRESS, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            match answer {
                Some(answer) => {
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
                None => silent.push(stream),
            }
        }
    });
    port
}

/// A container whose port 8080, named `http`, was given as `given`.
fn target(given: u16) -> Target<Fake> {
    Target {
        container: container("main", &[port(8080, Some("http"))]),
        assigned: [("main".to_owned(), [(8080, given)].into())].into(),
        unit: FakeUnit,
    }
}

fn get(port: PortRef) -> ProbeAction {
    let path = "/ready".to_owned();
    ProbeAction::Http { path, port, host: None, headers: BTreeMap::new(), tls: false }
}

fn http() -> PortRef {
    PortRef::Name("http".to_owned())
}

async fn check(given: u16, action: ProbeAction, expect: Result<(), &str>) {
    let done = target(given).attempt(&action, Duration::from_millis(300)).await;
    let expect = expect.map_err(|why| TryFailure::Failed(why.to_owned()));
    assert_eq!(done, expect, "{action:?}");
}

#[tokio::test]
async fn a_status_from_200_to_399_passes() {
    for (answer, expect) in [
        ("HTTP/1.1 200 OK\r\n\r\n", Ok(())),
        ("HTTP/1.1 302 Found\r\n\r\n", Ok(())),
        ("HTTP/1.1 399 -\r\n\r\n", Ok(())),
        ("HTTP/1.1 199 -\r\n\r\n", Err("GET /ready was answered with 199")),
        ("HTTP/1.1 400 -\r\n\r\n", Err("GET /ready was answered with 400")),
        ("HTTP/1.1 503 -\r\n\r\n", Err("GET /ready was answered with 503")),
    ] {
        check(server(Some(answer)).await, get(http()), expect).await;
    }
    let port = server(Some("SSH-2.0-x\r\n")).await;
    let told = format!("GET /ready at 127.0.0.1:{port}: the answer is not HTTP");
    check(port, get(PortRef::Number(8080)), Err(&told)).await;
}

#[tokio::test]
async fn no_answer_in_time_fails() {
    check(server(None).await, get(http()), Err("no answer within 300ms")).await;
}

#[tokio::test]
async fn a_connection_that_opens_passes_and_one_that_is_refused_fails() {
    let tcp = |port| ProbeAction::Tcp { port, host: None };
    let open = server(None).await;
    check(open, tcp(http()), Ok(())).await;
    // A number that is no port of the container is taken as it is.
    check(1, tcp(PortRef::Number(open)), Ok(())).await;
    let host = Some("localhost".to_owned());
    check(open, ProbeAction::Tcp { port: http(), host }, Ok(())).await;

    let closed = TcpListener::bind((ADDRESS, 0)).await.unwrap().local_addr().unwrap().port();
    let told = format!("127.0.0.1:{closed}: Connection refused (os error 111)");
    check(closed, tcp(http()), Err(&told)).await;
    let unknown = PortRef::Name("admin".to_owned());
    check(open, tcp(unknown), Err("the container has no port named \"admin\"")).await;
}

#[tokio::test]
async fn a_command_that_cannot_be_run_fails() {
    let exec = |command: &[&str]| ProbeAction::Exec { command: words(command) };
    check(1, exec(&[]), Err("its command is empty")).await;
    check(1, exec(&["true"]), Err("\"true\" cannot be run here")).await;
}
