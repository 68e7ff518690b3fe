use std::{ffi::OsStr, fs, num::NonZeroU32, path::Path};

use crate::{
    Credentials, Error, Git, ObjectId, Repository,
    credentials::{apart, without},
    program::Call,
    remote::address,
    repository::words,
};

/// A work tree to be made.
#[derive(Clone, Debug)]
pub struct Checkout<'a> {
    /// The repository's address or path.
    pub url: &'a str,
    /// What of it.
    pub wanted: Wanted<'a>,
    /// How much of its history.
    pub history: History,
    /// What of the repositories inside it.
    pub submodules: Submodules,
    /// Only these folders and the files of those above them; everything where it is empty.
    pub sparse: &'a [String],
    /// Whether to have large files, which needs `git-lfs` on the machine.
    pub large_files: bool,
    /// What proves who somebody is to the server of `url`.
    pub credentials: Option<&'a Credentials>,
}

/// Which revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// The one that the other side starts from.
    Default,
    /// A branch, else a tag of this name, or a full name of a ref.
    Ref(&'a str),
    /// A commit, which may be in no ref any more.
    Commit(&'a ObjectId),
}

/// How much history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// So many commits.
    Last(NonZeroU32),
    /// All of it, with every branch and tag.
    Whole,
}

/// What of the repositories inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submodules {
    /// Nothing.
    None,
    /// Those of this one.
    Direct,
    /// And those in them.
    Recursive,
}

/// A work tree that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedOut {
    /// What is in it.
    pub commit: ObjectId,
    /// The full name of the ref that it is of, unless a commit was asked for.
    pub name: Option<String>,
}

impl Git {
    /// Makes a work tree in `folder`, which is empty, is not there, or has an earlier one of the same repository: then
    /// everything else in it is taken away.
    ///
    /// # Errors
    /// [`Error::NotEmpty`], [`Error::NoRevision`], [`Error::BadAddress`], and those of the program.
    pub fn checkout(&self, folder: &Path, checkout: &Checkout<'_>) -> Result<CheckedOut, Error> {
        let (url, own) = apart(address(checkout.url)?);
        let checkout = &Checkout { url: &url, ..checkout.clone() };
        let mut git = self.proving(&url, checkout.credentials.or(own.as_ref()))?;
        if is_local(checkout.url) {
            // Whoever has it beside may have the repositories inside it there as well; from elsewhere they must not be of this machine.
            git = git.with("protocol.file.allow", "always").with("safe.directory", checkout.url);
        }
        prepare(&git, folder, checkout.url)?;
        let work = Work { git, folder, checkout };
        let out = work.fetch()?;
        work.lay_out(&out.commit)?;
        Ok(out)
    }
}

/// Whether an address is a path of this machine.
fn is_local(url: &str) -> bool {
    url.starts_with(['/', '.']) || url.starts_with("file://")
}

/// A repository without anything in it, or what an earlier checkout left.
fn prepare(git: &Git, folder: &Path, url: &str) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::files(folder))?;
    if folder.join(".git").exists() {
        let of = git.text(Some(folder), &words(["config", "--get", "remote.origin.url"]));
        if of.is_ok_and(|of| of.trim_end() == url) {
            return Ok(());
        }
        return Err(Error::NotEmpty { folder: folder.to_owned(), url: without(url) });
    }
    if fs::read_dir(folder).map_err(Error::files(folder))?.next().is_some() {
        return Err(Error::NotEmpty { folder: folder.to_owned(), url: without(url) });
    }
    git.text(Some(folder), &words(["init", "-q", "--template=", "-b", "main"]))?;
    git.text(Some(folder), &words(["config", "remote.origin.url", url]))?;
    git.text(
        Some(folder),
        &words(["config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"]),
    )
    .map(drop)
}

struct Work<'a> {
    git: Git,
    folder: &'a Path,
    checkout: &'a Checkout<'a>,
}

impl Work<'_> {
    fn run(&self, arguments: &[&str]) -> Result<(), Error> {
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        let call = Call { folder: Some(self.folder), arguments: &arguments, ..Call::default() };
        self.git.bytes(call).map(drop)
    }

    fn fetch(&self) -> Result<CheckedOut, Error> {
        match self.checkout.wanted {
            Wanted::Commit(commit) => self.fetch_commit(commit),
            Wanted::Ref(name) => self.fetch_ref(Some(name)),
            Wanted::Default => self.fetch_ref(None),
        }
    }

    /// A commit by itself, as servers that speak the protocol's second version give it; with all history where one does not.
    fn fetch_commit(&self, commit: &ObjectId) -> Result<CheckedOut, Error> {
        let out = CheckedOut { commit: commit.clone(), name: None };
        if let History::Last(_) = self.checkout.history
            && self.get(&[commit.as_str()]).is_ok()
        {
            return Ok(out);
        }
        self.get_all()?;
        match self.repository()?.resolve(commit.as_str())? {
            Some(_) => Ok(out),
            None => self.get(&[commit.as_str()]).map(|()| out),
        }
    }

    fn fetch_ref(&self, name: Option<&str>) -> Result<CheckedOut, Error> {
        let (name, commit) = self.find(name)?;
        match self.checkout.history {
            History::Last(_) => {
                let to = kept_as(&name);
                self.get(&[&format!("+{commit}:{to}")])
                    .or_else(|_| self.get(&[&format!("+{name}:{to}")]))?;
            }
            History::Whole => {
                self.get_all()?;
                if !name.starts_with("refs/heads/") && !name.starts_with("refs/tags/") {
                    self.get(&[&format!("+{name}:{}", kept_as(&name))])?;
                }
            }
        }
        Ok(CheckedOut { commit, name: Some(name) })
    }

    /// Which ref is meant, and where it is.
    fn find(&self, name: Option<&str>) -> Result<(String, ObjectId), Error> {
        let url = self.checkout.url;
        let arguments = words(["ls-remote", "-q", "--symref", "--", url]);
        let said = self.git.text(None, &arguments)?;
        let heads =
            said.lines().find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD"));
        let lines: Vec<_> = said.lines().filter(|line| !line.starts_with("ref: ")).collect();
        let refs = crate::Refs::read(&lines.join("\n"), "ls-remote")?;
        let candidates = match name {
            None => heads.map(|name| vec![name.to_owned()]).unwrap_or_default(),
            Some(name) if name.starts_with("refs/") => vec![name.to_owned()],
            Some(name) => vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")],
        };
        let found =
            candidates.iter().find_map(|name| Some((name.clone(), refs.get(name)?.clone())));
        found.ok_or_else(|| {
            let name = name.map_or("branch that it starts from".to_owned(), |name| {
                format!("branch or tag {name}")
            });
            Error::NoRevision(format!("{name} of {}", without(url)))
        })
    }

    fn get_all(&self) -> Result<(), Error> {
        let whole = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
        self.get(&whole)
    }

    fn get(&self, wanted: &[&str]) -> Result<(), Error> {
        let mut arguments =
            vec!["fetch", "-q", "--no-tags", "--prune", "--force", "--no-recurse-submodules"];
        let depth = match self.checkout.history {
            History::Last(depth) => Some(format!("--depth={depth}")),
            History::Whole if self.folder.join(".git/shallow").exists() => {
                Some("--unshallow".to_owned())
            }
            History::Whole => None,
        };
        arguments.extend(depth.as_deref());
        arguments.extend(["--", self.checkout.url]);
        arguments.extend(wanted);
        self.run(&arguments)
    }

    fn repository(&self) -> Result<Repository, Error> {
        Repository::open(&self.git, self.folder)
    }

    /// The files of a commit, and nothing else.
    fn lay_out(&self, commit: &ObjectId) -> Result<(), Error> {
        if self.checkout.sparse.is_empty() {
            // What an earlier one left out comes back; where none did, there is nothing to be switched off.
            if self.folder.join(".git/info/sparse-checkout").exists() {
                self.run(&["sparse-checkout", "disable"])?;
            }
        } else {
            let mut arguments = vec!["sparse-checkout", "set", "--cone", "--end-of-options"];
            arguments.extend(self.checkout.sparse.iter().map(String::as_str));
            self.run(&arguments)?;
        }
        self.run(&["checkout", "-q", "--force", "--detach", commit.as_str()])?;
        self.run(&["clean", "-ffdxq"])?;
        self.submodules()?;
        if self.checkout.large_files {
            self.run(&["lfs", "pull"])?;
        }
        Ok(())
    }

    fn submodules(&self) -> Result<(), Error> {
        let mut arguments = vec!["submodule", "update", "-q", "--init", "--force"];
        match self.checkout.submodules {
            Submodules::None => return Ok(()),
            Submodules::Direct => {}
            Submodules::Recursive => arguments.push("--recursive"),
        }
        if let History::Last(_) = self.checkout.history {
            arguments.push("--depth=1");
        }
        self.run(&["submodule", "sync", "-q", "--recursive"])?;
        self.run(&arguments)
    }
}

/// The name under which a ref of the other side is kept here.
fn kept_as(name: &str) -> String {
    name.strip_prefix("refs/heads/").map_or_else(
        || match name.strip_prefix("refs/tags/") {
            Some(_) => name.to_owned(),
            None => name.replacen("refs/", "refs/remotes/", 1),
        },
        |branch| format!("refs/remotes/origin/{branch}"),
    )
}
