//! The parts of a log that are looked at, named as SARIF 2.1.0 names them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error};
use tidegate_evidence::{BaselineState, Level as Said};

use crate::json::{First, List, Number};

/// Runs of a log: GitHub takes 20.
const MOST_RUNS: usize = 1_000;
/// Results of a run: GitHub takes 25,000 and shows 5,000.
const MOST_RESULTS: usize = 200_000;
/// Rules of a tool or one of its extensions: GitHub takes 25,000.
const MOST_RULES: usize = 50_000;
/// Files that a log lists: large repositories have as many.
const MOST_ARTIFACTS: usize = 500_000;
/// Smaller things: extensions, invocations, notifications, suppressions, arguments. GitHub takes 100 extensions.
const MOST_SMALL: usize = 1_000;

#[derive(Deserialize)]
pub(super) struct Log {
    #[expect(dead_code, reason = "reading it refuses other versions")]
    pub(super) version: Version,
    #[serde(default)]
    pub(super) runs: List<Run, MOST_RUNS>,
}

/// The one version that is read: those before it name the same things otherwise.
pub(super) struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let version = String::deserialize(from)?;
        if version == "2.1.0" || version.starts_with("2.1.0-") {
            return Ok(Self);
        }
        Err(D::Error::custom(format!("version {version:?} of SARIF is not read, 2.1.0 is")))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) tool: Tool,
    #[serde(default)]
    pub(super) results: List<Item, MOST_RESULTS>,
    #[serde(default)]
    pub(super) artifacts: List<Artifact, MOST_ARTIFACTS>,
    #[serde(default)]
    pub(super) invocations: List<Invocation, MOST_SMALL>,
    #[serde(default)]
    pub(super) original_uri_base_ids: BTreeMap<String, ArtifactLocation>,
    pub(super) external_property_file_references: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Tool {
    pub(super) driver: Component,
    #[serde(default)]
    pub(super) extensions: List<Component, MOST_SMALL>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    #[serde(default)]
    pub(super) name: String,
    pub(super) guid: Option<String>,
    pub(super) version: Option<String>,
    pub(super) semantic_version: Option<String>,
    #[serde(default)]
    pub(super) rules: List<Rule, MOST_RULES>,
    #[serde(default)]
    pub(super) global_message_strings: BTreeMap<String, Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    #[serde(default)]
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) short_description: Option<Message>,
    pub(super) help_uri: Option<String>,
    #[serde(default)]
    pub(super) default_configuration: Configuration,
    #[serde(default)]
    pub(super) message_strings: BTreeMap<String, Message>,
    #[serde(default)]
    pub(super) properties: RuleProperties,
}

#[derive(Default, Deserialize)]
pub(super) struct Configuration {
    pub(super) level: Option<Level>,
}

#[derive(Default, Deserialize)]
pub(super) struct RuleProperties {
    #[serde(rename = "security-severity")]
    pub(super) security_severity: Option<Number>,
}

#[derive(Default, Deserialize)]
pub(super) struct Message {
    pub(super) text: Option<String>,
    pub(super) markdown: Option<String>,
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) arguments: List<String, MOST_SMALL>,
}

/// A result.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) rule_id: Option<String>,
    pub(super) rule_index: Option<i64>,
    pub(super) rule: Option<Reference>,
    pub(super) kind: Option<Kind>,
    pub(super) level: Option<Level>,
    #[serde(default)]
    pub(super) message: Message,
    #[serde(default)]
    pub(super) locations: First<Location>,
    #[serde(default)]
    pub(super) fingerprints: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) partial_fingerprints: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) suppressions: List<Suppression, MOST_SMALL>,
    pub(super) baseline_state: Option<Baseline>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) id: Option<String>,
    pub(super) index: Option<i64>,
    pub(super) tool_component: Option<ComponentReference>,
}

#[derive(Deserialize)]
pub(super) struct ComponentReference {
    pub(super) index: Option<i64>,
    pub(super) guid: Option<String>,
    pub(super) name: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(super) enum Level {
    None,
    Note,
    Warning,
    Error,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    NotApplicable,
    Pass,
    Fail,
    Review,
    Open,
    Informational,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Baseline {
    New,
    Unchanged,
    Updated,
    Absent,
}

#[derive(Deserialize)]
pub(super) struct Suppression {
    status: Option<String>,
}

impl Suppression {
    /// Whether it holds: one that was refused or is still looked at does not.
    pub(super) fn holds(&self) -> bool {
        self.status.as_deref().is_none_or(|status| status == "accepted")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub(super) physical_location: Option<PhysicalLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    #[serde(default)]
    pub(super) artifact_location: ArtifactLocation,
    pub(super) region: Option<Region>,
    pub(super) context_region: Option<Region>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub(super) uri: Option<String>,
    pub(super) uri_base_id: Option<String>,
    pub(super) index: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Artifact {
    #[serde(default)]
    pub(super) location: ArtifactLocation,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub(super) start_line: Option<i64>,
    pub(super) start_column: Option<i64>,
    pub(super) end_line: Option<i64>,
    pub(super) end_column: Option<i64>,
    pub(super) snippet: Option<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) execution_successful: Option<bool>,
    pub(super) exit_code_description: Option<String>,
    #[serde(default)]
    pub(super) tool_execution_notifications: List<Notification, MOST_SMALL>,
    #[serde(default)]
    pub(super) rule_configuration_overrides: List<Override, MOST_RULES>,
}

#[derive(Deserialize)]
pub(super) struct Notification {
    pub(super) level: Option<Level>,
    #[serde(default)]
    pub(super) message: Message,
}

#[derive(Deserialize)]
pub(super) struct Override {
    pub(super) descriptor: Reference,
    #[serde(default)]
    pub(super) configuration: Configuration,
}

impl From<Level> for Said {
    fn from(level: Level) -> Self {
        match level {
            Level::None => Self::None,
            Level::Note => Self::Note,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}

impl From<Baseline> for BaselineState {
    fn from(state: Baseline) -> Self {
        match state {
            Baseline::New => Self::New,
            Baseline::Unchanged => Self::Unchanged,
            Baseline::Updated => Self::Updated,
            Baseline::Absent => Self::Absent,
        }
    }
}
