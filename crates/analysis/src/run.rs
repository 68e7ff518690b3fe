use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_judge::RunTraffic;
use tidegate_units::{Owner, ReplicaId, RevisionHash, RunName, RunPhase, Timestamp};

use crate::{Asked, Decision, DecisionView, Errand, JudgeEvidence, Metric, SecretKey};

/// What is wanted of an analysis run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunSpec {
    /// Its name.
    pub name: RunName,
    /// The rollout or experiment that it judges for. Written as it was when there were rollouts
    /// only.
    #[serde(rename = "rollout")]
    pub owner: Owner,
    /// The revision that is judged.
    pub canary: RevisionHash,
    /// What it is compared with.
    pub stable: RevisionHash,
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// Set to end it.
    pub terminate: bool,
    /// The arguments that are filled in when a server is asked, and never written down.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretKey>,
    /// What the rollout's `analysisRunMetadata` says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What the rollout's `analysisRunMetadata` says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The rules of its decisions that somebody has overridden: they do not count.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overrides: BTreeMap<String, Override>,
}

/// That a rule does not count for a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Override {
    /// Who said so, by the name under which the ledger knows them.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Where an analysis run is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunStatus {
    /// In one word.
    pub phase: RunPhase,
    /// In one sentence: which metric decided, and by what.
    pub message: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Each metric, by name.
    pub metrics: BTreeMap<String, MetricView>,
    /// How many metrics came to what.
    #[serde(default)]
    pub run_summary: RunSummary,
    /// The same of those that do not count.
    #[serde(default)]
    pub dry_run_summary: RunSummary,
}

/// How many metrics of a run came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunSummary {
    /// All of them.
    pub count: u32,
    /// Those that succeeded.
    pub successful: u32,
    /// Those that failed.
    pub failed: u32,
    /// Those that showed neither.
    pub inconclusive: u32,
    /// Those that could not be measured.
    pub error: u32,
}

impl RunSummary {
    /// Counts a metric.
    pub(crate) const fn add(&mut self, phase: RunPhase) {
        self.count += 1;
        match phase {
            RunPhase::Successful => self.successful += 1,
            RunPhase::Failed => self.failed += 1,
            RunPhase::Inconclusive => self.inconclusive += 1,
            RunPhase::Error => self.error += 1,
            RunPhase::Pending | RunPhase::Running => {}
        }
    }
}

/// Where a metric is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MetricView {
    /// In one word.
    pub phase: RunPhase,
    /// In one sentence.
    pub message: String,
    /// Measurements that counted: those with no error.
    pub count: u32,
    /// Of those, successful.
    pub successful: u32,
    /// Of those, failed.
    pub failed: u32,
    /// Of those, inconclusive.
    pub inconclusive: u32,
    /// Errors in all.
    pub errors: u32,
    /// Errors since the last measurement that was none.
    pub consecutive_errors: u32,
    /// Successes since the last measurement that was none.
    pub consecutive_successes: u32,
    /// The last measurements, oldest first, at most 10 where the metric says nothing else.
    pub measurements: Vec<MeasurementView>,
    /// What the judge has gathered, for a metric of that provider.
    pub evidence: Option<JudgeEvidence>,
    /// Where the decision on the revision stands, for a metric of that provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Box<DecisionView>>,
    /// Whether it is measured and does not count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Facts about the metric, by Argo's names, such as `ResolvedPrometheusQuery`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MeasurementView {
    /// What it came to.
    pub phase: RunPhase,
    /// Why, where that needs words.
    pub message: String,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it was answered.
    pub finished_at: Timestamp,
    /// The value as JSON text; of Prometheus also `NaN`, `+Inf` and `-Inf`.
    pub value: String,
    /// What else was answered, such as `warnings`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// How soon the next one follows, where that is not as the metric says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<tidegate_units::DurationParts>)]
    pub again: Option<Duration>,
}

/// Under this name a measurement keeps what a program said of its step, as JSON text.
pub const STEP_STATUS: &str = "status";

impl MeasurementView {
    /// What a program said of its step.
    pub fn step_status(&self) -> Option<serde_json::Value> {
        serde_json::from_str(self.metadata.get(STEP_STATUS)?).ok()
    }
}

/// What is seen at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunObservation {
    /// The router's counts of the canary and the stable revision; absent when it did not answer.
    pub traffic: Option<RunTraffic>,
    /// What was asked of the network and not yet measured, by metric.
    pub asked: BTreeMap<String, Asked>,
    /// What the replicas of both revisions use, for a run that decides by it.
    pub replicas: Vec<ReplicaUse>,
    /// When the router is read again at the latest, from now: what goes by its counts is planned
    /// again then.
    pub next_look: Duration,
}

/// What a replica uses.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaUse {
    /// Which.
    pub id: ReplicaId,
    /// Whether it is of the revision that is judged; else of what that is compared with.
    pub canary: bool,
    /// Since when it has been ready without a break.
    pub ready_since: Option<Timestamp>,
    /// How often a container of it was started again.
    pub restarts: u32,
    /// Resident memory in bytes, once it was read.
    pub memory_bytes: Option<u64>,
    /// The limit of all its containers together, if each has one.
    pub memory_limit: Option<u64>,
    /// CPU in thousandths of a core, once it was read.
    pub cpu_millis: Option<u64>,
    /// The limit of all its containers together, if each has one.
    pub cpu_limit: Option<u64>,
}

/// What to do next with a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunPlan {
    /// To be stored.
    pub status: RunStatus,
    /// What was decided, for the ledger.
    pub events: Vec<RunEvent>,
    /// To be asked of the network now; the answer is in a later observation. What is not seen to
    /// have been asked is in the next plan again.
    pub asks: Vec<Ask>,
    /// When to plan again even if nothing is seen to change.
    pub wake_at: Option<Timestamp>,
}

/// A question to be asked of the network, or a job to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The metric whose measurement it is.
    pub metric: String,
    /// What is to be done for it.
    pub errand: Errand,
}

/// Something that a run decided, as the ledger tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RunEvent {
    /// A metric is decided: its evidence is in the view.
    MetricDecided {
        /// Which.
        metric: String,
        /// As it is.
        view: Box<MetricView>,
    },
    /// What is to be done with the revision, where that is something else than before.
    Decision {
        /// The metric that decides.
        metric: String,
        /// What, and why.
        decision: Box<Decision>,
        /// When a scheduled rollback happens.
        rollback_at: Option<Timestamp>,
    },
    /// The run is decided.
    RunDecided {
        /// How.
        phase: RunPhase,
        /// By what.
        message: String,
    },
}
