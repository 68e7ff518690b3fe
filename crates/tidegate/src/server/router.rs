//! Keeps a router running beside the server.

use std::{
    fs::{self, File, OpenOptions},
    io,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use tidegate_router::RouterClient;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{args::ServerArgs, place::Place};

/// How often a router that somebody else started is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// A router binds its socket within milliseconds, also on a busy machine.
const START: Duration = Duration::from_secs(10);
/// Waits between starts that fail: from the first to the last.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// So long the server waits for its router before it begins without: a start takes some 10 ms.
const HEAD_START: Duration = Duration::from_millis(150);
/// A router that ran this long counts as started well.
const STEADY: Duration = Duration::from_secs(30);
/// When the router's log is larger than this at a start, in bytes, it is moved aside once. The
/// router writes a few lines a day.
const LOG_LIMIT: u64 = 10 << 20;

/// What the server's command line says of the router.
pub(crate) struct RouterWish {
    metrics: Option<SocketAddr>,
    access_log: Option<PathBuf>,
}

impl RouterWish {
    pub(crate) fn of(args: &ServerArgs) -> io::Result<Self> {
        // Relative to where this server was started, whatever starts the router later.
        let access_log = args.access_log.as_ref().map(std::path::absolute).transpose()?;
        Ok(Self { metrics: args.metrics, access_log })
    }
}

/// Starts a router when none answers, and again whenever it ends. It runs on when this stops.
pub(crate) async fn keep(place: Place, wish: RouterWish) {
    let client = RouterClient::new(place.folder());
    let mut wait = WAITS.0;
    loop {
        if client.is_up().await {
            adopted(&client).await;
            continue;
        }
        let begun = Instant::now();
        match start(&place, &wish) {
            Ok(child) => attend(child, &client).await,
            Err(error) => tracing::error!(%error, "the router could not be started"),
        }
        if begun.elapsed() >= STEADY {
            wait = WAITS.0;
        }
        sleep(wait).await;
        wait = (wait * 2).min(WAITS.1);
    }
}

/// Gives the router a moment to come up, so that a first start has nothing to complain of.
pub(crate) async fn expect(client: &RouterClient) {
    // One that takes longer is told of by the keeper, and by the controller.
    let _ = timeout(HEAD_START, up(client)).await;
}

async fn up(client: &RouterClient) {
    while !client.is_up().await {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Returns when a router that is no child of this process answers no more.
async fn adopted(client: &RouterClient) {
    tracing::info!("a router runs already");
    while client.is_up().await {
        sleep(LOOK).await;
    }
    tracing::warn!("the router answers no more");
}

/// Returns when the child has ended.
async fn attend(mut child: Child, client: &RouterClient) {
    let pid = child.id().unwrap_or_default();
    tokio::select! {
        up = timeout(START, up(client)) => if up.is_ok() {
            tracing::info!(pid, "the router is up");
        } else {
            tracing::error!(pid, "the router does not answer; see router.log");
        },
        ended = child.wait() => return told(pid, ended),
    }
    told(pid, child.wait().await);
}

fn told(pid: u32, ended: io::Result<std::process::ExitStatus>) {
    match ended {
        Ok(status) => tracing::warn!(pid, %status, "the router ended; see router.log"),
        Err(error) => tracing::warn!(pid, %error, "the router is gone"),
    }
}

/// Starts a router in a session of its own, so that it outlives this process and its terminal.
fn start(place: &Place, wish: &RouterWish) -> io::Result<Child> {
    let log = open_log(place)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("router").arg("--detach").arg("--data").arg(place.folder());
    if let Some(address) = wish.metrics {
        command.arg("--metrics").arg(address.to_string());
    }
    if let Some(file) = &wish.access_log {
        command.arg("--access-log").arg(file);
    }
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(false).spawn()
}

fn open_log(place: &Place) -> io::Result<File> {
    let path = place.router_log();
    if fs::metadata(&path).is_ok_and(|file| file.len() > LOG_LIMIT) {
        fs::rename(&path, path.with_extension("log.1"))?;
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}
