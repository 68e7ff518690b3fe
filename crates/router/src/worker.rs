use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    net::SocketAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    task::{JoinHandle, spawn_local},
    time::{Interval, MissedTickBehavior, interval, sleep},
};

use crate::{
    connection,
    refusal::Refusal,
    shared::{Shared, WorkerStats},
    view::{LocalRoute, View},
    watch::{Phase, Watch},
};

/// As much as a socket's buffer usually gives at once.
const SCRATCH: usize = 64 * 1024;

/// What a worker is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// Take connections from this socket.
    Listen(SocketAddr, std::net::TcpListener, Arc<AtomicUsize>),
    /// Take no more from the socket of this address, then say so.
    Close(SocketAddr, oneshot::Sender<()>),
    /// Serve this connection, which another worker has taken.
    Adopt(Taken),
    /// Take no more connections, let requests end, and end.
    Stop,
}

/// A connection that was taken from a listener.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The connection.
    pub(crate) stream: std::net::TcpStream,
    /// The client's address.
    pub(crate) peer: SocketAddr,
    /// The listener's address.
    pub(crate) address: SocketAddr,
    /// Connections of the listener.
    pub(crate) open: Arc<AtomicUsize>,
}

/// One thread that carries traffic.
#[derive(Debug)]
pub(crate) struct Worker {
    /// Its number, from 0.
    pub(crate) index: usize,
    /// What all workers see.
    pub(crate) shared: Arc<Shared>,
    /// Counts its sweeps.
    pub(crate) beat: Arc<AtomicU32>,
    others: Vec<mpsc::UnboundedSender<Order>>,
    view: RefCell<View>,
    watches: RefCell<HashMap<u64, Arc<Watch>>>,
    streams: RefCell<HashMap<u64, Arc<Watch>>>,
    next: Cell<u64>,
    /// Where bytes are read to and passed on from, within one poll of a task.
    pub(crate) scratch: RefCell<Box<[u8]>>,
}

/// Counts a connection at its listener and its worker while it lives.
#[derive(Debug)]
pub(crate) struct Open {
    worker: Rc<Worker>,
    listener: Arc<AtomicUsize>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.listener.fetch_sub(1, Relaxed);
        if let Some(stats) = self.worker.stats() {
            stats.connections.fetch_sub(1, Relaxed);
        }
    }
}

/// Runs a worker until it is told to stop and its requests have ended.
pub(crate) async fn run(
    index: usize,
    shared: Arc<Shared>,
    others: Vec<mpsc::UnboundedSender<Order>>,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    let worker = Rc::new(Worker {
        index,
        shared,
        beat: Arc::default(),
        others,
        view: RefCell::default(),
        watches: RefCell::default(),
        streams: RefCell::default(),
        next: Cell::new(0),
        scratch: RefCell::new(vec![0; SCRATCH].into_boxed_slice()),
    });
    spawn_local(sweep(Rc::clone(&worker)));
    let mut listeners = HashMap::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Listen(address, socket, open) => {
                if let Some(listener) = Accepting::new(&worker, address, socket, open) {
                    listeners.insert(address, listener);
                }
            }
            Order::Close(address, done) => {
                close(&worker, listeners.remove(&address)).await;
                let _ = done.send(());
            }
            Order::Adopt(taken) => worker.serve(taken),
            Order::Stop => break,
        }
    }
    // What another worker has handed over meanwhile is served, and it hears that this was the last.
    orders.close();
    while let Ok(order) = orders.try_recv() {
        if let Order::Adopt(taken) = order {
            worker.serve(taken);
        }
    }
    for (_, listener) in listeners.drain() {
        close(&worker, Some(listener)).await;
    }
    worker.finish().await;
}

/// A listener that a worker takes connections from.
struct Accepting {
    task: JoinHandle<()>,
    /// The same socket, to take what is left when the task has ended.
    socket: std::net::TcpListener,
    address: SocketAddr,
    open: Arc<AtomicUsize>,
}

impl Accepting {
    fn new(
        worker: &Rc<Worker>,
        address: SocketAddr,
        socket: std::net::TcpListener,
        open: Arc<AtomicUsize>,
    ) -> Option<Self> {
        let copied = socket.try_clone().and_then(|copy| Ok((TcpListener::from_std(copy)?, socket)));
        match copied {
            Ok((listener, socket)) => {
                let task =
                    spawn_local(accept(Rc::clone(worker), address, listener, Arc::clone(&open)));
                Some(Self { task, socket, address, open })
            }
            Err(error) => {
                tracing::error!(%error, %address, "a listener cannot be used");
                None
            }
        }
    }
}

/// Takes no more connections, after those that the machine has established already: their
/// clients may have sent a request.
async fn close(worker: &Rc<Worker>, listener: Option<Accepting>) {
    let Some(Accepting { task, socket, address, open }) = listener else { return };
    task.abort();
    // It ends by being aborted.
    let _ = task.await;
    while let Ok((stream, peer)) = socket.accept() {
        if stream.set_nonblocking(true).is_ok() {
            worker.take(stream, peer, address, &open);
        }
    }
}

async fn accept(
    worker: Rc<Worker>,
    address: SocketAddr,
    listener: TcpListener,
    open: Arc<AtomicUsize>,
) {
    loop {
        let taken = listener.accept().await;
        match taken.and_then(|(stream, peer)| Ok((stream.into_std()?, peer))) {
            Ok((stream, peer)) => worker.take(stream, peer, address, &open),
            Err(error) => {
                // Out of file descriptors, most likely: others will end soon.
                tracing::warn!(%error, %address, "a connection could not be taken");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Watches over this worker's connections, several times within the shortest limit.
async fn sweep(worker: Rc<Worker>) {
    let limits = &worker.shared.settings.limits;
    let every = worker.shared.settings.beat();
    let beats = |limit: Duration| {
        u32::try_from(limit.as_millis().div_ceil(every.as_millis().max(1))).unwrap_or(u32::MAX)
    };
    let (idle, head) = (beats(limits.idle_timeout), beats(limits.head_timeout));
    let answer = beats(limits.answer_timeout);
    // Before the head of an answer the client is silent for as long as the replica may take.
    let busy = beats(limits.stall_timeout.max(limits.answer_timeout + limits.connect_timeout * 4));
    let mut clock = clock(every);
    loop {
        clock.tick().await;
        worker.beat.fetch_add(1, Relaxed);
        let (watches, streams) = (worker.watches.borrow(), worker.streams.borrow());
        for watch in watches.values().chain(streams.values()) {
            let (phase, quiet) = watch.phase();
            let limit = match phase {
                Phase::Idle => idle,
                Phase::Head => head,
                Phase::Answer => answer,
                Phase::Busy => busy,
                Phase::Free => u32::MAX,
            };
            if quiet > limit {
                watch.expire();
            }
        }
        if let Some(grace) = worker.shared.grace() {
            watches.values().for_each(|watch| watch.leave(beats(grace)));
        }
        drop((watches, streams));
        worker.refresh();
        if let Some(oldest) = Instant::now().checked_sub(limits.idle_timeout) {
            worker.view.borrow().pools().for_each(|pool| pool.sweep(oldest));
        }
    }
}

/// Beats so far apart. A time in which this worker did not run is one of them, however long it was:
/// clients and replicas may have spoken in it, and nobody listened.
fn clock(every: Duration) -> Interval {
    let mut clock = interval(every);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}

impl Worker {
    /// What it counts besides requests.
    pub(crate) fn stats(&self) -> Option<&WorkerStats> {
        self.shared.stats.get(self.index)
    }

    /// The route of an address, by the table that holds right now.
    pub(crate) fn route(&self, address: SocketAddr) -> Option<Rc<LocalRoute>> {
        self.refresh();
        self.view.borrow().route(address)
    }

    /// Counts an answer of the router itself.
    pub(crate) fn count_refusal(&self, refusal: Refusal) {
        let count = self.stats().and_then(|stats| stats.refusals.get(refusal as usize));
        if let Some(count) = count {
            count.fetch_add(1, Relaxed);
        }
    }

    fn refresh(&self) {
        let version = self.shared.version();
        if self.view.borrow().version() != version {
            let idle = self.shared.settings.limits.idle_per_replica;
            let routes = self.shared.routes();
            self.view.borrow_mut().show(version, &routes, idle);
        }
    }

    fn take(
        self: &Rc<Self>,
        stream: std::net::TcpStream,
        peer: SocketAddr,
        address: SocketAddr,
        open: &Arc<AtomicUsize>,
    ) {
        let Some(stats) = self.stats() else { return };
        let limits = &self.shared.settings.limits;
        let full = self.shared.connections() >= limits.all_connections;
        if open.fetch_add(1, Relaxed) >= limits.connections || full {
            open.fetch_sub(1, Relaxed);
            stats.over_limit.fetch_add(1, Relaxed);
            return;
        }
        stats.accepted.fetch_add(1, Relaxed);
        let taken = Taken { stream, peer, address, open: Arc::clone(open) };
        match self.least_busy().filter(|_| !self.shared.is_stopping()) {
            Some(other) => {
                if let Err(mpsc::error::SendError(Order::Adopt(taken))) =
                    other.send(Order::Adopt(taken))
                {
                    self.serve(taken);
                }
            }
            None => self.serve(taken),
        }
    }

    /// Another worker with clearly fewer connections than this one.
    fn least_busy(&self) -> Option<&mpsc::UnboundedSender<Order>> {
        let load = |stats: &WorkerStats| stats.connections.load(Relaxed);
        let all = self.shared.stats.iter().enumerate();
        let (index, least) =
            all.map(|(index, stats)| (index, load(stats))).min_by_key(|&(_, load)| load)?;
        let mine = self.stats().map_or(0, load);
        if mine > least { self.others.get(index).filter(|_| index != self.index) } else { None }
    }

    fn serve(self: &Rc<Self>, taken: Taken) {
        if let Some(stats) = self.stats() {
            stats.connections.fetch_add(1, Relaxed);
        }
        let open = Open { worker: Rc::clone(self), listener: Arc::clone(&taken.open) };
        let Ok(stream) = TcpStream::from_std(taken.stream) else {
            return;
        };
        let watch = Arc::new(Watch::new(Arc::clone(&self.beat)));
        let number = self.number();
        self.watches.borrow_mut().insert(number, Arc::clone(&watch));
        let worker = Rc::clone(self);
        let place = (taken.address, taken.peer);
        spawn_local(async move {
            connection::serve(&worker, stream, place, watch, open).await;
            worker.watches.borrow_mut().remove(&number);
        });
    }

    /// A watch over one request of an HTTP/2 connection, and its number.
    pub(crate) fn watch_stream(&self) -> (u64, Arc<Watch>) {
        let watch = Arc::new(Watch::of_stream(Arc::clone(&self.beat)));
        let number = self.number();
        self.streams.borrow_mut().insert(number, Arc::clone(&watch));
        (number, watch)
    }

    /// The request with this number has ended.
    pub(crate) fn forget_stream(&self, number: u64) {
        self.streams.borrow_mut().remove(&number);
    }

    fn number(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }

    fn connections(&self) -> usize {
        self.stats().map_or(0, |stats| stats.connections.load(Relaxed))
    }

    /// Waits until all connections have ended, but no longer than the drain timeout.
    async fn finish(&self) {
        let patience = self.shared.settings.limits.drain_timeout;
        let begun = Instant::now();
        while self.connections() > 0 && begun.elapsed() < patience {
            sleep(Duration::from_millis(5)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_time_in_which_a_worker_did_not_run_is_one_beat() {
        let every = Duration::from_millis(100);
        let mut clock = clock(every);
        clock.tick().await;
        advance(Duration::from_mins(2)).await;
        clock.tick().await;
        assert!(timeout(Duration::from_millis(99), clock.tick()).await.is_err());
        clock.tick().await;
    }
}
