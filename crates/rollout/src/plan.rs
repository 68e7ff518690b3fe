use serde::{Deserialize, Serialize};
use tidegate_exposure::Outlook;
use tidegate_traffic::Rule;
use tidegate_units::{Generation, RevisionHash, RunName, Timestamp, Weight};

use crate::{
    AnalysisUse, Observation, Report, RolloutSpec, RolloutStatus, RunKind, StepExperiment, auto,
    blue_green, conditions, deadline, desired, finish, orders, plugins, runs, steps, turn::Turn,
    view, wake, wanted,
};

/// What to do next, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// To be stored before anything is done.
    pub status: RolloutStatus,
    /// To be done, at least once, in this order. What is not seen to have been done is in the next
    /// plan again, but for [`Action::Forget`].
    pub actions: Vec<Action>,
    /// Where it is and what it waits for.
    pub report: Report,
    /// What was decided in this plan, for the ledger; empty when nothing was.
    pub events: Vec<Event>,
    /// When to plan again even if nothing is seen to change.
    pub wake_at: Option<Timestamp>,
}

/// Something to be done. It names all that it needs: an executor never chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Let a revision have so many replicas.
    Scale {
        /// Which.
        revision: RevisionHash,
        /// How many.
        replicas: u32,
        /// Of those, replicas that started before this moment are to be replaced.
        restart_before: Option<Timestamp>,
        /// The plan's generation.
        generation: Generation,
    },
    /// Split new requests so. The weights add up to 100.
    Route {
        /// Share of each revision; one that is not named gets nothing.
        weights: Vec<(RevisionHash, Weight)>,
        /// What goes before the split, the first counting first.
        rules: Vec<Rule>,
        /// The plan's generation.
        generation: Generation,
    },
    /// Begin an analysis run.
    StartRun {
        /// Its name; a run of that name is begun once.
        run: RunName,
        /// What for.
        kind: RunKind,
        /// What is declared; none for the default analysis.
        analysis: Option<AnalysisUse>,
        /// The revision that is judged.
        canary: RevisionHash,
        /// What it is compared with.
        stable: RevisionHash,
    },
    /// End an analysis run whose answer no longer matters.
    StopRun {
        /// Which.
        run: RunName,
    },
    /// Make the experiment of a step; one of that name is made once.
    StartExperiment {
        /// Its name.
        experiment: String,
        /// What is declared.
        what: StepExperiment,
        /// What its templates of the new revision run.
        canary: RevisionHash,
        /// What its templates of the stable revision run.
        stable: RevisionHash,
    },
    /// End an experiment whose answer no longer matters.
    StopExperiment {
        /// Which.
        experiment: String,
    },
    /// Forget a revision that no undo can reach any more. Unlike all others, this action is given
    /// once: the status that comes with it does not name the revision any more. Whoever keeps what
    /// the revision was made of removes it in the transaction that stores that status, so that
    /// neither is lost without the other.
    Forget {
        /// Which.
        revision: RevisionHash,
    },
}

/// Something that was decided, as the ledger tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A revision is wanted that was not before.
    RevisionWanted {
        /// Which.
        revision: RevisionHash,
        /// Its number.
        number: u64,
    },
    /// A return to the stable revision, or inside of it: the steps are skipped.
    RolledBack {
        /// To which.
        to: RevisionHash,
    },
    /// A step is done.
    StepCompleted {
        /// Its index.
        index: usize,
    },
    /// The share changed.
    WeightSet {
        /// Of the current revision.
        revision: RevisionHash,
        /// From.
        from: Weight,
        /// To.
        to: Weight,
    },
    /// The step `tidegate/auto` decided on a share.
    ShareDecided {
        /// What it follows from.
        outlook: Outlook,
    },
    /// What goes before the split changed.
    RoutesSet {
        /// The names of the routes that hold now, the first counting first.
        routes: Vec<String>,
        /// Whether users get answers of the new revision by any of them; copies are no users.
        #[serde(default)]
        sends: bool,
    },
    /// Replicas changed.
    Scaled {
        /// Of which revision.
        revision: RevisionHash,
        /// From.
        from: u32,
        /// To.
        to: u32,
    },
    /// It holds.
    Paused {
        /// Why.
        reason: crate::PauseReason,
    },
    /// It goes on.
    Resumed,
    /// An analysis began.
    RunStarted {
        /// Which.
        run: RunName,
    },
    /// An analysis ended, or was ended.
    RunEnded {
        /// Which.
        run: RunName,
        /// How.
        outcome: String,
    },
    /// An experiment is made.
    ExperimentStarted {
        /// Which.
        experiment: String,
    },
    /// An experiment ended, or was ended.
    ExperimentEnded {
        /// Which.
        experiment: String,
        /// How.
        outcome: String,
    },
    /// It is taken back.
    Aborted {
        /// Why.
        reason: crate::AbortReason,
    },
    /// The new revision is stable.
    Promoted {
        /// Which.
        revision: RevisionHash,
    },
    /// No progress for too long.
    DeadlineExceeded,
    /// All replicas are younger than `restart_at`.
    Restarted,
    /// A revision is gone for good.
    Forgotten {
        /// Which.
        revision: RevisionHash,
    },
}

/// Plans the next step of a rollout.
///
/// The same input gives the same plan, and planning again once the actions took effect gives no
/// action. What is dangerous comes first: a failed analysis is looked at before any step moves.
pub fn plan(
    spec: &RolloutSpec,
    status: &RolloutStatus,
    observation: &Observation,
    now: Timestamp,
) -> Plan {
    let exposure = auto::look(spec, status, observation);
    let spec = &*auto::with_share(spec, exposure.as_ref());
    let mut turn = Turn::new(spec, status, observation, now);
    auto::take(&mut turn, exposure);
    wanted::follow(&mut turn);
    runs::take_failures(&mut turn);
    match spec.blue_green() {
        Some(settings) => blue_green::advance(&mut turn, settings),
        None => steps::advance(&mut turn),
    }
    auto::begin(&mut turn);
    finish::promote(&mut turn);
    deadline::watch(&mut turn);
    finish::take_back(&mut turn);
    desired::settle(&mut turn);
    runs::ensure(&mut turn);
    plugins::settle(&mut turn);
    finish::restart(&mut turn);
    let actions = orders::give(&mut turn);
    deadline::keep(&mut turn);
    conditions::conclude(&mut turn);
    Plan {
        report: view::report(&turn),
        wake_at: wake::next(&turn, &actions),
        actions,
        events: turn.events,
        status: turn.status,
    }
}
