//! The launcher's half: what happens in the new process before it becomes the container's.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{fs::OpenOptionsExt, process::CommandExt},
    },
    path::PathBuf,
    process::{Command, ExitCode},
};

use serde::{Deserialize, Serialize};

use tidegate_replicas::private_folder;

use tidegate_workload::Security;

use crate::{
    rights,
    view::{View, enter},
};

/// What the launcher is to become. It arrives as JSON on standard input.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchSpec {
    /// The program: a path, or a name that is looked up in the `PATH` of `env`.
    pub(crate) program: String,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// Its whole environment.
    pub(crate) env: BTreeMap<String, String>,
    /// Where it starts.
    pub(crate) folder: PathBuf,
    /// Where its output goes; nowhere when absent.
    pub(crate) log: Option<PathBuf>,
    /// The `cgroup.procs` files of the groups that it joins.
    pub(crate) cgroups: Vec<PathBuf>,
    /// What it sees beside the files of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) view: Option<View>,
    /// As whom it runs, and what it may do.
    #[serde(default, skip_serializing_if = "Security::is_plain")]
    pub(crate) security: Security,
    /// How readily the kernel ends it when memory runs out, -1000 to 1000.
    pub(crate) oom_score_adj: i32,
}

/// There are Secrets in the environment: only its names are shown.
impl fmt::Debug for LaunchSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LaunchSpec")
            .field("program", &self.program)
            .field("folder", &self.folder)
            .field("env", &self.env.keys())
            .finish_non_exhaustive()
    }
}

/// What the launcher says, as JSON lines on its first standard output, which closes with exec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LaunchReport {
    /// Something was not to be had; the process runs all the same.
    Warning(String),
    /// It could not become the process.
    Failed(String),
}

/// A spec is a command and its environment; Linux takes at most 2 MiB of both in one exec by
/// default (a quarter of the stack's 8 MiB), and JSON may need two bytes for one.
const SPEC_BYTES: u64 = 8 << 20;

/// The whole work of the launcher: reads what it is to become from standard input, leaves the
/// terminal's session, joins its control groups, and becomes that by exec.
///
/// Returns only when that failed, after it has said why on standard output.
pub fn launcher_main() -> ExitCode {
    let failure = match launch() {
        Ok(never) => match never {},
        Err(failure) => failure,
    };
    say(&mut io::stdout(), &LaunchReport::Failed(failure));
    ExitCode::from(127)
}

enum Never {}

fn launch() -> Result<Never, String> {
    let spec = read_spec()?;
    // It was started by a spawn that made no group, so it leads none and this cannot fail.
    let _ = rustix::process::setsid();
    let mut reports = keep_reports().map_err(|error| format!("standard output: {error}"))?;
    for warning in join_groups(&spec) {
        say(&mut reports, &LaunchReport::Warning(warning));
    }
    redirect(&spec).map_err(|error| format!("cannot open the log: {error}"))?;
    if let Some(view) = &spec.view
        && let Err(failure) = enter(view)
    {
        say(&mut reports, &LaunchReport::Failed(failure.clone()));
        return Err(failure);
    }
    if let Err(error) = std::env::set_current_dir(&spec.folder) {
        let failure = format!("cannot start in {}: {error}", spec.folder.display());
        say(&mut reports, &LaunchReport::Failed(failure.clone()));
        return Err(failure);
    }
    if let Err(error) = rights::take(&spec.security) {
        let failure = format!("cannot run with the rights that it is to have: {error}");
        say(&mut reports, &LaunchReport::Failed(failure.clone()));
        return Err(failure);
    }
    let error = Command::new(&spec.program).args(&spec.args).env_clear().envs(&spec.env).exec();
    let failure = format!("cannot start {:?}: {error}", spec.program);
    say(&mut reports, &LaunchReport::Failed(failure.clone()));
    Err(failure)
}

fn read_spec() -> Result<LaunchSpec, String> {
    let mut text = Vec::new();
    io::stdin()
        .take(SPEC_BYTES)
        .read_to_end(&mut text)
        .map_err(|error| format!("standard input: {error}"))?;
    // Cut short when the runtime died before it had written down whom it started: then nothing
    // may be started.
    serde_json::from_slice(&text).map_err(|error| format!("the launch spec: {error}"))
}

/// A copy of standard output that exec closes: its end tells the runtime that exec was done.
fn keep_reports() -> io::Result<File> {
    let copy: OwnedFd = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    Ok(File::from(copy))
}

fn join_groups(spec: &LaunchSpec) -> Vec<String> {
    let pid = std::process::id().to_string();
    let mut warnings = Vec::new();
    for group in &spec.cgroups {
        if let Err(error) = std::fs::write(group, &pid) {
            warnings.push(format!("cannot join {}: {error}", group.display()));
        }
    }
    // Only its owner's choice when memory runs out; a kernel that refuses it changes nothing else.
    let _ = std::fs::write("/proc/self/oom_score_adj", spec.oom_score_adj.to_string());
    warnings
}

fn redirect(spec: &LaunchSpec) -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    let log = match &spec.log {
        Some(path) => {
            // Somebody may have removed it with all that is in it.
            if let Some(folder) = path.parent() {
                private_folder(folder)?;
            }
            OpenOptions::new().append(true).create(true).mode(0o600).open(path)?
        }
        None => null,
    };
    rustix::stdio::dup2_stdout(&log)?;
    rustix::stdio::dup2_stderr(&log)?;
    Ok(())
}

fn say(to: &mut impl Write, report: &LaunchReport) {
    if let Ok(mut line) = serde_json::to_vec(report) {
        line.push(b'\n');
        // Nobody listens any more when the runtime has died; the process starts all the same.
        let _ = to.write_all(&line).and_then(|()| to.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_the_environment_is_shown_to_a_log() {
        let spec = LaunchSpec {
            program: "web".to_owned(),
            args: Vec::new(),
            env: [("PASSWORD".to_owned(), "hunter2".to_owned())].into(),
            folder: PathBuf::from("/"),
            log: None,
            view: None,
            security: Security::default(),
            cgroups: Vec::new(),
            oom_score_adj: 0,
        };
        let shown = format!("{spec:?}");
        assert!(shown.contains("PASSWORD"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
