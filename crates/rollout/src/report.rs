use serde::{Deserialize, Serialize};
use tidegate_exposure::Outlook;
use tidegate_units::{Generation, RevisionHash, RunName, Timestamp, Weight};

use crate::{AbortReason, PauseReason, Phase};

/// Where a rollout is and what it waits for, in types. CLI, API, page and ledger render this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Report {
    /// In one word.
    pub phase: Phase,
    /// Every step with its state, in order.
    pub steps: Vec<StepView>,
    /// The share that the new revision should have.
    pub wanted_weight: Weight,
    /// The share that the router was seen to give it.
    pub actual_weight: Option<Weight>,
    /// Each revision that has or should have replicas, newest first.
    pub revisions: Vec<RevisionView>,
    /// All that it waits for; empty when it has arrived.
    pub waiting: Vec<Waiting>,
    /// Why it was taken back.
    pub aborted: Option<AbortReason>,
    /// While an update is on its way: its rings, in the order in which they open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rings: Vec<RingView>,
    /// Of a blue-green rollout: who has the users, and who is previewed.
    #[serde(default)]
    pub blue_green: Option<BlueGreenView>,
    /// Templates of the step's experiment that get requests of this rollout.
    #[serde(default)]
    pub guests: Vec<GuestView>,
}

/// A template of an experiment that gets requests of the rollout beside its revisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GuestView {
    /// Of which experiment.
    pub experiment: String,
    /// Its name there.
    pub template: String,
    /// What it is measured under.
    pub revision: RevisionHash,
    /// Its share.
    pub weight: Weight,
}

/// A ring as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RingView {
    /// Its name.
    pub name: String,
    /// Who is in it besides those of earlier rings, in words.
    pub users: String,
    /// Whether they get the new revision.
    pub state: RingState,
    /// Until when it soaks at least; none unless it does so now.
    pub soaks_until: Option<Timestamp>,
}

/// Whether the users of a ring get the new revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum RingState {
    /// Not yet.
    Ahead,
    /// They will, once its replicas are there and the router says so.
    Opening,
    /// They do.
    Open,
}

/// What the two Services of a blue-green rollout reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BlueGreenView {
    /// The revision that has all users; none before anybody serves.
    pub active: Option<RevisionHash>,
    /// The newest revision.
    pub preview: RevisionHash,
}

/// A step as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StepView {
    /// As it is written, such as `setWeight: 25`.
    pub label: String,
    /// Whether it is done.
    pub state: StepState,
}

/// Whether a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum StepState {
    /// Not yet reached.
    Ahead,
    /// Being taken.
    Active,
    /// Done.
    Done,
    /// Jumped over by a promotion in full or a rollback.
    Skipped,
}

/// A revision as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevisionView {
    /// Which.
    pub revision: RevisionHash,
    /// Its number.
    pub number: u64,
    /// What it is to users.
    pub role: RevisionRole,
    /// Its share.
    pub weight: Weight,
    /// Replicas wanted.
    pub wanted: u32,
    /// Replicas seen.
    pub replicas: u32,
    /// Of those, ready.
    pub ready: u32,
    /// Of those, available.
    pub available: u32,
    /// When its replicas go.
    pub scale_down_at: Option<Timestamp>,
}

/// What a revision is to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum RevisionRole {
    /// What users get when all is well.
    Stable,
    /// On its way to become stable.
    Canary,
    /// Blue-green: on its way to take over.
    Preview,
    /// Blue-green: it took over, and is not stable yet.
    Active,
    /// Neither.
    Old,
}

/// Something that a rollout waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "for")]
pub enum Waiting {
    /// Replicas that are not available yet.
    Replicas {
        /// Of which revision.
        revision: RevisionHash,
        /// Available.
        have: u32,
        /// Needed.
        need: u32,
    },
    /// Replicas that have not gone yet.
    Surplus {
        /// Of which revision.
        revision: RevisionHash,
        /// There.
        have: u32,
        /// Wanted.
        want: u32,
    },
    /// The router has not confirmed the split.
    Router {
        /// The plan whose split it is.
        generation: Generation,
    },
    /// A pause that ends by itself.
    PauseUntil {
        /// When.
        until: Timestamp,
    },
    /// A pause that ends when somebody promotes.
    Promotion {
        /// Why it holds.
        reason: PauseReason,
    },
    /// `spec.paused` is set.
    Unpaused,
    /// An analysis that has not ended.
    Analysis {
        /// Which.
        run: RunName,
    },
    /// Evidence that a larger share is safe.
    Exposure {
        /// What the share follows from, and what the next one needs.
        outlook: Outlook,
    },
    /// An experiment that has not ended.
    Experiment {
        /// Which.
        experiment: String,
    },
    /// Replicas that stay a while in case they are needed again.
    ScaleDown {
        /// Of which revision.
        revision: RevisionHash,
        /// Until when.
        until: Timestamp,
    },
    /// Something that a person has to mend.
    Obstacle {
        /// In which revision.
        revision: RevisionHash,
        /// What it is and how to mend it.
        message: String,
    },
}
