use std::{
    fs::File,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use tidegate_glob::{Glob, Options, Place};

use super::zip;
use crate::{Artifact, Error, Grant, NewArtifact, Store};

/// What `actions/upload-artifact` takes.
#[derive(Clone, Debug)]
pub struct Upload {
    /// What the artifact is to be called.
    pub name: String,
    /// Patterns, one a line; those that begin with `!` take away.
    pub paths: String,
    /// Whether files whose names begin with a dot are taken, and what is in such folders.
    pub include_hidden: bool,
    /// Whether one of that name is taken away first.
    pub overwrite: bool,
    /// From 0, which packs without compressing, to 9.
    pub compression: u8,
    /// How long it is to be kept; as long as any where nothing is said.
    pub retention_days: Option<u32>,
    /// Whether files are packed; if not, there is one, whose name is the artifact's.
    pub archive: bool,
}

impl Upload {
    /// With what the action does where nothing is said.
    pub fn new(name: &str, paths: &str) -> Self {
        Self {
            name: name.to_owned(),
            paths: paths.to_owned(),
            include_hidden: false,
            overwrite: false,
            compression: 6,
            retention_days: None,
            archive: true,
        }
    }
}

/// What is to be uploaded: files, and the folder that their paths begin at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Files alone, for folders with nothing in them are not kept.
    pub files: Vec<PathBuf>,
    /// What is left out of each path.
    pub root: PathBuf,
}

/// Finds the files as `actions/upload-artifact` does.
pub fn find(paths: &str, include_hidden: bool, place: Place<'_>) -> Result<Found, Error> {
    let invalid = |error: &dyn std::fmt::Display| Error::Invalid(error.to_string());
    let glob = Glob::parse(paths, place).map_err(|error| invalid(&error))?;
    let options = Options { folders: false, exclude_hidden: !include_hidden, ..Options::default() };
    let files = glob.find(options).map_err(|error| invalid(&error))?;
    let searched = glob.search_paths();
    let root = match (searched.as_slice(), files.as_slice()) {
        // The one file that was named lies at the top.
        ([path], [file]) if path == file => file.parent().unwrap_or(path).to_owned(),
        ([path], _) => path.clone(),
        (paths, _) => common(paths),
    };
    Ok(Found { files, root })
}

fn common(paths: &[PathBuf]) -> PathBuf {
    let mut paths = paths.iter();
    let first = paths.next().cloned().unwrap_or_else(|| PathBuf::from("/"));
    paths.fold(first, |common, path| {
        let same = common.components().zip(path.components());
        same.take_while(|(one, other)| one == other).map(|(one, _)| one).collect()
    })
}

/// Uploads what is found; none where nothing is, which is for the caller to take as it was told to.
pub fn upload(
    store: &Store,
    grant: &Grant,
    place: Place<'_>,
    asked: &Upload,
) -> Result<Option<Artifact>, Error> {
    if asked.compression > 9 {
        return Err(Error::Invalid("Invalid compression-level. Valid values are 0-9".to_owned()));
    }
    let found = find(&asked.paths, asked.include_hidden, place)?;
    let Some(first) = found.files.first() else { return Ok(None) };
    let name = if asked.archive { asked.name.clone() } else { only(&found.files, first)? };
    if asked.overwrite {
        match store.delete_artifact(&grant.run, &name) {
            Ok(_) | Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let days = asked.retention_days.filter(|days| *days > 0);
    let keep = days.map(|days| Duration::from_hours(24) * days);
    let expires = keep.map(|keep| store.now().after(keep));
    let mime = (!asked.archive).then(|| mime(first));
    let new = NewArtifact { name, mime, expires };
    let artifact = store.put_artifact(grant, &new, |draft| {
        if asked.archive {
            return zip::pack(draft, &found.root, &found.files, asked.compression);
        }
        let failed = Error::failed(format!("cannot read {}", first.display()));
        draft.take_all(&mut File::open(first).map_err(failed)?)
    })?;
    Ok(Some(artifact))
}

fn only(files: &[PathBuf], first: &Path) -> Result<String, Error> {
    if files.len() > 1 {
        return Err(Error::Invalid(format!(
            "When 'archive' is set to false, only a single file can be uploaded. Found {} files to upload.",
            files.len()
        )));
    }
    match first.components().next_back() {
        Some(Component::Normal(name)) => Ok(name.to_string_lossy().into_owned()),
        _ => Err(Error::Invalid(format!("{} has no name", first.display()))),
    }
}

/// The type of a file, by its name, where it matters to a browser that shows it.
fn mime(path: &Path) -> String {
    let end = path.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mime = match end.as_str() {
        "txt" => "text/plain",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "csv" => "text/csv",
        "xml" => "text/xml",
        "md" => "text/markdown",
        "js" | "mjs" => "application/javascript",
        "json" => "application/json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "tar" => "application/x-tar",
        "gz" => "application/gzip",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    };
    mime.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_what_all_paths_have_in_common() {
        let common = |paths: &[&str]| {
            let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
            common(&paths).display().to_string()
        };
        assert_eq!(common(&["/a/b/c", "/a/b/d", "/a/b"]), "/a/b");
        assert_eq!(common(&["/ab", "/ac"]), "/");
        assert_eq!(common(&[]), "/");
    }
}
