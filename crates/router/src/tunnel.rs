use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional_with_sizes},
    task::spawn_local,
    time::{Instant, sleep_until},
};

use crate::{ticket::Ticket, worker::Open};

/// A tunnel's buffer in each direction; a message larger than this takes several writes.
const BUFFER: usize = 8 * 1024;

/// What a tunnel holds on to while it lasts: it counts as in flight and as a connection.
#[derive(Debug)]
pub(crate) struct Stay {
    /// Counts it at the replica.
    pub(crate) _ticket: Ticket,
    /// Counts it at the listener.
    pub(crate) _open: Rc<Open>,
}

/// Passes bytes both ways until both sides have closed, one breaks, or none came for `idle`.
pub(crate) fn start(client: OnUpgrade, replica: OnUpgrade, stay: Stay, idle: Duration) {
    spawn_local(async move {
        let (client, replica) = tokio::join!(client, replica);
        if let (Ok(client), Ok(replica)) = (client, replica) {
            let moved = Rc::new(Cell::new(Instant::now()));
            let mut client = TokioIo::new(client);
            let mut replica = Noticed { io: TokioIo::new(replica), moved: Rc::clone(&moved) };
            let copy = copy_bidirectional_with_sizes(&mut client, &mut replica, BUFFER, BUFFER);
            tokio::select! {
                _ = copy => {}
                () = quiet(&moved, idle) => {}
            }
        }
        drop(stay);
    });
}

async fn quiet(moved: &Cell<Instant>, idle: Duration) {
    loop {
        let deadline = moved.get() + idle;
        if deadline <= Instant::now() {
            return;
        }
        sleep_until(deadline).await;
    }
}

/// Notices when bytes come or go.
struct Noticed<T> {
    io: T,
    moved: Rc<Cell<Instant>>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Noticed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        if polled.is_ready() {
            self.moved.set(Instant::now());
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Noticed<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, buf);
        if polled.is_ready() {
            self.moved.set(Instant::now());
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
