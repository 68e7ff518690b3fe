use std::{fs, io::Write as _, path::Path};

use tidegate_git::{Error, NewCommit, NewTag};

use super::{files::FileChange, plan::Plan};
use crate::error::CliError;

/// An error of git's as ours.
pub(super) fn told(error: &Error) -> CliError {
    let told = CliError::failed(error.to_string());
    match std::error::Error::source(error) {
        Some(source) => told.because(source),
        None => told,
    }
}

/// Refuses files that somebody changed and did not commit: they would be lost, or released by mistake. What an interrupted
/// release of the same version wrote is as it shall be.
pub(super) fn refuse_foreign_changes(plan: &Plan) -> Result<(), CliError> {
    for file in &plan.files {
        let path = plan.repository.folder().join(&file.path);
        let there = match fs::read_to_string(&path) {
            Ok(text) => Some(text.replace("\r\n", "\n")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(unusable(&path, &error)),
        };
        let unixy = |text: &str| text.replace("\r\n", "\n");
        let as_before = there == file.before.as_deref().map(unixy);
        if !as_before && there != Some(unixy(&file.after)) {
            return Err(CliError::failed(format!(
                "{} has changes that are not committed",
                file.path
            ))
            .hint("commit them, or put them away by `git stash`"));
        }
    }
    Ok(())
}

/// Writes each file, whole or not at all.
pub(super) fn files(plan: &Plan) -> Result<(), CliError> {
    plan.files.iter().try_for_each(|file| write(plan.repository.folder(), file))
}

fn write(top: &Path, file: &FileChange) -> Result<(), CliError> {
    let path = top.join(&file.path);
    let refuse = |error: &std::io::Error| unusable(&path, error);
    let folder = path.parent().unwrap_or(top);
    fs::create_dir_all(folder).map_err(|error| refuse(&error))?;
    let real = folder.canonicalize().map_err(|error| refuse(&error))?;
    let link = path.symlink_metadata().is_ok_and(|there| there.file_type().is_symlink());
    if link || !real.starts_with(top) {
        return Err(CliError::failed(format!("{} is or lies behind a link", file.path))
            .hint("name the file that it leads to"));
    }
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(|error| refuse(&error))?;
    beside.write_all(file.after.as_bytes()).map_err(|error| refuse(&error))?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    let mode = path.metadata().map_or(mode, |there| there.permissions());
    beside.as_file().set_permissions(mode).map_err(|error| refuse(&error))?;
    beside.as_file().sync_all().map_err(|error| refuse(&error))?;
    beside.persist(&path).map_err(|error| refuse(&error.error))?;
    Ok(())
}

fn unusable(path: &Path, error: &std::io::Error) -> CliError {
    CliError::failed(format!("{} cannot be used", path.display())).because(error)
}

/// The commit and its tags, all of it or nothing.
pub(super) fn record(plan: &Plan) -> Result<(), CliError> {
    if plan.releases.is_empty() {
        return Ok(());
    }
    let person = plan.repository.person().map_err(|error| told(&error))?;
    let there = |file: &&FileChange| plan.repository.folder().join(&file.path).exists();
    let paths: Vec<_> = plan.files.iter().filter(there).map(|file| file.path.clone()).collect();
    let message = plan.message();
    let commit = message.as_deref().map(|message| NewCommit { files: &paths, message });
    let messages: Vec<_> = plan
        .releases
        .iter()
        .filter_map(|made| made.tag.as_ref().map(|tag| (tag, format!("{tag}\n\n{}", made.notes))))
        .collect();
    let tags: Vec<_> = messages.iter().map(|(name, message)| NewTag { name, message }).collect();
    plan.repository.record(commit.as_ref(), &tags, &person).map(drop).map_err(|error| told(&error))
}

/// The branch, and the tags that were made now or were there at the last commit.
pub(super) fn push(plan: &Plan, remote: &str) -> Result<(), CliError> {
    let branch = plan.head.branch.as_ref().ok_or_else(|| {
        CliError::failed("no branch is checked out, so that there is none to push")
            .hint("check one out by `git switch BRANCH`")
    })?;
    let made = plan.releases.iter().filter_map(|made| made.tag.as_ref());
    let tags = made.chain(&plan.tags_here).map(|tag| format!("refs/tags/{tag}"));
    let refs: Vec<_> = std::iter::once(format!("refs/heads/{branch}")).chain(tags).collect();
    plan.repository
        .push(remote, &refs)
        .map_err(|error| told(&error).or_hint("commit and tags are made; do it again to push them"))
}
