use std::path::PathBuf;

use clap::Args;

/// How the API proves who it is.
#[derive(Debug, Args)]
pub(crate) struct TlsArgs {
    /// Speak TLS to clients and browsers with this certificate, in PEM, its issuers after it. It is read anew when
    /// it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's key, in PEM: PKCS#8, SEC1 or PKCS#1
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Listen where other machines come without TLS: tokens cross the network as they are. For where
    /// something else encrypts it, such as a proxy on another machine or a VPN
    #[arg(long, conflicts_with = "tls_cert")]
    pub(crate) listen_without_tls: bool,
}
