use crate::{Commit, Rules, TagForm};

/// A part of a repository that has versions of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its folder from the top of the repository; empty for the whole of it.
    pub path: String,
    /// Folders and files whose changes do not count, from the top of the repository.
    pub exclude: Vec<String>,
    /// How its tags are written.
    pub tag: TagForm,
    /// How its versions follow.
    pub rules: Rules,
    /// The names of the components that it is made of.
    pub depends_on: Vec<String>,
}

/// Components that always have the same version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Their names.
    pub components: Vec<String>,
}

/// The commits that count for a component: those that touched a file of it. One that is the whole repository has
/// all of them, also those that touched nothing; a file is of the component with the longest path, and of the whole.
pub fn counted<'a>(
    component: &Component,
    all: &[Component],
    commits: &'a [Commit],
) -> Vec<&'a Commit> {
    let deeper: Vec<&str> = all
        .iter()
        .map(|other| trimmed(&other.path))
        .filter(|path| path.len() > trimmed(&component.path).len())
        .collect();
    let own =
        |path: &str| is_in(path, trimmed(&component.path)) && !is_in_any(path, &component.exclude);
    let whole = trimmed(&component.path).is_empty();
    let counts = |commit: &&Commit| {
        if whole {
            return commit.paths.is_empty() || commit.paths.iter().any(|path| own(path));
        }
        commit
            .paths
            .iter()
            .any(|path| own(path) && !deeper.iter().any(|deeper| is_in(path, deeper)))
    };
    commits.iter().filter(counts).collect()
}

/// A path without what people write around it: `./web/` is `web`, and `.` the whole.
pub(crate) fn trimmed(path: &str) -> &str {
    let path = path.trim_start_matches("./").trim_matches('/');
    if path == "." { "" } else { path }
}

fn is_in(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_in_any(path: &str, folders: &[String]) -> bool {
    folders
        .iter()
        .map(|folder| trimmed(folder))
        .any(|folder| !folder.is_empty() && is_in(path, folder))
}
