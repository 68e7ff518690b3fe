use std::sync::Arc;

use crate::{
    FindId, OrderId, Outcome, Report,
    frame::{Begun, Frame},
};

/// Steps in the background that run at once: the runner's own limit. Others wait for one of them.
pub const MAX_BACKGROUND: usize = 10;

/// One thing after the other: the steps of the job, or a step in the background.
#[derive(Debug)]
pub(crate) struct Strand {
    /// The innermost composite action is the last one.
    pub(crate) frames: Vec<Frame>,
    pub(crate) doing: Doing,
    /// The step that runs in the background; `None` for the steps of the job.
    pub(crate) background: Option<Arc<str>>,
    /// What others do not see before they wait for it.
    pub(crate) held: Vec<Held>,
    /// Whether a step ended it.
    pub(crate) stopped: bool,
    /// Whether it was stopped while an action was looked for, which cannot be stopped itself.
    pub(crate) halted: bool,
    /// Whether somebody waited for it.
    pub(crate) waited: bool,
    pub(crate) came_to: Outcome,
}

/// What a strand is about.
#[derive(Debug)]
pub(crate) enum Doing {
    /// Its next step can begin.
    Ready,
    /// An action is looked for.
    Finding(FindId, Begun),
    /// A step runs.
    Running(OrderId, Begun),
    /// A step waits for other strands.
    Waiting(Vec<usize>, Begun),
    /// Nothing more.
    Over,
}

/// What a step in the background told.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) scope: Arc<str>,
    pub(crate) id: Arc<str>,
    pub(crate) report: Report,
    pub(crate) conclusion: Outcome,
}

impl Strand {
    pub(crate) fn new(frame: Frame, background: Option<Arc<str>>) -> Self {
        Self {
            frames: vec![frame],
            doing: Doing::Ready,
            background,
            held: vec![],
            stopped: false,
            halted: false,
            waited: false,
            came_to: Outcome::Success,
        }
    }

    /// Whether its first step was begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.frames.len() != 1 || self.frames.iter().any(|frame| frame.next > 0)
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.doing, Doing::Over)
    }

    /// The order that it waits for.
    pub(crate) fn order(&self) -> Option<OrderId> {
        if let Doing::Running(id, _) = self.doing { Some(id) } else { None }
    }

    /// The steps that it is in now, the innermost last.
    pub(crate) fn begun(&self) -> impl Iterator<Item = &Begun> {
        let own = match &self.doing {
            Doing::Finding(_, begun) | Doing::Running(_, begun) | Doing::Waiting(_, begun) => {
                Some(begun)
            }
            Doing::Ready | Doing::Over => None,
        };
        let around =
            self.frames.iter().filter_map(|frame| frame.call.as_ref().map(|call| &call.by));
        around.chain(own)
    }
}
