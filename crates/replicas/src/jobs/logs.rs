//! What jobs wrote, kept for a while after them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tidegate_units::{Owner, OwnerKind};

/// The logs of so many jobs of a rollout are kept after them.
const KEPT: usize = 20;
/// And so long at the most.
const KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// The folder of the logs of an owner's jobs, below that of all logs. No revision is called so.
pub fn job_logs(logs: &Path, owner: &Owner) -> PathBuf {
    let name = match owner.kind {
        OwnerKind::Rollout => owner.name.to_string(),
        other => format!("{}~{}", owner.name, other.word()),
    };
    logs.join(&*owner.namespace).join(name).join("jobs~")
}

/// Of the jobs in a folder that are not known any more, keeps the logs of the last few.
pub fn prune_job_logs(folder: &Path, is_known: impl Fn(&str) -> bool) {
    let gone = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| !is_known(name))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut old: Vec<(SystemTime, PathBuf)> = entries
        .map(|entry| entry.path())
        .filter(gone)
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    old.sort();
    for (index, (at, path)) in old.iter().rev().enumerate() {
        if index >= KEPT || at.elapsed().unwrap_or_default() > KEPT_FOR {
            let _ = fs::remove_dir_all(path);
        }
    }
}
