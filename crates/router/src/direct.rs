//! Plain HTTP/1.1 requests, carried without hyper: most requests, at less than half the work.
//!
//! Bytes are read into one buffer that the worker's tasks share, looked at where they are, and
//! written on within the same poll. Only what the other side cannot take at once is copied.

use std::{
    future::poll_fn,
    io, mem,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use rustix::net::{RecvFlags, recv};
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::TcpStream,
};

use crate::{
    direct_request::{self, Plain, Seen},
    proxy::Client,
    refusal::Refusal,
    view::LocalRoute,
    watch::Watch,
    wire::is_http2,
    worker::Worker,
};

/// Buffers above this are given back to the machine after a request.
const KEPT_BYTES: usize = 16 * 1024;

/// A client's connection, as long as its requests are plain.
#[derive(Debug)]
pub(crate) struct Direct<'a> {
    /// Whose requests these are.
    pub(crate) client: &'a Client,
    /// Who carries them.
    pub(crate) worker: &'a Rc<Worker>,
    /// The client's side.
    pub(crate) stream: TcpStream,
    /// Who watches over it.
    pub(crate) watch: &'a Watch,
    /// What is to be written next: the request to the replica, then its answer to the client.
    pub(crate) out: Vec<u8>,
    /// Read, and part of a request that is not whole yet.
    pending: Vec<u8>,
    /// Whether `pending` was looked at since it last grew.
    looked: bool,
    /// Whether the client has sent the beginning of its next request already.
    ahead: bool,
}

/// How a connection left this path.
#[derive(Debug)]
pub(crate) enum Left {
    /// It is closed.
    Closed,
    /// A request came that is not plain: hyper takes over, from these bytes on.
    ToHyper {
        /// The connection.
        stream: TcpStream,
        /// What was read and not carried.
        first: Vec<u8>,
        /// Whether it is HTTP/2.
        http2: bool,
    },
}

enum Next {
    Plain(Rc<LocalRoute>, Plain),
    Other { http2: bool },
    Closed,
}

/// Carries a connection's requests for as long as they are plain.
pub(crate) async fn serve(client: &Client, stream: TcpStream, watch: &Arc<Watch>) -> Left {
    let mut direct = Direct {
        client,
        worker: client.worker(),
        stream,
        watch,
        out: Vec::new(),
        pending: Vec::new(),
        looked: true,
        ahead: false,
    };
    loop {
        match poll_fn(|cx| direct.poll_next(cx)).await {
            Next::Closed => return Left::Closed,
            Next::Other { http2 } => {
                let Direct { stream, pending, .. } = direct;
                return Left::ToHyper { stream, first: pending, http2 };
            }
            Next::Plain(route, plain) => {
                watch.begin();
                let goes_on = direct.carry(route, &plain).await;
                watch.end();
                if !goes_on {
                    return Left::Closed;
                }
                direct.after_request();
            }
        }
    }
}

impl Direct<'_> {
    fn after_request(&mut self) {
        self.ahead = false;
        self.out.clear();
        if self.out.capacity() > KEPT_BYTES {
            self.out = Vec::new();
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if !self.looked {
            let bytes = mem::take(&mut self.pending);
            self.watch.began();
            if let Some(next) = self.look(&bytes) {
                return Poll::Ready(next);
            }
        }
        let worker = self.worker;
        let mut scratch = worker.scratch.borrow_mut();
        loop {
            if self.watch.poll_close(cx).is_ready() {
                // A request that came while the router did not look would be answered by a reset. One
                // of which a part has come has had its time.
                if !self.pending.is_empty() || !has_bytes(&self.stream) {
                    return Poll::Ready(Next::Closed);
                }
                self.watch.goes_on();
            }
            let Ok(bytes) = ready!(poll_read(&mut self.stream, cx, &mut scratch)) else {
                return Poll::Ready(Next::Closed);
            };
            if bytes.is_empty() {
                return Poll::Ready(Next::Closed);
            }
            self.watch.began();
            let next =
                if self.pending.is_empty() { self.look(bytes) } else { self.look_again(bytes) };
            if let Some(next) = next {
                return Poll::Ready(next);
            }
        }
    }

    /// Looks for a request in `bytes`, and keeps what does not belong to it as pending. None when
    /// more must be read.
    fn look(&mut self, bytes: &[u8]) -> Option<Next> {
        let seen = self.seen(bytes);
        let used = match &seen {
            Some(Next::Plain(_, plain)) => plain.length,
            _ => 0,
        };
        let rest = bytes.get(used..).unwrap_or_default();
        self.pending.extend_from_slice(rest);
        self.looked = rest.is_empty() || seen.is_none();
        if seen.is_none() && bytes.len() > self.worker.shared.settings.limits.head_bytes {
            return Some(Next::Other { http2: false });
        }
        seen
    }

    /// Looks again at a head that has grown by `bytes`: only when it can be whole by now, so that
    /// a head that comes byte by byte costs no more than another.
    fn look_again(&mut self, bytes: &[u8]) -> Option<Next> {
        let before = self.pending.len().saturating_sub(2);
        self.pending.extend_from_slice(bytes);
        let grown = self.pending.get(before..).unwrap_or_default();
        let may_be_whole = contains(grown, b"\n\r\n") || contains(grown, b"\n\n");
        let too_long = self.pending.len() > self.worker.shared.settings.limits.head_bytes;
        if may_be_whole || too_long {
            let all = mem::take(&mut self.pending);
            self.look(&all)
        } else {
            None
        }
    }

    fn seen(&mut self, bytes: &[u8]) -> Option<Next> {
        let other = Some(Next::Other { http2: false });
        let shared = &self.worker.shared;
        match is_http2(bytes) {
            None => return None,
            Some(true) => return Some(Next::Other { http2: true }),
            Some(false) if shared.is_stopping() || shared.log.is_some() => return other,
            Some(false) => {}
        }
        let Some(route) = self.client.route() else { return other };
        let limits = &shared.settings.limits;
        let peer = self.client.peer_value();
        match direct_request::look(bytes, peer, &route, limits.head_fields, &mut self.out) {
            Seen::Part => None,
            Seen::Plain(plain) if plain.body as u64 > limits.body_bytes => other,
            Seen::Plain(plain) if plain.length - plain.body > limits.head_bytes => other,
            Seen::Plain(plain) => Some(Next::Plain(route, plain)),
            Seen::Other => other,
        }
    }

    /// Answers instead of a replica. Says whether the connection goes on.
    pub(crate) async fn refuse(&mut self, refusal: Refusal, to_head: bool) -> bool {
        self.worker.count_refusal(refusal);
        let text = if to_head { "" } else { refusal.text() };
        let head = format!(
            "HTTP/1.1 {}\r\nx-tidegate-error: {}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\r\n{text}",
            refusal.status(),
            refusal.reason(),
            refusal.text().len(),
        );
        self.out.clear();
        self.out.extend_from_slice(head.as_bytes());
        let mut written = 0;
        poll_fn(|cx| self.poll_flush(cx, &mut written)).await.is_ok()
    }

    /// Writes `out` to the client, from `written` on.
    pub(crate) fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        written: &mut usize,
    ) -> Poll<io::Result<()>> {
        while let Some(rest) = self.out.get(*written..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(count) => *written += count?,
                Poll::Pending => {
                    ready!(self.watch.poll_expired(cx));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
            self.watch.touch();
        }
        Poll::Ready(Ok(()))
    }

    /// Whether the client has gone while a replica is waited for. Bytes that it sends meanwhile
    /// are its next request; after them it is no longer looked at.
    pub(crate) fn is_gone(&mut self, cx: &mut Context<'_>) -> bool {
        if self.ahead || !self.pending.is_empty() {
            return false;
        }
        let mut byte = [0];
        match self.stream.poll_peek(cx, &mut ReadBuf::new(&mut byte)) {
            Poll::Pending => false,
            Poll::Ready(Ok(1..)) => {
                self.ahead = true;
                false
            }
            Poll::Ready(_) => true,
        }
    }
}

/// Whether bytes of the client wait to be read, as the kernel knows it now.
fn has_bytes(stream: &TcpStream) -> bool {
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    recv(stream, &mut [0], flags).is_ok_and(|(count, _)| count > 0)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Reads what is there into `scratch`.
pub(crate) fn poll_read<'a>(
    stream: &mut TcpStream,
    cx: &mut Context<'_>,
    scratch: &'a mut [u8],
) -> Poll<io::Result<&'a [u8]>> {
    let mut buffer = ReadBuf::new(scratch);
    ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
    let count = buffer.filled().len();
    Poll::Ready(Ok(scratch.get(..count).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{io::AsyncWriteExt as _, net::TcpListener};

    #[tokio::test]
    async fn what_the_kernel_holds_is_seen_before_it_is_read() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        assert!(!has_bytes(&server));
        client.write_all(b"GET").await.unwrap();
        client.flush().await.unwrap();
        assert!(has_bytes(&server) && has_bytes(&server));
        drop((client, listener));
        let mut ended = server;
        let mut bytes = [0; 8];
        tokio::io::AsyncReadExt::read(&mut ended, &mut bytes).await.unwrap();
        assert!(!has_bytes(&ended), "an end is no byte");
    }
}
