//! A rollout in the short form in which thousands of them are listed.

use serde::{Deserialize, Serialize};
use tidegate_rollout::{AbortReason, Phase, RolloutStatus, Waiting};
use tidegate_units::{RevisionHash, Timestamp, Weight};

use crate::{fleet::Rates, world::RolloutEntry};

/// A rollout in one row: where it is, and what it waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutSummary {
    /// Where it is found: its environment.
    pub namespace: String,
    /// Its name there: its application.
    pub name: String,
    /// In one word.
    pub phase: Phase,
    /// How it brings a new revision to its users.
    pub strategy: StrategyName,
    /// The step that is being taken, the first being 0; as many as `steps` when all are done.
    pub step: usize,
    /// How many steps there are.
    pub steps: usize,
    /// The share that the new revision should have, in percent.
    pub wanted_weight: Weight,
    /// The share that the router was seen to give it; null before it was.
    pub actual_weight: Option<Weight>,
    /// The images of the wanted revision, in the order of its containers.
    pub images: Vec<String>,
    /// The wanted revision; null before the first plan.
    pub revision: Option<RevisionHash>,
    /// Its number.
    pub revision_number: Option<u64>,
    /// The revision that users get when all is well; null before the first one is whole.
    pub stable_revision: Option<RevisionHash>,
    /// How many replicas there should be, and are.
    pub replicas: ReplicaCounts,
    /// Requests per second of all its revisions over the last five whole seconds, to a tenth.
    pub request_rate: f64,
    /// Errors per request of the revision on its way over the same time, 0 to 1; null when none is, or
    /// when it got no request.
    pub error_rate: Option<f64>,
    /// All that it waits for; empty when it has arrived.
    pub waiting: Vec<Waiting>,
    /// Which of that holds it longest, in one word; null when it waits for nothing.
    pub waits_for: Option<WaitsFor>,
    /// Why it was taken back; null unless it was.
    pub aborted: Option<AbortReason>,
    /// When it goes on by itself; null when that takes more than time.
    pub wake_at: Option<Timestamp>,
    /// When it last moved: a new manifest, a step, a pause, an abort, another condition.
    pub changed_at: Timestamp,
    /// When it was first applied.
    pub created_at: Timestamp,
    /// Whether it is being deleted.
    pub deleting: bool,
}

/// How a new revision comes to its users.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum StrategyName {
    /// Step by step.
    Canary,
    /// At once.
    BlueGreen,
}

/// How many replicas a rollout has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReplicaCounts {
    /// Asked for in its manifest.
    pub wanted: u32,
    /// Ready, of all revisions together.
    pub ready: u32,
}

/// What a rollout waits for, in one word. Of several that is named which lasts longest unless somebody
/// does something about it, in this order.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum WaitsFor {
    /// Something that a person has to mend.
    Obstacle,
    /// A person who promotes or resumes it.
    Person,
    /// Replicas that come or go.
    Replicas,
    /// The router, to confirm what it was told.
    Router,
    /// An analysis, an experiment, or requests to judge by.
    Evidence,
    /// A moment.
    Time,
}

pub(crate) fn summary(entry: &RolloutEntry, rates: Rates) -> RolloutSummary {
    let (declared, status, report) = (&entry.declared, &entry.status, &entry.latest.report);
    let resource = &declared.value;
    let current = status.current.as_ref();
    let record = current.and_then(|current| status.revisions.get(current));
    let blue_green = resource.spec.blue_green().is_some();
    RolloutSummary {
        namespace: resource.key.namespace.to_string(),
        name: resource.key.name.to_string(),
        phase: report.phase,
        strategy: if blue_green { StrategyName::BlueGreen } else { StrategyName::Canary },
        step: status.step_index.min(report.steps.len()),
        steps: report.steps.len(),
        wanted_weight: report.wanted_weight,
        actual_weight: report.actual_weight,
        images: RolloutEntry::images(&resource.template),
        revision: status.current.clone(),
        revision_number: record.map(|record| record.number),
        stable_revision: status.stable.clone(),
        replicas: ReplicaCounts {
            wanted: resource.spec.replicas,
            ready: report.revisions.iter().map(|revision| revision.ready).sum(),
        },
        request_rate: rates.requests,
        error_rate: rates.errors,
        waits_for: report.waiting.iter().map(WaitsFor::of).min(),
        wake_at: report.waiting.iter().filter_map(ends_at).min(),
        waiting: report.waiting.clone(),
        aborted: report.aborted.clone(),
        changed_at: changed_at(entry),
        created_at: declared.created_at,
        deleting: entry.deleting,
    }
}

impl WaitsFor {
    fn of(waiting: &Waiting) -> Self {
        match waiting {
            Waiting::Obstacle { .. } => Self::Obstacle,
            Waiting::Promotion { .. } | Waiting::Unpaused => Self::Person,
            Waiting::Replicas { .. } | Waiting::Surplus { .. } => Self::Replicas,
            Waiting::Router { .. } => Self::Router,
            Waiting::Analysis { .. } | Waiting::Exposure { .. } | Waiting::Experiment { .. } => {
                Self::Evidence
            }
            Waiting::PauseUntil { .. } | Waiting::ScaleDown { .. } => Self::Time,
        }
    }
}

/// When it is over by itself.
const fn ends_at(waiting: &Waiting) -> Option<Timestamp> {
    match waiting {
        Waiting::PauseUntil { until } | Waiting::ScaleDown { until, .. } => Some(*until),
        _ => None,
    }
}

fn changed_at(entry: &RolloutEntry) -> Timestamp {
    let status: &RolloutStatus = &entry.status;
    let conditions = status.conditions.iter().map(|one| one.since);
    let moments = [
        status.step_started,
        status.started_at,
        status.pause.as_ref().map(|pause| pause.started),
        status.abort.as_ref().map(|abort| abort.at),
    ];
    let all = conditions.chain(moments.into_iter().flatten());
    all.max().unwrap_or_default().max(entry.declared.changed_at)
}
