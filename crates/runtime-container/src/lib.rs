//! Pod templates as containers of a Docker or Podman engine on this machine.
//!
//! [`Containers`] is the carrier that makes [`ContainerRuntime`] of [`tidegate_replicas`]. It
//! speaks the Docker Engine API over the engine's unix socket, which Podman speaks too. The
//! containers are the engine's: they outlive the control plane, and they outlive the engine where
//! it lets them. While an engine does not answer, its containers are taken to run on.
//!
//! What a manifest should know of it:
//! - A replica of several containers has one network, held by a container that only waits.
//! - Each port is published at a free one of 127.0.0.1, for the router. Inside, a container listens
//!   where the manifest says, on all addresses.
//! - A tag is looked up once for a revision; all of its replicas run that digest.
//! - A command of a probe has its `timeoutSeconds` from when it runs; what the engine does not get
//!   done counts neither way. One that takes too long counts as failed, but an engine cannot end it:
//!   it ends with its container.
//!
//! What is absent: engines on other machines, and several containers of a replica, init containers
//! among them, on machines that are neither `x86_64` nor `aarch64`.

mod auth;
mod carrier;
mod client;
mod ending;
mod engine;
mod exec;
mod frames;
mod image;
mod jobs;
mod labels;
mod logs;
mod name;
mod orphans;
mod pause;
mod pod;
mod rights;
mod settings;
mod unit;

pub use carrier::Containers;
pub use jobs::ContainerJobs;
pub use settings::{ContainerSettings, EngineSocket};

/// Runs replicas as containers of an engine.
pub type ContainerRuntime = tidegate_replicas::Replicas<Containers>;
