//! What runtimes do alike: orders, replicas, restarts, probes and logs.
//!
//! [`Replicas`] carries out what [`tidegate_ports::Runtime`] asks for, whatever its [`Carrier`]
//! starts containers as. All that has to outlive the control plane is written down, and whoever
//! opens the data folder next takes over what runs.
//!
//! Invariant: nothing runs that no record knows, and nothing outlives the release of its replica.
//!
//! What a manifest should know of it:
//! - A container without a readiness probe is ready when its first port accepts a connection; one
//!   without ports, at once. Until a startup or readiness probe first passes it is also tried
//!   between its periods, every 100 ms; a failure counts only on the period, so the thresholds mean
//!   what they mean in Kubernetes.
//! - A container that ends is started again after 1 s, 2 s, 4 s, up to 5 minutes.
//! - Init containers run one after the other; one of which it is not known how it ended, since no
//!   control plane saw it, is run again, as in Kubernetes after a restart of a machine.
//! - A `ConfigMap` or Secret that changes reaches the replicas that are started afterwards.
//! - A try of a probe counts against the container only if it was asked: neither a want of files or
//!   ports of this machine does, nor a time in which this process did not run.
//! - A probe by HTTPS takes any certificate, as the kubelet does.

mod adopt;
mod carrier;
mod chance;
mod command;
mod container;
mod env;
mod expand;
#[cfg(test)]
mod fixtures;
pub mod jobs;
mod logs;
mod marks;
mod mixed;
mod order;
mod orders;
mod patience;
mod ports;
mod probe;
mod records;
mod replica;
mod revision;
mod runtime;
mod settings;
mod state;
mod stop;
mod turn;
mod usage;
mod volumes;
mod wants;
mod whole;

pub use carrier::{
    Carrier, Draft, End, Home, ImageWish, Look, Place, Published, Reading, Running, StartFailure,
    Started, TryFailure, Unit, Used, Written,
};
pub use chance::{letters, number};
pub use command::command;
pub use env::{
    CONTAINER_MARK, EnvError, Given, REPLICA_MARK, Surroundings, Variables, environment,
};
pub use expand::expand;
pub use logs::bound_log;
pub use mixed::{Choice, Mixed, Side};
pub use orders::named;
pub use patience::within;
pub use ports::{ADDRESS, Assigned, all_free, variables};
pub use records::{is_file_name, private_folder};
pub use runtime::{Replicas, identity};
pub use settings::{Keeping, LogLimits, PortPool, RestartBackoff};
pub use state::Shared;
pub use tidegate_ports::RunsAs;
pub use volumes::{Shown, Volumes, make_late};
pub use wants::{if_there, is_want};
pub use whole::{Keep, read_whole, write_whole};
