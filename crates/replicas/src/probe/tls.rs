//! TLS of a probe. As with the kubelet, nobody has to prove who they are: what is asked is whether
//! the container answers, and its certificate is seldom made out to 127.0.0.1.

use std::{io, sync::LazyLock};

use tidegate_tls::{
    TlsConnector, Trusted,
    client::TlsStream,
    connector,
    rustls::{Error, pki_types::ServerName},
};
use tokio::net::TcpStream;

/// Begins TLS on a connection.
pub(super) async fn begin(host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    static CONNECTOR: LazyLock<Result<TlsConnector, Error>> =
        LazyLock::new(|| connector(Trusted::Anybody));
    let connector = CONNECTOR.as_ref().map_err(io::Error::other)?;
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    connector.connect(name, stream).await
}
