//! Files with workflows and actions, and the repositories that they are of.

use std::path::{Component, Path, PathBuf};

use tidegate_workflow_file::{Library, Reading, read_action, read_workflow, read_workflow_with};

use crate::{
    error::{CliError, ErrorKind},
    files::{Source, read_file, read_sources},
};

/// Where a repository has its workflows.
const FOLDER: &str = ".github/workflows";

/// A file with a workflow or an action.
pub(super) struct Found {
    source: Source,
    /// The folder that `.github/workflows` is in, for a file that is there.
    repository: Option<PathBuf>,
}

impl Found {
    /// As it was named, or found.
    pub(super) fn name(&self) -> &str {
        &self.source.name
    }

    /// Whether it is an action's file, which its name says.
    pub(super) fn is_action(&self) -> bool {
        let name = Path::new(&self.source.name).file_name();
        name.is_some_and(|name| name == "action.yml" || name == "action.yaml")
    }

    /// What is in it, and all that is wrong with it.
    pub(super) fn read(&self) -> Reading {
        let Source { name, text } = &self.source;
        match &self.repository {
            _ if self.is_action() => read_action(name, text),
            Some(folder) => read_workflow_with(name, text, &Repository(folder)),
            None => read_workflow(name, text),
        }
    }
}

/// Other workflows of the repository in a folder.
struct Repository<'p>(&'p Path);

impl Library for Repository<'_> {
    fn workflow(&self, path: &str) -> Option<String> {
        let path = Path::new(path);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        let source = inside.then(|| read_file(&self.0.join(path)))?;
        source.ok().map(|source| source.text)
    }
}

/// The files that the arguments name; with none, the workflows of the folder one is in.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<Found>, CliError> {
    if paths.is_empty() {
        if !Path::new(FOLDER).is_dir() {
            let message = format!("there is no folder {FOLDER} here");
            let hint = "name a file or a folder, or go to the root of a repository";
            return Err(CliError::new(ErrorKind::Usage, message).hint(hint));
        }
        return folder(Path::new(FOLDER));
    }
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(folder(path)?);
        } else {
            let sources = read_sources(std::slice::from_ref(path))?;
            found.extend(sources.into_iter().map(|source| Found::of(source, path)));
        }
    }
    Ok(found)
}

impl Found {
    fn of(source: Source, path: &Path) -> Self {
        let folder = path.parent().filter(|folder| folder.ends_with(FOLDER));
        let repository = folder.and_then(|folder| folder.parent()?.parent()).map(Path::to_owned);
        Self { source, repository }
    }
}

/// The workflows and actions of a folder: of a repository its workflows, its own action and those beside its
/// workflows; of any other folder the files in it. Folders within it are not GitHub's either.
fn folder(path: &Path) -> Result<Vec<Found>, CliError> {
    let workflows = path.join(FOLDER);
    let mut paths = if workflows.is_dir() { listed(&workflows)? } else { listed(path)? };
    paths.retain(|path| is_yaml(path));
    if workflows.is_dir() {
        let actions = path.join(".github/actions");
        let beside = if actions.is_dir() { listed(&actions)? } else { Vec::new() };
        let folders = std::iter::once(path.to_owned()).chain(beside);
        let named = ["action.yml", "action.yaml"];
        let actions = folders.flat_map(|folder| named.map(|name| folder.join(name)));
        paths.extend(actions.filter(|path| path.is_file()));
    }
    if paths.is_empty() {
        let message = format!("{} has no *.yml or *.yaml file in it", path.display());
        return Err(CliError::new(ErrorKind::Usage, message));
    }
    paths.iter().map(|path| Ok(Found::of(read_file(path)?, path))).collect()
}

fn is_yaml(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|end| end == "yml" || end == "yaml")
}

/// What is in a folder, in the order of the names.
fn listed(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| {
        CliError::failed(format!("{} cannot be read", path.display())).because(&error)
    })?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}
