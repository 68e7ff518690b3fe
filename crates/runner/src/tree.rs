//! All processes that a step started, however they came to be: by group, by the environment that they were started
//! with, and by who started them. One that left its group and forgot its environment is found as long as whoever
//! started it lives; all three left behind, it is not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::{Duration, Instant},
};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

/// How long new processes are looked for: each round ends all that there are, so that only who forks faster than
/// all processes are read lasts longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends a signal to a process group. One that is gone needs none.
pub(crate) fn signal_group(group: Pid, signal: Signal) {
    let _ = kill_process_group(group, signal);
}

/// Ends at once all processes that carry one of the marks, and all that they and `roots` started. Says how many.
pub(crate) fn kill_marked(marks: &[String], roots: &[Pid]) -> usize {
    // Most jobs leave nothing, and this is half of the work.
    if roots.is_empty() && !all_pids().into_iter().any(|pid| has_mark(pid, marks)) {
        return 0;
    }
    let deadline = Instant::now() + PATIENCE;
    let mut killed = BTreeSet::new();
    loop {
        let found = find(marks, roots);
        let before = killed.len();
        killed.extend(found.into_iter().filter(|process| kill(*process)));
        if killed.len() == before || Instant::now() >= deadline {
            return killed.len();
        }
    }
}

/// Which process: a number is given again, but not at the same time since the machine started.
type Process = (i32, u64);

/// What `/proc` tells of the processes that are to go.
fn find(marks: &[String], roots: &[Pid]) -> BTreeSet<Process> {
    let mut children: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
    let mut found: BTreeSet<Process> = BTreeSet::new();
    let roots: BTreeSet<i32> = roots.iter().map(|root| root.as_raw_pid()).collect();
    for pid in all_pids() {
        let Some(stat) = Stat::of(pid).filter(|stat| !stat.ended) else { continue };
        children.entry(stat.parent).or_default().push((pid, stat.began));
        if roots.contains(&stat.group) || has_mark(pid, marks) {
            found.insert((pid, stat.began));
        }
    }
    let own = std::process::id().cast_signed();
    let mut next: Vec<i32> = found.iter().map(|(pid, _)| *pid).collect();
    while let Some(pid) = next.pop() {
        let born = children.get(&pid).into_iter().flatten().copied();
        next.extend(born.filter(|child| found.insert(*child)).map(|(pid, _)| pid));
    }
    found.retain(|(pid, _)| *pid != own);
    found
}

fn all_pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn has_mark(pid: i32, marks: &[String]) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment
        .split(|byte| *byte == 0)
        .any(|entry| marks.iter().any(|mark| entry == mark.as_bytes()))
}

/// Opened before it is looked at again: a number that meanwhile is another process's is left alone.
fn kill((pid, began): Process) -> bool {
    let opened = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
    let Some(process) = opened else { return false };
    let same = Stat::of(pid).is_some_and(|stat| !stat.ended && stat.began == began);
    same && pidfd_send_signal(&process, Signal::KILL).is_ok()
}

/// What is asked of `/proc/PID/stat`.
struct Stat {
    parent: i32,
    group: i32,
    /// In ticks since the machine started.
    began: u64,
    ended: bool,
}

impl Stat {
    fn of(pid: i32) -> Option<Self> {
        let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
        // A program's name may hold anything, also a bracket; what follows the last one is numbers.
        let at = text.iter().rposition(|byte| *byte == b')')?;
        let text = std::str::from_utf8(text.get(at + 1..)?).ok()?;
        let mut fields = text.split_ascii_whitespace();
        let ended = matches!(fields.next()?, "Z" | "X");
        let (parent, group) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        // Field 22 of proc_pid_stat(5); the group is field 5.
        Some(Self { parent, group, began: fields.nth(16)?.parse().ok()?, ended })
    }
}
