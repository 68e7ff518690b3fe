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

use tidegate_router_haproxy::HaproxySettings;
use tidegate_router_nginx::NginxSettings;
use tidegate_steering::{RouterClient, process::find_program};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{
    args::{RouterArgs, RouterKind, ServerArgs},
    error::{CliError, ErrorKind},
    place::Place,
};

/// How often a router that somebody else started is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// A router binds its socket within milliseconds, also on a busy machine.
const START: Duration = Duration::from_secs(10);
/// Waits between starts that fail: from the first to the last.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// So long the server waits for its router before it begins without: a start takes some 10 ms, and
/// one of nginx some 200.
const HEAD_STARTS: [(RouterKind, Duration); 3] = [
    (RouterKind::Builtin, Duration::from_millis(150)),
    (RouterKind::Nginx, Duration::from_secs(2)),
    (RouterKind::Haproxy, Duration::from_secs(2)),
];
/// For a router that is another program to take an order: it gives up by itself before that.
const PATIENCE: Duration = Duration::from_secs(20);
/// A router that ran this long counts as started well.
const STEADY: Duration = Duration::from_secs(30);
/// When the router's log is larger than this at a start, in bytes, it is moved aside once. The
/// router writes a few lines a day.
const LOG_LIMIT: u64 = 10 << 20;

/// What the server's command line says of the router.
pub(crate) struct RouterWish {
    kind: RouterKind,
    program: Option<PathBuf>,
    metrics: Option<SocketAddr>,
    access_log: Option<PathBuf>,
}

impl RouterWish {
    pub(crate) fn of(args: &ServerArgs) -> Result<Self, CliError> {
        // Relative to where this server was started, whatever starts the router later.
        let access_log = args.access_log.as_ref().map(std::path::absolute).transpose();
        let access_log = access_log.map_err(|error| super::not_started(&error))?;
        let (kind, metrics) = (args.router, args.metrics);
        only_own(kind, metrics.is_some(), access_log.is_some())?;
        let program = program(kind, args.router_program.as_ref())?;
        Ok(Self { kind, program, metrics, access_log })
    }

    /// The one that steers such a router.
    pub(crate) fn client(&self, place: &Place) -> RouterClient {
        let client = RouterClient::new(place.folder());
        match self.kind {
            RouterKind::Builtin => client,
            RouterKind::Nginx | RouterKind::Haproxy => client.with_patience(PATIENCE),
        }
    }

    /// Whether a router runs that this program can take the place of, and is of another build. One
    /// that does not know its build cannot hand over.
    async fn is_newer_than(&self, client: &RouterClient) -> bool {
        let build = match self.kind {
            RouterKind::Builtin => client.build().await,
            RouterKind::Nginx | RouterKind::Haproxy => None,
        };
        build.is_some_and(|build| build != this_build())
    }

    /// Refuses to begin beside a router of another kind: two cannot have the same ports.
    pub(crate) async fn refuse_another(&self, place: &Place) -> Result<(), CliError> {
        let answers = RouterClient::new(place.folder()).kind().await;
        let left = || left_behind(place).map(|(kind, _)| kind.name().to_owned());
        match answers.or_else(left) {
            Some(runs) if runs != self.kind.name() => Err(CliError::failed(format!(
                "the server does not start: a router of kind {runs} runs in {}, not {}",
                place.folder().display(),
                self.kind.name()
            ))
            .hint(format!(
                "start it with --router {runs}, or stop everything first: `tidegate down{}`",
                place.flag()
            ))),
            _ => Ok(()),
        }
    }
}

/// The program that runs in a data folder as a router, whether or not somebody keeps it: its kind and
/// its process.
pub(crate) fn left_behind(place: &Place) -> Option<(RouterKind, u32)> {
    let nginx = tidegate_router_nginx::left_behind(place.folder());
    let haproxy = tidegate_router_haproxy::left_behind(place.folder());
    nginx
        .map(|pid| (RouterKind::Nginx, pid))
        .or_else(|| haproxy.map(|pid| (RouterKind::Haproxy, pid)))
}

/// Refuses what only the built-in router does.
pub(crate) fn only_own(kind: RouterKind, metrics: bool, log: bool) -> Result<(), CliError> {
    let only = |flag: &str, hint: &str| {
        let why = format!("{flag} is the built-in router's; {} does not have it", kind.name());
        Err(CliError::new(ErrorKind::Usage, why).hint(hint))
    };
    match (kind, metrics, log) {
        (RouterKind::Nginx | RouterKind::Haproxy, true, _) => {
            only("--metrics", "scrape /metrics of the server instead: it tells the same series")
        }
        (RouterKind::Nginx | RouterKind::Haproxy, _, true) => {
            only("--access-log", "leave it out; what is logged is read and removed")
        }
        _ => Ok(()),
    }
}

/// Refuses to take over for a router that is another program, whose keeper is stopped and started.
pub(crate) fn only_own_takes_over(args: &RouterArgs) -> Result<(), CliError> {
    if !args.take_over {
        return Ok(());
    }
    let why =
        format!("--take-over is the built-in router's; {} does not have it", args.router.name());
    Err(CliError::new(ErrorKind::Usage, why)
        .hint("stop the keeper with SIGTERM and start the new one: its program goes on meanwhile"))
}

/// Which build this program is: two that differ have another time or length as files.
pub(crate) fn this_build() -> String {
    let file = std::env::current_exe().and_then(fs::metadata);
    let changed = |file: &fs::Metadata| {
        let since = file.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(format!("{}.{}", since.as_nanos(), file.len()))
    };
    let file = file.ok().as_ref().and_then(changed).unwrap_or_default();
    format!("{} {file}", env!("CARGO_PKG_VERSION"))
}

/// The program of a router that is not our own.
pub(crate) fn program(
    kind: RouterKind,
    named: Option<&PathBuf>,
) -> Result<Option<PathBuf>, CliError> {
    let usage = |why: String| CliError::new(ErrorKind::Usage, why);
    match (kind, named) {
        (RouterKind::Builtin, None) => Ok(None),
        (RouterKind::Builtin, Some(_)) => {
            Err(usage("--router-program has no meaning for the built-in router".to_owned())
                .hint("name the kind with --router"))
        }
        (kind, Some(file)) if file.is_file() => {
            let file = std::path::absolute(file).map_err(|error| super::not_started(&error))?;
            suitable(kind, file).map(Some)
        }
        (_, Some(file)) => {
            Err(usage(format!("--router-program: there is no file {}", file.display())))
        }
        (_, None) => {
            let path = std::env::var("PATH").unwrap_or_default();
            let found = find_program(kind.name(), &path).ok_or_else(|| {
                usage(format!("{} is not installed", kind.name())).hint(format!(
                    "install it (Debian: apt-get install {}), or name its program with \
                     --router-program",
                    kind.name()
                ))
            })?;
            suitable(kind, found).map(Some)
        }
    }
}

/// The program, where it is one that can be steered.
fn suitable(kind: RouterKind, program: PathBuf) -> Result<PathBuf, CliError> {
    if kind == RouterKind::Haproxy {
        tidegate_router_haproxy::suits(&program).map_err(|why| {
            CliError::new(ErrorKind::Usage, why.to_string()).hint(
                "install another (Debian 12: apt-get install haproxy), or name the program of one \
                 with --router-program",
            )
        })?;
    }
    Ok(program)
}

/// Runs the keeper of a router that is another program until it is told to stop.
pub(crate) fn keep_another(place: &Place, args: &RouterArgs) -> Result<(), CliError> {
    only_own(args.router, args.metrics.is_some(), args.access_log.is_some())?;
    let program = program(args.router, args.router_program.as_ref())?.unwrap_or_default();
    let ended = match args.router {
        RouterKind::Haproxy => {
            tidegate_router_haproxy::serve(HaproxySettings::new(place.folder(), program))
        }
        _ => tidegate_router_nginx::serve(NginxSettings::new(place.folder(), program)),
    };
    ended.map_err(|error| CliError::failed("the router does not start").because(&error))
}

/// Starts a router when none answers, and again whenever it ends. It runs on when this stops.
pub(crate) async fn keep(place: Place, wish: RouterWish) {
    let client = wish.client(&place);
    let mut wait = WAITS.0;
    loop {
        if client.is_up().await {
            if wish.is_newer_than(&client).await {
                replace(&place, &wish, &client).await;
            }
            adopted(&client).await;
            continue;
        }
        let begun = Instant::now();
        match start(&place, &wish, false) {
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

/// Lets a router of this build take the place of the one that runs, which goes on when that fails.
async fn replace(place: &Place, wish: &RouterWish, client: &RouterClient) {
    tracing::info!("the router that runs is of another build: one of this build takes its place");
    let taken = async {
        let mut child = start(place, wish, true)?;
        let build = this_build();
        loop {
            if client.build().await.as_ref() == Some(&build) {
                // It is nobody's child any more than a router that was found.
                tokio::spawn(async move { child.wait().await });
                return Ok(());
            }
            if let Some(status) = child.try_wait()? {
                return Err(io::Error::other(format!("it ended ({status}); see router.log")));
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    match timeout(START, taken).await {
        Ok(Ok(())) => tracing::info!("the router of this build has taken over"),
        Ok(Err(error)) => tracing::error!(%error, "the router that runs goes on"),
        Err(_) => tracing::error!("no router of this build took over in time; see router.log"),
    }
}

/// Gives the router a moment to come up, so that a first start has nothing to complain of.
pub(crate) async fn expect(kind: RouterKind, client: &RouterClient) {
    let head_start = HEAD_STARTS.iter().find(|(of, _)| *of == kind).map(|(_, time)| *time);
    // One that takes longer is told of by the keeper, and by the controller.
    let _ = timeout(head_start.unwrap_or_default(), up(client)).await;
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
fn start(place: &Place, wish: &RouterWish, take_over: bool) -> io::Result<Child> {
    let log = open_log(place)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("router").arg("--detach").arg("--data").arg(place.folder());
    command.arg("--router").arg(wish.kind.name());
    if take_over {
        command.arg("--take-over");
    }
    if let Some(program) = &wish.program {
        command.arg("--router-program").arg(program);
    }
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
