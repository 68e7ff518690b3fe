use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Credentials, Error, Git, Repository, credentials::apart, program::Call, remote::address,
    repository::words,
};

/// A copy of another repository, without a work tree, that is brought up to date: for looking at what changed there,
/// and for reading workflows and actions at any revision.
#[derive(Clone, Debug)]
pub struct Mirror {
    repository: Repository,
    url: String,
    own: Option<Credentials>,
}

impl Mirror {
    /// The mirror of `url` in `folder`, made anew where there is none.
    ///
    /// # Errors
    /// [`Error::NotEmpty`] where `folder` is something else, and those of the program.
    pub fn open(git: &Git, folder: &Path, url: &str) -> Result<Self, Error> {
        let (url, own) = apart(address(url)?);
        if !folder.join("HEAD").exists() {
            make(git, folder, &url)?;
        }
        let repository = Repository::open(git, folder)?;
        let of = repository.perhaps(["config", "--get", "remote.origin.url"])?;
        if !repository.is_bare() || of.as_deref() != Some(url.as_str()) {
            return Err(Error::NotEmpty { folder: folder.to_owned(), url });
        }
        Ok(Self { repository, url, own })
    }

    /// What is in it.
    pub const fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Brings it up to date with all refs of the other one, those that are gone there among them.
    ///
    /// # Errors
    /// Those of the program.
    pub fn update(&self, credentials: Option<&Credentials>) -> Result<(), Error> {
        let git = self.repository.git().proving(&self.url, credentials.or(self.own.as_ref()))?;
        let arguments = words([
            "fetch",
            "-q",
            "--prune",
            "--no-tags",
            "--no-write-fetch-head",
            "--atomic",
            "origin",
            "+refs/*:refs/*",
        ]);
        let call = Call {
            folder: Some(self.repository.folder()),
            arguments: &arguments,
            ..Call::default()
        };
        git.bytes(call).map(drop)
    }
}

/// Made beside and moved into place, so that one that was begun and not ended is not taken for a whole one.
fn make(git: &Git, folder: &Path, url: &str) -> Result<(), Error> {
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    let above = above.map_or_else(|| PathBuf::from("."), Path::to_owned);
    fs::create_dir_all(&above).map_err(Error::files(&above))?;
    let beside = tempfile::tempdir_in(&above).map_err(Error::files(&above))?;
    git.text(Some(beside.path()), &words(["init", "-q", "--bare", "--template="]))?;
    git.text(Some(beside.path()), &words(["config", "remote.origin.url", url]))?;
    let beside = beside.keep();
    fs::rename(&beside, folder).map_err(|source| {
        // What was made is taken away again as well as can be.
        let _ = fs::remove_dir_all(&beside);
        Error::Files { path: folder.to_owned(), source }
    })
}
