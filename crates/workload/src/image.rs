use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A line of the image map: what a container image means as a process of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageRule {
    /// The images it speaks of: a name as in the manifest, in which `*` stands for any text, such
    /// as `ghcr.io/acme/web:*`. What the stars took can be used below as `$1`, `$2`, and `$tag`.
    pub image: String,
    /// The program, where the container names no `command`.
    #[serde(default)]
    pub command: Vec<String>,
    /// Its arguments, where the container names no `args`.
    #[serde(default)]
    pub args: Vec<String>,
    /// Environment below that of the container.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The folder in which it runs.
    #[serde(default)]
    pub folder: Option<String>,
}
