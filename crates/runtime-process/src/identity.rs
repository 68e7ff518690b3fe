//! Which process it is: a pid alone is lent again to another.

use std::{fs, io, os::fd::OwnedFd, sync::OnceLock, time::Duration};

use rustix::process::{Pid, PidfdFlags, Signal};
use serde::{Deserialize, Serialize};
use tidegate_replicas::if_there;
use tokio::io::unix::AsyncFd;

/// A process, told apart from every other that had or will have its pid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessIdentity {
    /// Its process id.
    pub(crate) pid: u32,
    /// When it started, in clock ticks since the boot: field 22 of `/proc/PID/stat`.
    pub(crate) start_ticks: u64,
    /// In which boot: `/proc/sys/kernel/random/boot_id`.
    pub(crate) boot: String,
}

impl ProcessIdentity {
    /// The process that has this pid now.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        Ok(Self::by(pid, &stat(pid)?))
    }

    /// The process of which this was said.
    pub(crate) fn by(pid: u32, stat: &Stat) -> Self {
        Self { pid, start_ticks: stat.start_ticks, boot: boot_id().to_owned() }
    }

    /// Whether it still runs; one that has ended and is not yet waited for does not. One that cannot
    /// be looked at may.
    pub(crate) fn is_alive(&self) -> bool {
        self.runs().unwrap_or(true)
    }

    fn runs(&self) -> io::Result<bool> {
        let is_it = |now: Stat| now.start_ticks == self.start_ticks && !now.has_ended();
        Ok(self.boot == boot_id() && look(self.pid)?.is_some_and(is_it))
    }

    /// A handle on it that stays right when the pid is lent again; none when it has ended. An error
    /// is a want of this machine.
    fn handle(&self) -> io::Result<Option<OwnedFd>> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else {
            return Ok(None);
        };
        let opened = rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK)
            .or_else(|_| rustix::process::pidfd_open(pid, PidfdFlags::empty()));
        let handle = if_there(opened.map_err(io::Error::from))?;
        // Asked after the handle was opened: if it is alive now, the handle is on it.
        Ok(if self.runs()? { handle } else { None })
    }

    /// Sends a signal to it alone, if it is there. An error is a want of this machine.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        if let Some(handle) = self.handle()? {
            let _ = rustix::process::pidfd_send_signal(handle, signal);
        }
        Ok(())
    }

    /// Sends a signal to the whole group that it leads, and says whether it is there to lead it. An
    /// error is a want of this machine.
    pub(crate) fn signal_group(&self, signal: Signal) -> io::Result<bool> {
        // While the handle is open and it is alive, its group is the one of this number.
        if let Some(_handle) = self.handle()?
            && let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(pid, signal);
            return Ok(true);
        }
        Ok(false)
    }

    /// Returns when it has ended. For processes that are not children of this one.
    pub(crate) async fn ended(&self) {
        if let Some(handle) = self.handle().ok().flatten().and_then(watched)
            && handle.readable().await.is_ok()
        {
            return;
        }
        // A kernel without pidfd (before 5.3), or no file left for one: look now and then.
        while self.is_alive() {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe, for types that change their descriptor; OwnedFd never does"
)]
fn watched(handle: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
    AsyncFd::new(handle).ok()
}

/// The id of this boot; a constant of the running kernel.
pub(crate) fn boot_id() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map(|id| id.trim().to_owned())
            .unwrap_or_default()
    })
}

/// What `/proc/PID/stat` says of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    /// One letter: `R` running, `S` sleeping, `Z` ended and not yet waited for.
    pub(crate) state: char,
    /// Its process group.
    pub(crate) group: u32,
    /// CPU time that it has used, user and system, in clock ticks.
    pub(crate) cpu_ticks: u64,
    /// When it started, in clock ticks since the boot.
    pub(crate) start_ticks: u64,
    /// Its resident memory, in pages.
    pub(crate) resident_pages: u64,
}

impl Stat {
    /// Whether it has ended and only waits to be reaped.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// Reads `/proc/PID/stat`.
pub(crate) fn stat(pid: u32) -> io::Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_stat(&text).ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat: {text:?}")))
}

/// What is said of the process with this pid, if there is one. An error is a want of this machine.
pub(crate) fn look(pid: u32) -> io::Result<Option<Stat>> {
    if_there(stat(pid))
}

/// The fields as `proc_pid_stat(5)` numbers them. The second is the program's name in brackets,
/// which may itself hold brackets and blanks; so everything is counted from the last bracket on.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        group: u32::try_from(number(5)?).ok()?,
        cpu_ticks: number(14)?.saturating_add(number(15)?),
        start_ticks: number(22)?,
        resident_pages: number(24)?,
    })
}

/// All processes of this machine that may be seen, by pid. An error is a want of this machine.
pub(crate) fn all_pids() -> io::Result<Vec<u32>> {
    let entries = if_there(fs::read_dir("/proc"))?.into_iter().flatten();
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_program_does_not_shift_the_fields() {
        let line = |name: &str| {
            format!(
                "42 ({name}) S 1 40 39 0 -1 4194560 1 2 3 4 70 30 0 0 20 0 1 0 987 1000 55 18446744073709551615 0"
            )
        };
        let expect =
            Stat { state: 'S', group: 40, cpu_ticks: 100, start_ticks: 987, resident_pages: 55 };
        for name in ["sh", "a b", "x) R 1 1", "(("] {
            assert_eq!(parse_stat(&line(name)), Some(expect.clone()), "{name}");
        }
        assert_eq!(parse_stat("42 (sh"), None);
        assert_eq!(parse_stat(""), None);
    }

    #[test]
    fn a_process_is_not_mistaken_for_another_with_its_pid() {
        let me = ProcessIdentity::of(std::process::id()).unwrap();
        assert!(me.is_alive());
        let earlier = ProcessIdentity { start_ticks: me.start_ticks - 1, ..me.clone() };
        let other_boot = ProcessIdentity { boot: "another".to_owned(), ..me };
        for other in [earlier, other_boot] {
            assert!(!other.is_alive());
            assert!(other.handle().unwrap().is_none());
            other.signal(Signal::KILL).unwrap();
            assert!(!other.signal_group(Signal::KILL).unwrap());
        }
    }
}
