use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// When an image is looked for in its registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PullPolicy {
    /// For each revision anew.
    Always,
    /// When the engine does not have it.
    IfNotPresent,
    /// Not at all.
    Never,
}

impl PullPolicy {
    /// What Kubernetes takes for a container that names none: an image tagged `latest`, or not at
    /// all, is pulled always.
    pub fn default_for(image: &str) -> Self {
        let last = image.rsplit_once('/').map_or(image, |(_, last)| last);
        let is_latest = !last.contains([':', '@']) || last.ends_with(":latest");
        if is_latest { Self::Always } else { Self::IfNotPresent }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_latest_written_or_not_is_pulled_always() {
        for image in ["web", "web:latest", "ghcr.io/a/web", "localhost:5000/web"] {
            assert_eq!(PullPolicy::default_for(image), PullPolicy::Always, "{image}");
        }
        for image in ["web:1", "localhost:5000/web:v1", "web@sha256:ab", "web:latest@sha256:ab"] {
            assert_eq!(PullPolicy::default_for(image), PullPolicy::IfNotPresent, "{image}");
        }
    }
}
