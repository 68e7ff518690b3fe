use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_units::ObjectKey;

use crate::Target;

/// A `v1` Service: a port of this machine behind which replicas stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Where it is found.
    pub key: ObjectKey,
    /// Replicas whose labels hold all of these stand behind it.
    pub selector: BTreeMap<String, String>,
    /// Its ports, at least one.
    pub ports: Vec<ServicePort>,
    /// Where to listen, by annotation `tidegate.dev/listen`; for the first port only.
    pub listen: Option<SocketAddr>,
    /// Whether a client keeps its revision (annotation `tidegate.dev/sticky: <cookie name>`, or
    /// `sessionAffinity`), and for how long.
    pub sticky: Option<(String, Duration)>,
    /// The region whose requests come in here unless they say otherwise: the label
    /// `topology.kubernetes.io/region`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

impl Service {
    /// Whether replicas of `rollout` with these labels stand behind it. One without a selector
    /// selects nothing.
    pub fn selects(&self, rollout: &ObjectKey, labels: &BTreeMap<String, String>) -> bool {
        !self.selector.is_empty()
            && rollout.namespace == self.key.namespace
            && self.selector.iter().all(|(name, value)| labels.get(name) == Some(value))
    }
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePort {
    /// Its name, when it has one.
    pub name: Option<String>,
    /// The port that clients use.
    pub port: u16,
    /// The replica's port, by number or by name; the same as `port` when absent.
    pub target: Target,
    /// A second port on which it answers, `nodePort`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_port: Option<u16>,
}
