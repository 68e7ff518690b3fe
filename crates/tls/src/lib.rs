//! TLS, both ends of it: whose certificates are good enough for a client, and the certificate that a server
//! shows, which is read anew when its files change.
//!
//! What is done over a connection is for others to know. The cryptography is `ring`'s.
//!
//! Invariant: a server never shows a certificate without the key for it; a pair that is broken leaves the one before.

mod certificates;
mod pair;
mod trust;
mod validity;
mod verifiers;

pub use certificates::{CertificateState, Certificates};
pub use pair::{CertificateError, Content, Fingerprint};
pub use trust::{TrustError, Trusted, connector, roots_in, roots_of_this_machine};

/// TLS itself, for who names its types.
pub use tokio_rustls::{TlsAcceptor, TlsConnector, client, rustls, server};
