//! Questions to programs that somebody put beside the server.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// `provider.plugin`, or a step `plugin`, with the name of a program that the server was told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginQuery {
    /// Its name, such as `argoproj-labs/sample-prometheus`.
    pub name: String,
    /// What is written below the name.
    pub config: Json,
    /// What for.
    pub task: PluginTask,
    /// What it said of a step the last time, for it to go on from there.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub status: Json,
    /// The run of the step that is stopped or undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Who asks. It is filled in when the program is asked.
    #[serde(default)]
    pub asker: Option<PluginAsker>,
}

/// What a program is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginTask {
    /// A measurement.
    Metric,
    /// To take a step of a rollout. It may say that it is not done yet, and is asked again.
    Step,
    /// To stop taking it, for the release is complete without it.
    Terminate,
    /// To undo what it did, for the release is taken back.
    Abort,
}

/// Who asks a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginAsker {
    /// The rollout, experiment or analysis run.
    pub owner: String,
    /// The run, of which there never is another one with this name and owner. Whoever is to stop or
    /// undo a step is told the run in which it was taken.
    pub run: String,
    /// The revision that is judged.
    pub canary: String,
    /// What it is compared with.
    pub stable: String,
}

impl PluginQuery {
    /// A question of a metric or a step.
    pub fn new(name: &str, config: Json, task: PluginTask) -> Self {
        let (name, status) = (name.to_owned(), Json::Null);
        Self { name, config, task, status, of: None, asker: None }
    }
}
