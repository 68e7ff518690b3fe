use std::path::PathBuf;

use tidegate_replicas::{LogLimits, PortPool, RestartBackoff};
use tidegate_workload::ImageRule;

/// How the processes of this machine are run.
#[derive(Clone, Debug)]
pub struct ProcessSettings {
    /// The data folder. The runtime keeps `images/`, `logs/` and `runtime/` in it, mode 0700.
    pub data: PathBuf,
    /// What starts a process on its behalf.
    pub launcher: Launcher,
    /// The image map of the settings, asked after that of the template.
    pub images: Vec<ImageRule>,
    /// Which ports replicas are given.
    pub ports: PortPool,
    /// How much of what a container writes is kept.
    pub logs: LogLimits,
    /// How large an image may be.
    pub image_limits: ImageLimits,
    /// How soon a container that ended is started again.
    pub backoff: RestartBackoff,
    /// How many replicas this machine runs at the most, of all rollouts. Default 1000: a mistyped
    /// number in a manifest must not take the machine down, whose kernel numbers 32768 processes
    /// by default.
    pub most_replicas: usize,
    /// Against what relative paths of images and folders are resolved.
    pub working_folder: PathBuf,
}

impl ProcessSettings {
    /// The defaults, with everything kept in `data`.
    pub fn new(data: PathBuf, launcher: Launcher) -> Self {
        Self {
            data,
            launcher,
            images: Vec::new(),
            ports: PortPool::default(),
            logs: LogLimits::default(),
            image_limits: ImageLimits::default(),
            backoff: RestartBackoff::default(),
            most_replicas: 1000,
            working_folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
        }
    }
}

/// A program that calls [`launcher_main`](crate::launcher_main) and nothing else.
///
/// Joining a control group and a new session has to happen between fork and exec, which safe Rust
/// has no place for. So the runtime starts this program, which does it to itself and then becomes
/// the container's process by exec.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// The program, for instance the path of the `tidegate` binary.
    pub program: PathBuf,
    /// The arguments that make it the launcher, for instance `internal-exec`.
    pub args: Vec<String>,
}

/// How large an image may be. More is refused, as an obstacle of the revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageLimits {
    /// Unpacked bytes of all its files. Default 8 GiB: larger than nearly every image of a
    /// service, smaller than nearly every disk.
    pub bytes: u64,
    /// Files, folders and links. Default 400 000: a full distribution has about 100 000.
    pub entries: u64,
}

impl Default for ImageLimits {
    fn default() -> Self {
        Self { bytes: 8 << 30, entries: 400_000 }
    }
}
