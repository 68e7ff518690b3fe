use std::path::{Path, PathBuf};

/// Where nginx keeps its files in a data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    router: PathBuf,
}

impl Files {
    /// Those of a data folder.
    pub(crate) fn of(data: &Path) -> Self {
        Self { router: tidegate_steering::folder(data) }
    }

    /// The folder of all but the socket.
    pub(crate) fn folder(&self) -> PathBuf {
        self.router.join("nginx")
    }

    /// The configuration that it runs with.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder().join("nginx.conf")
    }

    /// A configuration that is not proven yet.
    pub(crate) fn new_config(&self) -> PathBuf {
        self.folder().join("nginx.conf.new")
    }

    /// The process id of its master.
    pub(crate) fn pid(&self) -> PathBuf {
        self.folder().join("nginx.pid")
    }

    /// The Unix socket on which it tells which configuration it follows. A socket's path can have 107
    /// letters only, so it is no longer than that of the one for orders.
    pub(crate) fn socket(&self) -> PathBuf {
        self.router.join("nginx.sock")
    }

    /// The folder of what it lays down for a moment.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.folder().join("tmp")
    }

    /// One line for each request that followed the configuration of this number.
    pub(crate) fn access(&self, number: u64) -> PathBuf {
        self.folder().join(format!("{number}.access"))
    }

    /// What its processes with the configuration of this number complain of.
    pub(crate) fn errors(&self, number: u64) -> PathBuf {
        self.folder().join(format!("{number}.errors"))
    }

    /// The table that the configuration of this number was made of.
    pub(crate) fn table(&self, number: u64) -> PathBuf {
        self.folder().join(format!("{number}.json"))
    }
}
