use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tidegate_exposure::Counted;
use tidegate_units::{Generation, RevisionHash, RunName, RunPhase, Timestamp, Weight};

/// What is seen of a rollout's world at one moment. It may be late, and parts may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The replicas of each revision that has any.
    pub revisions: BTreeMap<RevisionHash, RevisionSeen>,
    /// The split that the router follows for new requests, once it has confirmed one.
    pub routed: Option<BTreeMap<RevisionHash, Weight>>,
    /// The rollout generation that this split came from.
    pub routed_generation: Generation,
    /// The analysis runs of this rollout.
    pub runs: BTreeMap<RunName, RunSeen>,
    /// Why replicas cannot be made, by revision: an image that is found nowhere, a missing
    /// `ConfigMap`, a program that does not exist.
    pub obstacles: BTreeMap<RevisionHash, String>,
    /// Whether nothing with an HTTP Service stands before it. With no traffic to compare, the
    /// default analysis has nothing to say.
    pub no_service: bool,
    /// The experiments that steps of this rollout made, by name; none that is being deleted.
    #[serde(default)]
    pub experiments: BTreeMap<String, ExperimentSeen>,
    /// Names of experiments that are not to be had: those of others, and of what is being deleted.
    #[serde(default)]
    pub taken: BTreeSet<String>,
    /// What the router has counted of the new and the stable revision, for a step that goes by that.
    #[serde(default)]
    pub counted: Option<Counted>,
}

/// What is seen of an experiment that a step made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentSeen {
    /// In one word.
    pub phase: RunPhase,
    /// In one sentence.
    pub message: String,
    /// Whether it has ended or was told to.
    pub ending: bool,
    /// Its templates, by name.
    pub templates: BTreeMap<String, TemplateSeen>,
}

/// What is seen of a template of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSeen {
    /// What it is measured under: no revision of a rollout has it.
    pub revision: RevisionHash,
    /// Replicas that are available.
    pub available: u32,
    /// Whether a Service that stands for the whole rollout selects its replicas too.
    pub selected: bool,
}

/// The replicas of one revision. Those that are on their way out are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionSeen {
    /// Started or starting.
    pub replicas: u32,
    /// Passing their readiness probes.
    pub ready: u32,
    /// Ready for at least `min_ready`.
    pub available: u32,
    /// When the next ready replica becomes available.
    pub next_available: Option<Timestamp>,
    /// Replicas started before `restart_at`.
    pub outdated: u32,
}

/// What is seen of an analysis run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunSeen {
    /// Not ended.
    Running,
    /// All that was asked for was met.
    Successful,
    /// A metric failed: the message says which, and by what.
    Failed(String),
    /// It could not be measured.
    Error(String),
    /// Neither: a person has to decide.
    Inconclusive(String),
}
