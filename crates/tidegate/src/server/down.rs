//! Stops all that belongs to a data folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tidegate_ports::{ReplicaState, Runtime, RuntimeError, ScaleOrder};
use tidegate_replicas::{Carrier, Replicas};
use tidegate_runtime_container::{
    ContainerJobs, ContainerRuntime, ContainerSettings, EngineSocket,
};
use tidegate_runtime_process::{ProcessJobs, ProcessRuntime, ProcessSettings, Processes};
use tidegate_units::{Epoch, Generation, Owner, RevisionHash};
use tokio::{
    net::{TcpStream, UnixStream},
    time::{Instant, sleep, timeout},
};

use crate::{
    args::{Global, RouterKind},
    error::{CliError, ErrorKind},
    output::tell,
    place::Place,
    server::{job_keeper, launcher, router, runtimes, waiting},
};

/// A server lets its clients end for two seconds.
const SERVER_PATIENCE: Duration = Duration::from_secs(15);
/// A router lets requests end for 30 seconds.
const ROUTER_PATIENCE: Duration = Duration::from_secs(40);
/// Longer than the grace period that nearly every manifest has.
const REPLICA_PATIENCE: Duration = Duration::from_mins(3);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Stops the server, then the router, then all replicas: each only once nothing needs it any more.
pub(crate) fn down(global: &Global) -> Result<ExitCode, CliError> {
    let place = Place::find(global)?;
    if !place.folder().is_dir() {
        let message = format!("there is no data folder {}", place.folder().display());
        return Err(CliError::new(ErrorKind::Usage, message).hint("name it with --data"));
    }
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| CliError::failed("no event loop could be started").because(&error))?
        .block_on(async {
            // First those that wait: one of them would lead as soon as the server has ended.
            let server = stop_waiting(&place).await? | stop_server(&place).await?;
            let router = stop_router(&place.router_socket()).await? | stop_kept(&place).await?;
            let replicas = stop_replicas(&place).await?;
            if !(server || router || replicas) {
                tell(&format!("nothing runs in {}\n", place.folder().display()));
            }
            Ok::<_, CliError>(())
        })?;
    Ok(ExitCode::SUCCESS)
}

/// Stops servers that stand by, or wait for their database. Whether there was one to stop; so the next
/// three.
async fn stop_waiting(place: &Place) -> Result<bool, CliError> {
    let processes = waiting::processes(place).map_err(|error| {
        let folder = place.waiting_folder();
        CliError::failed(format!("{} cannot be read", folder.display())).because(&error)
    })?;
    for pid in &processes {
        tell(&format!("stopping a server that waits (process {pid})\n"));
        signal(*pid)?;
        gone("a server that waits", SERVER_PATIENCE, || async { has_ended(*pid) }).await?;
    }
    Ok(!processes.is_empty())
}

async fn stop_server(place: &Place) -> Result<bool, CliError> {
    let Some(note) = place.note()? else { return Ok(false) };
    // A note that a killed server left behind names a process that may be another one by now.
    if TcpStream::connect(note.address).await.is_err() {
        return Ok(false);
    }
    tell(&format!("stopping the server (process {})\n", note.pid));
    signal(note.pid)?;
    gone("the server", SERVER_PATIENCE, || async { has_ended(note.pid) }).await?;
    Ok(true)
}

async fn stop_router(socket: &Path) -> Result<bool, CliError> {
    let Ok(stream) = UnixStream::connect(socket).await else { return Ok(false) };
    let pid = stream.peer_cred().ok().and_then(|peer| peer.pid());
    drop(stream);
    let Some(pid) = pid.and_then(|pid| u32::try_from(pid).ok()) else {
        return Err(CliError::failed("the router's process cannot be found out"));
    };
    tell(&format!("stopping the router (process {pid})\n"));
    signal(pid)?;
    gone("the router", ROUTER_PATIENCE, || async { has_ended(pid) }).await?;
    Ok(true)
}

/// Stops an nginx or a `HAProxy` that nobody keeps any more, once its requests have ended.
async fn stop_kept(place: &Place) -> Result<bool, CliError> {
    let Some((kind, pid)) = router::left_behind(place) else { return Ok(false) };
    tell(&format!("stopping {} (process {pid})\n", kind.name()));
    send(pid, if kind == RouterKind::Nginx { Signal::QUIT } else { Signal::USR1 })?;
    gone(kind.name(), ROUTER_PATIENCE, || async { has_ended(pid) }).await?;
    Ok(true)
}

/// Whether a process is gone, or is only waiting for its parent to take its exit code.
fn has_ended(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_or(true, |stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')))
}

async fn stop_replicas(place: &Place) -> Result<bool, CliError> {
    let mut any = false;
    if place.folder().join(Processes::FOLDER).is_dir() {
        let settings = ProcessSettings::new(place.folder().to_owned(), launcher(None)?);
        let runtime = ProcessRuntime::open(settings).map_err(|error| failed(&error))?;
        any |= stop_all(&runtime).await?;
    }
    if place.folder().join("jobs").is_dir() {
        let settings = ProcessSettings::new(place.folder().to_owned(), launcher(None)?);
        let jobs = ProcessJobs::open(&settings, job_keeper()?).map_err(|error| failed(&error))?;
        any |= told_of(stop_within(jobs.stop_all()).await?);
    }
    if runtimes::has_containers(place)
        && let Some(engine) = engine(place)?
    {
        let settings = ContainerSettings::new(place.folder().to_owned(), engine);
        let jobs = ContainerJobs::open(&settings).map_err(|error| failed(&error))?;
        any |= told_of(stop_within(jobs.stop_all()).await?);
        let runtime = ContainerRuntime::open(settings).map_err(|error| failed(&error))?;
        any |= stop_all(&runtime).await?;
    }
    Ok(any)
}

/// The engine that the last server used.
fn engine(place: &Place) -> Result<Option<EngineSocket>, CliError> {
    match EngineSocket::last(place.folder()) {
        Some(engine) => Ok(Some(engine)),
        None => runtimes::found(place),
    }
}

async fn stop_all<C: Carrier>(runtime: &Replicas<C>) -> Result<bool, CliError> {
    let count = runtime.replicas().len();
    if count > 0 {
        tell(&format!("stopping {count} replicas\n"));
    }
    for (owner, revision) in revisions(runtime) {
        order_none(runtime, owner, revision).await?;
    }
    // The runtime ends by itself what it finds of those.
    let unknown = runtime.orphans().await;
    if unknown > 0 {
        tell(&format!("stopping what runs of {unknown} replicas that no readable record knows\n"));
    }
    gone("some replicas", REPLICA_PATIENCE, || async {
        release_all(runtime).await && runtime.orphans().await == 0
    })
    .await?;
    Ok(count + unknown > 0)
}

/// What jobs would have come to is not known then, so that the analyses run others in their place.
async fn stop_within(stop: impl Future<Output = usize>) -> Result<usize, CliError> {
    timeout(REPLICA_PATIENCE, stop).await.map_err(|_| {
        let message = "some jobs did not end";
        CliError::new(ErrorKind::TimedOut, message).hint("run `tidegate down` again to wait longer")
    })
}

/// Whether there were jobs to stop.
fn told_of(stopped: usize) -> bool {
    if stopped > 0 {
        tell(&format!("stopped {stopped} jobs\n"));
    }
    stopped > 0
}

/// Every revision that has replicas or should have some.
fn revisions(runtime: &dyn Runtime) -> BTreeSet<(Owner, RevisionHash)> {
    let seen = runtime.replicas().into_iter().map(|seen| (seen.owner, seen.revision));
    seen.chain(runtime.obstacles().into_keys()).collect()
}

/// Lets a revision have no replicas. The order bears the generation of the last one that was taken,
/// so that the next server's own order, which is no older, brings them back.
async fn order_none(
    runtime: &dyn Runtime,
    owner: Owner,
    revision: RevisionHash,
) -> Result<(), CliError> {
    let mut order = ScaleOrder {
        owner,
        revision,
        epoch: Epoch::default(),
        generation: Generation::default(),
        replicas: 0,
        restart_before: None,
        // Nothing is started by it; what runs is stopped as its own template says.
        template: Arc::default(),
        config_maps: Arc::new(BTreeMap::new()),
        secrets: Arc::new(BTreeMap::new()),
    };
    match runtime.scale(order.clone()).await {
        Err(RuntimeError::Stale { taken, .. }) => {
            order.generation = taken;
            runtime.scale(order).await.map_err(|error| failed(&error))
        }
        other => other.map_err(|error| failed(&error)),
    }
}

/// Releases what is retired; true when nothing is left. No router sends requests any more.
async fn release_all(runtime: &dyn Runtime) -> bool {
    let left = runtime.replicas();
    for seen in &left {
        if matches!(seen.state, ReplicaState::Retiring { .. })
            && let Err(error) = runtime.release(Epoch::default(), &seen.id).await
        {
            tell(&format!("replica {}: {error}\n", seen.id));
        }
    }
    left.is_empty()
}

async fn gone<F: Future<Output = bool>>(
    what: &str,
    patience: Duration,
    mut is_gone: impl FnMut() -> F,
) -> Result<(), CliError> {
    let begun = Instant::now();
    let waiting = async {
        while !is_gone().await {
            sleep(LOOK).await;
        }
    };
    timeout(patience, waiting).await.map_err(|_| {
        let message = format!("{what} did not end within {} s", begun.elapsed().as_secs());
        CliError::new(ErrorKind::TimedOut, message).hint("run `tidegate down` again to wait longer")
    })
}

fn signal(pid: u32) -> Result<(), CliError> {
    send(pid, Signal::TERM)
}

fn send(pid: u32, signal: Signal) -> Result<(), CliError> {
    let refused = |why: String| CliError::failed(format!("process {pid} cannot be stopped: {why}"));
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| refused("there is no such process".to_owned()))?;
    kill_process(pid, signal).map_err(|error| refused(error.to_string()))
}

fn failed(error: &dyn std::error::Error) -> CliError {
    CliError::failed("the replicas cannot be stopped").because(error)
}
