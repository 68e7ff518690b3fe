use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_ledger::{Actor, Digest, Entry};
use tidegate_units::{ObjectKey, Timestamp};

/// Something that happened to a rollout, as Argo Rollouts calls the reasons of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// A revision is wanted that was not before.
    RolloutUpdated,
    /// A step is done.
    RolloutStepCompleted,
    /// The new revision is stable.
    RolloutCompleted,
    /// It is taken back.
    RolloutAborted,
    /// It holds.
    RolloutPaused,
    /// It goes on.
    RolloutResumed,
    /// Replicas of a revision changed.
    ScalingReplicaSet,
    /// The new revision gets another share of the requests.
    TrafficWeightUpdated,
    /// An analysis began.
    AnalysisRunRunning,
    /// It found nothing wrong.
    AnalysisRunSuccessful,
    /// It found the revision bad.
    AnalysisRunFailed,
    /// It could not measure.
    AnalysisRunError,
    /// It cannot tell.
    AnalysisRunInconclusive,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::RolloutUpdated,
        Self::RolloutStepCompleted,
        Self::RolloutCompleted,
        Self::RolloutAborted,
        Self::RolloutPaused,
        Self::RolloutResumed,
        Self::ScalingReplicaSet,
        Self::TrafficWeightUpdated,
        Self::AnalysisRunRunning,
        Self::AnalysisRunSuccessful,
        Self::AnalysisRunFailed,
        Self::AnalysisRunError,
        Self::AnalysisRunInconclusive,
    ];

    /// The trigger that it sets off.
    pub const fn trigger(self) -> &'static str {
        match self {
            Self::RolloutUpdated => "on-rollout-updated",
            Self::RolloutStepCompleted => "on-rollout-step-completed",
            Self::RolloutCompleted => "on-rollout-completed",
            Self::RolloutAborted => "on-rollout-aborted",
            Self::RolloutPaused => "on-rollout-paused",
            Self::RolloutResumed => "on-rollout-resumed",
            Self::ScalingReplicaSet => "on-scaling-replica-set",
            Self::TrafficWeightUpdated => "on-traffic-weight-updated",
            Self::AnalysisRunRunning => "on-analysis-run-running",
            Self::AnalysisRunSuccessful => "on-analysis-run-successful",
            Self::AnalysisRunFailed => "on-analysis-run-failed",
            Self::AnalysisRunError => "on-analysis-run-error",
            Self::AnalysisRunInconclusive => "on-analysis-run-inconclusive",
        }
    }

    /// What sets off a trigger of this name; none for one that has a condition of its own alone.
    pub fn of_trigger(trigger: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.trigger() == trigger)
    }

    /// What an entry of the ledger about a rollout tells.
    fn of(what: &str, detail: &Value) -> Option<Self> {
        Some(match what {
            "RevisionWanted" => Self::RolloutUpdated,
            "StepCompleted" => Self::RolloutStepCompleted,
            "Promoted" => Self::RolloutCompleted,
            "Aborted" => Self::RolloutAborted,
            "Paused" => Self::RolloutPaused,
            "Resumed" => Self::RolloutResumed,
            "Scaled" => Self::ScalingReplicaSet,
            "WeightSet" => Self::TrafficWeightUpdated,
            "RunStarted" => Self::AnalysisRunRunning,
            "RunEnded" => match detail.get("outcome")?.as_str()? {
                "Successful" => Self::AnalysisRunSuccessful,
                "Failed" => Self::AnalysisRunFailed,
                "Error" => Self::AnalysisRunError,
                "Inconclusive" => Self::AnalysisRunInconclusive,
                _ => return None,
            },
            _ => return None,
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// An entry of the ledger about a rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// Which rollout.
    pub rollout: ObjectKey,
    /// What happened, if anybody can subscribe to it by name.
    pub reason: Option<Reason>,
    /// When.
    pub at: Timestamp,
    /// The entry's number.
    pub sequence: u64,
    /// The entry's hash, which no other entry has.
    pub hash: Digest,
    /// What the ledger says of it.
    pub detail: Value,
}

impl Happening {
    /// What an entry tells of a rollout; none for one of anything else.
    pub fn of(entry: &Entry) -> Option<Self> {
        let draft = &entry.draft;
        // What a person asks for is not what happens: the controller says that, in an entry of its own.
        let is_told = draft.subject.kind == "Rollout" && draft.actor == Actor::Controller;
        is_told.then(|| Self {
            rollout: draft.subject.key.clone(),
            reason: Reason::of(&draft.what, &draft.detail),
            at: draft.at,
            sequence: entry.sequence,
            hash: entry.hash,
            detail: draft.detail.clone(),
        })
    }
}
