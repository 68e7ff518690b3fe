//! Doing to the machine what the script says, and undoing it.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};
use tokio::{sync::Mutex, time::sleep};

use crate::{
    apps::now,
    disk, ports,
    preload::Preload,
    processes::{Process, Role, replicas, send, which},
    round::Scene,
    script::{Fault, Strike},
    stand::takes_connections,
};

/// A request that is sent while its replica dies may find the connection half closed. So long after
/// its end nobody does any more, but as far as the programs wait for a processor.
pub(crate) const SETTLED_MS: i64 = 250;

/// A router that was killed answers again so soon, once there is a control plane to start it.
const ROUTER_BACK: Duration = Duration::from_secs(15);

/// A replica that is stopped gets no further requests after its readiness probe failed three times, each
/// a second after the other and a second late; as much again for a slow machine.
const STOPPED_IS_SEEN: Duration = Duration::from_secs(12);

/// How often is looked at what waits for its end.
const LOOK: Duration = Duration::from_millis(50);

/// What is done to one thing is undone before it is done again.
#[derive(Default)]
pub(crate) struct Hands {
    control: Mutex<()>,
    router: Mutex<()>,
    replicas: Mutex<()>,
    disk: Mutex<()>,
    slow: Mutex<()>,
    ports: Mutex<()>,
    clock: Mutex<()>,
    metric: Mutex<()>,
}

/// Does one thing, and undoes it.
pub(crate) async fn strike(scene: &Scene, strike: &Strike) -> anyhow::Result<()> {
    let Hands { control, router, replicas, disk, slow, ports, clock, metric } = &scene.hands;
    let hand = match strike.fault {
        Fault::KillControl | Fault::StopControl | Fault::FewFilesControl(_) => control,
        Fault::KillRouter | Fault::StopRouter | Fault::FewFilesRouter(_) => router,
        Fault::KillReplica(_) | Fault::StopReplica(_) => replicas,
        Fault::FullDisk | Fault::ReadOnlyFolder => disk,
        Fault::SlowDisk => slow,
        Fault::NoPorts => ports,
        Fault::Clock(_) => clock,
        Fault::Metric(_) => metric,
    };
    let _held = hand.lock().await;
    *scene.stand.kept().faults.entry(strike.fault.name()).or_default() += 1;
    match strike.fault {
        Fault::KillControl => kill_control(scene, strike.lasts).await?,
        Fault::KillRouter => kill_router(scene).await,
        Fault::KillReplica(app) => kill_replica(scene, app, strike.at).await,
        Fault::StopControl => stop_control(scene, strike.lasts).await,
        Fault::StopRouter => stop_router(scene, strike.lasts).await,
        Fault::StopReplica(app) => stop_replica(scene, app, strike).await,
        Fault::FullDisk => full_disk(scene, strike.lasts).await?,
        Fault::ReadOnlyFolder => read_only(scene, strike.lasts).await?,
        Fault::SlowDisk => slow_disk(scene, strike).await?,
        Fault::FewFilesControl(more) => {
            let pid = scene.stand.control_pid();
            few_files(scene, pid, more, strike.lasts).await?;
        }
        Fault::FewFilesRouter(more) => {
            let pid = which(|role| *role == Role::Router).first().map(|router| router.pid);
            few_files(scene, pid, more, strike.lasts).await?;
        }
        Fault::NoPorts => no_ports(scene, strike.lasts).await?,
        Fault::Clock(ahead) => clock_step(scene, ahead, strike.lasts).await?,
        Fault::Metric(answer) => {
            scene.metric.set(Some(answer));
            scene.stand.story.tell(format!("the server of metrics is not well: {answer:?}"));
            sleep(strike.lasts).await;
            scene.metric.set(None);
            scene.stand.story.tell("the server of metrics is well again");
        }
    }
    Ok(())
}

async fn full_disk(scene: &Scene, lasts: Duration) -> anyhow::Result<()> {
    let disk = scene.stand.disk();
    let free = disk::fill(&disk)?;
    scene.stand.story.tell(format!("the disk is full: {free} bytes were left"));
    hard(scene, lasts).await;
    disk::empty(&disk)?;
    scene.stand.story.tell("the disk has space again");
    Ok(())
}

async fn read_only(scene: &Scene, lasts: Duration) -> anyhow::Result<()> {
    let data = scene.stand.data();
    disk::freeze(&data)?;
    scene.stand.story.tell("nothing can be made in the data folder");
    hard(scene, lasts).await;
    disk::thaw(&data)?;
    scene.stand.story.tell("the data folder can be written to again");
    Ok(())
}

async fn slow_disk(scene: &Scene, strike: &Strike) -> anyhow::Result<()> {
    // Between a disk of its own that is busy and one that many share.
    let sync = 20 + u32::try_from(strike.at.as_millis() % 1_500)?;
    let write = u32::try_from(strike.at.as_millis() % 7)?;
    scene.stand.preload.set_disk(sync, write)?;
    scene.stand.story.tell(format!("an fsync takes {sync} ms longer, a write {write} ms"));
    sleep(strike.lasts).await;
    scene.stand.preload.set_disk(0, 0)?;
    scene.stand.story.tell("the disk is as fast as before");
    Ok(())
}

/// Lets a process open so many files more than it has, for so long.
async fn few_files(
    scene: &Scene,
    pid: Option<u32>,
    more: u64,
    lasts: Duration,
) -> anyhow::Result<()> {
    let Some(pid) = pid else { return Ok(()) };
    let Some(process) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    let highest = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let highest = highest.filter_map(|it| it.file_name().to_str()?.parse::<u64>().ok()).max();
    let limit = Rlimit { current: Some(highest.unwrap_or(0) + 1 + more), maximum: None };
    let limit = Rlimit { maximum: getrlimit(Resource::Nofile).maximum, ..limit };
    // One that has ended meanwhile needs no limit.
    let Ok(before) = prlimit(Some(process), Resource::Nofile, limit) else { return Ok(()) };
    scene.stand.story.tell(format!("process {pid} can open {more} files more"));
    hard(scene, lasts).await;
    let _ = prlimit(Some(process), Resource::Nofile, before);
    scene.stand.story.tell(format!("process {pid} can open files as before"));
    Ok(())
}

async fn no_ports(scene: &Scene, lasts: Duration) -> anyhow::Result<()> {
    let from = now();
    let used_up = ports::use_up()?;
    scene.stand.story.tell("no port is left");
    hard(scene, lasts).await;
    drop(used_up);
    scene.stand.story.tell("there are ports again");
    // Nobody gets a connection that has none already, the load as little as the router.
    scene.stand.excuse(None, from, now() + SETTLED_MS, "no port is left");
    Ok(())
}

async fn clock_step(scene: &Scene, ahead: i64, lasts: Duration) -> anyhow::Result<()> {
    if !Preload::has_clock() {
        scene.stand.story.tell("left out: the clock cannot be set without libfaketime");
        return Ok(());
    }
    scene.stand.preload.set_clock(ahead)?;
    scene.stand.story.tell(format!("the clock is {ahead:+} s off"));
    sleep(lasts).await;
    scene.stand.preload.set_clock(0)?;
    scene.stand.story.tell("the clock is right again");
    Ok(())
}

/// For so long a control plane may fail to start.
async fn hard(scene: &Scene, lasts: Duration) {
    scene.stand.kept().hard_times += 1;
    sleep(lasts).await;
    scene.stand.kept().hard_times -= 1;
}

async fn kill_control(scene: &Scene, away: Duration) -> anyhow::Result<()> {
    let pid = scene.stand.control_pid();
    scene.stand.kill_control(away)?;
    scene.stand.story.tell(format!("kill -9 of the control plane {}", name(pid)));
    sleep(away).await;
    Ok(())
}

async fn stop_control(scene: &Scene, lasts: Duration) {
    let Some(pid) = scene.stand.control_pid() else { return };
    scene.stand.set_stopped(true);
    send(pid, Signal::STOP);
    scene.stand.story.tell(format!("SIGSTOP of the control plane {pid}"));
    sleep(lasts).await;
    send(pid, Signal::CONT);
    scene.stand.set_stopped(false);
    scene.stand.story.tell(format!("SIGCONT of the control plane {pid}"));
}

async fn kill_router(scene: &Scene) {
    let routers = which(|role| *role == Role::Router);
    let from = now();
    for router in &routers {
        send(router.pid, Signal::KILL);
        scene.stand.story.tell(format!("kill -9 of the router {}", router.pid));
    }
    let mut waited = Duration::ZERO;
    let begun = Instant::now();
    while !another_router(&routers) || !all_take_connections(scene).await {
        sleep(LOOK).await;
        // Only a control plane starts it again.
        if scene.stand.is_up() {
            waited += LOOK;
        }
        if waited > ROUTER_BACK {
            scene
                .stand
                .story
                .wrong(format!("no router takes connections {waited:?} after the kill"));
            break;
        }
    }
    let back = begun.elapsed();
    scene.stand.story.tell(format!("the router takes connections again after {back:.2?}"));
    scene.stand.excuse(None, from, now() + SETTLED_MS, "kill -9 of the router");
}

/// Whether a router runs that was not killed. One that was takes connections until the kernel has come
/// to its last thread.
fn another_router(killed: &[Process]) -> bool {
    let old = |one: &Process| killed.iter().any(|router| router.pid == one.pid);
    which(|role| *role == Role::Router).iter().any(|one| !old(one))
}

async fn all_take_connections(scene: &Scene) -> bool {
    for app in &scene.apps {
        if !takes_connections(app.address).await {
            return false;
        }
    }
    true
}

async fn stop_router(scene: &Scene, lasts: Duration) {
    let routers = which(|role| *role == Role::Router);
    for router in &routers {
        send(router.pid, Signal::STOP);
        scene.stand.story.tell(format!("SIGSTOP of the router {}", router.pid));
    }
    sleep(lasts).await;
    for router in &routers {
        send(router.pid, Signal::CONT);
        scene.stand.story.tell(format!("SIGCONT of the router {}", router.pid));
    }
}

async fn kill_replica(scene: &Scene, app: u32, at: Duration) {
    let Some(victim) = choose(app, at) else { return };
    let from = now();
    send(victim.pid, Signal::KILL);
    let what = format!("kill -9 of replica {} of app {app}, {:?}", victim.pid, victim.role);
    scene.stand.story.tell(&what);
    // It dies when the machine lets it run, which may be a while.
    while replicas(app).iter().any(|one| one.pid == victim.pid) {
        sleep(LOOK).await;
    }
    scene.stand.excuse(Some(app), from, now() + SETTLED_MS, &what);
}

async fn stop_replica(scene: &Scene, app: u32, strike: &Strike) {
    let Some(victim) = choose(app, strike.at) else { return };
    let from = now();
    send(victim.pid, Signal::STOP);
    let what = format!("SIGSTOP of replica {} of app {app}, {:?}", victim.pid, victim.role);
    scene.stand.story.tell(&what);
    let (begun, mut seen, mut to) = (Instant::now(), Duration::ZERO, None);
    while begun.elapsed() < strike.lasts {
        sleep(LOOK).await;
        if scene.stand.is_up() {
            seen += LOOK;
        }
        if seen >= STOPPED_IS_SEEN && to.is_none() {
            to = Some(now());
        }
    }
    send(victim.pid, Signal::CONT);
    scene.stand.story.tell(format!("SIGCONT of replica {}", victim.pid));
    scene.stand.excuse(Some(app), from, to.unwrap_or_else(now) + SETTLED_MS, &what);
}

/// A replica of an application, another one at another moment.
fn choose(app: u32, at: Duration) -> Option<Process> {
    let all = replicas(app);
    let index = usize::try_from(at.as_millis()).unwrap_or(0) % all.len().max(1);
    all.into_iter().nth(index)
}

fn name(pid: Option<u32>) -> String {
    pid.map_or_else(|| "that does not run".to_owned(), |pid| pid.to_string())
}
