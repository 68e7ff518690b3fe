//! The runtime's half of a start: the launcher is told what to become only after it has been
//! written down whom it is. A runtime that dies in between leaves a launcher that reads the end of
//! its input and ends; so no process of a container ever runs that no record knows.

use std::{io, process::Stdio, time::Duration};

use tidegate_replicas::{TryFailure, make_late};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

use crate::{
    identity::ProcessIdentity,
    launch::{LaunchReport, LaunchSpec},
    settings::Launcher,
};

/// From the launcher's start to its exec: some milliseconds. More than this means that the machine
/// no longer starts processes.
const PATIENCE: Duration = Duration::from_secs(20);

/// More than the launcher can say: a warning per control group and one failure.
const REPORT_BYTES: u64 = 64 << 10;

/// A process that has become what it was to become.
#[derive(Debug)]
pub(crate) struct Started {
    /// To wait for it.
    pub(crate) child: Child,
    /// Which it is.
    pub(crate) identity: ProcessIdentity,
    /// What could not be had, each in a sentence.
    pub(crate) warnings: Vec<String>,
}

/// Why a process was not started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The launcher itself could not be run.
    #[error("cannot run the launcher {program}: {error}")]
    Launcher {
        /// Its path.
        program: String,
        /// What the system says.
        error: io::Error,
    },
    /// The launcher could not become the process.
    #[error("{0}")]
    Refused(String),
    /// It could not be written down whom was started.
    #[error("cannot write down the process: {0}")]
    Record(io::Error),
    /// The launcher went silent.
    #[error("the launcher did not start the process within {} s", PATIENCE.as_secs())]
    Slow,
}

impl StartError {
    /// What it says of a container beside which a probe was to run: a machine that starts no process
    /// says nothing of it.
    pub(crate) fn of_probe(&self) -> TryFailure {
        match self {
            Self::Refused(_) => TryFailure::Failed(self.to_string()),
            Self::Launcher { .. } | Self::Record(_) | Self::Slow => {
                TryFailure::Unknown(self.to_string())
            }
        }
    }
}

/// Starts what `spec` says, after `record` has written down which process it will be.
pub(crate) async fn spawn(
    launcher: &Launcher,
    spec: &LaunchSpec,
    record: impl FnOnce(&ProcessIdentity) -> io::Result<()>,
) -> Result<Started, StartError> {
    let failed =
        |error| StartError::Launcher { program: launcher.program.display().to_string(), error };
    let shown = spec.view.as_ref().map_or(&[][..], |view| &view.shown);
    make_late(shown).map_err(|error| StartError::Refused(format!("a volume: {error}")))?;
    let mut child = Command::new(&launcher.program)
        .args(&launcher.args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let pid = child.id().ok_or_else(|| failed(io::Error::other("it has no pid")))?;
    let identity = ProcessIdentity::of(pid).map_err(failed)?;
    record(&identity).map_err(StartError::Record)?;
    let done = tokio::time::timeout(PATIENCE, hand_over(&mut child, spec)).await;
    match done {
        Ok(Ok(warnings)) => Ok(Started { child, identity, warnings }),
        Ok(Err(error)) => Err(give_up(child, error).await),
        Err(_) => Err(give_up(child, StartError::Slow).await),
    }
}

async fn give_up(mut child: Child, why: StartError) -> StartError {
    let _ = child.kill().await;
    why
}

async fn hand_over(child: &mut Child, spec: &LaunchSpec) -> Result<Vec<String>, StartError> {
    let refused = |error: io::Error| StartError::Refused(format!("the launcher: {error}"));
    let text = serde_json::to_vec(spec).map_err(|error| refused(error.into()))?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(refused(io::Error::other("it has no pipes")));
    };
    // It may have failed before it read all of this; then what it says is told, not the broken pipe.
    let written = input.write_all(&text).await;
    drop(input);
    let mut lines = BufReader::new(output.take(REPORT_BYTES)).lines();
    let mut warnings = Vec::new();
    while let Some(line) = lines.next_line().await.map_err(refused)? {
        match serde_json::from_str(&line) {
            Ok(LaunchReport::Warning(warning)) => warnings.push(warning),
            Ok(LaunchReport::Failed(failure)) => return Err(StartError::Refused(failure)),
            Err(_) => {
                return Err(StartError::Refused(format!(
                    "the launcher says {line:?}; it is no launcher"
                )));
            }
        }
    }
    written.map_err(refused)?;
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn spec(folder: &Path) -> LaunchSpec {
        LaunchSpec {
            program: "true".to_owned(),
            args: Vec::new(),
            env: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into(),
            folder: folder.to_owned(),
            log: None,
            view: None,
            security: tidegate_workload::Security::default(),
            cgroups: Vec::new(),
            oom_score_adj: 0,
        }
    }

    /// A launcher that does what a line of shell says.
    fn shell(line: &str) -> Launcher {
        Launcher { program: "/bin/sh".into(), args: vec!["-c".to_owned(), line.to_owned()] }
    }

    async fn check(launcher: Launcher, expect: &str) {
        let told = spawn(&launcher, &spec(Path::new("/")), |_| Ok(())).await.unwrap_err();
        assert_eq!(told.to_string(), expect);
    }

    #[tokio::test]
    async fn a_launcher_that_does_not_do_its_work_is_told() {
        let missing = Launcher { program: "/no/launcher".into(), args: Vec::new() };
        check(
            missing,
            "cannot run the launcher /no/launcher: No such file or directory (os error 2)",
        )
        .await;
        check(
            shell("cat > /dev/null; echo hello"),
            "the launcher says \"hello\"; it is no launcher",
        )
        .await;
        check(shell(r#"echo '{"Failed":"no luck"}'"#), "no luck").await;
    }

    #[tokio::test]
    async fn warnings_are_passed_on() {
        let launcher = shell(r#"cat > /dev/null; echo '{"Warning":"no group"}'"#);
        let mut started = spawn(&launcher, &spec(Path::new("/")), |_| Ok(())).await.unwrap();
        assert_eq!(started.warnings, ["no group"]);
        assert_eq!(started.child.id(), Some(started.identity.pid));
        assert!(started.child.wait().await.unwrap().success());
    }

    #[tokio::test]
    async fn nothing_is_started_that_could_not_be_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("told");
        let launcher = shell(&format!("cat > {0}.draft; mv {0}.draft {0}", path.display()));
        let mut pid = 0;
        let record = |identity: &ProcessIdentity| {
            pid = identity.pid;
            Err(io::Error::other("the disk is full"))
        };
        let told = spawn(&launcher, &spec(folder.path()), record).await.unwrap_err();
        assert_eq!(told.to_string(), "cannot write down the process: the disk is full");
        // It reads the end of its input and nothing before that.
        while ProcessIdentity::of(pid).is_ok_and(|identity| identity.is_alive()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), "");
    }
}
