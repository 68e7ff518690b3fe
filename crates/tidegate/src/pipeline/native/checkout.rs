use std::{
    num::NonZeroU32,
    path::{Component, Path, PathBuf},
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
    let out = apart(move || {
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
        git.checkout(&folder, &checkout).map_err(|error| error.to_string())
    })
    .await?;
    room.say(&order.step, &format!("HEAD is now at {}", out.commit));
    Ok(outputs([("ref", out.name.unwrap_or_default()), ("commit", out.commit.to_string())]))
}

/// A folder below the workspace.
pub(super) fn inside(workspace: &Path, path: &str) -> Result<PathBuf, String> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if Path::new(path).strip_prefix(workspace).is_ok() || Path::new(path).components().all(plain) {
        return Ok(workspace.join(path));
    }
    Err(format!("Repository path '{path}' is not under '{}'", workspace.display()))
}
