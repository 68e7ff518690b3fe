//! Whose certificates are good enough.

use std::sync::Arc;

use tidegate_tls::{TlsConnector, Trusted, connector, roots_of_this_machine};
use tokio::sync::OnceCell;

/// How a server has to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By a certificate that this machine trusts.
    Trusted,
    /// By any certificate.
    Any,
}

impl Proof {
    /// What the field `insecure` of a metric means.
    pub fn of(insecure: bool) -> Self {
        if insecure { Self::Any } else { Self::Trusted }
    }
}

/// The authorities that this machine trusts, read when the first server is asked over TLS.
#[derive(Default)]
pub struct Trust {
    trusted: OnceCell<TlsConnector>,
}

impl Trust {
    /// What speaks TLS to a server.
    pub async fn connector(&self, proof: Proof) -> Result<TlsConnector, String> {
        match proof {
            Proof::Any => connector(Trusted::Anybody).map_err(|problem| problem.to_string()),
            Proof::Trusted => self.trusted.get_or_try_init(trusted).await.cloned(),
        }
    }
}

async fn trusted() -> Result<TlsConnector, String> {
    let found = tokio::task::spawn_blocking(roots_of_this_machine);
    let roots = found.await.map_err(|problem| problem.to_string())?;
    connector(Trusted::Authorities(Arc::new(roots))).map_err(|problem| problem.to_string())
}
