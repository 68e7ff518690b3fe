use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use tidegate_exposure::Exposure;
use tidegate_traffic::Rule;
use tidegate_units::{Generation, RevisionHash, RunName, Timestamp, Weight};

use crate::{BlueGreenProgress, PluginUse, RevisionRole};

/// Where a rollout is. Written by the planner alone, stored with the ledger entries that explain it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RolloutStatus {
    /// Counts up with every plan that changes what executors should do.
    pub generation: Generation,
    /// The revision that users get when all is well.
    pub stable: Option<RevisionHash>,
    /// The revision that is on its way, or the stable one.
    pub current: Option<RevisionHash>,
    /// A hash of the steps that `step_index` counts in: when they change, it starts over.
    pub steps_hash: u64,
    /// The step that is being taken; the number of steps when all are done.
    pub step_index: usize,
    /// When that step began.
    pub step_started: Option<Timestamp>,
    /// When the ring of that step was first seen to be open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_open: Option<Timestamp>,
    /// How far the step `tidegate/auto` has come that is being taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Exposure>,
    /// The share that the current revision should have now.
    pub weight: Weight,
    /// The pause that holds it.
    pub pause: Option<PauseState>,
    /// Why it was taken back.
    pub abort: Option<Abort>,
    /// Whether the remaining steps are skipped.
    pub promote_full: bool,
    /// The analysis of the current step.
    pub step_run: Option<RunRef>,
    /// The experiment of the current step.
    #[serde(default)]
    pub experiment: Option<ExperimentRef>,
    /// The background analysis.
    pub background_run: Option<RunRef>,
    /// The default analysis.
    pub watch_run: Option<RunRef>,
    /// Every revision that is known, by its hash.
    pub revisions: BTreeMap<RevisionHash, RevisionRecord>,
    /// When something last moved forward, for the progress deadline.
    pub progressed_at: Option<Timestamp>,
    /// When the change that is on its way began.
    pub started_at: Option<Timestamp>,
    /// The last `restart_at` that was carried out whole.
    pub restarted_at: Option<Timestamp>,
    /// In one word.
    pub phase: Phase,
    /// In one sentence.
    pub message: String,
    /// In Argo's conditions.
    pub conditions: Vec<Condition>,
    /// The split that the router was last told; a revision that is not named gets nothing.
    #[serde(default)]
    pub route: Vec<(RevisionHash, Weight)>,
    /// What goes before that split, the first counting first.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// The generation in which that split was decided: an older one seen at the router proves
    /// nothing, even if its weights are the same.
    #[serde(default)]
    pub route_generation: Generation,
    /// The `restart_at` that the runtime was last told.
    #[serde(default)]
    pub restart_before: Option<Timestamp>,
    /// How often the steps of the current revision were begun anew: by a retry, or because they
    /// changed. It keeps the names of runs apart.
    #[serde(default)]
    pub attempt: u32,
    /// The step that somebody promoted over, until the next plan.
    #[serde(default)]
    pub promoted_step: Option<usize>,
    /// The steps from this one on were jumped over.
    #[serde(default)]
    pub skipped_from: Option<usize>,
    /// Those of the runs above whose end was taken note of.
    #[serde(default)]
    pub runs_ended: Vec<RunName>,
    /// The most available replicas of the current revision since `progressed_at`: coming back from
    /// a crash is no progress.
    #[serde(default)]
    pub available_peak: u32,
    /// How far the share of the current revision was from that of its step, when it was nearest
    /// since the step began: only coming nearer is progress.
    #[serde(default)]
    pub weight_missing: Weight,
    /// When the progress deadline was missed.
    #[serde(default)]
    pub deadline_missed: Option<Timestamp>,
    /// Since when the stable revision can serve everybody again, after an abort: the delay before
    /// the replicas of the aborted one go counts from then.
    #[serde(default)]
    pub recovered_at: Option<Timestamp>,
    /// Of the Services `pingService` and `pongService`, which one reaches the stable revision: they
    /// change with every promotion, the first one making it ping.
    #[serde(default)]
    pub stable_is_ping: bool,
    /// What the ledger was told, so that it is told once.
    #[serde(default)]
    pub told: Told,
    /// How far a blue-green update has come.
    #[serde(default)]
    pub blue_green: BlueGreenProgress,
    /// The steps of this update that programs have taken or take, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugin_steps: Vec<PluginStep>,
    /// The calls of such programs that are owed, whatever is released meanwhile; the first is being
    /// made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugin_calls: Vec<PluginCall>,
}

/// A step that a program has taken or takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PluginStep {
    /// Its index.
    pub step: usize,
    /// The run in which the program is asked.
    pub run: RunName,
    /// The revision that was stable then.
    pub stable: RevisionHash,
    /// Whether the program has done it; it may also have been promoted over.
    pub done: bool,
    /// Whether the program was told to stop.
    pub ended: bool,
}

/// A call of a program to stop taking a step, or to undo it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PluginCall {
    /// The run in which it is made.
    pub run: RunName,
    /// The index of the step.
    pub step: usize,
    /// Which program, and what for.
    pub plugin: PluginUse,
    /// The revision that was on its way.
    pub canary: RevisionHash,
    /// The one that was stable then.
    pub stable: RevisionHash,
}

impl RolloutStatus {
    /// What a revision is to users: the first one is stable from the start.
    pub fn role_of(&self, revision: &RevisionHash) -> RevisionRole {
        if self.stable.as_ref().or(self.current.as_ref()) == Some(revision) {
            RevisionRole::Stable
        } else if self.current.as_ref() == Some(revision) {
            RevisionRole::Canary
        } else {
            RevisionRole::Old
        }
    }

    /// The revision that is on its way to become stable, if one is.
    pub fn canary(&self) -> Option<&RevisionHash> {
        self.current
            .as_ref()
            .filter(|current| self.stable.as_ref().is_some_and(|it| it != *current))
    }

    /// Ends the pause that the steps or their analyses asked for. What a person holds stays held
    /// until a person lets it go, as `spec.paused` does.
    pub(crate) fn lift_pause(&mut self) {
        let by_hand = |reason: &PauseReason| *reason == PauseReason::User;
        self.pause = self.pause.filter(|pause| by_hand(&pause.reason));
        self.told.pause = self.told.pause.filter(by_hand);
    }
}

/// What the ledger was told, so that it is told once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Told {
    /// The pause.
    pub pause: Option<PauseReason>,
    /// When it was taken back.
    pub abort: Option<Timestamp>,
}

/// A revision that was ever wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevisionRecord {
    /// 1 for the first, counting up; a return to an old revision gives it a new number.
    pub number: u64,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// How many replicas it should have.
    pub replicas: u32,
    /// When it should have none.
    pub scale_down_at: Option<Timestamp>,
    /// Whether it was stable at any time.
    #[serde(default)]
    pub was_stable: bool,
}

/// A rollout in one word.
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
pub enum Phase {
    /// On its way.
    #[default]
    Progressing,
    /// Held by a step, an inconclusive analysis or a person.
    Paused,
    /// All users get the wanted revision.
    Healthy,
    /// Taken back, or stuck.
    Degraded,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A pause that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PauseState {
    /// Why.
    pub reason: PauseReason,
    /// Since when.
    pub started: Timestamp,
}

/// Why it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum PauseReason {
    /// A `pause` step.
    Step,
    /// Blue-green: the new revision is ready to take over, and waits to be told.
    BlueGreen,
    /// An analysis that could not tell.
    Inconclusive,
    /// An experiment that could not tell.
    InconclusiveExperiment,
    /// A step whose budget is spent, or whose time is over before anything is shown.
    InconclusiveExposure,
    /// A person.
    User,
}

/// That it was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Abort {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: AbortReason,
}

/// Why it was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum AbortReason {
    /// A person said so.
    User {
        /// Who.
        who: String,
        /// Their words.
        why: Option<String>,
    },
    /// An analysis failed or could not be measured.
    Analysis {
        /// Which.
        run: RunName,
        /// Which metric, and by what.
        message: String,
    },
    /// The experiment of a step failed or could not be carried out.
    Experiment {
        /// Which.
        experiment: String,
        /// By what.
        message: String,
    },
    /// Nothing moved for `progress_deadline`.
    Deadline,
    /// The store went back, as where a disk lost what it had acknowledged, and what it lost had given the
    /// revision fewer users: why is not known, and it may have been what took it back.
    StoreWentBack {
        /// The share that the store knows.
        known: Weight,
        /// The share that the router was told later.
        told: Weight,
    },
}

/// An experiment that a step waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExperimentRef {
    /// Which.
    pub name: String,
    /// Whether its end was taken note of.
    pub ended: bool,
}

/// An analysis run that the rollout waits for or watches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunRef {
    /// Which.
    pub name: RunName,
    /// What it was started for.
    pub kind: RunKind,
}

/// What a run was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum RunKind {
    /// The step of this index.
    Step(usize),
    /// The whole rollout, as declared.
    Background,
    /// The whole rollout, because nothing was declared.
    Watch,
    /// Blue-green, before the switch.
    PrePromotion,
    /// Blue-green, after the switch.
    PostPromotion,
    /// To stop or undo the step of this index, which a program took.
    PluginCall(usize),
}

/// One of Argo's conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Condition {
    /// Which.
    pub kind: ConditionKind,
    /// Whether it holds.
    pub holds: bool,
    /// Why, in one `CamelCase` word.
    pub reason: String,
    /// Why, in one sentence.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
}

/// The conditions that people's scripts wait for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
pub enum ConditionKind {
    /// Enough replicas are available.
    Available,
    /// It moves, or has arrived.
    Progressing,
    /// It is held.
    Paused,
    /// All users get the wanted revision, and its steps are done.
    Completed,
    /// It has arrived and everything is in order.
    Healthy,
    /// The spec or something that it names cannot be used.
    InvalidSpec,
}
