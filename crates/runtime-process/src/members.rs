//! All processes of a container, however they came to be.
//!
//! A process leaves its parent (`fork` twice), its group and its session (`setsid`) as it likes,
//! but neither its control group nor the environment that it was started with. So both are asked.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use rustix::process::Signal;
use tidegate_replicas::{CONTAINER_MARK, REPLICA_MARK};
use tokio::time::Instant;

use crate::identity::{ProcessIdentity, Stat, all_pids, stat};

/// Names the runtime, which is the data folder, in the environment of all its processes.
pub(crate) const RUNTIME_MARK: &str = "TIDEGATE_RUNTIME";

/// How long the kernel may take to end what was sent SIGKILL. Only a process that waits for a
/// device takes longer than some milliseconds.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

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
    /// Those that are alive now, by control group and by environment.
    pub(crate) fn alive(&self) -> Vec<ProcessIdentity> {
        let mut pids = self.in_groups();
        pids.extend(all_pids().into_iter().filter(|pid| {
            Marks::of(*pid).is_some_and(|marks| {
                marks.replica == self.replica
                    && (self.container.is_none() || marks.container == self.container)
            })
        }));
        living(pids)
    }

    /// Sends a signal to each that `chosen` says yes to.
    pub(crate) fn signal(&self, signal: Signal, chosen: impl Fn(&Stat) -> bool) {
        for member in self.alive() {
            if stat(member.pid).is_ok_and(|stat| chosen(&stat)) {
                member.signal(signal);
            }
        }
    }

    /// Waits until none is alive; says whether that came to pass before `deadline`.
    pub(crate) async fn gone_by(&self, deadline: Instant) -> bool {
        let mut pause = Duration::from_millis(5);
        loop {
            // Looking at all processes of the machine costs far more than looking at the groups,
            // so it is done when those are empty.
            if living(self.in_groups()).is_empty() && self.alive().is_empty() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    /// Kills all of them, those included that are born meanwhile. Says which could not be ended.
    pub(crate) async fn kill(&self) -> Result<(), Unkillable> {
        let deadline = Instant::now() + KILL_PATIENCE;
        loop {
            self.signal(Signal::KILL, |_| true);
            let round = (Instant::now() + Duration::from_millis(100)).min(deadline);
            if self.gone_by(round).await {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let pids = self.alive().into_iter().map(|member| member.pid).collect();
                return Err(Unkillable { pids });
            }
        }
    }

    fn in_groups(&self) -> BTreeSet<u32> {
        self.groups.iter().flat_map(pids_in).collect()
    }
}

fn living(mut pids: BTreeSet<u32>) -> Vec<ProcessIdentity> {
    pids.remove(&std::process::id());
    pids.into_iter()
        .filter(|pid| stat(*pid).is_ok_and(|stat| !stat.has_ended()))
        .filter_map(|pid| ProcessIdentity::of(pid).ok())
        .collect()
}

/// Processes that SIGKILL did not end.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("processes {pids:?} do not end even by SIGKILL: they wait for a device")]
pub(crate) struct Unkillable {
    pids: Vec<u32>,
}

fn pids_in(file: &PathBuf) -> Vec<u32> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
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
    /// Those of a process of a replica; nothing for any other.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
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
