use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::OnceLock,
    time::Duration,
};

use rustix::process::{Pid, Signal};
use tokio::{
    io::AsyncReadExt as _,
    net::unix::pipe::Receiver,
    process::{Child, Command},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    cancel::Cancel,
    listener::Listener,
    step::Patience,
    tree::{kill_marked, signal_group},
};

/// How long after a step's own process others may go on printing into its log, as in GitHub's runner. What they say
/// later is read, so that they go on, and left out.
const LATE_OUTPUT: Duration = Duration::from_secs(5);

/// How much is read at once: what a pipe of Linux holds.
const PIECE: usize = 64 * 1024;

/// What is to run.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) folder: PathBuf,
    /// An entry of the variables that no other step has.
    pub(crate) mark: String,
}

/// When it is to end, if not by itself.
#[derive(Debug)]
pub(crate) struct Bounds<'a> {
    pub(crate) cancel: &'a Cancel,
    pub(crate) timeout: Option<Duration>,
    pub(crate) patience: Patience,
}

/// Why it was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    Cancelled,
    TimedOut,
}

/// How it ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ran {
    /// 128 and the signal's number where a signal ended it.
    pub(crate) code: i32,
    pub(crate) stopped: Option<Stopped>,
}

/// Runs a process to its end, and hears all that it prints.
pub(crate) async fn run(
    launch: Launch,
    bounds: &Bounds<'_>,
    listener: &mut Listener,
) -> io::Result<Ran> {
    let mark = launch.mark.clone();
    let (mut child, mut pipe) = start(launch)?;
    let group = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    let group = group.ok_or_else(|| io::Error::other("it has no number"))?;
    let stopped = OnceLock::new();
    let status = {
        let ender = stop(bounds, group, &mark, &stopped);
        let pump = pump(&mut pipe, listener);
        tokio::pin!(ender, pump);
        let mut open = true;
        let status = loop {
            tokio::select! {
                biased;
                () = &mut pump, if open => open = false,
                status = child.wait() => break status?,
                () = &mut ender => {}
            }
        };
        if stopped.get().is_some() {
            kill_tree(group, &mark).await;
        }
        let late = Instant::now() + LATE_OUTPUT;
        tokio::select! {
            biased;
            () = &mut pump, if open => open = false,
            () = sleep_until(late), if open => {}
            else => {}
        }
        (status, open)
    };
    let (status, open) = status;
    if open {
        tokio::spawn(discard(pipe));
    }
    Ok(Ran { code: code(status), stopped: stopped.get().copied() })
}

/// One pipe for both of its outputs, so that their order is kept.
fn start(launch: Launch) -> io::Result<(Child, Receiver)> {
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(&launch.program);
    command
        .args(launch.arguments)
        .env_clear()
        .envs(launch.variables)
        .current_dir(launch.folder)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0);
    let child = command.spawn()?;
    // The command holds the pipe's other end as long as it lives.
    drop(command);
    Ok((child, Receiver::from_owned_fd(reader.into())?))
}

async fn pump(pipe: &mut Receiver, listener: &mut Listener) {
    let mut piece = vec![0; PIECE];
    while let Ok(length) = pipe.read(&mut piece).await {
        if length == 0 {
            break;
        }
        listener.take(piece.get(..length).unwrap_or_default()).await;
    }
}

async fn discard(mut pipe: Receiver) {
    let mut piece = vec![0; PIECE];
    while pipe.read(&mut piece).await.is_ok_and(|length| length > 0) {}
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(-1)
}

/// Waits for a reason to end the process, then asks, asks again, and ends it with all that it started.
async fn stop(bounds: &Bounds<'_>, group: Pid, mark: &str, stopped: &OnceLock<Stopped>) {
    let time = async {
        match bounds.timeout {
            Some(timeout) => sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let reason = tokio::select! {
        biased;
        () = bounds.cancel.asked() => Stopped::Cancelled,
        () = time => Stopped::TimedOut,
    };
    let _ = stopped.set(reason);
    let Patience { interrupted, terminated } = bounds.patience;
    for (signal, patience) in [(Signal::INT, interrupted), (Signal::TERM, terminated)] {
        if patience.is_zero() {
            continue;
        }
        signal_group(group, signal);
        tokio::select! {
            () = sleep(patience) => {}
            () = bounds.cancel.asked_for_now() => break,
        }
    }
    kill_tree(group, mark).await;
    std::future::pending::<()>().await;
}

/// The group at once; whoever left it takes a look at all processes.
async fn kill_tree(group: Pid, mark: &str) {
    signal_group(group, Signal::KILL);
    let marks = [mark.to_owned()];
    let _ = tokio::task::spawn_blocking(move || kill_marked(&marks, &[group])).await;
}
