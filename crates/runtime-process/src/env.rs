//! The environment of a container.

use std::collections::BTreeMap;

use tidegate_units::{Owner, ReplicaId};
use tidegate_workload::{
    ConfigMap, Container, EnvFrom, EnvSource, FieldPath, Secret, WorkloadMeta,
};

use crate::{
    expand::expand,
    members::{CONTAINER_MARK, REPLICA_MARK},
};

/// Variables, by name.
pub(crate) type Variables = BTreeMap<String, String>;

/// What the environment of a replica's containers is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    /// The replica.
    pub(crate) replica: &'a ReplicaId,
    /// Of which rollout.
    pub(crate) owner: &'a Owner,
    /// Labels and annotations of the template.
    pub(crate) meta: &'a WorkloadMeta,
    /// The `ConfigMap`s of the namespace.
    pub(crate) config_maps: &'a BTreeMap<String, ConfigMap>,
    /// The Secrets of the namespace.
    pub(crate) secrets: &'a BTreeMap<String, Secret>,
}

/// What a container's environment refers to and does not find.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("container {container:?}: {missing}; create it, or mark the reference optional")]
pub(crate) struct EnvError {
    container: String,
    missing: String,
}

/// The whole environment of a container, lowest first: `PATH`, `HOME` and `LANG` of this machine
/// (nothing else of the server's), `HOSTNAME`, that of the image, `envFrom`, `env`, and over all
/// the assigned ports and the marks of the replica.
///
/// The ports are over `env` because a manifest written for containers often sets `PORT` to the
/// number that the container has to itself, and on one machine replicas cannot share it.
pub(crate) fn environment(
    container: &Container,
    image: &Variables,
    ports: &Variables,
    around: &Surroundings<'_>,
) -> Result<Variables, EnvError> {
    let mut env = of_this_machine();
    env.insert("HOSTNAME".to_owned(), around.replica.to_string());
    env.extend(image.clone());
    for from in &container.env_from {
        env.extend(whole(container, from, around)?);
    }
    env.extend(ports.clone());
    for variable in &container.env {
        if ports.contains_key(&variable.name) {
            continue;
        }
        match value(container, &variable.source, around)? {
            Value::Text(text) => {
                let text = expand(&text, |name| env.get(name).cloned());
                env.insert(variable.name.clone(), text);
            }
            Value::AsIs(text) => {
                env.insert(variable.name.clone(), text);
            }
            Value::Absent => {}
        }
    }
    env.insert(REPLICA_MARK.to_owned(), around.replica.to_string());
    env.insert(CONTAINER_MARK.to_owned(), container.name.clone());
    Ok(env)
}

fn of_this_machine() -> Variables {
    let fallback = [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", "/"),
        ("LANG", "C.UTF-8"),
    ];
    fallback
        .map(|(name, default)| {
            let value = std::env::var(name).unwrap_or_else(|_| default.to_owned());
            (name.to_owned(), value)
        })
        .into()
}

enum Value {
    /// A literal, in which references are expanded.
    Text(String),
    /// From elsewhere, taken as it is.
    AsIs(String),
    /// Optional and not there.
    Absent,
}

fn value(
    container: &Container,
    source: &EnvSource,
    around: &Surroundings<'_>,
) -> Result<Value, EnvError> {
    let entry = |kind, name: &str, data: Option<&Variables>, key: &String, optional| match data
        .map(|data| data.get(key))
    {
        Some(Some(text)) => Ok(Value::AsIs(text.clone())),
        _ if optional => Ok(Value::Absent),
        Some(None) => Err(missing(container, format!("{kind} {name:?} has no entry {key:?}"))),
        None => Err(missing(container, format!("there is no {kind} {name:?}"))),
    };
    match source {
        EnvSource::Literal(text) => Ok(Value::Text(text.clone())),
        EnvSource::ConfigMapKey { name, key, optional } => {
            let data = around.config_maps.get(name).map(|map| &map.data);
            entry("ConfigMap", name, data, key, *optional)
        }
        EnvSource::SecretKey { name, key, optional } => {
            let data = around.secrets.get(name).map(|secret| &secret.data);
            entry("Secret", name, data, key, *optional)
        }
        EnvSource::Field(path) => Ok(Value::AsIs(field(path, around))),
    }
}

/// The value of a field. A label or annotation that is not there is empty, as in Kubernetes.
fn field(path: &FieldPath, around: &Surroundings<'_>) -> String {
    match path {
        FieldPath::Name | FieldPath::Uid => around.replica.to_string(),
        FieldPath::Namespace => around.owner.namespace.to_string(),
        FieldPath::Label(key) => around.meta.labels.get(key).cloned().unwrap_or_default(),
        FieldPath::Annotation(key) => around.meta.annotations.get(key).cloned().unwrap_or_default(),
        FieldPath::NodeName => rustix::system::uname().nodename().to_string_lossy().into_owned(),
        FieldPath::PodIp | FieldPath::HostIp => crate::ports::ADDRESS.to_string(),
    }
}

fn whole(
    container: &Container,
    from: &EnvFrom,
    around: &Surroundings<'_>,
) -> Result<Variables, EnvError> {
    let (kind, name, prefix, optional, data) = match from {
        EnvFrom::ConfigMap { name, prefix, optional } => {
            let data = around.config_maps.get(name).map(|map| &map.data);
            ("ConfigMap", name, prefix, optional, data)
        }
        EnvFrom::Secret { name, prefix, optional } => {
            let data = around.secrets.get(name).map(|secret| &secret.data);
            ("Secret", name, prefix, optional, data)
        }
    };
    match data {
        Some(data) => Ok(data
            .iter()
            .filter(|(key, _)| is_variable_name(key))
            .map(|(key, value)| (format!("{prefix}{key}"), value.clone()))
            .collect()),
        None if *optional => Ok(Variables::new()),
        None => Err(missing(container, format!("there is no {kind} {name:?}"))),
    }
}

/// Entries such as `nginx.conf` are left out by Kubernetes too only when they could not be set.
fn is_variable_name(key: &str) -> bool {
    !key.is_empty() && !key.contains(['=', '\0'])
}

fn missing(container: &Container, missing: String) -> EnvError {
    EnvError { container: container.name.clone(), missing }
}

#[cfg(test)]
mod tests;
