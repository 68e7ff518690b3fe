//! The files that a release changes, each as it is committed and as it shall be.

use std::{collections::BTreeMap, fs};

use semver::Version;
use similar::TextDiff;
use tidegate_git::Repository;
use tidegate_release_file::{
    Kind, NewVersions, Package, depends_on, inherits_version, name, read, update,
};

use super::{
    plan::{Made, Part},
    settings::text,
    write::told,
};
use crate::error::CliError;

/// So long a file may be: lock files of big projects have some 20 MB.
const LONGEST: usize = 64 << 20;
/// The version of each component of a repository, by its folder.
const MANIFEST: &str = ".release-please-manifest.json";

/// A file, and what becomes of it.
pub(super) struct FileChange {
    pub(super) path: String,
    pub(super) before: Option<String>,
    pub(super) after: String,
    pub(super) part: Part,
}

impl FileChange {
    /// What changes, as a unified diff.
    pub(super) fn diff(&self) -> String {
        let before = self.before.as_deref().unwrap_or_default();
        let from =
            if self.before.is_some() { format!("a/{}", self.path) } else { "/dev/null".to_owned() };
        let to = format!("b/{}", self.path);
        TextDiff::from_lines(before, self.after.as_str())
            .unified_diff()
            .context_radius(2)
            .header(&from, &to)
            .to_string()
    }
}

/// The paths of the last commit.
pub(super) struct Tree {
    paths: Vec<String>,
    /// The files that are known by their names. What is no text is none of them.
    texts: BTreeMap<String, String>,
    manifests: Vec<Manifest>,
}

/// A file that says which package it is of.
struct Manifest {
    path: String,
    kind: Kind,
    name: Option<String>,
    on: Vec<String>,
    inherits: bool,
}

impl Tree {
    pub(super) fn read(repository: &Repository) -> Result<Self, CliError> {
        let paths = repository.changed_paths(None, "HEAD").map_err(|error| told(&error))?;
        let known: Vec<&str> =
            paths.iter().map(String::as_str).filter(|path| Kind::of(path).is_some()).collect();
        let bytes = repository.read_files("HEAD", &known).map_err(|error| told(&error))?;
        let texts = bytes
            .into_iter()
            .filter_map(|(path, bytes)| Some((path, String::from_utf8(bytes).ok()?)));
        let mut tree = Self { texts: texts.collect(), paths, manifests: Vec::new() };
        for (path, text) in &tree.texts {
            let Some(kind @ (Kind::Cargo | Kind::PackageJson)) = Kind::of(path) else {
                continue;
            };
            tree.manifests.push(Manifest {
                path: path.clone(),
                name: name(&kind, text),
                on: depends_on(&kind, text),
                inherits: kind == Kind::Cargo && inherits_version(text),
                kind,
            });
        }
        Ok(tree)
    }

    /// A file as it is committed, if it is.
    pub(super) fn text(
        &self,
        repository: &Repository,
        path: &str,
    ) -> Result<Option<String>, CliError> {
        if let Some(text) = self.texts.get(path) {
            return Ok(Some(text.clone()));
        }
        if self.paths.iter().any(|own| own == path) {
            committed(repository, path)
        } else {
            Ok(None)
        }
    }

    fn in_folder<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let folder = trimmed(folder);
        self.paths.iter().map(String::as_str).filter(move |path| folder_of(path) == folder)
    }
}

fn committed(repository: &Repository, path: &str) -> Result<Option<String>, CliError> {
    let bytes = repository.read_file("HEAD", path, LONGEST).map_err(|error| told(&error))?;
    bytes.map(|bytes| text(path, bytes)).transpose()
}

/// Has each component depend on those whose packages its manifest names.
pub(super) fn link(tree: &Tree, packages: &mut [Package]) {
    let of = |package: &Package| {
        let folder = trimmed(&package.folder).to_owned();
        tree.manifests.iter().filter(move |manifest| folder_of(&manifest.path) == folder)
    };
    let owners: BTreeMap<String, String> = packages
        .iter()
        .flat_map(|package| {
            of(package).filter_map(|manifest| {
                Some((manifest.name.clone()?, package.component.name.clone()))
            })
        })
        .collect();
    let on: Vec<Vec<String>> = packages
        .iter()
        .map(|package| {
            let named =
                of(package).flat_map(|manifest| &manifest.on).filter_map(|name| owners.get(name));
            named.filter(|owner| **owner != package.component.name).cloned().collect()
        })
        .collect();
    for (package, on) in packages.iter_mut().zip(on) {
        package.component.depends_on = on;
    }
}

/// Every file in which a version changes.
pub(super) fn versions(
    repository: &Repository,
    tree: &Tree,
    releases: &[Made],
    day: &str,
) -> Result<Vec<FileChange>, CliError> {
    let names = names(tree, releases);
    let mut files: BTreeMap<String, FileChange> = BTreeMap::new();
    let mut change = |path: &str, kind: &Kind, version: Option<&Version>| -> Result<(), CliError> {
        let before = match files.get(path) {
            Some(file) => Some(file.after.clone()),
            None => tree.text(repository, path)?,
        };
        let Some(text) = before else { return Ok(()) };
        let new = NewVersions { version, names: &names, day };
        let after =
            update(path, kind, &text, &new).map_err(|error| CliError::failed(error.to_string()))?;
        if after != text {
            let before = files.remove(path).map_or(Some(text), |file| file.before);
            files.insert(
                path.to_owned(),
                FileChange { path: path.to_owned(), before, after, part: Part::Versions },
            );
        }
        Ok(())
    };
    for made in releases {
        for (path, kind) in own(repository, tree, made)? {
            change(&path, &kind, Some(&made.planned.version))?;
        }
    }
    for manifest in &tree.manifests {
        change(&manifest.path, &manifest.kind, None)?;
    }
    for path in &tree.paths {
        if let Some(kind @ (Kind::CargoLock | Kind::PackageLock)) = Kind::of(path) {
            change(path, &kind, None)?;
        }
    }
    let mut files: Vec<_> = files.into_values().collect();
    files.extend(manifest(repository, tree, releases)?);
    Ok(files)
}

/// The new version of each package, by the name that its file says.
fn names(tree: &Tree, releases: &[Made]) -> BTreeMap<String, Version> {
    let mut names = BTreeMap::new();
    for made in releases {
        let folder = trimmed(&made.package.folder);
        for manifest in &tree.manifests {
            let own = folder_of(&manifest.path) == folder;
            let below = folder.is_empty() || manifest.path.starts_with(&format!("{folder}/"));
            if let Some(name) = manifest.name.as_ref().filter(|_| own || manifest.inherits && below)
            {
                names.insert(name.clone(), made.planned.version.clone());
            }
        }
    }
    names
}

/// The files that carry the version of a component: those that are known by their names, and those that are named.
fn own(repository: &Repository, tree: &Tree, made: &Made) -> Result<Vec<(String, Kind)>, CliError> {
    let package = &made.package;
    let mut files = Vec::new();
    if package.known_files {
        for path in tree.in_folder(&package.folder) {
            files.extend(Kind::of(path).map(|kind| (path.to_owned(), kind)));
        }
        files.extend(sources(repository, tree, made)?);
    }
    for (path, kind) in &package.files {
        // One that begins with a slash is of the whole repository.
        let path = match path.strip_prefix('/') {
            Some(path) => joined("", path)?,
            None => joined(&package.folder, path)?,
        };
        if !tree.paths.contains(&path) {
            return Err(CliError::failed(format!(
                "{path} is named in extra-files and is not committed"
            )));
        }
        files.push((path, kind.clone()));
    }
    Ok(files)
}

/// Sources and projects below the folder that say the version that was before: others' are others'.
fn sources(
    repository: &Repository,
    tree: &Tree,
    made: &Made,
) -> Result<Vec<(String, Kind)>, CliError> {
    let Some(previous) = made.planned.previous.as_ref().map(Version::to_string) else {
        return Ok(Vec::new());
    };
    let folder = trimmed(&made.package.folder);
    let mut found = Vec::new();
    for path in &tree.paths {
        let below = if folder.is_empty() {
            Some(path.as_str())
        } else {
            path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'))
        };
        let depth = below.map(|below| below.matches('/').count());
        // Packages lie in a folder, or in one in `src`.
        let Some(1..=3) = depth else { continue };
        let Some(kind @ (Kind::Python | Kind::Project)) = Kind::of(path) else { continue };
        let Some(text) = tree.text(repository, path)? else { continue };
        let said = read(path, &kind, &text).map_err(|error| CliError::failed(error.to_string()))?;
        if said.as_deref() == Some(previous.as_str()) {
            found.push((path.clone(), kind));
        }
    }
    Ok(found)
}

/// What release-please keeps of versions.
fn manifest(
    repository: &Repository,
    tree: &Tree,
    releases: &[Made],
) -> Result<Option<FileChange>, CliError> {
    let Some(before) = tree.text(repository, MANIFEST)? else { return Ok(None) };
    let mut after = before.clone();
    for made in releases {
        let kind = Kind::JsonAt(tidegate_release_file::Pointer::key(&made.package.folder));
        let names = BTreeMap::new();
        let new = NewVersions { version: Some(&made.planned.version), names: &names, day: "" };
        after = update(MANIFEST, &kind, &after, &new).map_err(|error| {
            CliError::failed(error.to_string()).hint(format!(
                "add \"{}\" with its last version to {MANIFEST}",
                made.package.folder
            ))
        })?;
    }
    let change =
        FileChange { path: MANIFEST.to_owned(), before: Some(before), after, part: Part::Versions };
    Ok(Some(change).filter(|change| change.before.as_ref() != Some(&change.after)))
}

/// The day that an interrupted release was begun: it is written already, and goes on as it was.
pub(super) fn day_begun(repository: &Repository, path: &str, version: &Version) -> Option<String> {
    let text = fs::read_to_string(repository.folder().join(path)).ok()?;
    let version = version.to_string();
    let head = text.lines().find(|line| {
        let rest = line.trim_start_matches('#').trim_start_matches([' ', '[']);
        line.starts_with("## ")
            && rest.strip_prefix(&version).is_some_and(|rest| rest.starts_with([']', ' ']))
    })?;
    let day: String = head.trim_end().trim_end_matches(')').chars().rev().take(10).collect();
    let day: String = day.chars().rev().collect();
    let shaped = day
        .chars()
        .enumerate()
        .all(|(at, c)| if matches!(at, 4 | 7) { c == '-' } else { c.is_ascii_digit() });
    (day.len() == 10 && shaped).then_some(day)
}

/// A path in a folder, from the top of the repository; never beyond it.
pub(super) fn joined(folder: &str, path: &str) -> Result<String, CliError> {
    let mut parts: Vec<&str> = Vec::new();
    for part in trimmed(folder).split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(CliError::failed(format!("{path} leads out of the repository")));
                }
            }
            part => parts.push(part),
        }
    }
    if parts.first().is_some_and(|first| first.eq_ignore_ascii_case(".git")) {
        return Err(CliError::failed(format!("{path} is git's own")));
    }
    Ok(parts.join("/"))
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn trimmed(folder: &str) -> &str {
    let folder = folder.trim_start_matches("./").trim_matches('/');
    if folder == "." { "" } else { folder }
}
