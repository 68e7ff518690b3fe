use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use sha2::{Digest as _, Sha256};
use tidegate_units::Timestamp;
use tokio_rustls::rustls::{
    Error,
    client::verify_server_name,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName,
        pem::{Error as PemError, PemObject as _},
    },
    server::ParsedCertificate,
    sign::CertifiedKey,
};

use crate::validity::validity;

/// The SHA-256 of a certificate, as `openssl x509 -fingerprint -sha256` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no SHA-256 of a certificate");
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(2 * at..2 * at + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

/// A certificate and a key with which no server can prove who it is.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", .file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no PEM.
    #[error("{} is no PEM: {why}", .file.display())]
    NotPem {
        /// Which.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// There is none in the file.
    #[error("no certificate is in {}", .file.display())]
    NoCertificate {
        /// Which.
        file: PathBuf,
        /// What there is instead.
        has: Content,
    },
    /// There is none in the file.
    #[error("no private key is in {}", .file.display())]
    NoKey {
        /// Which.
        file: PathBuf,
        /// What there is instead.
        has: Content,
    },
    /// The key is that of another certificate.
    #[error("the key in {} is not that of the first certificate in {}", .key.display(), .chain.display())]
    OfAnother {
        /// The certificates.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// They cannot be used.
    #[error("the certificate in {} cannot be used: {why}", .file.display())]
    Unusable {
        /// Which.
        file: PathBuf,
        /// Why.
        why: String,
    },
}

/// What is in a file, as far as it helps to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A key that a password protects.
    EncryptedKey,
    /// A key.
    Key,
    /// A certificate.
    Certificate,
    /// Something else.
    Other,
}

impl Content {
    fn of(pem: &[u8]) -> Self {
        let has = |wanted: &str| pem.windows(wanted.len()).any(|part| part == wanted.as_bytes());
        if has("ENCRYPTED") {
            Self::EncryptedKey
        } else if has("PRIVATE KEY-----") {
            Self::Key
        } else if has("BEGIN CERTIFICATE-----") {
            Self::Certificate
        } else {
            Self::Other
        }
    }
}

impl CertificateError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "name the files with --tls-cert and --tls-key, and let the user of the server read them"
            }
            Self::NoCertificate { has: Content::Key, .. }
            | Self::NoKey { has: Content::Certificate, .. } => {
                "are the two files swapped? --tls-cert has the certificates, --tls-key the key"
            }
            Self::NoKey { has: Content::EncryptedKey, .. } => {
                "a password protects it: `openssl pkey -in KEY -out PLAIN` writes it without, for a file \
                 that only the server's user can read"
            }
            Self::NotPem { .. } | Self::NoCertificate { .. } | Self::NoKey { .. } => {
                "PEM has lines such as -----BEGIN CERTIFICATE-----; of DER, `openssl x509 -inform der -in \
                 FILE` and `openssl pkey -inform der -in FILE` make it"
            }
            Self::OfAnother { .. } => {
                "the server's own certificate comes first in the file, then those of its issuers; the key \
                 has to be the one that it was requested with"
            }
            Self::Unusable { .. } => "ask its issuer for a certificate of version 3 (X.509)",
        }
    }
}

/// A certificate with its issuers and its key, and what they were made of.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) certified: Arc<CertifiedKey>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) expires_at: Option<Timestamp>,
}

/// The bytes of both files.
pub(crate) struct Written {
    chain: Vec<u8>,
    key: Vec<u8>,
}

impl Written {
    pub(crate) fn read(chain: &Path, key: &Path) -> Result<Self, CertificateError> {
        let read = |file: &Path| {
            fs::read(file)
                .map_err(|source| CertificateError::Unreadable { file: file.to_owned(), source })
        };
        Ok(Self { chain: read(chain)?, key: read(key)? })
    }

    pub(crate) fn pair(&self, chain: &Path, key: &Path) -> Result<Pair, CertificateError> {
        let certificates = certificates(chain, &self.chain)?;
        let private = private_key(key, &self.key)?;
        let unusable = |why: String| CertificateError::Unusable { file: chain.to_owned(), why };
        let first = certificates.first().ok_or_else(|| unusable("there is none".to_owned()))?;
        let (fingerprint, valid) = (Fingerprint::of(first), validity(first));
        let provider = ring::default_provider();
        let certified =
            CertifiedKey::from_der(certificates, private, &provider).map_err(|error| {
                if matches!(error, Error::InconsistentKeys(_)) {
                    return CertificateError::OfAnother {
                        chain: chain.to_owned(),
                        key: key.to_owned(),
                    };
                }
                unusable(error.to_string())
            })?;
        let expires_at = valid.map(|(_, until)| until);
        Ok(Pair { certified: Arc::new(certified), fingerprint, expires_at })
    }
}

impl Pair {
    /// Whether it is made out to a name, or for an address.
    pub(crate) fn covers(&self, name: &str) -> bool {
        let Some(first) = self.certified.cert.first() else { return false };
        let Ok(name) = ServerName::try_from(name) else { return false };
        ParsedCertificate::try_from(first).is_ok_and(|it| verify_server_name(&it, &name).is_ok())
    }
}

fn certificates(file: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let found: Result<Vec<_>, PemError> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| not_pem(file, &error))?;
    if found.is_empty() {
        return Err(CertificateError::NoCertificate {
            file: file.to_owned(),
            has: Content::of(pem),
        });
    }
    Ok(found)
}

fn private_key(file: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        PemError::NoItemsFound => {
            CertificateError::NoKey { file: file.to_owned(), has: Content::of(pem) }
        }
        other => not_pem(file, &other),
    })
}

fn not_pem(file: &Path, error: &PemError) -> CertificateError {
    CertificateError::NotPem { file: file.to_owned(), why: error.to_string() }
}
