use std::{path::PathBuf, time::Duration};

/// How `HAProxy` carries the traffic. [`HaproxySettings::new`] gives the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaproxySettings {
    /// The data folder; `HAProxy` keeps its files in `router/haproxy/`.
    pub data: PathBuf,
    /// The program.
    pub program: PathBuf,
    /// Time for requests to end once it was told to stop.
    pub drain_timeout: Duration,
}

impl HaproxySettings {
    /// The drain timeout of the built-in router.
    pub fn new(data: impl Into<PathBuf>, program: impl Into<PathBuf>) -> Self {
        let drain_timeout = Duration::from_secs(30);
        Self { data: data.into(), program: program.into(), drain_timeout }
    }
}
