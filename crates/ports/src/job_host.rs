use std::sync::Arc;

use async_trait::async_trait;
use tidegate_expression::Value;
use tidegate_steps::{Action, Find, Machine, Note, Order, OrderId, Report, StepAt};

/// A machine that runs the jobs of workflows, each in folders of its own.
#[async_trait]
pub trait JobHost: Send + Sync {
    /// Makes room for a job. What its steps say goes to `log`. An error is why there is none, for people.
    async fn open(
        &self,
        job: &HostedJob,
        log: Arc<dyn StepLog>,
    ) -> Result<Arc<dyn JobRoom>, String>;
}

/// A job that wants room.
#[derive(Clone, Debug)]
pub struct HostedJob {
    /// Names it, and this beginning of it, among all jobs that the machine ever had.
    pub id: String,
    /// Its id as the workflow has it.
    pub job: String,
    /// Which attempt of the run it is of, from 1.
    pub attempt: u32,
    /// What the machine has to have, each of them.
    pub labels: Vec<String>,
    /// The contexts that are known before it begins, `github` among them.
    pub contexts: Value,
    /// What is masked in all that it says.
    pub secrets: Vec<String>,
}

/// The room of a job: its folders, and what runs in them.
#[async_trait]
pub trait JobRoom: Machine + Send + Sync {
    /// The contexts `github`, `runner` and `job`, with what only the room knows.
    fn contexts(&self) -> Value;

    /// Looks for an action.
    async fn find(&self, find: &Find) -> Result<Action, String>;

    /// Carries out an order to its end.
    async fn run(&self, order: &Order) -> Report;

    /// Ends an order: asks its processes to end, and ends them when they do not. One that is about to be run ends before it
    /// begins.
    fn stop(&self, order: OrderId);

    /// Ends all that runs, at once, and all that would be run after it.
    fn kill(&self);

    /// Writes a remark into the log of a step.
    fn note(&self, note: &Note);

    /// The text as others may see it.
    fn mask(&self, text: &str) -> String;

    /// Ends whatever steps left behind, and takes the folders away.
    async fn close(&self) -> Result<(), String>;
}

/// Takes what steps say, masked.
pub trait StepLog: Send + Sync {
    /// A line.
    fn line(&self, step: &StepAt, text: &str);

    /// A remark about a file, or about nothing in particular.
    fn annotation(&self, step: &StepAt, annotation: &Remark);

    /// The summary that a step wrote, in Markdown.
    fn summary(&self, step: &StepAt, text: &str);
}

/// A remark of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remark {
    /// `notice`, `warning` or `error`.
    pub level: &'static str,
    /// What it says.
    pub message: String,
    /// What it is headed.
    pub title: Option<String>,
    /// Which file it is about, from the workspace on.
    pub file: Option<String>,
    /// Which line of it, from 1.
    pub line: Option<u32>,
    /// Which column of that, from 1.
    pub column: Option<u32>,
}
