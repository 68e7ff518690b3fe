use tidegate_expression::{Scope, Value};
use tidegate_workflow::Condition;

use crate::Outcome;

/// What an expression may ask of the machine.
pub trait Machine {
    /// The hash of the files of the workspace that the patterns name, as `hashFiles` has it; empty where there are
    /// none.
    fn hash_files(&self, patterns: &[Value]) -> Result<String, String>;
}

/// What the expressions of a step see. It is whole: what changes later changes nothing in it.
#[derive(Clone)]
pub(crate) struct Sight {
    /// `github`, `needs`, `strategy`, `matrix`, `vars`, `inputs`, `secrets`, `runner` and `job`, as far as they are there.
    pub(crate) fixed: Value,
    pub(crate) github: Value,
    pub(crate) inputs: Value,
    pub(crate) env: Value,
    pub(crate) steps: Value,
    /// What `success()` and `failure()` ask for: how the composite action goes that the step is in, or else the job.
    pub(crate) around: Outcome,
    /// How the job goes.
    pub(crate) job: Outcome,
}

/// A sight on a machine.
pub(crate) struct View<'a> {
    pub(crate) sight: &'a Sight,
    pub(crate) machine: &'a dyn Machine,
}

impl Scope for View<'_> {
    fn context(&self, name: &str) -> Value {
        match name {
            "github" => self.sight.github.clone(),
            "inputs" => self.sight.inputs.clone(),
            "env" => self.sight.env.clone(),
            "steps" => self.sight.steps.clone(),
            "job" => self.sight.fixed.get("job").with([("status", self.sight.job.name().into())]),
            other => self.sight.fixed.get(other),
        }
    }

    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, String> {
        let truth = match function {
            "always" => true,
            "cancelled" => self.sight.job == Outcome::Cancelled,
            "success" => self.sight.around == Outcome::Success,
            "failure" => self.sight.around == Outcome::Failure,
            "hashFiles" => return self.machine.hash_files(arguments).map(Value::from),
            _ => return Err(format!("{function}() has no value in a step")),
        };
        Ok(truth.into())
    }
}

impl View<'_> {
    /// Whether a condition holds, or why nobody can tell.
    pub(crate) fn holds(&self, condition: &Condition) -> Result<bool, String> {
        let success = self.sight.around == Outcome::Success;
        let asked = match condition {
            Condition::Success => return Ok(success),
            Condition::AndSuccess(_) if !success => return Ok(false),
            Condition::AndSuccess(asked) | Condition::Asks(asked) => asked,
        };
        let value = tidegate_workflow::evaluate(&asked.what, asked.place, self);
        value.map(|value| value.is_truthy()).map_err(|error| error.to_string())
    }
}
