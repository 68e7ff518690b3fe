//! What a revision runs: the pod template as a domain type.
//!
//! Invariant: nothing here knows a file format or starts anything.

mod config;
mod image;
mod job;
mod probe;
mod revision;
mod security;
mod template;
mod uses;
mod volume;

pub use config::{ConfigMap, Secret};
pub use image::{ImageRule, PullPolicy};
pub use job::{JobRestart, JobSpec};
pub use probe::{Probe, ProbeAction};
pub use security::{Extra, Security};
pub use template::{
    Container, ContainerPort, EnvFrom, EnvSource, EnvVar, FieldPath, HostAlias, InitContainer,
    InitKind, Lifecycle, PodTemplate, PortRef, ResourceAmounts, Resources, WorkloadMeta,
};
pub use volume::{
    Entries, EntryFile, FieldFile, FileSource, HostKind, Volume, VolumeMount, VolumeSource,
};
