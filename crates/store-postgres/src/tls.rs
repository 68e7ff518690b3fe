//! TLS to the database, in the words of libpq.

use std::{
    future::Future,
    io,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tidegate_tls::{
    TlsConnector, Trusted,
    client::TlsStream as Encrypted,
    roots_in, roots_of_this_machine,
    rustls::{RootCertStore, pki_types::ServerName},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

/// How the connection to the database is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// `sslmode=disable`.
    None,
    /// `sslmode=require`: nobody who only listens reads anything; who the server is is not known.
    Unproved,
    /// `sslmode=verify-full`: by a certificate for the server's name, of these authorities.
    Proved(Authorities),
}

/// Whose certificates count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authorities {
    /// What this machine trusts.
    OfThisMachine,
    /// `sslrootcert`.
    File(PathBuf),
}

/// Makes what speaks TLS; nothing where none is wanted.
pub(crate) fn connector(encryption: &Encryption) -> Result<Option<Tls>, String> {
    let trusted = match encryption {
        Encryption::None => return Ok(None),
        Encryption::Unproved => Trusted::Anybody,
        Encryption::Proved(authorities) => Trusted::Authorities(Arc::new(roots(authorities)?)),
    };
    let connector = tidegate_tls::connector(trusted).map_err(|problem| problem.to_string())?;
    Ok(Some(Tls(connector)))
}

fn roots(authorities: &Authorities) -> Result<RootCertStore, String> {
    match authorities {
        Authorities::OfThisMachine => Ok(roots_of_this_machine()),
        Authorities::File(path) => {
            roots_in(path).map_err(|error| format!("sslrootcert cannot be used: {error}"))
        }
    }
}

/// Speaks TLS to a server of the database.
#[derive(Clone)]
pub(crate) struct Tls(TlsConnector);

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Named;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> io::Result<Named> {
        let name = ServerName::try_from(domain.to_owned()).map_err(io::Error::other)?;
        Ok(Named { connector: self.0.clone(), name })
    }
}

/// The same to one server.
pub(crate) struct Named {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl<S> TlsConnect<S> for Named
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { self.connector.connect(self.name, stream).await.map(Stream) })
    }
}

/// A connection under TLS.
pub(crate) struct Stream<S>(Encrypted<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    /// Who is in between with `require` can pass a password's proof on in any case; with `verify-full`
    /// the certificate proves already what this would.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}
