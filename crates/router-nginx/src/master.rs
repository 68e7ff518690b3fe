//! nginx' processes.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tidegate_steering::process::{Signal, children, signal, title};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    process::Command,
    time::timeout,
};

use crate::files::Files;

/// Proving a configuration takes some 20 ms, of a thousand listeners a second.
const PATIENCE: Duration = Duration::from_secs(10);
/// For a worker to say which configuration it follows.
const ANSWER: Duration = Duration::from_secs(1);

/// The nginx of a data folder.
#[derive(Clone, Debug)]
pub(crate) struct Master {
    /// Its program.
    pub(crate) program: PathBuf,
    /// Its files.
    pub(crate) files: Files,
}

/// A process that carries requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Worker {
    pub(crate) pid: u32,
    /// Whether it takes no new ones any more.
    pub(crate) is_leaving: bool,
}

impl Master {
    /// Its process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        let text = fs::read_to_string(self.files.pid()).ok()?;
        let pid = text.trim().parse().ok()?;
        let folder = self.files.folder();
        // A number that was another's before may be anybody's by now.
        let title = title(pid)?;
        let is_ours = title.starts_with("nginx: master") && title.contains(folder.to_str()?);
        is_ours.then_some(pid)
    }

    /// Its workers.
    pub(crate) fn workers(&self) -> Vec<Worker> {
        let Some(master) = self.pid() else { return Vec::new() };
        let worker = |pid| {
            let title = title(pid)?;
            title
                .starts_with("nginx: worker")
                .then(|| Worker { pid, is_leaving: title.contains("shutting down") })
        };
        children(master).into_iter().filter_map(worker).collect()
    }

    /// Whether nginx takes the configuration in the file; otherwise its words.
    pub(crate) async fn prove(&self, config: &Path) -> Result<(), String> {
        self.run(&["-t", "-q"], config).await
    }

    /// Starts it with the configuration that holds.
    pub(crate) async fn start(&self) -> Result<(), String> {
        // Nobody listens on what a killed one left there.
        if let Err(error) = fs::remove_file(self.files.socket())
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(format!("{}: {error}", self.files.socket().display()));
        }
        self.run(&[], &self.files.config()).await
    }

    async fn run(&self, arguments: &[&str], config: &Path) -> Result<(), String> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .arg("-p")
            .arg(self.files.folder())
            .arg("-c")
            .arg(config)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // What starts it may be going down, and take its group with it.
            .process_group(0)
            .kill_on_drop(true);
        let program = self.program.display();
        let child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        let ended = timeout(PATIENCE, child.wait_with_output()).await;
        let output = ended
            .map_err(|_| format!("{program} did not end within {PATIENCE:?}"))?
            .map_err(|error| format!("{program}: {error}"))?;
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

    /// Tells it to follow the configuration that holds now.
    pub(crate) fn reload(&self) -> Result<(), String> {
        let pid = self.pid().ok_or("nginx does not run")?;
        signal(pid, Signal::HUP)
    }

    /// Tells it to end: once all requests have, or at once.
    pub(crate) fn stop(&self, when: Stop) {
        if let Some(pid) = self.pid() {
            let sign = if when == Stop::Drained { Signal::QUIT } else { Signal::TERM };
            if let Err(error) = signal(pid, sign) {
                tracing::warn!(%error, "nginx could not be told to end");
            }
        }
    }

    /// The number of the configuration that it answers by.
    pub(crate) async fn number(&self) -> Option<u64> {
        timeout(ANSWER, ask(&self.files.socket())).await.ok()?.ok()?
    }
}

/// When nginx ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Once no request is under way.
    Drained,
    /// Now.
    AtOnce,
}

/// Ends a worker, whatever it carries.
pub(crate) fn end(pid: u32) {
    if let Err(error) = signal(pid, Signal::TERM) {
        tracing::warn!(pid, %error, "an old worker could not be ended");
    }
}

async fn ask(socket: &Path) -> io::Result<Option<u64>> {
    /// The answer has some 150 bytes.
    const MOST: u64 = 4096;
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(b"GET /number HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    stream.take(MOST).read_to_string(&mut answer).await?;
    Ok(answer.rsplit_once("\r\n\r\n").and_then(|(_, body)| body.trim().parse().ok()))
}

/// What is to be told of what nginx wrote: the lines that say why, without what it puts before them.
fn words(errors: &str) -> String {
    let told = errors.lines().filter_map(|line| {
        let (_, words) = line.split_once("[emerg] ").or_else(|| line.split_once("[crit] "))?;
        // A number of the process comes first when it is on its way already.
        Some(words.split_once("#0: ").map_or(words, |(_, words)| words))
    });
    let told: Vec<_> = told.take(5).collect();
    told.join("; ")
}

/// The last words of a log of complaints.
pub(crate) fn last_words(log: &Path) -> String {
    words(&fs::read_to_string(log).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nginx_is_quoted_without_what_it_puts_before() {
        let errors = "nginx: [warn] nothing\n\
                      nginx: [emerg] unknown directive \"x\" in /a/nginx.conf:3\n\
                      2026/11/21 20:00:00 [emerg] 12#0: bind() to 0.0.0.0:80 failed\n\
                      nginx: configuration file /a/nginx.conf test failed\n";
        assert_eq!(
            words(errors),
            "unknown directive \"x\" in /a/nginx.conf:3; bind() to 0.0.0.0:80 failed"
        );
    }
}
