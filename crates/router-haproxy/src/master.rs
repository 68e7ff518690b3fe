//! `HAProxy`'s processes.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tidegate_steering::process::{Signal, children, minds, signal, title};
use tokio::{
    process::Command,
    time::{Instant, sleep, timeout},
};

use crate::files::{Files, MASTER};

/// Proving a configuration takes some 20 ms.
const PATIENCE: Duration = Duration::from_secs(10);
/// For a master to take signals: it does so some milliseconds after it began, and after a reload.
const BEGIN: Duration = Duration::from_secs(5);
/// What is read of its complaints at most.
const COMPLAINTS: u64 = 64 * 1024;

/// The `HAProxy` of a data folder.
#[derive(Clone, Debug)]
pub(crate) struct Master {
    /// Its program.
    pub(crate) program: PathBuf,
    /// Its files.
    pub(crate) files: Files,
}

impl Master {
    /// Its process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        let pid = fs::read_to_string(self.files.pid()).ok()?.trim().parse().ok()?;
        // A number that was another's before may be anybody's by now.
        title(pid)?.contains(self.files.config().to_str()?).then_some(pid)
    }

    /// The processes that carry requests.
    pub(crate) fn workers(&self) -> Vec<u32> {
        let Some(master) = self.pid() else { return Vec::new() };
        children(master).into_iter().filter(|pid| title(*pid).is_some()).collect()
    }

    /// Whether `HAProxy` takes the configuration in the file; otherwise its words.
    pub(crate) async fn prove(&self, config: &Path) -> Result<(), String> {
        let mut command = Command::new(&self.program);
        command.arg("-c").arg("-f").arg(config).current_dir(self.files.home());
        command.stdin(Stdio::null()).kill_on_drop(true);
        let program = self.program.display();
        let ended = timeout(PATIENCE, command.output()).await;
        let output = ended
            .map_err(|_| format!("{program} did not end within {PATIENCE:?}"))?
            .map_err(|error| self.not_run(&error))?;
        if output.status.success() {
            return Ok(());
        }
        let words = words(&String::from_utf8_lossy(&output.stderr));
        Err(if words.is_empty() {
            format!("{program} ended with {}", output.status)
        } else {
            words
        })
    }

    /// Starts it with the configuration that holds, in a group of its own: what starts it may be
    /// going down, and take its group with it.
    pub(crate) fn start(&self) -> Result<(), String> {
        let told = |error: io::Error| format!("{}: {error}", self.files.folder().display());
        let append = |path: PathBuf| File::options().create(true).append(true).open(path);
        let child = Command::new(&self.program)
            .args(["-W", "-S", &format!("unix@{MASTER},mode,600"), "-f"])
            .arg(self.files.config())
            .current_dir(self.files.home())
            .stdin(Stdio::null())
            .stdout(append(self.files.access()).map_err(told)?)
            .stderr(append(self.files.errors()).map_err(told)?)
            .process_group(0)
            .kill_on_drop(false)
            .spawn()
            .map_err(|error| self.not_run(&error))?;
        let pid = child.id().ok_or("haproxy ended at once")?;
        fs::write(self.files.pid(), pid.to_string()).map_err(told)
    }

    fn not_run(&self, error: &io::Error) -> String {
        let program = self.program.display();
        if error.kind() == io::ErrorKind::NotFound {
            return format!(
                "{program} is not there any more: install haproxy again, or name its program with \
                 --router-program"
            );
        }
        format!("{program}: {error}")
    }

    /// Tells it to follow the configuration that holds now.
    pub(crate) async fn reload(&self) -> Result<(), String> {
        self.tell(self.pid().ok_or("haproxy does not run")?, Signal::USR2).await
    }

    /// Tells it to end: once all requests have, or at once.
    pub(crate) async fn stop(&self, when: Stop) {
        let Some(pid) = self.pid() else { return };
        let told = match when {
            Stop::Drained => self.tell(pid, Signal::USR1).await,
            Stop::AtOnce => signal(pid, Signal::TERM),
        };
        if let Err(error) = told {
            tracing::warn!(%error, "haproxy could not be told to end");
        }
    }

    /// Sends a signal once it is there to take it: before that, the signal would end it.
    async fn tell(&self, pid: u32, sign: Signal) -> Result<(), String> {
        let begun = Instant::now();
        while !minds(pid, sign) {
            if self.pid() != Some(pid) {
                return Err("haproxy ended".to_owned());
            }
            if begun.elapsed() > BEGIN {
                return Err(format!("haproxy does not begin within {BEGIN:?}"));
            }
            sleep(Duration::from_millis(2)).await;
        }
        signal(pid, sign)
    }

    /// Where the log of its complaints ends now.
    pub(crate) fn errors_end(&self) -> u64 {
        fs::metadata(self.files.errors()).map_or(0, |log| log.len())
    }

    /// What it has complained of since its log ended at `from`; nothing when it has not.
    pub(crate) fn complaints(&self, from: u64) -> String {
        let read = || {
            let mut log = File::open(self.files.errors())?;
            log.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            log.take(COMPLAINTS).read_to_end(&mut bytes)?;
            io::Result::Ok(bytes)
        };
        words(&String::from_utf8_lossy(&read().unwrap_or_default()))
    }
}

/// When `HAProxy` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Once no request is under way.
    Drained,
    /// Now.
    AtOnce,
}

/// What is to be told of what `HAProxy` wrote: why, without what it puts before and after it.
fn words(errors: &str) -> String {
    let told = errors.lines().filter_map(|line| {
        let (_, words) = line.strip_prefix("[ALERT]")?.split_once(" : ")?;
        let words = words.strip_prefix("config : ").unwrap_or(words);
        let says_why =
            !words.contains("(s) found in configuration") && !words.starts_with("Fatal errors");
        says_why.then_some(words)
    });
    told.take(5).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn haproxy_is_quoted_without_what_it_puts_around() {
        let errors = "[NOTICE]   (1) : haproxy version is 2.6.12\n\
            [ALERT]    (1) : config : parsing [h.cfg:3] : unknown keyword 'x' in 'global' section\n\
            [ALERT]    (1) : config : Error(s) found in configuration file : h.cfg\n\
            [ALERT]    (1) : config : Fatal errors found in configuration.\n";
        assert_eq!(words(errors), "parsing [h.cfg:3] : unknown keyword 'x' in 'global' section");
    }
}
