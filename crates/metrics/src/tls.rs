//! Whose certificates are good enough.

use std::sync::Arc;

use tokio::sync::OnceCell;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

/// How a server has to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// By a certificate that this machine trusts.
    Trusted,
    /// By any certificate.
    Any,
}

impl Proof {
    /// What the field `insecure` of a metric means.
    pub(crate) fn of(insecure: bool) -> Self {
        if insecure { Self::Any } else { Self::Trusted }
    }
}

/// The authorities that this machine trusts, read when the first server is asked over TLS.
#[derive(Default)]
pub(crate) struct Trust {
    trusted: OnceCell<TlsConnector>,
}

impl Trust {
    /// What speaks TLS to a server.
    pub(crate) async fn connector(&self, proof: Proof) -> Result<TlsConnector, String> {
        match proof {
            Proof::Any => insecure().map_err(|problem| problem.to_string()),
            Proof::Trusted => self.trusted.get_or_try_init(trusted).await.cloned(),
        }
    }
}

async fn trusted() -> Result<TlsConnector, String> {
    let found = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs);
    let found = found.await.map_err(|problem| problem.to_string())?;
    for problem in &found.errors {
        tracing::warn!(%problem, "some of this machine's certificates cannot be read");
    }
    let mut roots = RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(roots = roots.len(), unusable, "read this machine's certificates");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|problem| problem.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn insecure() -> Result<TlsConnector, Error> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Takes every certificate; `insecure: true` of a metric asks for that.
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

    // To look at the signature, the certificate would have to be one that can be read. It proves
    // nothing: whoever is in between has a certificate and a key of his own.
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
