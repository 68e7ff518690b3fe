use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{ImageRule, Probe, ProbeAction, PullPolicy, Security, Volume, VolumeMount};

/// What every replica of a revision runs. The default runs nothing, and ends it at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodTemplate {
    /// Labels and annotations of the replicas.
    pub meta: WorkloadMeta,
    /// At least one; all of these run side by side.
    pub containers: Vec<Container>,
    /// What is run before them, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub init: Vec<InitContainer>,
    /// From SIGTERM to SIGKILL. Default 30 s.
    pub termination_grace: Duration,
    /// The image map of the manifest (annotation `tidegate.dev/image-map`), asked before that of
    /// the settings.
    pub images: Vec<ImageRule>,
    /// Its volumes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
    /// Names that its containers know beside those that the machine knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_aliases: Vec<HostAlias>,
    /// The Secrets with credentials for the registries of the images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pull_secrets: Vec<String>,
}

impl PodTemplate {
    /// All containers, those that are run before the others last: where two use one name of a port,
    /// it is that of the first.
    pub fn all(&self) -> impl Iterator<Item = &Container> + Clone {
        self.containers.iter().chain(self.init.iter().map(|init| &init.container))
    }

    /// Those that go on beside each other once all have been started.
    pub fn lasting(&self) -> impl Iterator<Item = &Container> + Clone {
        let sidecars = self.init.iter().filter(|init| init.kind == InitKind::Sidecar);
        self.containers.iter().chain(sidecars.map(|init| &init.container))
    }
}

/// An address, and names for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostAlias {
    /// The address.
    pub address: IpAddr,
    /// At least one.
    pub names: Vec<String>,
}

/// A container that is started before those that come after it (`initContainers`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitContainer {
    /// What is run.
    pub container: Container,
    /// What those after it wait for.
    pub kind: InitKind,
}

/// What those after an init container wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InitKind {
    /// That it has ended with exit code 0.
    Task,
    /// That it has started; it stays, and ends after them (`restartPolicy: Always`).
    Sidecar,
}

/// Labels and annotations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkloadMeta {
    /// For selectors.
    pub labels: BTreeMap<String, String>,
    /// For everything else.
    pub annotations: BTreeMap<String, String>,
}

/// One process (and its children) of a replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Unique in the template.
    pub name: String,
    /// What is run: `file:PATH`, or a name that the image map knows.
    pub image: String,
    /// When the image is looked for in its registry, if not as its tag has it by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_policy: Option<PullPolicy>,
    /// The program, in place of the image's own.
    pub command: Vec<String>,
    /// Its arguments, in place of the image's own.
    pub args: Vec<String>,
    /// Its environment; a later entry may use an earlier one as `$(NAME)`.
    pub env: Vec<EnvVar>,
    /// Whole `ConfigMap`s and Secrets as environment, before `env`.
    pub env_from: Vec<EnvFrom>,
    /// The folder it starts in, inside the image's folder when relative.
    pub working_dir: Option<String>,
    /// The ports that it listens on.
    pub ports: Vec<ContainerPort>,
    /// Until it passes, no other probe is tried.
    pub startup: Option<Probe>,
    /// While it fails, the replica gets no traffic.
    pub readiness: Option<Probe>,
    /// When it fails, the container is restarted.
    pub liveness: Option<Probe>,
    /// Limits and requests.
    pub resources: Resources,
    /// Hooks.
    pub lifecycle: Lifecycle,
    /// Where it sees volumes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<VolumeMount>,
    /// As whom it runs, and what it may do.
    #[serde(default, skip_serializing_if = "Security::is_plain")]
    pub security: Security,
}

/// Hooks of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// Runs right after the start.
    pub post_start: Option<ProbeAction>,
    /// Runs before SIGTERM; its time counts against the grace period.
    pub pre_stop: Option<ProbeAction>,
}

/// A port that a container listens on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerPort {
    /// The number in the manifest. Processes of one machine share its ports, so a replica is
    /// given a free one and told it as `PORT`, `PORT_<NAME>` and in place of `$(PORT)`.
    pub number: u16,
    /// Its name, for probes and Services.
    pub name: Option<String>,
    /// Whether it is for datagrams (UDP), which no Service carries. It is told as others are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub udp: bool,
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PortRef {
    /// The number in the manifest.
    Number(u16),
    /// The name of a container's port.
    Name(String),
}

/// One variable of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Where its value comes from.
    pub source: EnvSource,
}

/// Where the value of a variable comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnvSource {
    /// The text itself.
    Literal(String),
    /// An entry of a `ConfigMap` in the same namespace.
    ConfigMapKey {
        /// The `ConfigMap`.
        name: String,
        /// The entry.
        key: String,
        /// Whether it may be missing.
        optional: bool,
    },
    /// An entry of a Secret in the same namespace.
    SecretKey {
        /// The Secret.
        name: String,
        /// The entry.
        key: String,
        /// Whether it may be missing.
        optional: bool,
    },
    /// A field of the replica itself.
    Field(FieldPath),
}

/// A field of the replica that `fieldRef` may name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FieldPath {
    /// `metadata.name`
    Name,
    /// `metadata.namespace`
    Namespace,
    /// `metadata.uid`
    Uid,
    /// `metadata.labels['KEY']`
    Label(String),
    /// `metadata.annotations['KEY']`
    Annotation(String),
    /// `metadata.labels`: all of them, a line each; in a file alone
    Labels,
    /// `metadata.annotations`: all of them, a line each; in a file alone
    Annotations,
    /// `spec.nodeName`
    NodeName,
    /// `status.podIP`
    PodIp,
    /// `status.hostIP`
    HostIp,
}

/// A whole `ConfigMap` or Secret as environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnvFrom {
    /// All entries of a `ConfigMap`.
    ConfigMap {
        /// Which.
        name: String,
        /// Put before each name.
        prefix: String,
        /// Whether it may be missing.
        optional: bool,
    },
    /// All entries of a Secret.
    Secret {
        /// Which.
        name: String,
        /// Put before each name.
        prefix: String,
        /// Whether it may be missing.
        optional: bool,
    },
}

/// What a container asks for, and may use at the most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// What it asks for.
    pub requests: ResourceAmounts,
    /// What it may use.
    pub limits: ResourceAmounts,
}

/// Amounts of CPU and memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceAmounts {
    /// CPU in thousandths of a core.
    pub cpu_millis: Option<u64>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
}
