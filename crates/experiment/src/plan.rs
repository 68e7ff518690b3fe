use serde::{Deserialize, Serialize};
use tidegate_units::{Generation, RevisionHash, RunName, Timestamp};

use crate::{
    ExperimentSpec, ExperimentStatus, Observation, Phase, Report, TemplatePhase, counts, orders,
    runs, templates, turn::Turn, verdict, view, wake,
};

/// What to do next, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// To be stored before anything is done.
    pub status: ExperimentStatus,
    /// To be done, at least once, in this order. What is not seen to have been done is in the next
    /// plan again.
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
    /// Let a template have so many replicas.
    Scale {
        /// Which.
        revision: RevisionHash,
        /// How many.
        replicas: u32,
        /// The plan's generation.
        generation: Generation,
    },
    /// Begin an analysis run; a run of that name is begun once.
    StartRun {
        /// Its name.
        run: RunName,
        /// Which analysis of the spec.
        analysis: String,
    },
    /// End an analysis run whose answer no longer matters.
    StopRun {
        /// Which.
        run: RunName,
    },
}

/// Something that was decided, as the ledger tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A template is what it was not before.
    TemplateMoved {
        /// Which.
        template: String,
        /// What it is.
        to: TemplatePhase,
        /// Why, where that needs words.
        message: String,
    },
    /// All templates are available: its time begins.
    Available,
    /// Replicas changed.
    Scaled {
        /// Of which template.
        template: String,
        /// From.
        from: u32,
        /// To.
        to: u32,
    },
    /// An analysis began.
    RunStarted {
        /// Which run.
        run: RunName,
    },
    /// An analysis ended, or could not begin.
    RunEnded {
        /// Which analysis.
        analysis: String,
        /// How.
        phase: Phase,
        /// By what.
        message: String,
    },
    /// It is decided.
    Finished {
        /// How.
        phase: Phase,
        /// By what.
        message: String,
    },
}

/// Plans the next step of an experiment.
///
/// The same input gives the same plan, and planning again once the actions took effect gives no
/// action.
pub fn plan(
    spec: &ExperimentSpec,
    status: &ExperimentStatus,
    observation: &Observation,
    now: Timestamp,
) -> Plan {
    let mut turn = Turn::new(spec, status, observation, now);
    runs::take_note(&mut turn);
    templates::assess(&mut turn);
    verdict::reach(&mut turn);
    counts::settle(&mut turn);
    runs::begin(&mut turn);
    let actions = orders::give(&mut turn);
    Plan {
        report: view::report(&turn),
        wake_at: wake::next(&turn, &actions),
        actions,
        events: turn.events,
        status: turn.status,
    }
}
