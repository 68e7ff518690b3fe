use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidegate_decision::{Action, Decision, KpiSnapshot};
use tidegate_units::Timestamp;

use super::memory::Memory;

/// Where the decision on a revision stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DecisionView {
    /// What is to be done, and why.
    pub decision: Decision,
    /// What it follows from.
    pub kpis: KpiSnapshot,
    /// When that was.
    pub decided_at: Timestamp,
    /// When the revision is taken back, if that is still so then.
    pub rollback_at: Option<Timestamp>,
    /// Until when it is watched more closely.
    pub watched_until: Option<Timestamp>,
    /// Since when each reason for a scheduled rollback has held.
    pub since: BTreeMap<String, Timestamp>,
    /// What the ledger was told last.
    #[schema(value_type = Value)]
    pub(super) told: Option<Told>,
    /// The memory of the replicas.
    #[serde(default)]
    #[schema(value_type = Value)]
    pub(super) memory: Memory,
}

/// What the ledger was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) action: Action,
    pub(super) rules: Vec<String>,
    pub(super) at: Timestamp,
}

impl DecisionView {
    /// Forgets what only further looks would need.
    pub(crate) fn close(&mut self) {
        self.memory = Memory::default();
    }
}
