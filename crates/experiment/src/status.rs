use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use tidegate_units::{Generation, RunName, RunPhase, Timestamp};

/// Where an experiment is. Written by the planner alone, stored with the ledger entries that explain
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExperimentStatus {
    /// Counts up with every plan that changes what executors should do.
    pub generation: Generation,
    /// In one word. Once it is completed it stays so.
    pub phase: RunPhase,
    /// In one sentence.
    pub message: String,
    /// When all templates were first available at one moment: the duration counts from here.
    pub available_at: Option<Timestamp>,
    /// When it was completed.
    pub finished_at: Option<Timestamp>,
    /// Each template, by its name.
    pub templates: BTreeMap<String, TemplateRecord>,
    /// Each analysis that has begun or could not begin, by its name in the spec.
    pub runs: BTreeMap<String, RunRecord>,
}

/// Where a template is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateRecord {
    /// In one word. Once it is completed it stays so.
    pub phase: TemplatePhase,
    /// In one sentence.
    pub message: String,
    /// How many replicas it should have.
    pub wanted: u32,
    /// Replicas that were there the last time one came or went.
    pub replicas: u32,
    /// Of those, ready.
    pub ready: u32,
    /// Of those, available.
    pub available: u32,
    /// When one of the numbers above last changed: the deadline counts from here.
    pub changed_at: Timestamp,
    /// When its replicas go.
    pub scale_down_at: Option<Timestamp>,
}

/// Where an analysis is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunRecord {
    /// The run; none when none could begin.
    pub run: Option<RunName>,
    /// In one word.
    pub phase: RunPhase,
    /// In one sentence.
    pub message: String,
}

/// A template in one word, in Argo's words.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[expect(missing_docs, reason = "Argo's own words, explained in the documentation")]
pub enum TemplatePhase {
    Successful,
    Running,
    #[default]
    Progressing,
    Error,
    Failed,
}

impl TemplatePhase {
    /// Whether it is decided.
    pub const fn is_completed(self) -> bool {
        matches!(self, Self::Successful | Self::Error | Self::Failed)
    }

    /// Whether it is decided and not successful.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Error | Self::Failed)
    }
}

impl fmt::Display for TemplatePhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
