use std::{collections::BTreeMap, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use tidegate_tls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto},
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

/// The same over TLS, with a certificate that nobody knows, for another name.
async fn tls_server(answer: &'static str) -> u16 {
    let own = rcgen::generate_simple_self_signed(vec!["elsewhere.test".to_owned()]).unwrap();
    let key = own.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((ADDRESS, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    port
}

fn https(given: PortRef, host: Option<&str>) -> ProbeAction {
    let ProbeAction::Http { path, port, headers, .. } = get(given) else { unreachable!() };
    ProbeAction::Http { path, port, headers, host: host.map(str::to_owned), tls: true }
}

#[tokio::test]
async fn any_certificate_is_good_enough() {
    let ready = tls_server("HTTP/1.1 204 -\r\n\r\n").await;
    check(ready, https(http(), None), Ok(())).await;
    check(ready, https(http(), Some("localhost")), Ok(())).await;
    let busy = tls_server("HTTP/1.1 503 -\r\n\r\n").await;
    check(busy, https(http(), None), Err("GET /ready was answered with 503")).await;

    let plain = server(Some("HTTP/1.1 200 OK\r\n\r\n")).await;
    let done = target(plain).attempt(&https(http(), None), Duration::from_secs(5)).await;
    assert!(done.is_err(), "it does not speak TLS: {done:?}");
}

#[tokio::test]
async fn a_grpc_probe_asks_the_port_that_was_given() {
    let listener = TcpListener::bind((ADDRESS, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut start = [0; 14];
        stream.read_exact(&mut start).await.unwrap();
        start
    });
    let action = ProbeAction::Grpc { port: 8080, service: String::new() };
    let done = target(port).attempt(&action, Duration::from_secs(5)).await.unwrap_err();
    let told = format!("gRPC health at 127.0.0.1:{port}: ");
    assert!(done.to_string().starts_with(&told), "{done}");
    assert_eq!(&asked.await.unwrap(), b"PRI * HTTP/2.0");
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

#[tokio::test]
async fn a_time_in_which_this_process_did_not_run_is_not_the_containers() {
    let listener = std::net::TcpListener::bind((ADDRESS, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    });
    // On the one thread of this test: as soon as the probe waits for its connection, nobody runs.
    let stopped = async { std::thread::sleep(Duration::from_millis(600)) };
    let (target, action) = (target(port), get(http()));
    let asked = target.attempt(&action, Duration::from_millis(300));
    let (done, ()) = tokio::join!(asked, stopped);
    assert_eq!(done, Ok(()));
    server.join().unwrap();
}

#[test]
fn what_this_machine_lacks_says_nothing_of_the_container() {
    use rustix::io::Errno;
    let known =
        |error: Errno| TryFailure::of_connection(&error.into(), "why".to_owned()).is_known();
    for own in [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS, Errno::ADDRNOTAVAIL] {
        assert!(!known(own), "{own:?}");
    }
    for the_containers in [Errno::CONNREFUSED, Errno::CONNRESET, Errno::TIMEDOUT] {
        assert!(known(the_containers), "{the_containers:?}");
    }
}
