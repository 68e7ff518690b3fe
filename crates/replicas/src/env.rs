//! The environment of a container.

use std::{collections::BTreeMap, net::IpAddr};

use tidegate_units::{Owner, ReplicaId};
use tidegate_workload::{
    ConfigMap, Container, EnvFrom, EnvSource, FieldPath, Secret, WorkloadMeta,
};

use crate::expand::expand;

/// Names the replica in the environment of its containers.
pub const REPLICA_MARK: &str = "TIDEGATE_REPLICA";
/// Names the container in its environment.
pub const CONTAINER_MARK: &str = "TIDEGATE_CONTAINER";

/// Variables, by name.
pub type Variables = BTreeMap<String, String>;

/// What the environment of a replica's containers is made from.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The replica.
    pub replica: &'a ReplicaId,
    /// Of which rollout.
    pub owner: &'a Owner,
    /// Labels and annotations of the template.
    pub meta: &'a WorkloadMeta,
    /// The `ConfigMap`s of the namespace.
    pub config_maps: &'a BTreeMap<String, ConfigMap>,
    /// The Secrets of the namespace.
    pub secrets: &'a BTreeMap<String, Secret>,
    /// What `status.podIP` and `status.hostIP` are.
    pub address: IpAddr,
}

/// What a container's environment refers to and does not find.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("container {container:?}: {missing}; create it, or mark the reference optional")]
pub struct EnvError {
    container: String,
    missing: String,
}

/// What a container's environment has beside what its manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Below that of the manifest.
    pub base: Variables,
    /// Over that of the manifest: the ports where replicas share those of the machine, since a
    /// manifest written for containers often sets `PORT` to the number that the container has to
    /// itself.
    pub over: Variables,
}

/// The whole environment of a container, lowest first: `HOSTNAME`, what is given below, `envFrom`,
/// `env`, and over all what is given over it and the marks of the replica.
pub fn environment(
    container: &Container,
    given: &Given,
    around: &Surroundings<'_>,
) -> Result<Variables, EnvError> {
    let ports = &given.over;
    let mut env = Variables::from([("HOSTNAME".to_owned(), around.replica.to_string())]);
    env.extend(given.base.clone());
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
        EnvSource::SecretKey { name, key, .. }
            if around.secrets.get(name).is_some_and(|secret| secret.bytes.contains_key(key)) =>
        {
            let problem = format!("Secret {name:?} has under {key:?} what is no text, for a file");
            Err(missing(container, problem))
        }
        EnvSource::SecretKey { name, key, optional } => {
            let data = around.secrets.get(name).map(|secret| &secret.data);
            entry("Secret", name, data, key, *optional)
        }
        EnvSource::Field(path) => Ok(Value::AsIs(field(path, around))),
    }
}

/// The value of a field. A label or annotation that is not there is empty, as in Kubernetes.
pub(crate) fn field(path: &FieldPath, around: &Surroundings<'_>) -> String {
    match path {
        FieldPath::Name | FieldPath::Uid => around.replica.to_string(),
        FieldPath::Namespace => around.owner.namespace.to_string(),
        FieldPath::Label(key) => around.meta.labels.get(key).cloned().unwrap_or_default(),
        FieldPath::Annotation(key) => around.meta.annotations.get(key).cloned().unwrap_or_default(),
        FieldPath::Labels => lines(&around.meta.labels),
        FieldPath::Annotations => lines(&around.meta.annotations),
        FieldPath::NodeName => rustix::system::uname().nodename().to_string_lossy().into_owned(),
        FieldPath::PodIp | FieldPath::HostIp => around.address.to_string(),
    }
}

/// Each as `key="value"` in a line of its own, in the order of the keys, as Kubernetes writes it.
fn lines(texts: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> = texts.iter().map(|(key, text)| format!("{key}={text:?}")).collect();
    lines.join("\n")
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
