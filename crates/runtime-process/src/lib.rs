//! Pod templates as processes of this machine.
//!
//! [`ProcessRuntime`] carries out what [`tidegate_ports::Runtime`] asks for: each container of a
//! replica becomes a process with ports of its own, in a session and control groups of its own.
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
//! - A container without a readiness probe is ready when its first port accepts a connection; one
//!   without ports, at once. Until a startup or readiness probe first passes it is also tried
//!   between its periods, every 100 ms; a failure counts only on the period, so the thresholds mean
//!   what they mean in Kubernetes.
//! - A container that ends is started again after 1 s, 2 s, 4 s, up to 5 minutes.
//! - Replicas of a revision share the unpacked folder of the image and should not write into it.
//! - A `file:` image is read when a revision is first started, and all of its replicas run what was
//!   there then; another build needs another path, which makes another revision.
//! - A `ConfigMap` or Secret that changes reaches the replicas that are started afterwards.

//!
//! What is absent: probes by HTTPS (such a revision meets an obstacle that says so), layers packed
//! with zstd, volumes, security contexts and init containers. Without control groups limits are not
//! enforced, which the replica's message says, and a process that both leaves its session and takes
//! off its environment is not found.

mod adopt;
mod cgroup;
mod chance;
mod container;
mod env;
mod expand;
#[cfg(test)]
mod fixtures;
mod identity;
mod image;
mod launch;
mod logs;
mod members;
mod order;
mod orders;
mod orphans;
mod ports;
mod probe;
mod records;
mod replica;
mod revision;
mod runtime;
mod settings;
mod spawn;
mod state;
mod stop;
mod usage;

pub use launch::launcher_main;
pub use runtime::ProcessRuntime;
pub use settings::{ImageLimits, Launcher, LogLimits, PortPool, ProcessSettings, RestartBackoff};
