use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tidegate_ports::Clock;
use tidegate_units::Timestamp;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        Error, ServerConfig,
        crypto::ring,
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
};

use crate::pair::{CertificateError, Fingerprint, Pair, Written};

/// How often the files are looked at. They are read whole each time, some kilobytes: what counts is what is in
/// them, so it does not matter whether they were written over, renamed into place, or a link leads elsewhere now.
const PERIOD: Duration = Duration::from_secs(2);
/// So long before a certificate ends, the log begins to say so: those that are renewed by themselves are, by then.
const WARN_AHEAD: Duration = Duration::from_hours(24 * 14);
/// How often it says so.
const WARN_EVERY: Duration = Duration::from_hours(12);

/// The certificate that a server shows, and its files.
#[derive(Clone, Debug)]
pub struct Certificates(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    chain: PathBuf,
    key: PathBuf,
    shown: RwLock<Arc<Pair>>,
    reloaded: AtomicU64,
    refused: AtomicU64,
}

/// How it is with the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateState {
    /// Which is shown.
    pub fingerprint: Fingerprint,
    /// Until when it is valid, as far as that can be read.
    pub expires_at: Option<Timestamp>,
    /// How often another one was read.
    pub reloaded: u64,
    /// How often what was in the files could not be used.
    pub refused: u64,
}

impl Certificates {
    /// Reads the certificates and the key.
    ///
    /// # Errors
    /// When they cannot be used.
    pub fn open(chain: PathBuf, key: PathBuf) -> Result<Self, CertificateError> {
        let pair = Written::read(&chain, &key)?.pair(&chain, &key)?;
        let shown = RwLock::new(Arc::new(pair));
        let (reloaded, refused) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self(Arc::new(Kept { chain, key, shown, reloaded, refused })))
    }

    /// What greets clients, in TLS 1.2 or 1.3, for HTTP/2 or HTTP/1.1. Which certificate it shows is looked up for
    /// each of them, so connections that there are go on when it changes.
    ///
    /// # Errors
    /// None that are known: the versions are those of `ring`.
    pub fn acceptor(&self) -> Result<TlsAcceptor, Error> {
        let shown = Arc::new(Shown(Arc::clone(&self.0)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(shown);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Whether it is made out to a name.
    pub fn covers(&self, name: &str) -> bool {
        self.0.pair().covers(name)
    }

    /// How it is with it.
    pub fn state(&self) -> CertificateState {
        let pair = self.0.pair();
        CertificateState {
            fingerprint: pair.fingerprint,
            expires_at: pair.expires_at,
            reloaded: self.0.reloaded.load(Relaxed),
            refused: self.0.refused.load(Relaxed),
        }
    }

    /// Looks at the files for ever, and tells when another certificate is shown. What is broken leaves the one
    /// before; the log says so once for each thing that is wrong.
    pub async fn keep(self, clock: Arc<dyn Clock>, mut changed: impl FnMut(CertificateState)) {
        let mut look = Look::default();
        loop {
            self.warn(&mut look, clock.now());
            clock.sleep(PERIOD).await;
            let kept = Arc::clone(&self.0);
            let found = tokio::task::spawn_blocking(move || kept.look()).await;
            let Ok(found) = found else { continue };
            match found {
                Ok(Some(pair)) => {
                    self.0.show(pair);
                    look = Look::default();
                    tracing::info!(until = ?self.expiry(), "another certificate is shown from here on");
                    changed(self.state());
                }
                Ok(None) => look.problem = None,
                Err(problem) => self.refuse(&mut look, &problem),
            }
        }
    }

    fn expiry(&self) -> Option<String> {
        self.state().expires_at.map(Timestamp::whole_seconds)
    }

    /// One file is often written before the other: only what is still wrong at the next look is told.
    fn refuse(&self, look: &mut Look, problem: &CertificateError) {
        let text = problem.to_string();
        let seen = look.problem.take().filter(|(before, _)| *before == text);
        let times = seen.map_or(0, |(_, times)| times) + 1;
        if times == 2 {
            self.0.refused.fetch_add(1, Relaxed);
            tracing::error!(
                hint = problem.hint(),
                "the certificate's files changed and cannot be used, the one before is still shown: {text}"
            );
        }
        look.problem = Some((text, times.min(3)));
    }

    fn warn(&self, look: &mut Look, now: Timestamp) {
        let Some(until) = self.state().expires_at else { return };
        let late = now.after(WARN_AHEAD) >= until;
        let lately = look.warned.is_some_and(|warned| now.since(warned) < WARN_EVERY);
        if !late || lately {
            return;
        }
        look.warned = Some(now);
        let until = until.whole_seconds();
        if self.state().expires_at.is_some_and(|end| end <= now) {
            tracing::error!(
                "the certificate expired at {until}: clients refuse it; write another into its files"
            );
        } else {
            tracing::warn!("the certificate expires at {until}: write another into its files");
        }
    }
}

/// What was told already.
#[derive(Default)]
struct Look {
    problem: Option<(String, u8)>,
    warned: Option<Timestamp>,
}

impl Kept {
    fn pair(&self) -> Arc<Pair> {
        Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another pair than the one that is shown, if the files have one.
    fn look(&self) -> Result<Option<Pair>, CertificateError> {
        let found = Written::read(&self.chain, &self.key)?.pair(&self.chain, &self.key)?;
        let shown = self.pair();
        let same = found.certified.cert == shown.certified.cert;
        Ok((!same).then_some(found))
    }

    fn show(&self, pair: Pair) {
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
        self.reloaded.fetch_add(1, Relaxed);
    }
}

/// Which certificate a client gets: the one, whatever name it asks for.
#[derive(Debug)]
struct Shown(Arc<Kept>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.pair().certified))
    }
}
