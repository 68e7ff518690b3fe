use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use rustix::process::Signal;
use tokio::time::{sleep, timeout};

use crate::{
    preload::Preload, processes::send, starvation::Starvation, story::Story, watch::Excuse,
};

/// Whoever runs a server starts it again so soon after it ended.
const AGAIN: Duration = Duration::from_millis(500);

/// Nobody waits longer for a command.
const COMMAND_PATIENCE: Duration = Duration::from_secs(40);

/// Tidegate as it is installed here, and what was done to it.
pub(crate) struct Stand {
    pub(crate) base: PathBuf,
    pub(crate) story: Story,
    pub(crate) preload: Preload,
    pub(crate) starvation: Starvation,
    programs: PathBuf,
    control: Mutex<Control>,
    kept: Mutex<Kept>,
}

/// The control plane's process, with who starts it again.
#[derive(Default)]
struct Control {
    child: Option<Child>,
    /// Not before.
    start_at: Option<Instant>,
    /// Nobody starts it any more.
    over: bool,
    starts: u32,
    /// It was stopped, and does nothing.
    stopped: bool,
    /// It was started while the disk or its folder was broken.
    started_hard: bool,
}

/// What is remembered until it is checked.
#[derive(Default)]
pub(crate) struct Kept {
    /// Why requests may be lost.
    pub(crate) excuses: Vec<Excuse>,
    /// Commands that were answered with success: who gave them, and what.
    pub(crate) promises: Vec<(String, String)>,
    /// How many commands there were.
    pub(crate) commands: u32,
    /// How many requests were lost for a reason that the script gave.
    pub(crate) excused: usize,
    /// How many faults of which kind.
    pub(crate) faults: std::collections::BTreeMap<&'static str, u32>,
    /// In how many places the disk or its folder is broken now.
    pub(crate) hard_times: u32,
}

impl Stand {
    pub(crate) fn new(base: PathBuf, aloud: bool) -> anyhow::Result<Self> {
        let this = std::env::current_exe().context("where am I?")?;
        let programs = this.parent().context("this program is in no folder")?.to_owned();
        for program in ["tidegate", "tidegate-sample"] {
            let built = programs.join(program).exists();
            ensure!(built, "{program} is not built: `cargo xtask torture` does that");
        }
        Ok(Self {
            story: Story::begin(&base, aloud)?,
            preload: Preload::build(&base)?,
            starvation: Starvation::default(),
            base,
            programs,
            control: Mutex::default(),
            kept: Mutex::default(),
        })
    }

    /// The disk on which the data folder is.
    pub(crate) fn disk(&self) -> PathBuf {
        self.base.join("disk")
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.disk().join("data")
    }

    /// The program of the sample service.
    pub(crate) fn sample(&self) -> PathBuf {
        self.programs.join("tidegate-sample")
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests that are lost between two moments are no wonder.
    pub(crate) fn excuse(&self, app: Option<u32>, from: i64, to: i64, why: &str) {
        self.kept().excuses.push(Excuse { app, from, to, why: why.to_owned() });
    }

    /// Keeps a control plane running, as a service manager does, until [`Self::let_go`].
    pub(crate) async fn supervise(&self) {
        loop {
            let problem = self.look_after();
            if let Err(problem) = problem {
                self.story.wrong(format!("the control plane could not be started: {problem:#}"));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn look_after(&self) -> anyhow::Result<()> {
        let mut control = self.control();
        let ended = match &mut control.child {
            Some(child) => child.try_wait()?,
            None => None,
        };
        if let Some(status) = ended {
            control.child = None;
            if control.started_hard || self.kept().hard_times > 0 {
                self.story.tell(format!("the control plane ended by itself: {status}"));
            } else {
                self.story.wrong(format!("the control plane ended by itself: {status}"));
            }
            control.start_at = Some(Instant::now() + AGAIN);
        }
        let due = control.start_at.is_none_or(|at| at <= Instant::now());
        if control.child.is_none() && due && !control.over {
            control.started_hard = self.kept().hard_times > 0;
            control.child = Some(self.spawn()?);
            control.starts += 1;
        }
        Ok(())
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let log = File::options().create(true).append(true).open(self.base.join("server.log"))?;
        let mut command = self.command("operator");
        self.preload.give(&mut command);
        let child = command
            .args(["server", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        self.story.tell(format!("the control plane starts as process {}", child.id()));
        Ok(child)
    }

    /// The control plane's process, if it runs.
    pub(crate) fn control_pid(&self) -> Option<u32> {
        self.control().child.as_ref().map(Child::id)
    }

    /// Kills the control plane; nobody starts it again for so long.
    pub(crate) fn kill_control(&self, away: Duration) -> anyhow::Result<()> {
        let mut control = self.control();
        control.start_at = Some(Instant::now() + away);
        if let Some(mut child) = control.child.take() {
            send(child.id(), Signal::KILL);
            child.wait()?;
        }
        Ok(())
    }

    /// Says that it was stopped, or goes on.
    pub(crate) fn set_stopped(&self, stopped: bool) {
        self.control().stopped = stopped;
    }

    /// Whether a control plane runs that could do something.
    pub(crate) fn is_up(&self) -> bool {
        let control = self.control();
        control.child.is_some() && !control.stopped
    }

    /// Starts no further control plane, and forgets the one that runs.
    pub(crate) fn let_go(&self) -> Option<Child> {
        let mut control = self.control();
        control.over = true;
        control.child.take()
    }

    /// How often a control plane was started.
    pub(crate) fn starts(&self) -> u32 {
        self.control().starts
    }

    /// `tidegate` as somebody of this name types it.
    pub(crate) fn command(&self, who: &str) -> Command {
        let mut command = Command::new(self.programs.join("tidegate"));
        command.arg("--data").arg(self.data());
        command.env("USER", who).env("TMPDIR", self.base.join("tmp")).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end; nothing if that does not come.
    pub(crate) async fn run(&self, who: &str, args: &[&str], input: &str) -> Option<Output> {
        let mut command = tokio::process::Command::from(self.command(who));
        command.args(args).kill_on_drop(true).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
        if let Some(mut pipe) = child.stdin.take() {
            use tokio::io::AsyncWriteExt as _;
            // One that ends before it has read all says why by itself.
            drop(pipe.write_all(input.as_bytes()).await);
        }
        timeout(COMMAND_PATIENCE, child.wait_with_output()).await.ok()?.ok()
    }

    /// What a command prints, if it succeeds.
    pub(crate) async fn ask(&self, args: &[&str]) -> Option<String> {
        let output = self.run("operator", args, "").await?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Waits until the control plane answers; how long it took.
    pub(crate) async fn until_answering(&self, patience: Duration) -> Option<Duration> {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if self.ask(&["get", "rollouts"]).await.is_some() {
                return Some(begun.elapsed());
            }
            sleep(Duration::from_millis(50)).await;
        }
        None
    }
}

/// Whether somebody takes connections there.
pub(crate) async fn takes_connections(address: SocketAddr) -> bool {
    let connect = tokio::net::TcpStream::connect(address);
    timeout(Duration::from_millis(500), connect).await.is_ok_and(|stream| stream.is_ok())
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files
}
