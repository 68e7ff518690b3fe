use std::{
    cell::{Cell, RefCell},
    io,
    net::SocketAddr,
    rc::Rc,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use rustix::io::Errno;
use tokio::{
    net::TcpStream,
    task::spawn_local,
    time::{sleep, timeout},
};

use crate::{
    connection::MIN_BUFFER, exec::LocalExec, request_body::RequestBody, settings::Limits,
    wire::Upstream,
};

/// A request that cannot be repeated goes only on a connection that was in use within this time:
/// servers close idle ones after seconds, so it will hardly meet one that is being closed.
const FRESH: Duration = Duration::from_secs(1);

/// So long a request waits for a connection where this machine has no file or port left for another:
/// half of what clients wait as a rule, and many times what the requests take that have one.
const SCARCE: Duration = Duration::from_secs(5);

/// How often it looks meanwhile whether one came free.
const LOOK: Duration = Duration::from_millis(10);

/// One worker's connections to one replica.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: RefCell<Vec<Idle>>,
    plain: RefCell<Vec<IdlePlain>>,
    http2: RefCell<Option<http2::SendRequest<RequestBody>>>,
    closed: Cell<bool>,
    limit: usize,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

#[derive(Debug)]
struct IdlePlain {
    stream: TcpStream,
    since: Instant,
}

/// A connection that takes one request at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Takes the request.
    pub(crate) sender: http1::SendRequest<RequestBody>,
    /// Whether anything came on it since this was last cleared.
    pub(crate) answered: Arc<AtomicBool>,
    /// Whether it carried a request before.
    pub(crate) reused: bool,
}

/// A connection in use. It goes back to its pool by [`Lease::give_back`], or is closed.
#[derive(Debug)]
pub(crate) struct Lease {
    pool: Rc<Pool>,
    connection: Connection,
}

impl Pool {
    /// A pool that keeps at most `limit` idle connections.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            idle: RefCell::default(),
            plain: RefCell::default(),
            http2: RefCell::default(),
            closed: Cell::new(false),
            limit,
        }
    }

    /// The idle connection that was used last; only a fresh one for a request that cannot be
    /// repeated.
    pub(crate) fn take(&self, repeatable: bool) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        let mut index = idle.len();
        while index > 0 {
            index -= 1;
            let found = idle.get(index)?;
            if found.connection.sender.is_closed() {
                idle.remove(index);
            } else if !repeatable && found.since.elapsed() > FRESH {
                return None;
            } else if found.connection.sender.is_ready() {
                return Some(idle.remove(index).connection);
            }
        }
        None
    }

    /// The idle connection without hyper around it that was used last; only a fresh one for a
    /// request that cannot be repeated.
    pub(crate) fn take_plain(&self, repeatable: bool) -> Option<TcpStream> {
        let mut idle = self.plain.borrow_mut();
        if !repeatable && idle.last()?.since.elapsed() > FRESH {
            return None;
        }
        idle.pop().map(|idle| idle.stream)
    }

    /// Keeps a connection without hyper around it, whose answer was read to its end.
    pub(crate) fn keep_plain(&self, stream: TcpStream, since: Instant) {
        let mut idle = self.plain.borrow_mut();
        if !self.closed.get() && idle.len() < self.limit {
            idle.push(IdlePlain { stream, since });
        }
    }

    /// Closes connections that were idle since before `oldest`.
    pub(crate) fn sweep(&self, oldest: Instant) {
        self.idle
            .borrow_mut()
            .retain(|idle| idle.since > oldest && !idle.connection.sender.is_closed());
        self.plain.borrow_mut().retain(|idle| idle.since > oldest);
    }

    /// The replica has left the table: no connection is kept from now on.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        self.idle.borrow_mut().clear();
        self.plain.borrow_mut().clear();
        self.http2.borrow_mut().take();
    }

    /// The HTTP/2 connection to the replica at `address`, made when there is none.
    pub(crate) async fn http2(
        &self,
        address: SocketAddr,
        limits: &Limits,
    ) -> io::Result<http2::SendRequest<RequestBody>> {
        let open = self.http2.borrow().clone();
        if let Some(sender) = open.filter(|sender| !sender.is_closed()) {
            return Ok(sender);
        }
        let stream = connect(address, limits.connect_timeout).await?;
        let head = u32::try_from(limits.head_bytes).unwrap_or(u32::MAX);
        let (sender, connection) = http2::Builder::new(LocalExec)
            .max_header_list_size(head)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        spawn_local(connection);
        if !self.closed.get() {
            self.http2.replace(Some(sender.clone()));
        }
        Ok(sender)
    }
}

impl Connection {
    /// A new connection to `address`.
    pub(crate) async fn open(address: SocketAddr, limits: &Limits) -> io::Result<Self> {
        let stream = connect(address, limits.connect_timeout).await?;
        let answered = Arc::new(AtomicBool::new(false));
        let io = Upstream { stream, answered: Arc::clone(&answered) };
        let (sender, connection) = http1::Builder::new()
            .max_headers(limits.head_fields)
            .max_header_size(limits.head_bytes)
            .max_buf_size(limits.head_bytes.max(MIN_BUFFER))
            .handshake(TokioIo::new(io))
            .await
            .map_err(io::Error::other)?;
        spawn_local(connection.with_upgrades());
        Ok(Self { sender, answered, reused: false })
    }
}

impl Lease {
    /// `connection` of `pool` is in use.
    pub(crate) fn new(pool: &Rc<Pool>, connection: Connection) -> Self {
        Self { pool: Rc::clone(pool), connection }
    }

    /// The answer was read to its end: the connection can take another request.
    pub(crate) fn give_back(self) {
        let Self { pool, mut connection } = self;
        let mut idle = pool.idle.borrow_mut();
        if pool.closed.get() || idle.len() >= pool.limit || connection.sender.is_closed() {
            return;
        }
        connection.reused = true;
        idle.push(Idle { connection, since: Instant::now() });
    }
}

/// Whether a connection could not be made for want of files, ports or memory of this machine. That
/// says nothing about whom it was to be made to: a replica that is held to be dead for it, or a
/// revision that is held to be bad, would be so long after there are ports again.
pub(crate) fn is_own_want(error: &io::Error) -> bool {
    let wants = Errno::from_io_error(error);
    matches!(
        wants,
        Some(Errno::NOMEM | Errno::NFILE | Errno::MFILE | Errno::ADDRNOTAVAIL | Errno::NOBUFS)
    )
}

/// A connection as `get` takes it from a pool or makes it. Where this machine lacks what it is made of,
/// one that carries a request now is soon free for the next, so that is waited for.
pub(crate) async fn when_there_is_one<T>(
    mut get: impl AsyncFnMut() -> io::Result<T>,
) -> io::Result<T> {
    let since = tokio::time::Instant::now();
    loop {
        match get().await {
            Err(error) if is_own_want(&error) && since.elapsed() < SCARCE => sleep(LOOK).await,
            done => return done,
        }
    }
}

/// Opens a connection to a replica within `patience`.
pub(crate) async fn connect(address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = timeout(patience, TcpStream::connect(address))
        .await
        .map_err(|_| io::ErrorKind::TimedOut)??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_want_of_this_machine_is_told_from_a_replica_that_does_not_take_a_connection() {
        let own = |errno: Errno| is_own_want(&io::Error::from(errno));
        for errno in [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS, Errno::NOMEM]
        {
            assert!(own(errno), "{errno:?}");
        }
        for errno in [Errno::CONNREFUSED, Errno::CONNRESET, Errno::HOSTUNREACH, Errno::TIMEDOUT] {
            assert!(!own(errno), "{errno:?}");
        }
        assert!(!is_own_want(&io::ErrorKind::TimedOut.into()));
    }

    /// What becomes of a request to which this is said so many times before it gets a connection, and
    /// after how many milliseconds.
    async fn check(errno: Errno, times: u32, expect: Result<(), Errno>, millis: u128) {
        let begun = tokio::time::Instant::now();
        let mut left = times;
        let got = when_there_is_one(async || {
            left = left.saturating_sub(1);
            if left > 0 { Err(io::Error::from(errno)) } else { Ok(()) }
        });
        let got = got.await.map_err(|error| Errno::from_io_error(&error).unwrap());
        assert_eq!((got, begun.elapsed().as_millis()), (expect, millis), "{errno:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_for_a_connection_where_files_are_scarce() {
        check(Errno::MFILE, 1, Ok(()), 0).await;
        check(Errno::MFILE, 30, Ok(()), 290).await;
        check(Errno::ADDRNOTAVAIL, 30, Ok(()), 290).await;
        check(Errno::MFILE, u32::MAX, Err(Errno::MFILE), 5_000).await;
        check(Errno::CONNREFUSED, 30, Err(Errno::CONNREFUSED), 0).await;
    }
}
