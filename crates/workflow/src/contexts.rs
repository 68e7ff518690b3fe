//! What an expression of a job sees before the job runs.

use std::sync::Arc;

use tidegate_expression::{Scope, Value};

use crate::graph::Node;
use crate::model::{Condition, Secrets};
use crate::run::Run;
use crate::state::{JobKey, JobState};
use crate::strategy::Strategy;

/// What an expression of a job sees, before it is known which jobs it has, or as one of them.
pub(crate) struct JobScope<'a> {
    pub(crate) run: &'a Run,
    pub(crate) job: usize,
    /// Its number in the matrix, once there is one.
    pub(crate) instance: Option<usize>,
    /// The context `secrets`, where that may be seen.
    pub(crate) secrets: Option<&'a Value>,
}

/// What an expression of a whole workflow sees.
pub(crate) struct FrameScope<'a> {
    pub(crate) run: &'a Run,
    pub(crate) inputs: Value,
    /// The number of the workflow whose jobs it sees.
    pub(crate) jobs: Option<usize>,
}

impl Scope for JobScope<'_> {
    fn context(&self, name: &str) -> Value {
        match name {
            "github" => self.run.given.github.clone(),
            "vars" => self.run.given.vars.clone(),
            "inputs" => self.run.inputs(self.job),
            "needs" => self.run.needs(self.job),
            "strategy" => {
                self.instance.map(|at| self.run.strategy(self.job, at)).unwrap_or_default()
            }
            "matrix" => self.instance.map(|at| self.run.matrix(self.job, at)).unwrap_or_default(),
            "secrets" => self.secrets.cloned().unwrap_or_default(),
            _ => Value::Null,
        }
    }

    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, String> {
        let named: Vec<Arc<str>> = arguments.iter().map(Value::as_text).collect();
        let truth = match function {
            "always" => true,
            "cancelled" => self.run.state.cancelled.is_some(),
            "success" => self.run.succeeded(self.job, &named),
            "failure" => self.run.failed(self.job, &named),
            _ => return Err(format!("{function}() has no value before a job begins")),
        };
        Ok(Value::Bool(truth))
    }
}

impl Scope for FrameScope<'_> {
    fn context(&self, name: &str) -> Value {
        match name {
            "github" => self.run.given.github.clone(),
            "vars" => self.run.given.vars.clone(),
            "inputs" => self.inputs.clone(),
            "jobs" => self.jobs.map(|frame| self.run.jobs_of(frame)).unwrap_or_default(),
            _ => Value::Null,
        }
    }

    fn call(&self, function: &str, _: &[Value]) -> Result<Value, String> {
        Err(format!("{function}() has no value for a whole workflow"))
    }
}

impl Run {
    /// The contexts that a job's expressions see before it begins: `github`, `inputs`, `vars`,
    /// `needs`, `strategy` and `matrix`.
    pub fn contexts(&self, key: JobKey) -> Value {
        let scope =
            JobScope { run: self, job: key.job, instance: Some(key.instance), secrets: None };
        ["github", "inputs", "vars", "needs", "strategy", "matrix"]
            .into_iter()
            .map(|name| (name, scope.context(name)))
            .collect()
    }

    /// The context `secrets` of a job, where `all` are those of the run: those that the workflows on
    /// the way to it were given, and the token, which each job has.
    pub fn secrets(&self, key: JobKey, all: &Value) -> Result<Value, Vec<String>> {
        let frame = self.state.jobs.get(key.job).and_then(|job| self.state.frames.get(job.frame));
        let Some(caller) = frame.and_then(|frame| frame.caller) else { return Ok(all.clone()) };
        let above = self.secrets(caller, all)?;
        let token = ("GITHUB_TOKEN", all.get("GITHUB_TOKEN"));
        match self.graph.secrets(caller) {
            Some(Secrets::Inherit) => Ok(above),
            None | Some(Secrets::None) => Ok([token].into_iter().collect()),
            Some(Secrets::Given(template)) => {
                let scope = JobScope {
                    run: self,
                    job: caller.job,
                    instance: Some(caller.instance),
                    secrets: Some(&above),
                };
                let given =
                    crate::setting::texts(template, &scope).map_err(crate::advance::told)?;
                let given = given.into_iter().map(|(name, text)| (name, Value::Text(text)));
                Ok(given.chain([(Arc::from(token.0), token.1)]).collect())
            }
        }
    }

    /// Whether a condition holds for a job.
    pub(crate) fn holds(&self, job: usize, condition: &Condition) -> Result<bool, Vec<String>> {
        let success = || self.succeeded(job, &[]);
        let expression = match condition {
            Condition::Success => return Ok(success()),
            Condition::AndSuccess(_) if !success() => return Ok(false),
            Condition::AndSuccess(expression) | Condition::Asks(expression) => expression,
        };
        let scope = JobScope { run: self, job, instance: None, secrets: None };
        crate::evaluate::evaluate(&expression.what, expression.place, &scope)
            .map(|value| value.is_truthy())
            .map_err(|error| vec![error.to_string()])
    }

    /// Whether all that the job needs did what they were to do, with all that those need; or those
    /// that are named.
    fn succeeded(&self, job: usize, named: &[Arc<str>]) -> bool {
        let node = self.graph.nodes.get(job);
        let all = if named.is_empty() {
            node.is_some_and(|node| node.before.all_success())
        } else {
            named.iter().all(|id| self.need_came_to(job, id) == Some("success"))
        };
        all && self.state.cancelled.is_none()
    }

    /// Whether one that the job needs failed, or that one of those need; or of those that are named.
    fn failed(&self, job: usize, named: &[Arc<str>]) -> bool {
        let node = self.graph.nodes.get(job);
        if named.is_empty() {
            node.is_some_and(|node| node.before.failed)
        } else {
            named.iter().any(|id| self.need_came_to(job, id) == Some("failure"))
        }
    }

    fn need_came_to(&self, job: usize, id: &str) -> Option<&'static str> {
        let needs = &self.graph.nodes.get(job)?.needs;
        let need = needs
            .iter()
            .find(|need| self.id(**need).is_some_and(|own| own.eq_ignore_ascii_case(id)))?;
        self.state.jobs.get(*need)?.result().map(crate::state::JobResult::name)
    }

    /// The context `needs` of a job.
    pub(crate) fn needs(&self, job: usize) -> Value {
        let node = self.graph.nodes.get(job);
        if let Some(seen) = node.and_then(|node| node.sees.as_ref()) {
            return seen.clone();
        }
        let needs = self.graph.nodes.get(job).into_iter().flat_map(|node| &node.needs);
        needs.filter_map(|need| Some((self.id(*need)?, self.told(*need)))).collect()
    }

    /// The context `jobs`, of which a workflow that was called makes its outputs.
    fn jobs_of(&self, frame: usize) -> Value {
        let nodes = self.graph.nodes.iter().enumerate().filter(|(_, node)| node.frame == frame);
        nodes.filter_map(|(job, _)| Some((self.id(job)?, self.told(job)))).collect()
    }

    /// What others see of a job that is over.
    fn told(&self, job: usize) -> Value {
        let kept = self.graph.nodes.get(job).and_then(|node: &Node| node.told.clone());
        kept.unwrap_or_else(|| self.state.jobs.get(job).map(tells).unwrap_or_default())
    }

    /// The id of a job, as it is written.
    pub(crate) fn id(&self, job: usize) -> Option<Arc<str>> {
        self.job(JobKey { job, instance: 0 }).map(|(_, job)| job.id.clone())
    }

    fn inputs(&self, job: usize) -> Value {
        let frame = self.state.jobs.get(job).and_then(|job| self.state.frames.get(job.frame));
        frame.map(|frame| frame.inputs.0.clone()).unwrap_or_default()
    }

    fn strategy(&self, job: usize, instance: usize) -> Value {
        let Some(state) = self.state.jobs.get(job) else { return Value::Null };
        Strategy::context(state.fail_fast, state.max_parallel, instance, state.instances.len())
    }

    fn matrix(&self, job: usize, instance: usize) -> Value {
        let instance = self.state.jobs.get(job).and_then(|job| job.instances.get(instance));
        instance.map(|instance| instance.matrix.0.clone()).unwrap_or_default()
    }
}

/// What others see of a job that is over: `result` and `outputs`.
pub(crate) fn tells(job: &JobState) -> Value {
    let outputs: Value = job
        .outputs
        .iter()
        .map(|(name, value)| (name.as_str(), Value::from(value.as_str())))
        .collect();
    let result = job.result().map_or(Value::Null, |result| result.name().into());
    [("result", result), ("outputs", outputs)].into_iter().collect()
}
