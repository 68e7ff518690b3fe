use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

/// How nginx carries the traffic. [`NginxSettings::new`] gives the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NginxSettings {
    /// The data folder; nginx keeps its files in `router/nginx/`.
    pub data: PathBuf,
    /// The program.
    pub program: PathBuf,
    /// Processes that carry requests.
    pub workers: NonZeroUsize,
    /// Time for requests to end once it was told to stop.
    pub drain_timeout: Duration,
}

impl NginxSettings {
    /// One worker for each core, and the drain timeout of the built-in router.
    pub fn new(data: impl Into<PathBuf>, program: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            program: program.into(),
            workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

/// Where a program is: in the folders of `path`, as in the variable `PATH`, or in those where Debian
/// puts servers, which are in root's alone.
pub fn find_program(name: &str, path: &str) -> Option<PathBuf> {
    let folders = path.split(':').filter(|folder| !folder.is_empty());
    let folders = folders.chain(["/usr/local/sbin", "/usr/sbin", "/sbin"]);
    folders.map(|folder| Path::new(folder).join(name)).find(|file| file.is_file())
}
