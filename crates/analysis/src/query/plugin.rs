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
}

/// Who asks a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginAsker {
    /// The rollout, experiment or analysis run.
    pub owner: String,
    /// The run, of which there never is another one with this name and owner.
    pub run: String,
    /// The revision that is judged.
    pub canary: String,
    /// What it is compared with.
    pub stable: String,
}

impl PluginQuery {
    /// A question of a metric or a step.
    pub fn new(name: &str, config: Json, task: PluginTask) -> Self {
        Self { name: name.to_owned(), config, task, asker: None }
    }
}
