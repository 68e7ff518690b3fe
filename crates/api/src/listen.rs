use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tidegate_units::Timestamp;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};

/// How long a client may owe an acknowledgement of what was sent until the kernel gives it up: without this it
/// tries for a quarter of an hour. Packets that are lost on a bad network come again within some seconds.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// An address on which the API cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Other machines could reach it, and its token would cross the network in the clear.
    #[error(
        "{0} is not a loopback address, and without TLS tokens would cross the network in the clear"
    )]
    NotLoopback(SocketAddr),
    /// It cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Who can reach the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Programs of this machine alone.
    ThisMachine,
    /// Whoever the network lets through: what is told there is encrypted, or it was said in so many words that it
    /// need not be.
    Network,
}

/// Listens on `address`; port 0 stands for any free one.
///
/// # Errors
/// When others than `reach` says could come there, and when it cannot be had.
pub async fn listen(address: SocketAddr, reach: Reach) -> Result<TcpListener, ServeError> {
    if reach == Reach::ThisMachine && !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })
}

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// HTTP/1.1, or 1.0.
    Http1,
    /// HTTP/2.
    Http2,
}

/// Where connections come from.
pub trait Listener {
    /// One of them, of which nothing is known yet.
    type Arrival: Send + 'static;
    /// One of them on which requests are sent.
    type Connection: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next one.
    ///
    /// # Errors
    /// When it could not be taken; there may be more all the same.
    fn next(&self) -> impl Future<Output = io::Result<Self::Arrival>> + Send;

    /// From which address one of them comes, where that is known.
    fn source(_arrival: &Self::Arrival) -> Option<IpAddr> {
        None
    }

    /// What has to be said before the first request, such as the handshake of TLS. It is given up after a while.
    ///
    /// # Errors
    /// When it came to nothing.
    fn greet(
        &self,
        arrival: Self::Arrival,
    ) -> impl Future<Output = io::Result<(Self::Connection, Speech)>> + Send + 'static;
}

impl Listener for TcpListener {
    type Arrival = TcpStream;
    type Connection = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        let stream = self.accept().await?.0;
        give_up_early(&stream);
        Ok(stream)
    }

    fn source(stream: &TcpStream) -> Option<IpAddr> {
        stream.peer_addr().ok().map(|address| address.ip())
    }

    fn greet(
        &self,
        stream: TcpStream,
    ) -> impl Future<Output = io::Result<(TcpStream, Speech)>> + Send + 'static {
        std::future::ready(Ok((stream, Speech::Http1)))
    }
}

/// Has the kernel give up a client that is not there any more, and send what there is at once.
pub fn give_up_early(stream: &TcpStream) {
    let limit = u32::try_from(UNACKNOWLEDGED.as_millis()).unwrap_or(u32::MAX);
    let told = rustix::net::sockopt::set_tcp_user_timeout(stream, limit);
    // Where the kernel knows no such limit, its own holds.
    if let Err(error) = told.map_err(io::Error::from).and_then(|()| stream.set_nodelay(true)) {
        tracing::debug!(%error, "a connection keeps the kernel's own settings");
    }
}

/// What the server shows to whoever connects over TLS.
pub trait Certificate: Send + Sync {
    /// Whether it is made out to this name of a host.
    fn covers(&self, host: &str) -> bool;
    /// Until when it is valid, as far as that is known.
    fn expires_at(&self) -> Option<Timestamp>;
    /// How often another one was taken from its files since the server started.
    fn reloaded(&self) -> u64;
    /// How often what was in its files could not be used.
    fn refused(&self) -> u64;
}

/// A certificate, or none where TLS is not spoken.
pub(crate) type Shown = Option<Arc<dyn Certificate>>;
