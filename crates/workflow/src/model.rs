//! A workflow as its file has it: jobs, and what they wait for and consist of.

use std::sync::Arc;

use tidegate_expression::Expression;

use crate::call::Interface;
use crate::permissions::Permissions;
use crate::place::{Place, Placed};
use crate::step::Step;
use crate::template::Template;
use crate::trigger::Triggers;

/// A workflow. What may have an expression in it is a [`Template`]; the module that evaluates one
/// says what it may be.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Its `name`, where it has one.
    pub name: Option<String>,
    /// What a run of it is called.
    pub run_name: Option<Template>,
    /// What starts it.
    pub triggers: Triggers,
    /// Variables of all its steps: a mapping.
    pub env: Option<Template>,
    /// Shell and working directory of all its steps: a mapping with `run` in it.
    pub defaults: Option<Template>,
    /// What the tokens of its jobs may do.
    pub permissions: Option<Permissions>,
    /// With which other runs it does not run at once: a text or a mapping.
    pub concurrency: Option<Template>,
    /// Its jobs, in the order of the file; no two have the same id, without regard to case, and
    /// what they need are others of them, without a circle.
    pub jobs: Vec<Job>,
}

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Where its id stands.
    pub place: Place,
    /// Its id, as it is written.
    pub id: Arc<str>,
    /// What it is called, where that is not its id.
    pub name: Option<Template>,
    /// The jobs that have to be over before it can begin.
    pub needs: Vec<Placed<Arc<str>>>,
    /// Whether it runs at all.
    pub condition: Condition,
    /// Its matrix and how that runs: a mapping.
    pub strategy: Option<Template>,
    /// What its token may do.
    pub permissions: Option<Permissions>,
    /// With which other jobs it does not run at once: a text or a mapping.
    pub concurrency: Option<Template>,
    /// What it consists of.
    pub work: Work,
}

/// What a job consists of.
#[derive(Clone, Debug)]
pub enum Work {
    /// Steps on a machine.
    Steps(Box<Steps>),
    /// The jobs of another workflow.
    Call(Box<Call>),
}

/// A job that runs steps on a machine.
#[derive(Clone, Debug)]
pub struct Steps {
    /// On which machines: a text, a list, or a mapping of `group` and `labels`.
    pub runs_on: Template,
    /// The environment that it deploys to: a text or a mapping.
    pub environment: Option<Template>,
    /// Variables of its steps: a mapping.
    pub env: Option<Template>,
    /// Shell and working directory of its steps: a mapping with `run` in it.
    pub defaults: Option<Template>,
    /// How long it may take, in minutes: a number.
    pub timeout_minutes: Option<Template>,
    /// How long it may take to end after it was cancelled, in minutes: a number.
    pub cancel_timeout_minutes: Option<Template>,
    /// Whether the run goes on as if it had not failed: `true` or `false`.
    pub continue_on_error: Option<Template>,
    /// The container that it runs in: a text or a mapping.
    pub container: Option<Template>,
    /// Containers beside it: a mapping of containers.
    pub services: Option<Template>,
    /// What it tells the jobs that need it: a mapping of texts.
    pub outputs: Option<Template>,
    /// The image that is made of the machine afterwards: a text or a mapping.
    pub snapshot: Option<Template>,
    /// Its steps; each has an id of its own.
    pub steps: Vec<Step>,
}

/// A job that calls another workflow.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which one: `./path` or `owner/repository/path@ref`.
    pub uses: Placed<String>,
    /// Values of its inputs: a mapping.
    pub with: Option<Template>,
    /// Secrets that it gets.
    pub secrets: Secrets,
    /// The workflow, once it is there; it has a [`Interface`] among its triggers.
    pub workflow: Option<Arc<Workflow>>,
}

/// Secrets that a called workflow gets.
#[derive(Clone, Debug, Default)]
pub enum Secrets {
    /// None.
    #[default]
    None,
    /// All that the caller has: `inherit`.
    Inherit,
    /// Those named: a mapping.
    Given(Template),
}

/// A condition: `if` of a job or of a step.
#[derive(Clone, Debug)]
pub enum Condition {
    /// There is none, or an empty one: `success()`.
    Success,
    /// It asks for a status itself, by `always()`, `success()`, `failure()` or `cancelled()`.
    Asks(Placed<Arc<Expression>>),
    /// It asks for none: `success()` has to hold beside it.
    AndSuccess(Placed<Arc<Expression>>),
}

impl Workflow {
    /// The job whose id is `id`, without regard to case.
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id.eq_ignore_ascii_case(id))
    }

    /// What those who call it see of it, where it can be called.
    pub fn interface(&self) -> Option<&Interface> {
        self.triggers.call.as_ref()
    }
}

impl Job {
    /// The job as one that runs steps on a machine.
    pub fn as_steps(&self) -> Option<&Steps> {
        if let Work::Steps(steps) = &self.work { Some(steps) } else { None }
    }

    /// The job as one that calls another workflow.
    pub fn as_call(&self) -> Option<&Call> {
        if let Work::Call(call) = &self.work { Some(call) } else { None }
    }
}
