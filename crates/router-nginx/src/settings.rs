use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

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
