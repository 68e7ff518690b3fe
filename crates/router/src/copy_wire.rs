//! Connections on which copies of requests go, and what comes back on them.

use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    direct_answer::{self, Framing, Given, Head},
    mirror::Room,
    pool::connect,
    settings::Limits,
};

/// A connection that was idle for longer may be about to be closed by the replica, and a copy is
/// not sent again.
pub(crate) const FRESH: Duration = Duration::from_secs(1);
/// Idle connections that are kept to one replica.
const IDLE: usize = 32;

/// Idle connections to replicas.
#[derive(Debug, Default)]
pub(crate) struct Wires {
    idle: RefCell<HashMap<SocketAddr, Vec<(TcpStream, Instant)>>>,
}

/// Why a copy has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The replica took no connection, cut it or sent nonsense.
    Unanswered,
    /// The connection was an idle one that was just being closed, which says nothing.
    Stale,
}

impl From<io::Error> for Lost {
    fn from(_: io::Error) -> Self {
        Self::Unanswered
    }
}

/// An answer whose head is there.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Microseconds until then.
    pub(crate) micros: u64,
    /// Its head, as a client would see it.
    pub(crate) text: Vec<u8>,
    head: Head,
    address: SocketAddr,
    stream: TcpStream,
    /// Read, and of its body.
    got: Vec<u8>,
}

impl Begun {
    /// Its status.
    pub(crate) fn status(&self) -> u16 {
        self.head.status
    }
}

/// What is kept of a body.
#[derive(Debug)]
pub(crate) struct Kept {
    bytes: Vec<u8>,
    most: usize,
    room: Option<Room>,
}

impl Kept {
    /// Nothing at all.
    pub(crate) fn nothing() -> Self {
        Self { bytes: Vec::new(), most: 0, room: None }
    }

    /// All of one that has no more than so many bytes, while there is room for it.
    pub(crate) fn up_to(most: usize, room: Room) -> Self {
        Self { bytes: Vec::new(), most, room: Some(room) }
    }

    fn take(&mut self, piece: &[u8]) {
        let Some(room) = &mut self.room else { return };
        if self.bytes.len() + piece.len() <= self.most && room.grow(piece.len()) {
            self.bytes.extend_from_slice(piece);
        } else {
            self.bytes = Vec::new();
            self.room = None;
        }
    }

    /// The body, when all of it was kept.
    fn into_whole(self, framing: Framing) -> Option<Vec<u8>> {
        self.room?;
        match framing {
            Framing::Chunked(_) => unchunked(&self.bytes),
            Framing::Length(_) | Framing::Close => Some(self.bytes),
        }
    }
}

impl Wires {
    /// Whether there are no idle connections.
    pub(crate) fn is_empty(&self) -> bool {
        self.idle.borrow().is_empty()
    }

    /// Closes those that were idle for too long.
    pub(crate) fn sweep(&self) {
        self.idle.borrow_mut().retain(|_, idle| {
            idle.retain(|(_, since)| since.elapsed() < FRESH);
            !idle.is_empty()
        });
    }

    /// Sends a copy and waits for the head of its answer.
    pub(crate) async fn send(
        &self,
        request: &[u8],
        to_head: bool,
        address: SocketAddr,
        limits: &Limits,
    ) -> Result<Begun, Lost> {
        let started = Instant::now();
        let idle = self.take_idle(address);
        let reused = idle.is_some();
        let mut stream = match idle {
            Some(stream) => stream,
            None => connect(address, limits.connect_timeout).await?,
        };
        let sent = stream.write_all(request).await;
        let (mut got, mut text) = (Vec::with_capacity(4096), Vec::new());
        let begun = async {
            sent?;
            read_head(&mut stream, &mut got, &mut text, to_head, limits).await
        };
        let head = match begun.await {
            Err(_) if reused && got.is_empty() => return Err(Lost::Stale),
            begun => begun?,
        };
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Ok(Begun { micros, text, head, address, stream, got })
    }

    /// Reads the body of an answer to its end. Gives it back when all of it was to be kept.
    pub(crate) async fn finish(
        &self,
        mut begun: Begun,
        kept: &mut Kept,
    ) -> Result<Option<Vec<u8>>, Lost> {
        let framing = begun.head.framing;
        let whole = read_body(&mut begun, kept).await?;
        if whole && begun.head.reusable {
            self.keep_idle(begun.address, begun.stream);
        }
        Ok(std::mem::replace(kept, Kept::nothing()).into_whole(framing))
    }

    /// An idle connection that is not known to be closed.
    fn take_idle(&self, address: SocketAddr) -> Option<TcpStream> {
        let mut all = self.idle.borrow_mut();
        let idle = all.get_mut(&address)?;
        while let Some((stream, since)) = idle.pop() {
            let quiet = stream.try_read(&mut [0]).is_err_and(|error| is_pending(&error));
            if since.elapsed() < FRESH && quiet {
                return Some(stream);
            }
        }
        None
    }

    fn keep_idle(&self, address: SocketAddr, stream: TcpStream) {
        let mut all = self.idle.borrow_mut();
        let idle = all.entry(address).or_default();
        if idle.len() < IDLE {
            idle.push((stream, Instant::now()));
        }
    }
}

fn is_pending(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Reads the head of an answer into `text`; `got` is left with what came of its body.
async fn read_head(
    stream: &mut TcpStream,
    got: &mut Vec<u8>,
    text: &mut Vec<u8>,
    to_head: bool,
    limits: &Limits,
) -> Result<Head, Lost> {
    loop {
        if stream.read_buf(got).await? == 0 {
            return Err(Lost::Unanswered);
        }
        loop {
            match direct_answer::look(got, to_head, limits.head_fields, [None, None], text) {
                Given::Nonsense => return Err(Lost::Unanswered),
                Given::Part if got.len() > limits.head_bytes => return Err(Lost::Unanswered),
                Given::Part => break,
                Given::Interim(length) => drop(got.drain(..length)),
                Given::Head(head) => {
                    got.drain(..head.length);
                    return Ok(head);
                }
            }
        }
    }
}

/// Reads the body of an answer. Whether it ended before its connection.
async fn read_body(begun: &mut Begun, kept: &mut Kept) -> Result<bool, Lost> {
    let Begun { head, stream, got, .. } = begun;
    loop {
        let (used, ended) = head.framing.feed(got).map_err(|_| Lost::Unanswered)?;
        head.reusable &= used == got.len();
        kept.take(got.get(..used).unwrap_or_default());
        if ended {
            return Ok(true);
        }
        got.clear();
        if stream.read_buf(got).await? == 0 {
            let at_end = head.framing == Framing::Close;
            return if at_end { Ok(false) } else { Err(Lost::Unanswered) };
        }
    }
}

/// The data of a body in chunks that was seen to be one (RFC 9112, section 7.1).
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut data = Vec::with_capacity(rest.len());
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let (line, after) = (rest.get(..end)?, rest.get(end + 2..)?);
        let digits = line.split(|byte| !byte.is_ascii_hexdigit()).next()?;
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if size == 0 {
            return Some(data);
        }
        data.extend_from_slice(after.get(..size)?);
        rest = after.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together() {
        let check = |body: &[u8], expect: Option<&[u8]>| {
            assert_eq!(unchunked(body).as_deref(), expect, "{body:?}");
        };
        check(
            b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
            Some(b"abc0123456789"),
        );
        check(b"0\r\n\r\n", Some(b""));
        check(b"3\r\nab", None);
        check(b"", None);
    }
}
