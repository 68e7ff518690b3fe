//! Where a server is, and how it proves who it is.

use std::{fmt, io, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use tidegate_tls::{
    Fingerprint, Trusted, connector, roots_in, roots_of_this_machine,
    rustls::{CertificateError as Wrong, Error as TlsError, pki_types::ServerName},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};

use crate::{
    args::Global,
    error::{CliError, ErrorKind},
    place::ServerNote,
};

/// For a connection, with its handshake; more means that nobody takes it.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Where a URL names no port.
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// A server's address.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    host: String,
    port: u16,
    proof: Proof,
}

/// How a server proves who it is.
#[derive(Clone, Debug)]
enum Proof {
    /// Not at all: TLS is not spoken.
    None,
    /// By the certificate that it noted in its data folder, which only its owner can read.
    Noted(Fingerprint),
    /// By a certificate for its name, of an authority that is trusted.
    Name(Option<PathBuf>),
}

/// What bytes go over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Endpoint {
    /// Of a server that speaks no TLS.
    #[cfg(test)]
    pub(crate) fn plain(address: std::net::SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port(), proof: Proof::None }
    }

    /// Of what the command line names.
    pub(crate) fn named(text: &str, global: &Global) -> Result<Self, CliError> {
        let (host, port, encrypted) = parse(text).ok_or_else(|| {
            CliError::new(ErrorKind::Usage, format!("{text:?} is not a server's address"))
                .hint("it is written as 127.0.0.1:7420, or as https://tidegate.example.com")
        })?;
        let from_environment = || std::env::var_os("TIDEGATE_CA_FILE").filter(|it| !it.is_empty());
        let file = || global.ca_file.clone().or_else(|| from_environment().map(PathBuf::from));
        let proof = if encrypted { Proof::Name(file()) } else { Proof::None };
        Ok(Self { host, port, proof })
    }

    /// Of what a server noted in its data folder.
    pub(crate) fn noted(note: &ServerNote) -> Result<Self, CliError> {
        let proof = match note.certificate.as_deref().map(str::parse) {
            None => Proof::None,
            Some(Ok(known)) => Proof::Noted(known),
            Some(Err(problem)) => {
                return Err(CliError::new(ErrorKind::Unreachable, "server.json cannot be read")
                    .because(&io::Error::other(problem)));
            }
        };
        Ok(Self { host: note.address.ip().to_string(), port: note.address.port(), proof })
    }

    /// Whether anybody takes connections there.
    pub(crate) fn is_open(&self) -> bool {
        std::net::TcpStream::connect((self.host.as_str(), self.port)).is_ok()
    }

    /// What `Host` says.
    pub(crate) fn authority(&self) -> String {
        let host = &self.host;
        if host.contains(':') {
            format!("[{host}]:{}", self.port)
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// Connects, and has the server prove who it is. None when it took too long.
    pub(crate) async fn connect(&self) -> Result<Option<Box<dyn Stream>>, CliError> {
        match timeout(CONNECT_PATIENCE, self.begin()).await {
            Ok(Ok(stream)) => Ok(Some(stream)),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    async fn begin(&self) -> Result<Box<dyn Stream>, CliError> {
        let unreachable = |error: io::Error| self.unreachable().because(&error);
        let stream = connect(&self.host, self.port).await.map_err(unreachable)?;
        let trusted = match &self.proof {
            Proof::None => return Ok(Box::new(stream)),
            Proof::Noted(known) => Trusted::Only(*known),
            Proof::Name(file) => Trusted::Authorities(Arc::new(roots(file.as_ref())?)),
        };
        let name = ServerName::try_from(self.host.clone()).map_err(|error| {
            CliError::new(ErrorKind::Usage, format!("{:?} is no name of a server", self.host))
                .because(&error)
        })?;
        let connector = connector(trusted).map_err(|error| self.unreachable().because(&error))?;
        let encrypted = connector.connect(name, stream).await;
        Ok(Box::new(encrypted.map_err(|error| self.not_proved(&error))?))
    }

    fn unreachable(&self) -> CliError {
        let message = format!("the server at {self} does not answer");
        CliError::new(ErrorKind::Unreachable, message)
    }

    /// What a handshake came to that failed.
    fn not_proved(&self, error: &io::Error) -> CliError {
        let known = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
        let not_trusted = || {
            CliError::new(ErrorKind::Unreachable, format!("the server at {self} is not trusted"))
        };
        match known {
            Some(TlsError::InvalidCertificate(wrong)) => {
                not_trusted().because(error).hint(mend(wrong, &self.proof))
            }
            Some(TlsError::InvalidMessage(_)) => self
                .unreachable()
                .because(error)
                .hint("does it speak TLS there? without it, its address begins with http"),
            _ => self.unreachable().because(error),
        }
    }
}

/// Connects to the first address of a name that takes it.
async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut problem = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in lookup_host((host, port)).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

/// The authorities that are trusted: those of this machine, and those of a file.
fn roots(file: Option<&PathBuf>) -> Result<tidegate_tls::rustls::RootCertStore, CliError> {
    let mut roots = roots_of_this_machine();
    let Some(file) = file else { return Ok(roots) };
    let more = roots_in(file).map_err(|error| {
        CliError::new(ErrorKind::Usage, "the authorities cannot be read").because(&error).hint(
            "--ca-file and TIDEGATE_CA_FILE name a file of certificates in PEM: that of the \
             authority which issued the server's, or the server's own where it is its own issuer",
        )
    })?;
    roots.roots.extend(more.roots);
    Ok(roots)
}

fn mend(wrong: &Wrong, proof: &Proof) -> &'static str {
    if matches!(proof, Proof::Noted(_)) {
        return "another server answers there than the one that noted its certificate in server.json, or \
                it has changed just now: try again";
    }
    match wrong {
        Wrong::UnknownIssuer | Wrong::BadSignature => {
            "name the file of the authority that issued its certificate with --ca-file or \
             TIDEGATE_CA_FILE, if it is one of yours"
        }
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
            "use a name that is in its certificate: `openssl s_client -connect ADDRESS </dev/null | \
             openssl x509 -noout -ext subjectAltName` shows them"
        }
        Wrong::Expired | Wrong::ExpiredContext { .. } => {
            "its certificate has expired: have another issued; is the time of this machine right?"
        }
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => {
            "its certificate is not valid yet: is the time of this machine right?"
        }
        _ => "have another certificate issued for it",
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.proof {
            Proof::None => f.write_str(&self.authority()),
            Proof::Noted(_) | Proof::Name(_) => write!(f, "https://{}", self.authority()),
        }
    }
}

/// Host, port, and whether TLS is spoken.
fn parse(text: &str) -> Option<(String, u16, bool)> {
    let url = match text {
        _ if text.starts_with("http://") || text.starts_with("https://") => text.to_owned(),
        _ => format!("http://{text}"),
    };
    let url = url::Url::parse(&url).ok()?;
    let encrypted = url.scheme() == "https";
    let plain = matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let host = match url.host()? {
        // What a certificate or a `Host` says of this machine is its address.
        url::Host::Domain("localhost") if !encrypted => "127.0.0.1".to_owned(),
        url::Host::Domain(name) => name.to_owned(),
        url::Host::Ipv4(address) => IpAddr::from(address).to_string(),
        url::Host::Ipv6(address) => IpAddr::from(address).to_string(),
    };
    // Without a scheme, a port has to be there: a word alone is more likely a mistake.
    let named_port = text.contains("://")
        || text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let usual = if encrypted { HTTPS_PORT } else { HTTP_PORT };
    (plain && named_port).then(|| (host, url.port().unwrap_or(usual), encrypted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_write_it() {
        let check = |text: &str, expect: Option<(&str, u16, bool)>| {
            let found = parse(text);
            let found = found.as_ref().map(|(host, port, tls)| (host.as_str(), *port, *tls));
            assert_eq!(found, expect, "{text}");
        };
        check("127.0.0.1:7420", Some(("127.0.0.1", 7420, false)));
        check("http://localhost:80/", Some(("127.0.0.1", 80, false)));
        check("localhost:7420", Some(("127.0.0.1", 7420, false)));
        check("[::1]:7", Some(("::1", 7, false)));
        check("tide.example:7420", Some(("tide.example", 7420, false)));
        check("https://tide.example", Some(("tide.example", 443, true)));
        check("https://tide.example:7420/", Some(("tide.example", 7420, true)));
        check("https://[::1]:7420", Some(("::1", 7420, true)));
        check("https://localhost:7420", Some(("localhost", 7420, true)));
        check("http://tide.example", Some(("tide.example", 80, false)));
        check("web", None);
        check("https://tide.example/below", None);
        check("https://me:secret@tide.example", None);
        check("ftp://tide.example", None);
        check("", None);
    }
}
