use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// As whom a container runs, and what it may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Security {
    /// The number of its user; that of its image, or of the server, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<u32>,
    /// The number of its group; when absent, that of its user in its image, or of the server, or 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<u32>,
    /// Other groups that it is in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<u32>,
    /// Whether it must not run as root.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_root: bool,
    /// Whether no program that it starts may get more rights than it has.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_new_privileges: bool,
    /// Whether it may write to its volumes alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// The capabilities that it must not have, by their names without `CAP_`; `ALL` for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// Those that it keeps, or is given, all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<String>,
    /// What it asks for that an engine keeps from its containers.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub extra: BTreeSet<Extra>,
}

impl Security {
    /// Whether nothing is said.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// What a process of this machine has by itself, and a container of an engine only if it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Extra {
    /// `privileged`: the devices of the machine, and every capability.
    Devices,
    /// `seccompProfile: Unconfined`: no system call is filtered.
    SystemCalls,
    /// `procMount: Unmasked`: nothing of `/proc` is hidden.
    Proc,
}
