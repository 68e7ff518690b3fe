use std::{
    fs::{self, File},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};
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
    control::{self, Control},
    listeners::Listeners,
    mirror::{self, Copies, Mirror},
    probe,
    shared::Shared,
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
    _lock: File,
}

fn launch(mut settings: RouterSettings, until: Until) -> Result<RunningRouter, ServeError> {
    let lock = steering::claim(&settings.data)?;
    let most = room(raise_file_limit());
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
    let held = Held { shared, workers, threads, _lock: lock };
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

/// Shells hand out 1,024 file descriptors, and may have more. Returns how many there may be; none
/// when there is no limit.
fn raise_file_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit on open files stays as it is");
            limit.current
        }
    }
}

/// Client connections for which there are `files`: each takes one, and one to a replica. Orders,
/// listeners and the access log need some too, or nobody could change anything any more.
fn room(files: Option<u64>) -> usize {
    let Some(files) = files else { return usize::MAX };
    let left = files.saturating_sub(32 + files / 8);
    usize::try_from(left / 2).unwrap_or(usize::MAX).max(1)
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
    held: Held,
    until: Until,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<Result<Option<SocketAddr>, ServeError>>,
) -> Result<(), ServeError> {
    let data = held.shared.settings.data.clone();
    let listeners = Listeners::new(held.workers.clone());
    let control = Control::new(Arc::clone(&held.shared), listeners, steering::table(&data));
    let control = Rc::new(control);
    if let Some(table) = saved::load(&steering::table(&data)) {
        // It is the first one, so it cannot be too old.
        let _ = control.apply(table).await;
        held.shared.meters.resume_comparisons();
    }
    let metrics = open_metrics(&control, &data).await?;
    let socket = steering::open_socket(&data)?;
    spawn_local(control::serve_orders(Rc::clone(&control), socket));
    spawn_local(probe::run(Arc::clone(&held.shared)));
    spawn_local(keep_house(Rc::clone(&control)));
    match until {
        Until::Signal => {
            let signals = Signals::new().map_err(ServeError::Worker)?;
            let _ = ready.send(Ok(metrics));
            signals.wait().await;
        }
        Until::Told => {
            let _ = ready.send(Ok(metrics));
            // Either told so, or whoever could say it is gone.
            let _ = stopped.await;
        }
    }
    shut_down(held, &data).await;
    Ok(())
}

async fn open_metrics(
    control: &Rc<Control>,
    data: &Path,
) -> Result<Option<SocketAddr>, ServeError> {
    let Some(address) = control.shared.settings.metrics else {
        return Ok(None);
    };
    let refused = |source| ServeError::Metrics { address, source };
    let socket = TcpListener::bind(address).await.map_err(refused)?;
    let bound = socket.local_addr().map_err(refused)?;
    let path = steering::metrics_address(data);
    fs::write(&path, bound.to_string()).map_err(|error| at(&path, error))?;
    spawn_local(control::serve_metrics(Rc::clone(control), socket));
    Ok(Some(bound))
}

async fn keep_house(control: Rc<Control>) {
    let mut turn = 0_u32;
    loop {
        sleep(KEEP_HOUSE).await;
        control.listeners.lock().await.retry();
        turn = turn.wrapping_add(1);
        if turn.is_multiple_of(50) {
            control.shared.prune();
        }
    }
}

async fn shut_down(held: Held, data: &Path) {
    held.shared.stopping.store(true, Relaxed);
    held.shared.mirror.stop();
    for worker in &held.workers {
        let _ = worker.send(Order::Stop);
    }
    // Readings are answered to the end, so that whoever watches sees the last requests too.
    while held.threads.iter().any(|thread| !thread.is_finished()) {
        sleep(Duration::from_millis(5)).await;
    }
    if let Some(log) = &held.shared.log {
        let begun = Instant::now();
        while !log.is_written() && begun.elapsed() < LAST_LINES {
            sleep(Duration::from_millis(5)).await;
        }
    }
    let _ = fs::remove_file(steering::socket(data));
}

struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        assert_eq!(room(None), usize::MAX);
        assert_eq!(room(Some(1_048_576)), 458_736);
        assert_eq!(room(Some(1024)), 432);
        assert_eq!(room(Some(64)), 12);
        assert_eq!(room(Some(8)), 1);
    }
}
