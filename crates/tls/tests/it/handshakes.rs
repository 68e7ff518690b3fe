//! Handshakes between what greets and what connects.

use std::sync::Arc;

use tidegate_tls::{
    Certificates, Fingerprint, Trusted, connector, roots_in, rustls::pki_types::ServerName,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::files::{Files, made};

/// Greets one client with a certificate, and says `hello` to it.
async fn server(certificates: &Certificates) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = certificates.acceptor().unwrap();
    tokio::spawn(async move {
        let stream = listener.accept().await.unwrap().0;
        if let Ok(mut stream) = acceptor.accept(stream).await {
            stream.write_all(b"hello").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    address
}

/// What a client reads that looks for `name`, or why it does not.
async fn read(certificates: &Certificates, trusted: Trusted, name: &str) -> Result<String, String> {
    let stream = TcpStream::connect(server(certificates).await).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = connector(trusted).unwrap().connect(name, stream).await;
    let mut text = String::new();
    stream.map_err(|error| error.to_string())?.read_to_string(&mut text).await.unwrap();
    Ok(text)
}

#[tokio::test]
async fn a_server_is_trusted_by_its_issuer_by_itself_or_by_anybody() {
    let files = Files::new();
    let shown = files.open().unwrap();
    let own = || Trusted::Authorities(Arc::new(roots_in(&files.chain()).unwrap()));
    assert_eq!(read(&shown, own(), "tide.example").await.as_deref(), Ok("hello"));
    assert_eq!(read(&shown, own(), "127.0.0.1").await.as_deref(), Ok("hello"));
    let wrong_name = read(&shown, own(), "other.example").await.unwrap_err();
    assert!(wrong_name.contains("not valid for name"), "{wrong_name}");
    assert_eq!(read(&shown, Trusted::Anybody, "other.example").await.as_deref(), Ok("hello"));
    let known = Trusted::Only(shown.state().fingerprint);
    assert_eq!(read(&shown, known, "other.example").await.as_deref(), Ok("hello"));
}

#[tokio::test]
async fn a_server_of_another_issuer_or_certificate_is_not_trusted() {
    let (files, other) = (Files::new(), Files::new());
    let shown = files.open().unwrap();
    let roots = Arc::new(roots_in(&other.chain()).unwrap());
    let unknown = read(&shown, Trusted::Authorities(roots), "tide.example").await.unwrap_err();
    assert!(unknown.contains("invalid peer certificate"), "{unknown}");
    let known = Trusted::Only(other.open().unwrap().state().fingerprint);
    read(&shown, known, "tide.example").await.unwrap_err();
    read(&shown, Trusted::Only(Fingerprint::of(b"")), "tide.example").await.unwrap_err();
}

#[test]
fn authorities_that_are_none_are_told() {
    let files = Files::new();
    let (certificate, key) = made("a.example");
    files.write(&key, &certificate);
    let empty = roots_in(&files.chain()).unwrap_err().to_string();
    assert!(empty.contains("no certificate is in"), "{empty}");
    let none = roots_in(&files.0.path().join("none")).unwrap_err().to_string();
    assert!(none.contains("cannot be read"), "{none}");
}
