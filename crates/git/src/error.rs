use std::{path::PathBuf, time::Duration};

use crate::ObjectId;

/// Why something could not be had of a Git repository. Each says what would mend it where something would.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program is not on this machine.
    #[error(
        "the program git is not on this machine: install it (Debian, Ubuntu: `apt install git`; Alpine: `apk add git`), or put the folder that has it into PATH"
    )]
    NoProgram,
    /// The program is too old for what is asked of it.
    #[error("the program git is of version {found}; at least {needed} is needed")]
    TooOld {
        /// What it says that it is.
        found: String,
        /// What is needed.
        needed: &'static str,
    },
    /// Large files are wanted, and what brings them is not on this machine.
    #[error(
        "large files are wanted, and git-lfs is not on this machine: install it (Debian, Ubuntu: `apt install git-lfs`), or check out without them"
    )]
    NoLargeFiles,
    /// The program could not be started, or its answer not be read.
    #[error("git {command} could not be run")]
    Unrunnable {
        /// Its first words.
        command: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The program refused.
    #[error("git {command} failed{}: {stderr}", .code.map(|code| format!(" with {code}")).unwrap_or_default())]
    Refused {
        /// Its first words.
        command: String,
        /// What it ended with, unless by a signal.
        code: Option<i32>,
        /// What it wrote.
        stderr: String,
    },
    /// It took too long.
    #[error("git {command} was not done within {} s and was ended", .patience.as_secs())]
    TimedOut {
        /// Its first words.
        command: String,
        /// So long it was waited for.
        patience: Duration,
    },
    /// Whoever asked does not want it any more.
    #[error("git {command} was ended, because nobody waits for it any more")]
    Interrupted {
        /// Its first words.
        command: String,
    },
    /// It answered more than is taken.
    #[error("git {command} answered more than {limit} bytes")]
    TooMuch {
        /// Its first words.
        command: String,
        /// So much is taken.
        limit: usize,
    },
    /// It answered what is not understood.
    #[error("git {command} answered what is not understood: {what}")]
    Odd {
        /// Its first words.
        command: String,
        /// What is odd of it.
        what: String,
    },
    /// There is no repository.
    #[error("{} is in no Git repository: name a folder of one, or make one by `git init`", .0.display())]
    NoRepository(PathBuf),
    /// The repository belongs to somebody else.
    #[error(
        "the repository {} belongs to another user, whose configuration could run programs: if that is in order, say so by `git config --global --add safe.directory {}`", .0.display(), .0.display()
    )]
    NotOwned(PathBuf),
    /// The repository lacks its earlier history.
    #[error(
        "the repository {} is a shallow clone, without its earlier commits: get them by `git fetch --unshallow --tags` (actions/checkout: `fetch-depth: 0`)", .0.display()
    )]
    Shallow(PathBuf),
    /// There is no commit yet.
    #[error("the repository {} has no commit yet", .0.display())]
    Unborn(PathBuf),
    /// What was named is not there.
    #[error("there is no {0} in the repository")]
    NoRevision(String),
    /// What was named cannot be a name.
    #[error("{name:?} cannot be the name of a {what}")]
    BadName {
        /// What it should have been.
        what: &'static str,
        /// What it is.
        name: String,
    },
    /// A tag is there already, and elsewhere.
    #[error(
        "the tag {name} is at {at} already and is not moved: choose another version, or take the tag away by `git tag -d {name}`"
    )]
    TagElsewhere {
        /// The tag.
        name: String,
        /// Where it is.
        at: ObjectId,
    },
    /// Nobody said who commits.
    #[error(
        "nobody is known to commit as: set `git config user.name NAME` and `git config user.email ADDRESS`"
    )]
    NoIdentity,
    /// Somebody else changed the branch meanwhile.
    #[error("{name} was changed meanwhile by somebody else; nothing was done: look again")]
    Moved {
        /// The ref.
        name: String,
    },
    /// A folder is in the way.
    #[error("{} is there already and is no checkout of {url}: name an empty folder", .folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
        /// What should be in it, without what proves who somebody is.
        url: String,
    },
    /// The address cannot be used.
    #[error("{url} cannot be fetched: {why}")]
    BadAddress {
        /// The address, without what proves who somebody is.
        url: String,
        /// Why not.
        why: String,
    },
    /// The machine's file system refused.
    #[error("{} cannot be used", .path.display())]
    Files {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// A failure with a file or folder.
    pub(crate) fn files(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Files { path, source }
    }
}
