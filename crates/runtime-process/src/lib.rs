//! Pod templates as processes of this machine.
//!
//! [`Processes`] is the carrier that makes [`ProcessRuntime`] of [`tidegate_replicas`]: each
//! container of a replica becomes a process with ports of its own, in a session and control groups of its own.
//! The processes outlive the control plane; the next one adopts them.
//!
//! Invariant: no process runs that no record knows, and none outlives the release of its replica.
//! Should a record be damaged or removed, its replica's processes are ended at the next start.
//!
//! What a manifest should know of it:
//! - Replicas share this machine's ports, so each is given its own: the environment says which, as
//!   `PORT` (the container's first), `PORT_<NUMBER>` and `PORT_<NAME>`; `$(PORT)` can be used in
//!   `command`, `args` and `env`. A process that listens on the literal number of the manifest
//!   works only as a single replica, and is not found by the router.
//! - Replicas of a revision share the unpacked folder of the image and should not write into it.
//! - A `file:` image is read when a revision is first started, and all of its replicas run what was
//!   there then; another build needs another path, which makes another revision.
//!
//! - A container with volumes sees the files of this machine, and its volumes where it mounts them,
//!   in a mount namespace of its own. For that the server is root, or the machine has user
//!   namespaces.
//!
//! What is absent: layers packed with zstd and filters of system calls. Without control
//! groups limits are not enforced, which the replica's message says, and a process that both leaves
//! its session and takes off its environment is not found.

mod carrier;
mod cgroup;
#[cfg(test)]
mod fixtures;
mod identity;
mod image;
mod jobs;
mod launch;
mod members;
mod orphans;
mod rights;
mod settings;
mod spawn;
mod unit;
mod usage;
mod view;

pub use carrier::Processes;
pub use image::is_known;
pub use jobs::{ProcessJobs, job_keeper_main};
pub use launch::launcher_main;
pub use settings::{ImageLimits, Launcher, ProcessSettings};
pub use tidegate_replicas::{LogLimits, PortPool, RestartBackoff};

/// Runs replicas as processes of this machine.
pub type ProcessRuntime = tidegate_replicas::Replicas<Processes>;
