use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_analysis::AnalysisTemplate;
use tidegate_rollout::RolloutResource;
use tidegate_traffic::Service;
use tidegate_units::ObjectKey;
use tidegate_workload::{ConfigMap, Secret};

use crate::Problems;

/// One resource of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it means.
    pub resource: Resource,
    /// What the user wrote, with aliases and merge keys filled in.
    pub manifest: Value,
    /// The line on which it begins, from 1.
    pub line: u32,
}

/// A resource that can be declared.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "documented at the types")]
pub enum Resource {
    Rollout(RolloutResource),
    AnalysisTemplate(AnalysisTemplate),
    Service(Service),
    ConfigMap(ConfigMap),
    Secret(Secret),
}

/// The kind of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "documented at the types of the same name")]
pub enum Kind {
    Rollout,
    AnalysisTemplate,
    Service,
    ConfigMap,
    Secret,
}

impl Kind {
    /// As it is written after `kind:`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rollout => "Rollout",
            Self::AnalysisTemplate => "AnalysisTemplate",
            Self::Service => "Service",
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Resource {
    /// What it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Rollout(_) => Kind::Rollout,
            Self::AnalysisTemplate(_) => Kind::AnalysisTemplate,
            Self::Service(_) => Kind::Service,
            Self::ConfigMap(_) => Kind::ConfigMap,
            Self::Secret(_) => Kind::Secret,
        }
    }

    /// Where it is found.
    pub const fn key(&self) -> &ObjectKey {
        match self {
            Self::Rollout(it) => &it.key,
            Self::AnalysisTemplate(it) => &it.key,
            Self::Service(it) => &it.key,
            Self::ConfigMap(it) => &it.key,
            Self::Secret(it) => &it.key,
        }
    }
}

/// Reads the text of a file: YAML with any number of documents, or JSON. `file_name` is for the
/// problems only. A file of nothing but comments has no documents, and no problems.
pub fn read(file_name: &str, text: &str) -> Result<Vec<Document>, Problems> {
    let _ = (file_name, text);
    Ok(Vec::new())
}

/// Reads one manifest that is at hand as a value, such as one out of the store or after an edit.
/// The places of its problems are those in [`crate::to_yaml`] of it.
pub fn resource_of(manifest: &Value) -> Result<Resource, Problems> {
    let _ = manifest;
    Err(Problems {
        problems: Vec::new(),
        omitted: 0,
    })
}
