//! All processes of a container, however they came to be.
//!
//! A process leaves its parent (`fork` twice), its group and its session (`setsid`) as it likes,
//! but neither its control group nor the environment that it was started with. So both are asked.
//! Where this machine has no file left to ask with, nobody is held to be gone.

use std::{collections::BTreeSet, fs, io, path::PathBuf, time::Duration};

use rustix::process::Signal;
use tidegate_replicas::{CONTAINER_MARK, REPLICA_MARK, if_there};
use tokio::time::Instant;

use crate::identity::{ProcessIdentity, all_pids, look};

/// Names the runtime, which is the data folder, in the environment of all its processes.
pub(crate) const RUNTIME_MARK: &str = "TIDEGATE_RUNTIME";

/// How long the kernel may take to end what was sent SIGKILL. Only a process that waits for a
/// device takes longer than some milliseconds.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// How soon it is tried again what this machine had no file for.
const AGAIN: Duration = Duration::from_millis(50);

/// A process of a container.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Which it is.
    pub(crate) identity: ProcessIdentity,
    /// Its process group.
    pub(crate) group: u32,
}

/// Where the processes of one container, or of a whole replica, are found.
#[derive(Clone, Debug)]
pub(crate) struct Members {
    /// The replica's id.
    pub(crate) replica: String,
    /// The container's name; all containers of the replica when absent.
    pub(crate) container: Option<String>,
    /// The `cgroup.procs` files of its control groups.
    pub(crate) groups: Vec<PathBuf>,
}

impl Members {
    /// Those that are alive now, by control group and by environment. An error is a want of this
    /// machine: then it is not known.
    pub(crate) fn alive(&self) -> io::Result<Vec<Member>> {
        let mut pids = self.in_groups()?;
        for pid in all_pids()? {
            if Marks::of(pid)?.is_some_and(|marks| self.has(&marks)) {
                pids.insert(pid);
            }
        }
        living(pids)
    }

    fn has(&self, marks: &Marks) -> bool {
        marks.replica == self.replica
            && (self.container.is_none() || marks.container == self.container)
    }

    /// Sends a signal once to each that `chosen` says yes to, and waits for a file to do it with
    /// until `deadline`.
    pub(crate) async fn signal(
        &self,
        signal: Signal,
        deadline: Instant,
        chosen: impl Fn(&Member) -> bool,
    ) {
        let members = persist(deadline, || self.alive()).await.unwrap_or_default();
        for member in members.into_iter().filter(chosen) {
            persist(deadline, || member.identity.signal(signal)).await;
        }
    }

    /// Waits until none is alive; says whether that came to pass before `deadline`.
    pub(crate) async fn gone_by(&self, deadline: Instant) -> bool {
        let mut pause = Duration::from_millis(5);
        loop {
            if self.is_gone().unwrap_or(false) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    fn is_gone(&self) -> io::Result<bool> {
        // Looking at all processes of the machine costs far more than looking at the groups, so it
        // is done when those are empty.
        Ok(living(self.in_groups()?)?.is_empty() && self.alive()?.is_empty())
    }

    /// Kills all of them, those included that are born meanwhile. Says which could not be ended.
    pub(crate) async fn kill(&self) -> Result<(), Unkillable> {
        let deadline = Instant::now() + KILL_PATIENCE;
        loop {
            for member in self.alive().into_iter().flatten() {
                // One that cannot be reached now is in the next round.
                let _ = member.identity.signal(Signal::KILL);
            }
            let round = (Instant::now() + Duration::from_millis(100)).min(deadline);
            if self.gone_by(round).await {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let left = self.alive().map_err(Unkillable::Unseen)?;
                let pids = left.into_iter().map(|member| member.identity.pid).collect();
                return Err(Unkillable::Waiting { pids });
            }
        }
    }

    fn in_groups(&self) -> io::Result<BTreeSet<u32>> {
        let mut pids = BTreeSet::new();
        for file in &self.groups {
            let text = if_there(fs::read_to_string(file))?.unwrap_or_default();
            pids.extend(text.lines().filter_map(|line| line.parse::<u32>().ok()));
        }
        Ok(pids)
    }
}

/// Tries until it is done, or `deadline`.
pub(crate) async fn persist<T>(
    deadline: Instant,
    mut attempt: impl FnMut() -> io::Result<T>,
) -> Option<T> {
    loop {
        match attempt() {
            Ok(done) => return Some(done),
            Err(_) if Instant::now() >= deadline => return None,
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}

fn living(mut pids: BTreeSet<u32>) -> io::Result<Vec<Member>> {
    pids.remove(&std::process::id());
    let mut living = Vec::new();
    for pid in pids {
        if let Some(stat) = look(pid)?.filter(|stat| !stat.has_ended()) {
            living.push(Member { identity: ProcessIdentity::by(pid, &stat), group: stat.group });
        }
    }
    Ok(living)
}

/// Why processes are not known to have ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unkillable {
    /// SIGKILL did not end them.
    #[error("processes {pids:?} do not end even by SIGKILL: they wait for a device")]
    Waiting {
        /// Which they are.
        pids: Vec<u32>,
    },
    /// Nobody knows.
    #[error("it cannot be seen whether its processes have ended: {0}")]
    Unseen(io::Error),
}

/// What the environment that a process was started with says of whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    /// The replica's id.
    pub(crate) replica: String,
    /// The container's name.
    pub(crate) container: Option<String>,
    /// Whose replica it is: those of an earlier version do not say.
    pub(crate) runtime: Option<String>,
}

impl Marks {
    /// Those of a process of a replica; nothing for any other. An error is a want of this machine.
    pub(crate) fn of(pid: u32) -> io::Result<Option<Self>> {
        let environment = if_there(fs::read(format!("/proc/{pid}/environ")))?;
        Ok(environment.and_then(|environment| Self::read(&environment)))
    }

    fn read(environment: &[u8]) -> Option<Self> {
        let value = |name: &str| {
            let entries = environment.split(|byte| *byte == 0);
            let mut values = entries.filter_map(|entry| {
                let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
                String::from_utf8(value.to_owned()).ok()
            });
            values.next()
        };
        Some(Self {
            replica: value(REPLICA_MARK)?,
            container: value(CONTAINER_MARK),
            runtime: value(RUNTIME_MARK),
        })
    }
}
