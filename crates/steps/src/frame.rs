use std::sync::Arc;

use tidegate_expression::Value;
use tidegate_workflow::Step;

use crate::{Action, Outcome, Pair, act::StepAt};

/// Steps that run one after the other: those of the job, or of a composite action.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) steps: Arc<[Step]>,
    /// How many of them were begun.
    pub(crate) next: usize,
    /// Under which name what they tell is known: empty for the job's own.
    pub(crate) scope: Arc<str>,
    /// The composite action that they are of.
    pub(crate) call: Option<Call>,
}

/// A composite action that runs.
#[derive(Debug)]
pub(crate) struct Call {
    /// The step that uses it.
    pub(crate) by: Begun,
    pub(crate) action: Arc<Action>,
    /// The context `inputs` of its steps.
    pub(crate) inputs: Value,
    /// How it goes.
    pub(crate) status: Outcome,
}

/// A step that was begun.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) at: StepAt,
    pub(crate) steps: Arc<[Step]>,
    pub(crate) index: usize,
    /// Where what it tells is known.
    pub(crate) scope: Arc<str>,
    /// Variables of the steps around it and of itself, which go before those of the job.
    pub(crate) overrides: Vec<Pair>,
}

impl Begun {
    pub(crate) fn step(&self) -> Option<&Step> {
        self.steps.get(self.index)
    }

    pub(crate) fn id(&self) -> Arc<str> {
        self.step().map_or_else(|| "".into(), |step| step.id.clone())
    }
}

impl Frame {
    pub(crate) fn of_job(steps: Arc<[Step]>) -> Self {
        Self { steps, next: 0, scope: "".into(), call: None }
    }

    pub(crate) fn of_call(steps: Arc<[Step]>, call: Call) -> Self {
        let scope = call.by.at.path.as_str().into();
        Self { steps, next: 0, scope, call: Some(call) }
    }

    /// The variables that its steps have from the step that it is of.
    pub(crate) fn overrides(&self) -> &[Pair] {
        self.call.as_ref().map_or(&[], |call| &call.by.overrides)
    }
}
