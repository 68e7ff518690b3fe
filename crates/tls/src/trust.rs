use std::{path::Path, sync::Arc};

use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, Error, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, pem::PemObject as _},
    },
};

use crate::{
    pair::Fingerprint,
    verifiers::{Anybody, OneOnly},
};

/// How a server has to prove who it is.
#[derive(Clone, Debug)]
pub enum Trusted {
    /// By a certificate for its name, of one of these authorities.
    Authorities(Arc<RootCertStore>),
    /// By this certificate, whatever names are in it.
    Only(Fingerprint),
    /// By any certificate: nobody who only listens reads anything; who the server is is not known.
    Anybody,
}

/// Authorities that cannot be trusted, for want of them.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read, or is no PEM.
    #[error("{file} cannot be read as certificates in PEM: {why}")]
    Unreadable {
        /// Which.
        file: String,
        /// Why.
        why: String,
    },
    /// There is none in it.
    #[error("no certificate is in {0}")]
    Empty(String),
}

/// What speaks TLS 1.2 and 1.3 to servers.
///
/// # Errors
/// None that are known: the versions are those of `ring`.
pub fn connector(trusted: Trusted) -> Result<TlsConnector, Error> {
    let provider = Arc::new(ring::default_provider());
    let begun = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let config = match trusted {
        Trusted::Authorities(roots) => begun.with_root_certificates(roots),
        Trusted::Only(known) => begun
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(OneOnly { provider, known })),
        Trusted::Anybody => {
            begun.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        }
    };
    Ok(TlsConnector::from(Arc::new(config.with_no_client_auth())))
}

/// The authorities that this machine trusts. It reads files, for some milliseconds; those that cannot be read are
/// told in the log.
pub fn roots_of_this_machine() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for problem in &found.errors {
        tracing::warn!(%problem, "some of this machine's certificates cannot be read");
    }
    let mut roots = RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(roots = roots.len(), unusable, "read this machine's certificates");
    roots
}

/// The authorities of a PEM file.
///
/// # Errors
/// When it cannot be read, and when none is in it.
pub fn roots_in(file: &Path) -> Result<RootCertStore, TrustError> {
    let shown = file.display().to_string();
    let cannot = |why: String| TrustError::Unreadable { file: shown.clone(), why };
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(file).map_err(|error| cannot(error.to_string()))?;
    for certificate in found {
        let certificate = certificate.map_err(|error| cannot(error.to_string()))?;
        roots.add(certificate).map_err(|error| cannot(error.to_string()))?;
    }
    if roots.is_empty() { Err(TrustError::Empty(shown)) } else { Ok(roots) }
}
