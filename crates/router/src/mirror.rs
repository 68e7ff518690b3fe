//! Copies of requests, whose answers nobody gets.
//!
//! A worker only makes the copy and lays it down; a thread of its own carries it. What does not fit
//! is dropped and counted, so that no real request waits for a copy. A copy is sent once.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    io,
    net::SocketAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tidegate_traffic::Outcome;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Notify, mpsc},
    task::spawn_local,
    time::timeout,
};

use crate::{
    direct_answer::{self, Given, Head},
    meters::Meter,
    pool::connect,
    replica::Replica,
    settings::Limits,
    shared::{Shared, wall_clock},
};

/// The field that marks a copy, so that a service can tell.
pub(crate) const MARK: &str = "x-tidegate-mirror";
/// Copies that wait to be carried: a burst, not a backlog.
const WAITING: usize = 1024;
/// Copies on their way at once. A revision that hangs holds this many, and no real request.
const UNDER_WAY: usize = 256;
/// Bytes of all copies together.
const BYTES: usize = 16 * 1024 * 1024;
/// The largest body that is copied: what is larger would be held for a copy alone.
pub(crate) const BODY_BYTES: usize = 256 * 1024;
/// A connection that was idle for longer may be about to be closed by the replica, and a copy is
/// not sent again.
const FRESH: Duration = Duration::from_secs(1);
/// Idle connections that are kept to one replica.
const IDLE: usize = 32;

/// Where copies are laid down.
#[derive(Debug)]
pub(crate) struct Mirror {
    copies: mpsc::Sender<Copied>,
    bytes: Arc<AtomicUsize>,
    stop: Arc<Notify>,
}

/// The other side of a [`Mirror`].
#[derive(Debug)]
pub(crate) struct Copies {
    copies: mpsc::Receiver<Copied>,
    stop: Arc<Notify>,
}

/// A request's copy.
#[derive(Debug)]
struct Copied {
    request: Vec<u8>,
    /// Whether its answer has no body.
    to_head: bool,
    target: Target,
    _room: Room,
}

/// Who gets a copy.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Where it is counted.
    pub(crate) meter: Arc<Meter>,
    /// The replica.
    pub(crate) replica: Arc<Replica>,
}

/// The bytes of a copy, taken from those that all copies together may have.
#[derive(Debug)]
pub(crate) struct Room {
    bytes: Arc<AtomicUsize>,
    taken: usize,
}

impl Room {
    /// Takes so many more; whether there were as many.
    pub(crate) fn grow(&mut self, more: usize) -> bool {
        // What is too much is given back by its drop.
        self.taken += more;
        self.bytes.fetch_add(more, Relaxed) + more <= BYTES
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.bytes.fetch_sub(self.taken, Relaxed);
    }
}

impl Mirror {
    /// Both sides.
    pub(crate) fn new() -> (Self, Copies) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let stop = Arc::new(Notify::new());
        let copies = Copies { copies: receiver, stop: Arc::clone(&stop) };
        (Self { copies: sender, bytes: Arc::default(), stop }, copies)
    }

    /// Room for a copy, none of it taken yet.
    pub(crate) fn room(&self) -> Room {
        Room { bytes: Arc::clone(&self.bytes), taken: 0 }
    }

    /// Lays down the copy of a request, a whole one in HTTP/1.1; drops it when there is no room.
    pub(crate) fn offer(&self, request: Vec<u8>, to_head: bool, target: Target, mut room: Room) {
        let meter = Arc::clone(&target.meter);
        let fits = room.grow(request.len().saturating_sub(room.taken));
        let copy = Copied { request, to_head, target, _room: room };
        if !fits || self.copies.try_send(copy).is_err() {
            meter.drop_copy();
        }
    }

    /// No more copies are carried.
    pub(crate) fn stop(&self) {
        self.stop.notify_one();
    }
}

/// Puts the mark into a request that is whole: `body` bytes after its head.
pub(crate) fn marked(request: &[u8], body: usize) -> Option<Vec<u8>> {
    let end = request.len().checked_sub(body)?.checked_sub(2)?;
    let (head, rest) = request.split_at_checked(end)?;
    let mut copy = Vec::with_capacity(request.len() + MARK.len() + 8);
    copy.extend_from_slice(head);
    copy.extend_from_slice(MARK.as_bytes());
    copy.extend_from_slice(b": true\r\n");
    copy.extend_from_slice(rest);
    Some(copy)
}

/// Carries copies until the router stops.
pub(crate) async fn run(shared: Arc<Shared>, mut from: Copies) {
    let carrier = Rc::new(Carrier { shared, idle: RefCell::default(), under_way: Cell::new(0) });
    loop {
        let next = tokio::select! {
            biased;
            () = from.stop.notified() => return,
            next = timeout(carrier.patience(), from.copies.recv()) => next,
        };
        match next {
            Ok(Some(copy)) => carrier.begin(copy),
            Ok(None) => return,
            Err(_) => carrier.sweep(),
        }
    }
}

struct Carrier {
    shared: Arc<Shared>,
    idle: RefCell<HashMap<SocketAddr, Vec<(TcpStream, Instant)>>>,
    under_way: Cell<usize>,
}

/// Why a copy has no answer.
enum Lost {
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

impl Carrier {
    /// How long nothing need be done when no copy comes.
    fn patience(&self) -> Duration {
        if self.idle.borrow().is_empty() { Duration::from_hours(1) } else { FRESH }
    }

    fn sweep(&self) {
        self.idle.borrow_mut().retain(|_, idle| {
            idle.retain(|(_, since)| since.elapsed() < FRESH);
            !idle.is_empty()
        });
    }

    fn begin(self: &Rc<Self>, copy: Copied) {
        if self.under_way.get() >= UNDER_WAY {
            copy.target.meter.drop_copy();
            return;
        }
        self.under_way.set(self.under_way.get() + 1);
        let carrier = Rc::clone(self);
        spawn_local(async move {
            carrier.carry(&copy).await;
            carrier.under_way.set(carrier.under_way.get() - 1);
        });
    }

    async fn carry(&self, copy: &Copied) {
        let Target { meter, replica } = &copy.target;
        let limits = &self.shared.settings.limits;
        replica.enter_copy();
        let answered = timeout(limits.answer_timeout, self.exchange(copy, limits)).await;
        replica.leave_copy();
        let outcome = match answered {
            Ok(Ok((status, micros))) => Outcome::Answered { status, micros },
            Ok(Err(Lost::Stale)) => return meter.drop_copy(),
            Ok(Err(Lost::Unanswered)) | Err(_) => Outcome::Unanswered,
        };
        meter.record_copy(wall_clock(), outcome);
    }

    /// Sends a copy and reads its answer to the end: its status, and the microseconds to its head.
    async fn exchange(&self, copy: &Copied, limits: &Limits) -> Result<(u16, u64), Lost> {
        let address = copy.target.replica.address;
        let started = Instant::now();
        let idle = self.take_idle(address);
        let reused = idle.is_some();
        let mut stream = match idle {
            Some(stream) => stream,
            None => connect(address, limits.connect_timeout).await?,
        };
        let sent = stream.write_all(&copy.request).await;
        let mut got = Vec::with_capacity(4096);
        let begun = async {
            sent?;
            read_head(&mut stream, &mut got, copy.to_head, limits).await
        };
        let mut head = match begun.await {
            Err(_) if reused && got.is_empty() => return Err(Lost::Stale),
            begun => begun?,
        };
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let whole = read_body(&mut stream, &mut got, &mut head).await?;
        if whole && head.reusable {
            self.keep_idle(address, stream);
        }
        Ok((head.status, micros))
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

/// Reads the head of an answer; `got` is left with what came of its body.
async fn read_head(
    stream: &mut TcpStream,
    got: &mut Vec<u8>,
    to_head: bool,
    limits: &Limits,
) -> Result<Head, Lost> {
    let mut out = Vec::new();
    loop {
        if stream.read_buf(got).await? == 0 {
            return Err(Lost::Unanswered);
        }
        loop {
            match direct_answer::look(got, to_head, limits.head_fields, [None, None], &mut out) {
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

/// Reads the body of an answer and lets go of it. Whether it ended before its connection.
async fn read_body(
    stream: &mut TcpStream,
    got: &mut Vec<u8>,
    head: &mut Head,
) -> Result<bool, Lost> {
    loop {
        let (used, ended) = head.framing.feed(got).map_err(|_| Lost::Unanswered)?;
        head.reusable &= used == got.len();
        if ended {
            return Ok(true);
        }
        got.clear();
        if stream.read_buf(got).await? == 0 {
            let at_end = head.framing == direct_answer::Framing::Close;
            return if at_end { Ok(false) } else { Err(Lost::Unanswered) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_the_last_field_before_the_body() {
        let copy = marked(b"POST / HTTP/1.1\r\nhost: a\r\n\r\nhi", 2).unwrap();
        let text = String::from_utf8(copy).unwrap();
        assert_eq!(text, "POST / HTTP/1.1\r\nhost: a\r\nx-tidegate-mirror: true\r\n\r\nhi");
        assert_eq!(marked(b"", 2), None);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let (mirror, _copies) = Mirror::new();
        let mut most = mirror.room();
        assert!(most.grow(BYTES - 1) && most.grow(1) && !most.grow(1));
        assert!(!mirror.room().grow(1));
        drop(most);
        assert!(mirror.room().grow(BYTES));
        assert_eq!(mirror.bytes.load(Relaxed), 0);
    }
}
