//! Who runs in this world, as the kernel says.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// A process that is none of the torture's own.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) role: Role,
    pub(crate) line: String,
}

/// What a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Control,
    Router,
    Replica {
        app: u32,
        version: String,
    },
    /// A command that somebody typed, a launcher, or what should not be.
    Other,
}

/// All of them, but for this one, the first of the world, and those that have ended.
pub(crate) fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut found: Vec<_> = pids.filter(|pid| *pid > 1 && *pid != own()).filter_map(read).collect();
    found.sort_by_key(|process: &Process| process.pid);
    found
}

/// Those with a role that is asked for.
pub(crate) fn which(wanted: impl Fn(&Role) -> bool) -> Vec<Process> {
    all().into_iter().filter(|process| wanted(&process.role)).collect()
}

/// The replicas of an application.
pub(crate) fn replicas(of: u32) -> Vec<Process> {
    which(|role| matches!(role, Role::Replica { app, .. } if *app == of))
}

/// Sends a signal; true if it was taken.
pub(crate) fn send(pid: u32, signal: Signal) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
}

fn own() -> u32 {
    std::process::id()
}

fn read(pid: u32) -> Option<Process> {
    let file = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let stat = String::from_utf8_lossy(&file("stat")).into_owned();
    let (_, state) = stat.rsplit_once(") ")?;
    // One whose exit code waits to be taken runs no more.
    if state.starts_with(['Z', 'X']) {
        return None;
    }
    let words = strings(&file("cmdline"));
    let program = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
    let has = |word: &str| words.iter().any(|one| one == word);
    let role = match program {
        "tidegate" if has("server") => Role::Control,
        "tidegate" if has("router") => Role::Router,
        "tidegate-sample" => replica(&strings(&file("environ"))).unwrap_or(Role::Other),
        _ => Role::Other,
    };
    Some(Process { pid, role, line: words.join(" ") })
}

fn replica(environment: &[String]) -> Option<Role> {
    let get = |name: &str| environment.iter().find_map(|pair| pair.strip_prefix(name));
    Some(Role::Replica { app: get("APP=")?.parse().ok()?, version: get("VERSION=")?.to_owned() })
}

fn strings(bytes: &[u8]) -> Vec<String> {
    let parts = bytes.split(|byte| *byte == 0).filter(|part| !part.is_empty());
    parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

/// The ports of this world that somebody listens on.
pub(crate) fn listening() -> Vec<u16> {
    const LISTEN: &str = "0A";
    let files = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|file| fs::read_to_string(file).unwrap_or_default());
    let lines = files.iter().flat_map(|text| text.lines().skip(1));
    lines
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let (local, state) = (fields.get(1)?, fields.get(3)?);
            let port = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
            (*state == LISTEN).then_some(port)
        })
        .collect()
}
