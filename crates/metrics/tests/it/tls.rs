//! Servers that speak TLS.

use std::sync::Arc;

use tidegate_analysis::{Query, WebQuery};
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ALL_VERSIONS, ServerConfig, SupportedProtocolVersion,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
        sign::{CertifiedKey, SingleCertAndKey},
        version::{TLS12, TLS13},
    },
};

use crate::{
    ask, header,
    server::{Server, answer, ok, read, say},
    web,
};

/// A server whose certificate nobody signed but itself, and what it answers.
async fn start(says: String) -> u16 {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.der().to_vec(), made.signing_key.serialize_der());
    serve(says, (certificate, key), ALL_VERSIONS).await
}

async fn serve(
    says: String,
    (certificate, key): (Vec<u8>, Vec<u8>),
    versions: &[&'static SupportedProtocolVersion],
) -> u16 {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
    let key = ring::sign::any_supported_type(&key).unwrap();
    let certified = CertifiedKey::new(vec![certificate.into()], key);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        // It does not look at the certificate.
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust it ends the handshake.
            if let Ok(mut stream) = acceptor.accept(stream).await {
                read(&mut stream).await;
                say(&mut stream, &says).await;
            }
        }
    });
    port
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_an_error_unless_it_is_allowed() {
    let port = start(ok("0.5")).await;
    let url = format!("https://localhost:{port}/");
    let problem = ask(Query::Web(web(&url))).await;
    assert_eq!(problem, Err(format!("{url}: invalid peer certificate: UnknownIssuer")));
    for host in ["localhost", "127.0.0.1"] {
        let allowed = WebQuery { insecure: true, ..web(&format!("https://{host}:{port}/")) };
        assert_eq!(ask(Query::Web(allowed)).await, Ok("0.5".to_owned()));
    }
    let plain = ask(Query::Web(web(&format!("http://localhost:{port}/")))).await.unwrap_err();
    assert!(plain.starts_with(&format!("http://localhost:{port}/: ")), "{plain}");
}

/// As `openssl x509 -req -signkey` makes one: of version 1, without extensions. And its key.
fn version_1() -> (Vec<u8>, Vec<u8>) {
    (include_bytes!("tls/version-1.crt").to_vec(), include_bytes!("tls/version-1.key").to_vec())
}

#[tokio::test]
async fn any_certificate_is_any_also_one_that_cannot_be_read() {
    let unreadable = (b"no certificate".to_vec(), version_1().1);
    for version in [&TLS12, &TLS13] {
        for made in [version_1(), unreadable.clone()] {
            let port = serve(ok("0.5"), made, &[version]).await;
            let url = format!("https://localhost:{port}/");
            let problem = ask(Query::Web(web(&url))).await.unwrap_err();
            assert!(problem.contains("invalid peer certificate"), "{problem}");
            let allowed = WebQuery { insecure: true, ..web(&url) };
            assert_eq!(ask(Query::Web(allowed)).await, Ok("0.5".to_owned()), "{version:?}");
        }
    }
}

#[tokio::test]
async fn tls_to_a_server_that_speaks_none_is_an_error() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        say(&mut stream, "HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let problem = ask(Query::Web(web(&url))).await.unwrap_err();
    assert!(problem.starts_with(&format!("{url}: ")), "{problem}");
}

#[tokio::test]
async fn nothing_secret_leaves_tls_even_to_the_same_host() {
    let plain = Server::start(&[&ok("1")]).await;
    let location = format!("location: http://localhost:{}/\r\n", plain.address.port());
    let port = start(answer("307 Temporary Redirect", &location, "")).await;
    let asked = WebQuery {
        insecure: true,
        headers: vec![header("Authorization", "Bearer secret"), header("X-A", "1")],
        ..web(&format!("https://localhost:{port}/"))
    };
    assert_eq!(ask(Query::Web(asked)).await, Ok("1".to_owned()));
    let asked = &plain.asked()[0];
    assert!(asked.contains("x-a: 1") && !asked.contains("secret"), "{asked}");
}
