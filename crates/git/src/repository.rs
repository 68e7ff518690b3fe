use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use crate::{Error, Git, ObjectId, program::Call};

/// A repository on this machine, with a work tree or without.
#[derive(Clone, Debug)]
pub struct Repository {
    git: Git,
    folder: PathBuf,
    bare: bool,
}

/// Where the work tree is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The commit.
    pub commit: ObjectId,
    /// The branch, unless the commit was checked out by itself.
    pub branch: Option<String>,
}

impl Repository {
    /// The repository that `folder` is in.
    ///
    /// # Errors
    /// [`Error::NoRepository`], [`Error::NotOwned`], and those of the program.
    pub fn open(git: &Git, folder: &Path) -> Result<Self, Error> {
        if !folder.is_dir() {
            return Err(Error::NoRepository(folder.to_owned()));
        }
        let git = trusting(git)?;
        let bare = git.text(Some(folder), &words(["rev-parse", "--is-bare-repository"]))?;
        let bare = bare.trim() == "true";
        let what = if bare { "--absolute-git-dir" } else { "--show-toplevel" };
        let root = git.text(Some(folder), &words(["rev-parse", what]))?;
        let root = root.strip_suffix('\n').unwrap_or(&root);
        Ok(Self { git, folder: PathBuf::from(root), bare })
    }

    /// The top of its work tree, or the repository itself where there is none.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether it has no work tree.
    pub const fn is_bare(&self) -> bool {
        self.bare
    }

    /// The program, as it is run here.
    pub(crate) const fn git(&self) -> &Git {
        &self.git
    }

    /// What a command answers here, as text without its last line end.
    pub(crate) fn text<const N: usize>(&self, arguments: [&str; N]) -> Result<String, Error> {
        let mut text = self.git.text(Some(&self.folder), &words(arguments))?;
        if text.ends_with('\n') {
            text.pop();
        }
        Ok(text)
    }

    /// What a command answers here, if it ends with 0.
    pub(crate) fn perhaps<const N: usize>(
        &self,
        arguments: [&str; N],
    ) -> Result<Option<String>, Error> {
        let arguments = words(arguments);
        let call = Call { folder: Some(&self.folder), arguments: &arguments, ..Call::default() };
        let answer = self.git.ask(call)?;
        let text = String::from_utf8_lossy(&answer.stdout);
        Ok((answer.code == Some(0)).then(|| text.trim_end_matches('\n').to_owned()))
    }

    /// Where it is.
    ///
    /// # Errors
    /// [`Error::Unborn`], and those of the program.
    pub fn head(&self) -> Result<Head, Error> {
        let commit = self.resolve("HEAD")?.ok_or_else(|| Error::Unborn(self.folder.clone()))?;
        let full = self.perhaps(["symbolic-ref", "-q", "HEAD"])?;
        let branch = full.and_then(|full| full.strip_prefix("refs/heads/").map(str::to_owned));
        Ok(Head { commit, branch })
    }

    /// The branch that people start from: what the remote says of its own, else `main`, else `master`, else
    /// the one that is checked out.
    ///
    /// # Errors
    /// Those of the program.
    pub fn default_branch(&self, remote: &str) -> Result<Option<String>, Error> {
        let head = format!("refs/remotes/{remote}/HEAD");
        let said = self.perhaps(["symbolic-ref", "-q", &head])?;
        let prefix = format!("refs/remotes/{remote}/");
        if let Some(name) = said.as_deref().and_then(|full| full.strip_prefix(&prefix)) {
            return Ok(Some(name.to_owned()));
        }
        for name in ["main", "master"] {
            if self.resolve(&format!("refs/heads/{name}"))?.is_some() {
                return Ok(Some(name.to_owned()));
            }
        }
        let here = self.perhaps(["symbolic-ref", "-q", "HEAD"])?;
        Ok(here.and_then(|full| full.strip_prefix("refs/heads/").map(str::to_owned)))
    }

    /// The commit that a revision names, if it names one: a branch, a tag, digits, `HEAD~2` and the like.
    ///
    /// # Errors
    /// Those of the program.
    pub fn resolve(&self, revision: &str) -> Result<Option<ObjectId>, Error> {
        let commit = format!("{revision}^{{commit}}");
        let said = self.perhaps(["rev-parse", "-q", "--verify", "--end-of-options", &commit])?;
        Ok(said.and_then(|id| id.parse().ok()))
    }

    /// The commit that a revision names.
    ///
    /// # Errors
    /// [`Error::NoRevision`], and those of the program.
    pub fn commit(&self, revision: &str) -> Result<ObjectId, Error> {
        self.resolve(revision)?.ok_or_else(|| Error::NoRevision(revision.to_owned()))
    }

    /// The last commit that both come from.
    ///
    /// # Errors
    /// [`Error::NoRevision`], and those of the program.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<Option<ObjectId>, Error> {
        let (one, other) = (self.commit(one)?, self.commit(other)?);
        let said = self.perhaps(["merge-base", one.as_str(), other.as_str()])?;
        Ok(said.and_then(|id| id.lines().next().and_then(|id| id.parse().ok())))
    }

    /// Whether `later` has all that `earlier` has.
    ///
    /// # Errors
    /// [`Error::NoRevision`], and those of the program.
    pub fn is_ancestor(&self, earlier: &str, later: &str) -> Result<bool, Error> {
        let (earlier, later) = (self.commit(earlier)?, self.commit(later)?);
        let said =
            self.perhaps(["merge-base", "--is-ancestor", earlier.as_str(), later.as_str()])?;
        Ok(said.is_some())
    }

    /// Every path in which two revisions differ; from nothing where `before` is not given.
    ///
    /// # Errors
    /// [`Error::NoRevision`], and those of the program.
    pub fn changed_paths(&self, before: Option<&str>, after: &str) -> Result<Vec<String>, Error> {
        let after = self.commit(after)?;
        let said = match before {
            Some(before) => {
                let before = self.commit(before)?;
                let (before, after) = (before.as_str(), after.as_str());
                self.text(["diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after])?
            }
            None => {
                self.text(["ls-tree", "-r", "-z", "--name-only", "--full-tree", after.as_str()])?
            }
        };
        Ok(said.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }

    /// Refuses a clone that lacks its earlier history.
    ///
    /// # Errors
    /// [`Error::Shallow`], and those of the program.
    pub fn needs_history(&self) -> Result<(), Error> {
        match self.text(["rev-parse", "--is-shallow-repository"])?.as_str() {
            "true" => Err(Error::Shallow(self.folder.clone())),
            _ => Ok(()),
        }
    }

    /// The paths of the work tree that differ from the last commit, those that Git does not know among them.
    ///
    /// # Errors
    /// Those of the program.
    pub fn changed_in_work_tree(&self) -> Result<Vec<String>, Error> {
        let said =
            self.text(["status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"])?;
        Ok(said.split('\0').filter_map(|entry| entry.get(3..)).map(str::to_owned).collect())
    }
}

/// `git` with the folders that the person trusts though they belong to others. Git takes that from no
/// repository's own configuration.
fn trusting(git: &Git) -> Result<Git, Error> {
    let arguments = words(["config", "-z", "--get-all", "safe.directory"]);
    // Outside of every repository: what one says of itself is not asked.
    let environment = [("GIT_DIR", "/dev/null")];
    let call = Call { arguments: &arguments, environment: &environment, ..Call::default() };
    let said = git.of_person().ask(call)?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let trusted = said.split('\0').filter(|path| !path.is_empty());
    Ok(trusted.fold(git.clone(), |git, path| git.with("safe.directory", path)))
}

/// Arguments as the program takes them.
pub(crate) fn words<const N: usize>(arguments: [&str; N]) -> [&OsStr; N] {
    arguments.map(OsStr::new)
}
