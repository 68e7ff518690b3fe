use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::setpriority_process;
use tidegate_steering::{self as steering, ClaimError, RouterClient, saved};
use tokio::{
    net::TcpListener,
    runtime::{Builder, LocalOptions, LocalRuntime},
    signal::unix::{SignalKind, signal},
    sync::{mpsc::UnboundedSender, mpsc::unbounded_channel, oneshot},
    task::spawn_local,
    time::sleep,
};

use crate::{
    RouterSettings,
    access_log::AccessLog,
    control::Control,
    file_limit,
    listeners::Listeners,
    mirror::{self, Copies, Mirror},
    passing::FromNew,
    predecessor::{self, Inherited, Waiting},
    probe,
    scrapes::Scrapes,
    shared::{Leaving, Shared},
    successor,
    worker::{self, Order},
};

/// Deep enough for every future here, which all live on the heap, and small in resident memory.
const STACK: usize = 512 * 1024;
/// How often listeners are tried again and old counts looked through.
const KEEP_HOUSE: Duration = Duration::from_millis(100);

/// How far the thread that carries copies stands back, in the steps of `nice`: it gets about a tenth
/// of what a worker gets where both want all of a core.
const COPIES_YIELD: i32 = 10;

/// Time for the last lines of the access log to reach the disk.
const LAST_LINES: Duration = Duration::from_secs(2);

/// A router that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another router works in the same data folder.
    #[error("another router works in {0}; stop it or choose another --data folder")]
    Running(PathBuf),
    /// A file or folder that it needs cannot be had.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The address for metrics cannot be had.
    #[error("cannot listen on {address} for metrics: {source}")]
    Metrics {
        /// Which.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The router that runs did not hand over; it goes on.
    #[error("the router that runs in this folder did not hand over, and goes on: {0}")]
    TakeOver(io::Error),
    /// A thread or an event loop could not be made.
    #[error("cannot start a worker: {0}")]
    Worker(io::Error),
}

/// A router in the background. It stops when this is dropped, and [`RunningRouter::stop`] waits
/// until it has.
#[derive(Debug)]
pub struct RunningRouter {
    client: RouterClient,
    metrics: Option<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RunningRouter {
    /// Speaks to it.
    pub fn client(&self) -> RouterClient {
        self.client.clone()
    }

    /// Where its metrics are.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// Stops to accept, lets requests end up to the drain timeout, and returns.
    pub fn stop(mut self) {
        self.stop.take();
        self.wait();
    }

    /// Waits until it has ended by itself, because another one has taken its place.
    pub fn join(mut self) {
        self.wait();
    }

    fn wait(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the router's control thread panicked");
        }
    }
}

/// Runs a router until SIGTERM or SIGINT, then lets requests end up to the drain timeout.
/// Blocks the calling thread.
pub fn serve(settings: RouterSettings) -> Result<(), ServeError> {
    let mut running = launch(settings, Until::Signal)?;
    running.wait();
    Ok(())
}

/// Starts a router in the background. When this returns, its control socket answers, and the
/// table that it last had is served.
pub fn start(settings: RouterSettings) -> Result<RunningRouter, ServeError> {
    launch(settings, Until::Told)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Signal,
    Told,
}

/// What the control thread holds on to.
struct Held {
    shared: Arc<Shared>,
    workers: Vec<UnboundedSender<Order>>,
    threads: Vec<JoinHandle<()>>,
    /// Locked for as long as this router works in its folder.
    lock: File,
    /// The sockets of the router whose place this one takes, and the connection to it.
    inherited: BTreeMap<SocketAddr, std::net::TcpListener>,
    metrics: Option<std::net::TcpListener>,
    before: Option<Waiting>,
}

fn launch(mut settings: RouterSettings, until: Until) -> Result<RunningRouter, ServeError> {
    let (lock, metrics, inherited, before) = claim(&settings)?;
    let most = file_limit::room(file_limit::raise());
    settings.limits.all_connections = settings.limits.all_connections.min(most);
    let log = settings.access_log.as_deref();
    let log = log.map(|path| {
        AccessLog::open(path, settings.limits.access_log_bytes).map_err(|error| at(path, error))
    });
    let client = RouterClient::new(&settings.data);
    let (mirror, copies) = Mirror::new();
    let shared = Arc::new(Shared::new(settings, log.transpose()?, mirror));
    let (workers, mut threads) = start_workers(&shared)?;
    threads.push(start_mirror(&shared, copies)?);
    let held = Held { shared, workers, threads, lock, inherited, metrics, before };
    let (stop, stopped) = oneshot::channel();
    let (ready, is_ready) = mpsc::channel();
    let thread = thread::Builder::new()
        .name("control".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            let error = match runtime() {
                Ok(runtime) => runtime.block_on(run(held, until, stopped, &ready)),
                Err(error) => Err(ServeError::Worker(error)),
            };
            if let Err(error) = error {
                let _ = ready.send(Err(error));
            }
        })
        .map_err(ServeError::Worker)?;
    let metrics = is_ready
        .recv()
        .map_err(|_| ServeError::Worker(io::Error::other("the control thread ended")))??;
    Ok(RunningRouter { client, metrics, stop: Some(stop), thread: Some(thread) })
}

type Claimed = (
    File,
    Option<std::net::TcpListener>,
    BTreeMap<SocketAddr, std::net::TcpListener>,
    Option<Waiting>,
);

/// The lock of the folder: from the router whose place this one takes, with its sockets, or from
/// nobody.
fn claim(settings: &RouterSettings) -> Result<Claimed, ServeError> {
    if settings.take_over {
        let met = predecessor::meet(&settings.data).map_err(ServeError::TakeOver)?;
        if let Some((lock, metrics, sockets, waiting)) = met.map(Inherited::split) {
            return Ok((lock, metrics, sockets, Some(waiting)));
        }
    }
    Ok((steering::claim(&settings.data)?, None, BTreeMap::new(), None))
}

impl From<ClaimError> for ServeError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::File { path, source } => Self::File { path, source },
            ClaimError::Running(folder) => Self::Running(folder),
        }
    }
}

fn at(path: &Path, source: io::Error) -> ServeError {
    ServeError::File { path: path.to_owned(), source }
}

fn runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread().enable_all().build_local(LocalOptions::default())
}

type Workers = (Vec<UnboundedSender<Order>>, Vec<JoinHandle<()>>);

fn start_workers(shared: &Arc<Shared>) -> Result<Workers, ServeError> {
    let count = shared.settings.workers.get();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| unbounded_channel()).unzip();
    let mut threads = Vec::new();
    for (index, orders) in receivers.into_iter().enumerate() {
        let (shared, others) = (Arc::clone(shared), senders.clone());
        let thread = thread::Builder::new()
            .name(format!("worker-{index}"))
            .stack_size(STACK)
            .spawn(move || match runtime() {
                Ok(runtime) => runtime.block_on(worker::run(index, shared, others, orders)),
                Err(error) => tracing::error!(%error, "a worker has no event loop"),
            })
            .map_err(ServeError::Worker)?;
        threads.push(thread);
    }
    Ok((senders, threads))
}

fn start_mirror(shared: &Arc<Shared>, copies: Copies) -> Result<JoinHandle<()>, ServeError> {
    let shared = Arc::clone(shared);
    let carry = move || {
        // Where there is too little of the machine, requests come before their copies. On Linux this
        // is said of the thread alone.
        if let Err(error) = setpriority_process(None, COPIES_YIELD) {
            tracing::debug!(%error, "copies have the same claim to the machine as requests");
        }
        carry_copies(shared, copies);
    };
    let thread = thread::Builder::new().name("mirror".to_owned()).stack_size(STACK);
    thread.spawn(carry).map_err(ServeError::Worker)
}

fn carry_copies(shared: Arc<Shared>, copies: Copies) {
    match runtime() {
        Ok(runtime) => runtime.block_on(mirror::run(shared, copies)),
        Err(error) => tracing::error!(%error, "no copies are carried: no event loop"),
    }
}

async fn run(
    mut held: Held,
    until: Until,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<Result<Option<SocketAddr>, ServeError>>,
) -> Result<(), ServeError> {
    let data = held.shared.settings.data.clone();
    let signals = if until == Until::Signal { Some(Signals::new()?) } else { None };
    let sockets = std::mem::take(&mut held.inherited);
    let listeners = Listeners::new(held.workers.clone(), sockets);
    let control = Control::new(Arc::clone(&held.shared), listeners, steering::table(&data));
    let control = Rc::new(control);
    // What may fail comes before the other router lets go.
    let metrics = open_metrics(&control, &data, held.metrics.take()).await?;
    if let Some(before) = held.before.take() {
        before.take_over(&control).await.map_err(ServeError::TakeOver)?;
        control.keep_held();
    } else if let Some(table) = saved::load(&steering::table(&data)) {
        // It is the first one, so it cannot be too old.
        let _ = control.apply(table).await;
        held.shared.meters.resume_comparisons();
    }
    control.take_orders()?;
    let handover = steering::open_handover(&data)?;
    let lock = held.lock.try_clone().map_err(|error| at(&data, error))?;
    let mut successor = spawn_local(successor::serve(Rc::clone(&control), lock, handover));
    spawn_local(probe::run(Arc::clone(&held.shared)));
    spawn_local(keep_house(Rc::clone(&control)));
    let _ = ready.send(Ok(metrics));
    let is_told = async {
        match signals {
            Some(signals) => signals.wait().await,
            // Either told so, or whoever could say it is gone.
            None => drop(stopped.await),
        }
    };
    tokio::select! {
        () = is_told => {}
        _ = &mut successor => {}
    }
    let is_succeeded = control.is_handed_over();
    shut_down(held, &control).await;
    if !is_succeeded {
        successor::close(&data);
        let _ = fs::remove_file(steering::socket(&data));
    }
    Ok(())
}

async fn open_metrics(
    control: &Rc<Control>,
    data: &Path,
    inherited: Option<std::net::TcpListener>,
) -> Result<Option<SocketAddr>, ServeError> {
    let Some(address) = control.shared.settings.metrics else {
        return Ok(None);
    };
    let refused = |source| ServeError::Metrics { address, source };
    let suits = |socket: &std::net::TcpListener| {
        socket
            .local_addr()
            .is_ok_and(|it| it.ip() == address.ip() && [0, it.port()].contains(&address.port()))
    };
    let socket = match inherited.filter(suits) {
        Some(socket) => socket,
        None => {
            TcpListener::bind(address).await.and_then(TcpListener::into_std).map_err(refused)?
        }
    };
    let scrapes = Scrapes::new(control, socket).map_err(refused)?;
    let bound = scrapes.address();
    let path = steering::metrics_address(data);
    fs::write(&path, bound.to_string()).map_err(|error| at(&path, error))?;
    control.scrapes.replace(Some(scrapes));
    Ok(Some(bound))
}

async fn keep_house(control: Rc<Control>) {
    let mut turn = 0_u32;
    loop {
        sleep(KEEP_HOUSE).await;
        if !control.is_handed_over() {
            control.listeners.lock().await.retry();
        }
        turn = turn.wrapping_add(1);
        if turn.is_multiple_of(50) {
            control.shared.prune();
        }
    }
}

async fn shut_down(held: Held, control: &Control) {
    held.shared.leave(Leaving::Stopping);
    let before = control.predecessor.borrow().clone();
    if let Some(before) = before {
        before.tell(&FromNew::Stop).await;
    }
    held.shared.mirror.stop();
    control.listeners.lock().await.close(&BTreeSet::new()).await;
    for worker in &held.workers {
        let _ = worker.send(Order::Stop);
    }
    // Readings are answered to the end, so that whoever watches sees the last requests too.
    let begun = Instant::now();
    let most = held.shared.settings.limits.drain_timeout;
    let has_before = || control.predecessor.borrow().is_some() && begun.elapsed() < most;
    while held.threads.iter().any(|thread| !thread.is_finished()) || has_before() {
        sleep(Duration::from_millis(5)).await;
    }
    if let Some(log) = &held.shared.log {
        let begun = Instant::now();
        while !log.is_written() && begun.elapsed() < LAST_LINES {
            sleep(Duration::from_millis(5)).await;
        }
    }
}

struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

impl Signals {
    fn new() -> Result<Self, ServeError> {
        let signal = |kind| signal(kind).map_err(ServeError::Worker);
        Ok(Self(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}
