use std::path::{Path, PathBuf};

/// The shares of the revisions, from where it runs: that is also the map's name in the runtime API.
pub(crate) const MAP: &str = "haproxy/shares.map";
/// The socket of its runtime API, from where it runs.
pub(crate) const SOCKET: &str = "haproxy.sock";
/// The socket of its master, from where it runs.
pub(crate) const MASTER: &str = "master.sock";

/// Where `HAProxy` keeps its files in a data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    router: PathBuf,
}

impl Files {
    /// Those of a data folder.
    pub(crate) fn of(data: &Path) -> Self {
        Self { router: tidegate_steering::folder(data) }
    }

    /// The folder in which it runs. What it is told of files is told from there, so that the data
    /// folder may be called as it likes, and is not too long for a socket: of the 107 letters of a
    /// socket's path `HAProxy` wants some for a name beside it.
    pub(crate) fn home(&self) -> &Path {
        &self.router
    }

    /// The folder of all but the sockets.
    pub(crate) fn folder(&self) -> PathBuf {
        self.router.join("haproxy")
    }

    /// The configuration that it runs with.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder().join("haproxy.cfg")
    }

    /// A configuration that is not proven yet.
    pub(crate) fn new_config(&self) -> PathBuf {
        self.folder().join("haproxy.cfg.new")
    }

    /// The shares of the revisions.
    pub(crate) fn map(&self) -> PathBuf {
        self.router.join(MAP)
    }

    /// The process id of its master.
    pub(crate) fn pid(&self) -> PathBuf {
        self.folder().join("haproxy.pid")
    }

    /// The socket of the runtime API of the process that takes requests. No longer than that of the
    /// one for orders, as is the next.
    pub(crate) fn socket(&self) -> PathBuf {
        self.router.join(SOCKET)
    }

    /// The socket of its master, who passes on what is asked of any process of its.
    pub(crate) fn master(&self) -> PathBuf {
        self.router.join(MASTER)
    }

    /// One line for each request.
    pub(crate) fn access(&self) -> PathBuf {
        self.folder().join("access")
    }

    /// What it complains of.
    pub(crate) fn errors(&self) -> PathBuf {
        self.folder().join("errors")
    }

    /// What the keeper knows of it, for the next keeper.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder().join("state.json")
    }
}
