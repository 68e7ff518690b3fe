//! TLS to the database, in the words of libpq.

use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream as Encrypted,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    },
};

/// How the connection to the database is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// `sslmode=disable`.
    None,
    /// `sslmode=require`: nobody who only listens reads anything; who the server is is not known.
    Unproved,
    /// `sslmode=verify-full`: by a certificate for the server's name, of these authorities.
    Proved(Authorities),
}

/// Whose certificates count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authorities {
    /// What this machine trusts.
    OfThisMachine,
    /// `sslrootcert`.
    File(PathBuf),
}

/// Makes what speaks TLS; nothing where none is wanted.
pub(crate) fn connector(encryption: &Encryption) -> Result<Option<Tls>, String> {
    let provider = Arc::new(ring::default_provider());
    let begun = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|problem| problem.to_string())?;
    let config = match encryption {
        Encryption::None => return Ok(None),
        Encryption::Unproved => begun
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth(),
        Encryption::Proved(authorities) => {
            begun.with_root_certificates(roots(authorities)?).with_no_client_auth()
        }
    };
    Ok(Some(Tls(TlsConnector::from(Arc::new(config)))))
}

fn roots(authorities: &Authorities) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Authorities::OfThisMachine => {
            let found = rustls_native_certs::load_native_certs();
            for problem in &found.errors {
                tracing::warn!(%problem, "some of this machine's certificates cannot be read");
            }
            roots.add_parsable_certificates(found.certs);
        }
        Authorities::File(path) => read(path, &mut roots)?,
    }
    Ok(roots)
}

fn read(path: &Path, roots: &mut RootCertStore) -> Result<(), String> {
    let cannot = |why: String| format!("sslrootcert {} cannot be used: {why}", path.display());
    let found = CertificateDer::pem_file_iter(path).map_err(|error| cannot(error.to_string()))?;
    for certificate in found {
        let certificate = certificate.map_err(|error| cannot(error.to_string()))?;
        roots.add(certificate).map_err(|error| cannot(error.to_string()))?;
    }
    if roots.is_empty() { Err(cannot("no certificate is in it".to_owned())) } else { Ok(()) }
}

/// Speaks TLS to a server of the database.
#[derive(Clone)]
pub(crate) struct Tls(TlsConnector);

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Named;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> io::Result<Named> {
        let name = ServerName::try_from(domain.to_owned()).map_err(io::Error::other)?;
        Ok(Named { connector: self.0.clone(), name })
    }
}

/// The same to one server.
pub(crate) struct Named {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl<S> TlsConnect<S> for Named
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { self.connector.connect(self.name, stream).await.map(Stream) })
    }
}

/// A connection under TLS.
pub(crate) struct Stream<S>(Encrypted<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    /// Who is in between with `require` can pass a password's proof on in any case; with `verify-full`
    /// the certificate proves already what this would.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// Takes every certificate, as `sslmode=require` asks for; that its owner has the key is checked.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
