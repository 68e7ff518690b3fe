//! The certificate of the API, and TLS on its connections.

use std::{io, net::IpAddr, sync::Arc};

use tidegate_api::{Certificate, Listener, Reach, Speech, give_up_early};
use tidegate_ports::Clock;
use tidegate_tls::{Certificates, TlsAcceptor, server::TlsStream};
use tidegate_units::Timestamp;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    args::TlsArgs,
    error::{CliError, ErrorKind},
    place::{Place, ServerNote},
    server::folder,
};

/// What begins a connection of TLS: a record of a handshake.
const HANDSHAKE: u8 = 0x16;
/// What somebody is told who speaks plain HTTP there.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 54\r\nConnection: close\r\n\r\nThis server speaks TLS: begin its address with https.\n";

/// The certificate that the command line names.
pub(crate) fn certificates(args: &TlsArgs) -> Result<Option<Certificates>, CliError> {
    let (Some(chain), Some(key)) = (args.tls_cert.clone(), args.tls_key.clone()) else {
        return Ok(None);
    };
    // A path of its own: whoever changes the folder of the process later does not change which files these are.
    let absolute = |path| std::path::absolute(path).map_err(|error| unusable().because(&error));
    let certificates = Certificates::open(absolute(chain)?, absolute(key)?);
    certificates.map(Some).map_err(|error| unusable().because(&error).hint(error.hint()))
}

fn unusable() -> CliError {
    CliError::new(ErrorKind::Usage, "the server has no certificate that it could show")
}

/// Who may reach the server.
pub(crate) fn reach(args: &TlsArgs) -> Reach {
    if args.tls_cert.is_some() || args.listen_without_tls {
        Reach::Network
    } else {
        Reach::ThisMachine
    }
}

/// Keeps the certificate that is shown the one in its files, and the note of the server with it: by that clients
/// of this data folder know the server.
pub(crate) fn keep(
    certificates: &Certificates,
    clock: Arc<dyn Clock>,
    (place, note): (Place, ServerNote),
) -> JoinHandle<()> {
    let kept = certificates.clone().keep(clock, move |state| {
        let note = ServerNote { certificate: Some(state.fingerprint.to_string()), ..note.clone() };
        if let Err(error) = folder::write_note(&place, &note) {
            let error = error.render(crate::paint::Paint::Plain);
            tracing::warn!(%error, "clients of the data folder are not told of the certificate");
        }
    });
    tokio::spawn(kept)
}

/// The certificate, as the API asks for it.
pub(crate) struct Shown(pub(crate) Certificates);

impl Certificate for Shown {
    fn covers(&self, host: &str) -> bool {
        self.0.covers(host)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.0.state().expires_at
    }

    fn reloaded(&self) -> u64 {
        self.0.state().reloaded
    }

    fn refused(&self) -> u64 {
        self.0.state().refused
    }
}

/// Connections on which TLS is spoken.
pub(crate) struct Encrypted {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Encrypted {
    pub(crate) fn new(
        listener: TcpListener,
        certificates: &Certificates,
    ) -> Result<Self, CliError> {
        let acceptor = certificates.acceptor().map_err(|error| unusable().because(&error))?;
        Ok(Self { listener, acceptor })
    }
}

impl Listener for Encrypted {
    type Arrival = TcpStream;
    type Connection = TlsStream<TcpStream>;

    async fn next(&self) -> io::Result<TcpStream> {
        let stream = self.listener.accept().await?.0;
        give_up_early(&stream);
        Ok(stream)
    }

    fn source(stream: &TcpStream) -> Option<IpAddr> {
        <TcpListener as Listener>::source(stream)
    }

    fn greet(
        &self,
        stream: TcpStream,
    ) -> impl Future<Output = io::Result<(TlsStream<TcpStream>, Speech)>> + Send + 'static {
        let acceptor = self.acceptor.clone();
        async move {
            let stream = tls_only(stream).await?;
            let stream = acceptor.accept(stream).await?;
            let speech = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Speech::Http2,
                _ => Speech::Http1,
            };
            Ok((stream, speech))
        }
    }
}

/// The connection, unless something else than TLS is spoken there.
async fn tls_only(mut stream: TcpStream) -> io::Result<TcpStream> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
        stream.write_all(SPEAK_TLS).await?;
        stream.shutdown().await?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, "TLS is not spoken there"));
    }
    Ok(stream)
}
