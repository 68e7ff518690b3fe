use std::{collections::BTreeMap, slice, sync::LazyLock, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_exposure::ExposureSettings;
use tidegate_units::{RevisionHash, RunName, Timestamp, Weight};

use crate::{BlueGreen, CanaryScale, Ring, Route, Shadow, StepExperiment, Threshold};

/// What is wanted of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutSpec {
    /// Its name: those of its experiments begin with it.
    #[serde(default)]
    pub name: String,
    /// How many replicas serve users. Default 1.
    pub replicas: u32,
    /// The revision that all users should get: the hash of the pod template.
    pub revision: RevisionHash,
    /// `spec.paused`: nothing moves while it is set.
    pub paused: bool,
    /// A replica counts as available once it has been ready this long. Default 0 s.
    pub min_ready: Duration,
    /// How many revisions with no replicas are kept for undo. Default 10.
    pub revision_history_limit: u32,
    /// With no progress for this long the rollout is degraded. Default 600 s.
    pub progress_deadline: Duration,
    /// Whether it is then aborted as well. Default no.
    pub progress_deadline_abort: bool,
    /// Replicas started before this moment are replaced.
    pub restart_at: Option<Timestamp>,
    /// `rollbackWindow.revisions`: a return to one of so many revisions before the stable one takes
    /// no steps and no analysis. Default 0.
    #[serde(default)]
    pub rollback_window: u32,
    /// How a new revision takes over. It is stored under its own name, as `canary` always was.
    #[serde(flatten)]
    pub strategy: Strategy,
}

/// How a new revision takes over from the stable one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Step by step, with the new revision beside the stable one.
    Canary(Canary),
    /// At once, after the new revision was made whole beside the stable one.
    BlueGreen(BlueGreen),
}

/// What both strategies share, by what a blue-green rollout says of it: it has no steps, and the
/// router alone says who gets the requests.
static NO_STEPS: LazyLock<Canary> = LazyLock::new(|| Canary {
    routed: true,
    max_surge: CountOrPercent::Count(0),
    max_unavailable: CountOrPercent::Count(0),
    scale_down_delay: Duration::ZERO,
    abort_scale_down_delay: None,
    ..Canary::default()
});

impl RolloutSpec {
    /// The steps and settings of a canary. Of another strategy: of a canary that takes no steps and
    /// is split by the router, which is what it is to all that the strategies share.
    pub fn canary(&self) -> &Canary {
        match &self.strategy {
            Strategy::Canary(canary) => canary,
            Strategy::BlueGreen(_) => &NO_STEPS,
        }
    }

    /// Whether two revisions that have users at a time are compared by the default analysis.
    pub fn default_watch(&self) -> bool {
        match &self.strategy {
            Strategy::Canary(canary) => canary.default_watch,
            Strategy::BlueGreen(settings) => {
                settings.default_watch && !settings.cut_over.is_empty()
            }
        }
    }

    /// Every analysis that it asks for: of its steps, beside them, of their experiments, before and after a switch.
    pub fn analyses(&self) -> impl Iterator<Item = &AnalysisUse> {
        let canary = self.canary();
        let parts = || canary.steps.iter().flat_map(Step::parts);
        let experiments = parts().filter_map(Step::experiment);
        let beside = experiments.flat_map(|one| one.analyses.iter().map(|one| &one.analysis));
        let switch = self.blue_green();
        let before = switch.and_then(|settings| settings.pre_promotion.as_ref());
        let after = switch.and_then(|settings| settings.post_promotion.as_ref());
        let steps = parts().filter_map(Step::analysis);
        steps.chain(&canary.background).chain(beside).chain(before).chain(after)
    }

    /// The settings of a blue-green rollout, if it is one.
    pub fn blue_green(&self) -> Option<&BlueGreen> {
        match &self.strategy {
            Strategy::BlueGreen(settings) => Some(settings),
            Strategy::Canary(_) => None,
        }
    }
}

/// The canary strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// Taken in order; after the last one the new revision becomes stable.
    pub steps: Vec<Step>,
    /// Whether the router splits by weight (`trafficRouting.plugins: tidegate/router`). Without
    /// it, the split follows from the replica counts, as Argo Rollouts does it.
    pub routed: bool,
    /// With a router: the weight that is all of the traffic (`maxTrafficWeight`). Weights are shown
    /// and rounded as so many of it. Default 100.
    #[serde(default = "hundred")]
    pub max_weight: u32,
    /// Without a router: replicas above the wanted number. Default 25 %, rounded up.
    pub max_surge: CountOrPercent,
    /// Without a router: replicas that may be missing. Default 25 %, rounded down.
    pub max_unavailable: CountOrPercent,
    /// With a router: how long the old stable replicas stay after a promotion. Default 30 s.
    pub scale_down_delay: Duration,
    /// With a router: how long the replicas of an aborted revision stay once the stable one is whole
    /// again. Default 30 s; none: for ever (written as 0). With `dynamic_stable` the default is zero:
    /// they go with their share.
    pub abort_scale_down_delay: Option<Duration>,
    /// Runs from `starting_step` on until the rollout ends.
    pub background: Option<AnalysisUse>,
    /// The first step at which the background analysis runs. Default 0.
    pub starting_step: u32,
    /// Whether a canary is compared with the stable revision by the default analysis: unless the
    /// rollout declares analysis of its own, or opts out by `tidegate.dev/default-analysis: "off"`.
    pub default_watch: bool,
    /// The order of the routes that steps set: of several that a request meets, the first counts.
    #[serde(default)]
    pub managed_routes: Vec<String>,
    /// With a router: whether the stable revision has only the replicas that its share needs, so
    /// that both together are hardly more than are wanted. Default no.
    #[serde(default)]
    pub dynamic_stable: bool,
    /// With a router: the replicas that a revision has at least while it has any; never more than
    /// are wanted. Default 1.
    #[serde(default = "one")]
    pub least_replicas: u32,
    /// With a router: how many old revisions may wait for their scale-down at a time; older ones go
    /// at once. Default: all.
    #[serde(default)]
    pub scale_down_revision_limit: Option<u32>,
    /// How many replicas have to be available to go on. Default: all that are wanted.
    #[serde(default)]
    pub progress_threshold: Threshold,
    /// The share that the step `tidegate/auto` gives which is being taken. It is no part of what is
    /// wanted: a plan puts it here from the status, for all that follows from shares.
    #[serde(skip)]
    pub auto_weight: Option<Weight>,
}

/// The least number of replicas that a revision can have while it has any.
const fn one() -> u32 {
    1
}

/// The weight that is all of the traffic where nothing else is said.
const fn hundred() -> u32 {
    100
}

/// One step of a canary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Give the new revision this share.
    SetWeight(Weight),
    /// Wait this long, or until somebody promotes.
    Pause(Option<Duration>),
    /// Wait for an analysis to succeed.
    Analysis(AnalysisUse),
    /// Let revisions stand side by side, and wait for that to succeed.
    Experiment(StepExperiment),
    /// Give the new revision so many replicas, whatever its share is.
    SetScale(CanaryScale),
    /// Send some requests to the new revision whatever its share is, or copies of them; or no
    /// longer do so.
    SetRoute(Route),
    /// Open a ring: give the new revision to more users, and let it soak there.
    Ring(Ring),
    /// Compare what the new revision answers to copies of requests with what the stable one does; or
    /// no longer do so.
    Shadow(Box<Shadow>),
    /// Give the new revision as much as a budget of hurt requests and the evidence so far allow, until
    /// it is shown to hurt nobody.
    Auto(Box<ExposureSettings>),
    /// Several of these at once, none of them several; the first decides when the step is done. An
    /// analysis or an experiment has to succeed wherever it stands.
    Several(Vec<Step>),
}

impl Step {
    /// What the step does: one thing, or several at once.
    pub fn parts(&self) -> &[Step] {
        match self {
            Self::Several(parts) => parts,
            one => slice::from_ref(one),
        }
    }

    /// The part that decides when the step is done.
    pub fn deciding(&self) -> &Step {
        self.parts().first().unwrap_or(self)
    }

    /// The experiment that has to succeed, if the step asks for one.
    pub fn experiment(&self) -> Option<&StepExperiment> {
        self.parts().iter().find_map(|part| match part {
            Self::Experiment(experiment) => Some(experiment),
            _ => None,
        })
    }

    /// The analysis that has to succeed, if the step asks for one.
    pub fn analysis(&self) -> Option<&AnalysisUse> {
        self.parts().iter().find_map(|part| match part {
            Self::Analysis(analysis) => Some(analysis),
            Self::Ring(ring) => ring.analysis.as_ref(),
            _ => None,
        })
    }
}

/// An analysis that a rollout asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisUse {
    /// The templates whose metrics are measured together.
    pub templates: Vec<TemplateUse>,
    /// Values for the templates' arguments.
    pub args: Vec<(String, ArgValue)>,
    /// Patterns of names: metrics with such a name are measured and do not count.
    #[serde(default)]
    pub dry_run: Vec<String>,
    /// How many measurements are kept of metrics whose names fit a pattern.
    #[serde(default)]
    pub retention: Vec<(String, u32)>,
    /// Labels of its runs.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Annotations of its runs.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// A program that decides in place of templates: the step `plugin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<Box<PluginUse>>,
}

/// A program that takes a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PluginUse {
    /// The name that the server knows it by.
    pub name: String,
    /// What it is to do.
    pub config: serde_json::Value,
    /// What it is called for.
    #[serde(default, skip_serializing_if = "PluginTask::is_run")]
    pub task: PluginTask,
    /// The run of the step that is stopped or undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<RunName>,
}

/// What a program that takes a step is called for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum PluginTask {
    /// To take the step, until it says that it has.
    #[default]
    Run,
    /// To stop taking it: the release is complete without it. Once.
    Terminate,
    /// To undo what it did: the release is taken back. Once.
    Abort,
}

impl PluginTask {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks it so")]
    fn is_run(&self) -> bool {
        *self == Self::Run
    }
}

/// A template by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateUse {
    /// The name of an `AnalysisTemplate` in the rollout's namespace.
    pub name: String,
    /// Whether it is a `ClusterAnalysisTemplate`, which belongs to no namespace.
    #[serde(default)]
    pub cluster: bool,
}

/// Where the value of an argument comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArgValue {
    /// The text itself.
    Literal(String),
    /// `podTemplateHashValue: Stable`.
    StableHash,
    /// `podTemplateHashValue: Latest`.
    LatestHash,
    /// `fieldRef`: a path in the rollout's own manifest, such as `metadata.labels['region']`.
    Field(String),
    /// `secretKeyRef`, of an Experiment: an entry of a Secret of its namespace.
    Secret {
        /// The name of the Secret.
        name: String,
        /// The name of the entry.
        key: String,
    },
}

/// A number of replicas, or a share of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CountOrPercent {
    /// So many.
    Count(u32),
    /// A share in percent; it may be above 100.
    Percent(u32),
}

impl CountOrPercent {
    /// The number of `replicas` meant, a share rounded up.
    pub fn rounded_up(self, replicas: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => {
                let share = u64::from(replicas) * u64::from(percent);
                u32::try_from(share.div_ceil(100)).unwrap_or(u32::MAX)
            }
        }
    }

    /// The number of `replicas` meant, a share rounded down.
    pub fn rounded_down(self, replicas: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => {
                let share = u64::from(replicas) * u64::from(percent);
                u32::try_from(share / 100).unwrap_or(u32::MAX)
            }
        }
    }
}

impl Canary {
    /// The weight that holds once step `index` is reached: that of the last `setWeight` at or before
    /// it, or the last one of a step `tidegate/auto` before it; nothing before the first, everything
    /// after the last step.
    pub fn weight_at(&self, index: usize) -> Weight {
        if index >= self.steps.len() {
            return Weight::FULL;
        }
        self.steps
            .iter()
            .enumerate()
            .take(index + 1)
            .flat_map(|(place, step)| step.parts().iter().map(move |part| (place, part)))
            .rev()
            .find_map(|(place, part)| match part {
                Step::SetWeight(weight) => Some(*weight),
                Step::Auto(settings) if place < index => Some(settings.max),
                Step::Auto(_) => self.auto_weight,
                _ => None,
            })
            .unwrap_or(Weight::ZERO)
    }
}
