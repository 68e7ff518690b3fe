//! What an expression of a job's step sees while the job runs.

use std::fmt;
use std::sync::Arc;

use tidegate_expression::{Object, Scope, Value};

use crate::model::Condition;
use crate::state::JobResult;

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    /// Its id; one that begins with `__` is nobody's word, and no expression sees it.
    pub id: Arc<str>,
    /// What it told.
    pub outputs: Vec<(String, String)>,
    /// How it ended; `None` as long as it runs in the background.
    pub outcome: Option<JobResult>,
    /// What it counts as: a failure that does not matter counts as success.
    pub conclusion: Option<JobResult>,
}

/// Who knows the hash of files, by the patterns that name them.
pub type HashFiles<'a> = &'a dyn Fn(&[Arc<str>]) -> Result<String, String>;

/// What an expression of a step sees: contexts, how the job stands, and the hashes of files.
#[derive(Clone)]
pub struct StepScope<'a> {
    contexts: Vec<(&'static str, Value)>,
    status: JobResult,
    hash_files: Option<HashFiles<'a>>,
}

impl<'a> StepScope<'a> {
    /// The contexts that were known before the job began, and how it stands: it succeeds as long as
    /// no step failed and nobody cancelled it.
    pub fn new(begun: &Value, status: JobResult) -> Self {
        let names = ["github", "inputs", "vars", "needs", "strategy", "matrix"];
        let contexts = names.map(|name| (name, begun.get(name))).into();
        Self { contexts, status, hash_files: None }
    }

    /// With another context: `env`, `secrets`, `runner`, `job`, `steps`, or another value for one.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.contexts.retain(|(known, _)| *known != name);
        self.contexts.push((name, value));
        self
    }

    /// With somebody who answers `hashFiles()`.
    #[must_use]
    pub fn with_hash_files(mut self, hash_files: HashFiles<'a>) -> Self {
        self.hash_files = Some(hash_files);
        self
    }

    /// Whether a condition holds, or why that cannot be said.
    pub fn holds(&self, condition: &Condition) -> Result<bool, crate::TemplateError> {
        let success = self.status == JobResult::Success;
        let expression = match condition {
            Condition::Success => return Ok(success),
            Condition::AndSuccess(_) if !success => return Ok(false),
            Condition::AndSuccess(expression) | Condition::Asks(expression) => expression,
        };
        crate::evaluate(&expression.what, expression.place, self).map(|value| value.is_truthy())
    }
}

impl Scope for StepScope<'_> {
    fn context(&self, name: &str) -> Value {
        let known = self.contexts.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, String> {
        let truth = match function {
            "always" => true,
            "success" => self.status == JobResult::Success,
            "failure" => self.status == JobResult::Failure,
            "cancelled" => self.status == JobResult::Cancelled,
            "hashFiles" => {
                let hash_files = self.hash_files.ok_or("hashFiles() has no files here")?;
                let patterns: Vec<_> = arguments.iter().map(Value::as_text).collect();
                return hash_files(&patterns).map(Value::from);
            }
            _ => return Err(format!("{function}() has no value in a step")),
        };
        Ok(Value::Bool(truth))
    }
}

impl fmt::Debug for StepScope<'_> {
    /// Without the contexts: there are secrets among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.contexts.iter().map(|(name, _)| name).collect();
        f.debug_struct("StepScope")
            .field("contexts", &names)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// The context `steps`.
pub fn steps_context(records: &[StepRecord]) -> Value {
    let named = records.iter().filter(|record| !record.id.starts_with("__"));
    named.map(|record| (record.id.clone(), step(record))).collect()
}

fn step(record: &StepRecord) -> Value {
    let outputs: Value = record
        .outputs
        .iter()
        .map(|(name, value)| (name.as_str(), Value::from(value.as_str())))
        .collect();
    let mut members = vec![("outputs", outputs)];
    let results = [("outcome", record.outcome), ("conclusion", record.conclusion)];
    members.extend(
        results.into_iter().filter_map(|(name, result)| Some((name, result?.name().into()))),
    );
    members.into_iter().collect()
}

/// The context `job`: how it stands, the container that it runs in, and those beside it.
pub fn job_context(status: JobResult, container: Option<Value>, services: Option<Value>) -> Value {
    let mut members = vec![("status", Value::from(status.name()))];
    members.extend(container.map(|container| ("container", container)));
    members.extend(services.map(|services| ("services", services)));
    members.into_iter().collect()
}

/// The context `env`, of variables in order; a later one of the same name holds. Names differ by the
/// case of their letters, as they do for processes.
pub fn env_context<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    let members = variables.into_iter().map(|(name, value)| (name, Value::from(value)));
    Value::Object(Object::case_sensitive(members))
}
