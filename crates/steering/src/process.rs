//! Programs and their processes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

/// Where a program is: in the folders of `path`, as in the variable `PATH`, or in those where Debian
/// puts servers, which are in root's alone.
pub fn find_program(name: &str, path: &str) -> Option<PathBuf> {
    let folders = path.split(':').filter(|folder| !folder.is_empty());
    let folders = folders.chain(["/usr/local/sbin", "/usr/sbin", "/sbin"]);
    folders.map(|folder| Path::new(folder).join(name)).find(|file| file.is_file())
}

/// Sends a signal to a process.
pub fn signal(pid: u32, signal: Signal) -> Result<(), String> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or("no such process")?;
    kill_process(pid, signal).map_err(|error| error.to_string())
}

/// A process' command line, or the title that it gave itself; none of one that has ended.
///
/// While a process takes another program, or its own anew, its command line is empty: it is looked at
/// again, for some 200 ms at most.
pub fn title(pid: u32) -> Option<String> {
    for _ in 0..200 {
        let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        if !bytes.is_empty() {
            return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
        }
        // One that has ended has no program, nor has one of the kernel's.
        fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        sleep(Duration::from_millis(1));
    }
    None
}

/// Whether a process has something of its own to do at a signal, or will have seen to that before it
/// lets the signal in. One that has just begun has not: most signals would end it.
pub fn minds(pid: u32, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let bit = 1_u64 << (signal.as_raw() - 1);
    let has = |name: &str| {
        let found = status.lines().find_map(|line| line.strip_prefix(name));
        found.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap_or(0) & bit != 0)
    };
    has("SigCgt:") || has("SigBlk:")
}

/// The children of a process.
pub fn children(parent: u32) -> BTreeSet<u32> {
    // Each is told of the thread that began it.
    let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let told: Result<Vec<_>, _> =
        threads.map(|it| fs::read_to_string(it.path().join("children"))).collect();
    if let Ok(told) = told {
        let pids = told.iter().flat_map(|of| of.split_whitespace());
        return pids.filter_map(|pid| pid.parse().ok()).collect();
    }
    // A kernel without that file, or a thread that has just ended.
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after = stat.rsplit_once(") ").map(|(_, after)| after).unwrap_or_default();
        after.split(' ').nth(1).and_then(|of| of.parse().ok()) == Some(parent)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_parent_and_a_program_by_its_folder() {
        let mut child = std::process::Command::new("sleep").arg("5").spawn().unwrap();
        assert!(children(std::process::id()).contains(&child.id()));
        assert_eq!(title(child.id()).as_deref(), Some("sleep 5 "));
        signal(child.id(), Signal::TERM).unwrap();
        child.wait().unwrap();
        assert_eq!(title(child.id()), None);
        assert_eq!(find_program("sh", "/no/where:/bin"), Some("/bin/sh".into()));
        assert_eq!(find_program("no-such-program", "/bin"), None);
    }

    #[test]
    fn one_that_has_ended_has_no_title_and_the_command_line_of_a_new_program_is_waited_for() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let stat = || fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        while !stat().contains(") Z") {
            sleep(Duration::from_millis(1));
        }
        assert_eq!(title(child.id()), None, "nobody has asked how it ended yet");
        child.wait().unwrap();
        // A shell that becomes itself over and over is never without one.
        let again = "n=$1; [ $n -gt 0 ] && exec sh -c \"$0\" \"$0\" $((n - 1)); read line";
        let mut child = std::process::Command::new("sh")
            .args(["-c", again, again, "300"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        while !title(child.id()).unwrap().ends_with(" 0 ") {}
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn what_a_process_minds_is_told_from_what_ends_it() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "trap 'exit 7' USR1; echo ready; while :; do sleep 0.01; done"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut told).unwrap();
        assert!(minds(child.id(), Signal::USR1));
        signal(child.id(), Signal::USR1).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(7));
        assert!(!minds(child.id(), Signal::USR1), "it is gone");
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert!(!minds(child.id(), Signal::USR1));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
