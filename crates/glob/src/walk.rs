use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{Glob, pattern::parts};

/// What is found besides files that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the options of `@actions/glob`")]
pub struct Options {
    /// Links are what they lead to.
    pub follow_links: bool,
    /// What lies within a folder that matches is found too.
    pub implicit_descendants: bool,
    /// Folders are found too.
    pub folders: bool,
    /// A link that leads nowhere is left out; otherwise it is an error.
    pub omit_broken_links: bool,
    /// Files and folders whose names begin with a dot are left out, with what is in them.
    pub exclude_hidden: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            follow_links: true,
            implicit_descendants: true,
            folders: true,
            omit_broken_links: true,
            exclude_hidden: false,
        }
    }
}

/// A file or folder that could not be looked at.
#[derive(Debug, thiserror::Error)]
#[error("cannot look at {path}: {source}", path = path.display())]
pub struct WalkError {
    /// Which.
    pub path: PathBuf,
    /// What the machine said.
    pub source: io::Error,
}

/// Something that is still to be looked at, and how deep it lies.
struct Item {
    path: PathBuf,
    level: usize,
}

impl Glob {
    /// All that matches, depth first, each folder in the order of its bytes.
    pub fn find(&self, options: Options) -> Result<Vec<PathBuf>, WalkError> {
        let implied;
        let glob = if options.implicit_descendants {
            implied = self.with_descendants();
            &implied
        } else {
            self
        };
        let mut found = Vec::new();
        let mut stack = begin(glob)?;
        // The folders that led here, to notice a link to one of them.
        let mut chain = Vec::new();
        while let Some(item) = stack.pop() {
            let owned = parts(&item.path);
            let parts: Vec<_> = owned.iter().map(String::as_str).collect();
            let matched = glob.matches(&parts);
            let is_found = matched.folder || matched.file;
            let leads_on = is_found || glob.may_match_within(&parts);
            if !leads_on {
                continue;
            }
            let Some(is_folder) = look(&item, options, &mut chain)? else { continue };
            if options.exclude_hidden && is_hidden(&item.path) {
                continue;
            }
            if is_folder {
                stack.extend(children(&item)?);
            }
            if (is_folder && matched.folder && options.folders) || (!is_folder && matched.file) {
                found.push(item.path);
            }
        }
        Ok(found)
    }
}

fn begin(glob: &Glob) -> Result<Vec<Item>, WalkError> {
    let mut stack = Vec::new();
    for path in glob.search_paths().into_iter().rev() {
        match fs::symlink_metadata(&path) {
            Ok(_) => stack.push(Item { path, level: 1 }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(WalkError { path, source }),
        }
    }
    Ok(stack)
}

/// Whether it is a folder; none for what leads nowhere or back to where it came from.
fn look(
    item: &Item,
    options: Options,
    chain: &mut Vec<PathBuf>,
) -> Result<Option<bool>, WalkError> {
    let failed = |source| WalkError { path: item.path.clone(), source };
    if !options.follow_links {
        return fs::symlink_metadata(&item.path).map(|file| Some(file.is_dir())).map_err(failed);
    }
    let is_folder = match fs::metadata(&item.path) {
        Ok(file) => file.is_dir(),
        Err(error) if error.kind() == io::ErrorKind::NotFound && options.omit_broken_links => {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    };
    if is_folder {
        let real = fs::canonicalize(&item.path).map_err(failed)?;
        chain.truncate(item.level - 1);
        if chain.contains(&real) {
            return Ok(None);
        }
        chain.push(real);
    }
    Ok(Some(is_folder))
}

/// The last comes first, for that is where the stack ends.
fn children(item: &Item) -> Result<Vec<Item>, WalkError> {
    let failed = |source| WalkError { path: item.path.clone(), source };
    let entries = fs::read_dir(&item.path).map_err(failed)?;
    let mut names = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(failed)?;
    names.sort_unstable_by(|one, other| other.cmp(one));
    let below = |name| Item { path: item.path.join(name), level: item.level + 1 };
    Ok(names.into_iter().map(below).collect())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}
