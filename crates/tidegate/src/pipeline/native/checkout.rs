use std::{
    num::NonZeroU32,
    path::{Component, Path, PathBuf},
    process::Command,
};

use tidegate_git::{Checkout, History, Submodules, Wanted};
use tidegate_steps::{Order, Report};

use super::{Told, apart, outputs};
use crate::pipeline::host::Room;

pub(super) const INPUTS: &[(&str, &str)] = &[
    ("repository", "${{ github.repository }}"),
    ("ref", ""),
    ("token", ""),
    ("ssh-key", ""),
    ("ssh-known-hosts", ""),
    ("ssh-strict", "true"),
    ("ssh-user", "git"),
    ("persist-credentials", "true"),
    ("path", ""),
    ("clean", "true"),
    ("filter", ""),
    ("sparse-checkout", ""),
    ("sparse-checkout-cone-mode", "true"),
    ("fetch-depth", "1"),
    ("fetch-tags", "false"),
    ("show-progress", "true"),
    ("lfs", "false"),
    ("submodules", "false"),
    ("set-safe-directory", "true"),
    ("github-server-url", ""),
    ("allow-unsafe-pr-checkout", "false"),
];

pub(super) async fn run(room: &Room, order: &Order, told: &Told) -> Result<Report, String> {
    let repository = told.get("repository").to_owned();
    let own = repository.eq_ignore_ascii_case(&room.source.repository);
    let url = if own {
        room.source.root.clone()
    } else {
        room.library.mirror(&repository).ok_or_else(|| {
            format!("{repository} is not on this machine: clone it to DIR/{repository} and name DIR with --actions")
        })?
    };
    let folder = inside(room.job.folders().workspace(), told.get("path"))?;
    let wanted = match told.get("ref") {
        "" if own => room.source.sha.clone(),
        reference => reference.to_owned(),
    };
    let history = match told.get("fetch-depth").parse::<u32>() {
        Ok(depth) => NonZeroU32::new(depth).map_or(History::Whole, History::Last),
        Err(_) => {
            return Err(format!("fetch-depth is a number, and not '{}'", told.get("fetch-depth")));
        }
    };
    let submodules = match told.get("submodules") {
        "recursive" => Submodules::Recursive,
        _ if told.truth("submodules")? => Submodules::Direct,
        _ => Submodules::None,
    };
    room.say(
        &order.step,
        &format!(
            "Checking out {repository} at {}",
            if wanted.is_empty() { "its default branch" } else { &wanted }
        ),
    );
    let (git, sparse, large_files) =
        (room.git.clone(), told.lines("sparse-checkout"), told.truth("lfs")?);
    let named = room.source.reference.strip_prefix("refs/heads/");
    let branch = named.filter(|_| own && told.get("ref").is_empty()).map(str::to_owned);
    let out = apart(move || {
        empty(&folder)?;
        let url = url.display().to_string();
        let commit = wanted.parse().ok();
        let wanted = match (&commit, wanted.as_str()) {
            (Some(commit), _) => Wanted::Commit(commit),
            (None, "") => Wanted::Default,
            (None, name) => Wanted::Ref(name),
        };
        let checkout = Checkout {
            url: &url,
            wanted,
            history,
            submodules,
            sparse: &sparse,
            large_files,
            credentials: None,
        };
        let out = git.checkout(&folder, &checkout).map_err(|error| error.to_string())?;
        settle(&folder, branch.as_deref())?;
        Ok(out)
    })
    .await?;
    room.say(&order.step, &format!("HEAD is now at {}", out.commit));
    Ok(outputs([("ref", out.name.unwrap_or_default()), ("commit", out.commit.to_string())]))
}

/// A folder below the workspace.
fn inside(workspace: &Path, path: &str) -> Result<PathBuf, String> {
    let mut folder = PathBuf::new();
    for part in workspace.join(path).components() {
        match part {
            Component::ParentDir => drop(folder.pop()),
            Component::CurDir => {}
            part => folder.push(part),
        }
    }
    if folder.starts_with(workspace) {
        return Ok(folder);
    }
    Err(format!("Repository path '{path}' is not under '{}'", workspace.display()))
}

/// Nobody has such a repository: what a run pushes goes nowhere, where it would go into the person's own.
const NOWHERE: &str = "file:///dev/null/what-a-run-pushes-goes-nowhere";

/// Puts the work tree onto the branch of the run, as it is known of the remote too, and sees to it that nothing is pushed.
fn settle(folder: &Path, branch: Option<&str>) -> Result<(), String> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        let output = command
            .arg("-C")
            .arg(folder)
            .args(["-c", "core.hooksPath=/dev/null"])
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output();
        let output = output.map_err(|error| format!("git: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
    };
    git(&["config", "remote.origin.pushurl", NOWHERE])?;
    let Some(branch) = branch else { return Ok(()) };
    git(&["update-ref", &format!("refs/remotes/origin/{branch}"), "HEAD"])?;
    git(&["checkout", "-q", "-B", branch])
}

/// Empties a folder that has something else than a repository in it, as the official action does.
fn empty(folder: &Path) -> Result<(), String> {
    if folder.join(".git").exists() || !folder.is_dir() {
        return Ok(());
    }
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(told)? {
        let entry = entry.map_err(told)?;
        // Of the entry itself: a link to a folder is none.
        let removed = if entry.file_type().map_err(told)?.is_dir() {
            std::fs::remove_dir_all(entry.path())
        } else {
            std::fs::remove_file(entry.path())
        };
        removed.map_err(told)?;
    }
    Ok(())
}
