//! A world of its own: nobody else's processes, ports and mounts are in it, and none of its own stay.

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context as _, ensure};
use rustix::process::{WaitOptions, wait};

use crate::Settings;

/// What the disk of the data folder holds, in MiB: enough for the reserve, the logs and a ledger of some
/// hours.
const DISK_MIB: u32 = 96;

/// Namespaces, with a process table in which only their own processes are. They end with whoever
/// asked for them.
const OWN: [&str; 6] = ["--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"];

/// What came of the wish for a world.
#[derive(Debug)]
pub enum Entered {
    /// It was made, and this is how what ran in it ended.
    Ended(ExitCode),
    /// This machine does not let one have it.
    Refused(String),
}

/// Runs this program again in a world of its own, and waits for its end.
pub fn enter(settings: &Settings) -> anyhow::Result<Entered> {
    let Some(own) = allowed() else {
        let why = "namespaces (unshare --mount --net --pid) need root, or a machine that lets \
                   ordinary users have user namespaces; without them it could not be told what was \
                   left behind, nor could a disk be filled or ports be used up without harm to others";
        return Ok(Entered::Refused(why.to_owned()));
    };
    let base = tempfile::Builder::new().prefix("tidegate-torture-").tempdir()?;
    let this = std::env::current_exe().context("where am I?")?;
    let ended = Command::new("unshare")
        .args(own)
        .arg("--")
        .arg(this)
        .env("PATH", path())
        .args(std::env::args_os().skip(1))
        .arg("--init")
        .arg("--base")
        .arg(base.path())
        .status()?;
    let code = u8::try_from(ended.code().unwrap_or(1)).unwrap_or(1);
    if let Some(keep) = &settings.keep {
        copy(base.path(), keep)?;
    } else if code != 0 {
        // What went wrong was told with this folder's name.
        drop(base.keep());
    }
    Ok(Entered::Ended(ExitCode::from(code)))
}

/// Where `ip` and `chattr` are too, which ordinary users are not shown.
fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

/// By which arguments `unshare` makes one here, if it does.
fn allowed() -> Option<Vec<&'static str>> {
    let plain = OWN.to_vec();
    let as_root = [vec!["--user", "--map-root-user"], OWN.to_vec()].concat();
    [plain, as_root].into_iter().find(|own| {
        let trial = Command::new("unshare")
            .args(own)
            .args(["--", "sh", "-c", "mount -t tmpfs none /mnt && ip link set lo up"])
            .env("PATH", path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        trial.is_ok_and(|status| status.success())
    })
}

/// The first process of the world: starts the one that does the work, and takes the exit codes of all
/// whose parents died, until that one has ended.
pub fn be_init() -> anyhow::Result<ExitCode> {
    let this = std::env::current_exe().context("where am I?")?;
    let arguments = std::env::args_os().skip(1).filter(|argument| argument != "--init");
    let child = Command::new(this).args(arguments).arg("--inside").spawn()?;
    loop {
        let Some((pid, status)) = wait(WaitOptions::empty())? else { continue };
        if u32::try_from(pid.as_raw_nonzero().get()) == Ok(child.id()) {
            let code = status.exit_status().and_then(|code| u8::try_from(code).ok());
            return Ok(ExitCode::from(code.unwrap_or(1)));
        }
    }
}

/// Makes the inside of the world ready: the loopback, a small disk for the data folder, and empty
/// folders where programs leave things.
pub(crate) fn furnish(base: &Path) -> anyhow::Result<()> {
    must(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    let disk = base.join("disk");
    fs::create_dir(&disk)?;
    fs::create_dir(base.join("tmp"))?;
    let size = format!("size={DISK_MIB}m,mode=0755");
    must(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "torture"]).arg(disk))?;
    must(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=1777", "shm", "/dev/shm"]))
}

/// Runs a command to its end. It must succeed.
pub(crate) fn must(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    ensure!(
        output.status.success(),
        "{:?}: {}",
        command,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    must(Command::new("cp").arg("-a").arg(from.join(".")).arg(to))
}
