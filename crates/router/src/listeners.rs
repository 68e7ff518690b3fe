use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use tokio::{
    net::TcpSocket,
    sync::{mpsc::UnboundedSender, oneshot},
};

use crate::worker::Order;

/// Connections that the machine holds until a worker takes them.
const BACKLOG: u32 = 4096;
/// The first wait before a listener that could not be opened is tried again; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// Short enough that a port that someone gave up is in use soon after.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The sockets that the router listens on; each worker has a copy of each.
#[derive(Debug)]
pub(crate) struct Listeners {
    workers: Vec<UnboundedSender<Order>>,
    /// Each with a copy of its own, to be handed on.
    open: BTreeMap<SocketAddr, TcpListener>,
    /// Had from the router whose place this one took.
    inherited: BTreeMap<SocketAddr, TcpListener>,
    failing: BTreeMap<SocketAddr, Failing>,
}

#[derive(Debug)]
struct Failing {
    why: String,
    wait: Duration,
    again: Instant,
}

impl Listeners {
    /// None yet; `workers` will take the connections. Sockets that were `inherited` are used where
    /// their address is wanted.
    pub(crate) fn new(
        workers: Vec<UnboundedSender<Order>>,
        inherited: BTreeMap<SocketAddr, TcpListener>,
    ) -> Self {
        Self { workers, open: BTreeMap::new(), inherited, failing: BTreeMap::new() }
    }

    /// A copy of each socket.
    pub(crate) fn copies(&self) -> io::Result<BTreeMap<SocketAddr, TcpListener>> {
        self.open.iter().map(|(&address, socket)| Ok((address, socket.try_clone()?))).collect()
    }

    /// Takes no more connections, and keeps the sockets.
    pub(crate) async fn pause(&self) {
        for &address in self.open.keys() {
            self.take_back(address).await;
        }
    }

    /// Takes connections again.
    pub(crate) fn resume(&mut self) {
        self.inherited.extend(std::mem::take(&mut self.open));
        let again: BTreeSet<_> = self.inherited.keys().copied().collect();
        self.open(&again);
    }

    /// Closes what was inherited and is not wanted.
    pub(crate) fn drop_inherited(&mut self) {
        self.inherited.clear();
    }

    /// Opens those of `wanted` that are not open yet. One that cannot be had is tried again by
    /// [`Listeners::retry`].
    pub(crate) fn open(&mut self, wanted: &BTreeSet<SocketAddr>) {
        for &address in wanted {
            if !self.open.contains_key(&address) {
                self.try_open(address, FIRST_WAIT);
            }
        }
    }

    /// Closes those that are not `wanted`; waits until the machine has them back.
    pub(crate) async fn close(&mut self, wanted: &BTreeSet<SocketAddr>) {
        self.failing.retain(|address, _| wanted.contains(address));
        let gone = self.open.keys().filter(|address| !wanted.contains(address));
        let gone: Vec<SocketAddr> = gone.copied().collect();
        for address in gone {
            self.take_back(address).await;
            self.open.remove(&address);
        }
    }

    async fn take_back(&self, address: SocketAddr) {
        let mut closed = Vec::new();
        for worker in &self.workers {
            let (done, wait) = oneshot::channel();
            if worker.send(Order::Close(address, done)).is_ok() {
                closed.push(wait);
            }
        }
        for wait in closed {
            // A worker that is gone has closed it too.
            let _ = wait.await;
        }
    }

    /// Tries again those whose time has come.
    pub(crate) fn retry(&mut self) {
        let now = Instant::now();
        let due = self.failing.iter().filter(|(_, it)| it.again <= now);
        let due: Vec<_> = due.map(|(&at, it)| (at, it.wait)).collect();
        for (address, wait) in due {
            self.try_open(address, (wait * 2).min(LONGEST_WAIT));
        }
    }

    /// Why an address is not listened on.
    pub(crate) fn why_not(&self, address: SocketAddr) -> Option<&str> {
        self.failing.get(&address).map(|it| it.why.as_str())
    }

    fn try_open(&mut self, address: SocketAddr, wait: Duration) {
        match self.hand_out(address) {
            Ok(socket) => {
                self.failing.remove(&address);
                self.open.insert(address, socket);
            }
            Err(error) => {
                let why = format!("cannot listen on {address}: {error}");
                tracing::warn!(%why);
                let again = Instant::now() + wait;
                self.failing.insert(address, Failing { why, wait, again });
            }
        }
    }

    fn hand_out(&mut self, address: SocketAddr) -> io::Result<TcpListener> {
        let socket = match self.inherited.remove(&address) {
            Some(socket) => socket,
            None => listen(address)?,
        };
        let copies: Vec<_> =
            self.workers.iter().map(|_| socket.try_clone()).collect::<io::Result<_>>()?;
        let count = Arc::new(AtomicUsize::new(0));
        for (worker, copy) in self.workers.iter().zip(copies) {
            let order = Order::Listen(address, copy, Arc::clone(&count));
            worker.send(order).map_err(io::Error::other)?;
        }
        Ok(socket)
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
