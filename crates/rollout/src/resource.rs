use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_units::ObjectKey;
use tidegate_workload::{PodTemplate, WorkloadMeta};

use crate::{RevisionRole, RolloutSpec};

/// A Rollout as it was declared: what the planner follows, and what its replicas run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutResource {
    /// Where it is found.
    pub key: ObjectKey,
    /// What the planner follows.
    pub spec: RolloutSpec,
    /// What its replicas run. Its hash is `spec.revision`. Whoever keeps revisions shares it.
    pub template: Arc<PodTemplate>,
    /// `spec.selector.matchLabels`: the labels by which its replicas are known, all of them among the
    /// labels of the template.
    pub selector: BTreeMap<String, String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// `spec.strategy.canary.stableService`: the Service that reaches the stable revision only.
    pub stable_service: Option<String>,
    /// `spec.strategy.canary.canaryService`: the Service that reaches the new revision only.
    pub canary_service: Option<String>,
    /// `spec.strategy.blueGreen.activeService`: the Service that users come by.
    #[serde(default)]
    pub active_service: Option<String>,
    /// `spec.strategy.blueGreen.previewService`: the Service that reaches the newest revision only,
    /// whether or not users get it.
    #[serde(default)]
    pub preview_service: Option<String>,
    /// The Service whose traffic is split (`service` of the plugin `tidegate/router`, `rootService`
    /// of `alb` and `smi`). Without it, every Service whose selector matches the template is meant,
    /// but for `canary_service`.
    pub root_service: Option<String>,
    /// The routers of others that `trafficRouting` is written for, as it names them: this machine's
    /// router does their work.
    #[serde(default)]
    pub carries: Vec<String>,
    /// How long a client keeps its revision, by a cookie (`alb.stickinessConfig`).
    #[serde(default)]
    pub stickiness: Option<Duration>,
    /// `spec.strategy.canary.pingPong`: two Services that take turns in reaching the stable revision.
    #[serde(default)]
    pub ping_pong: Option<PingPong>,
    /// `stableMetadata` and `canaryMetadata`, or `activeMetadata` and `previewMetadata`: what the
    /// replicas of a revision are labelled with for as long as it is that.
    #[serde(default)]
    pub role_meta: RoleMeta,
    /// `spec.analysis`: how many ended runs are kept for people to look at.
    #[serde(default)]
    pub run_history: RunHistory,
}

impl RolloutResource {
    /// One that says nothing beside these: no Services, labels or annotations, and the usual history of runs.
    pub fn new(key: ObjectKey, spec: RolloutSpec, template: impl Into<Arc<PodTemplate>>) -> Self {
        Self {
            key,
            spec,
            template: template.into(),
            selector: BTreeMap::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            stable_service: None,
            canary_service: None,
            active_service: None,
            preview_service: None,
            root_service: None,
            carries: Vec::new(),
            stickiness: None,
            ping_pong: None,
            role_meta: RoleMeta::default(),
            run_history: RunHistory::default(),
        }
    }
}

/// Labels and annotations by what a revision is to users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleMeta {
    /// Of the stable revision.
    pub stable: WorkloadMeta,
    /// Of the new revision, until it is stable.
    pub canary: WorkloadMeta,
}

impl RolloutResource {
    /// Labels and annotations of the replicas of a template in a role.
    pub fn meta_in(&self, template: &PodTemplate, role: RevisionRole) -> WorkloadMeta {
        let more = match role {
            RevisionRole::Stable => &self.role_meta.stable,
            RevisionRole::Canary => &self.role_meta.canary,
            _ => return template.meta.clone(),
        };
        let mut meta = template.meta.clone();
        meta.labels.extend(more.labels.clone());
        meta.annotations.extend(more.annotations.clone());
        meta
    }
}

/// Two Services of which one reaches the stable revision and the other one the new one, until that
/// is stable: then it keeps its Service, and long connections stay where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingPong {
    /// The one that reaches the first stable revision.
    pub ping: String,
    /// The other one.
    pub pong: String,
}

impl PingPong {
    /// The one that reaches the stable revision, and the other one.
    pub const fn by_turn(&self, stable_is_ping: bool) -> (&String, &String) {
        if stable_is_ping { (&self.ping, &self.pong) } else { (&self.pong, &self.ping) }
    }
}

/// How many ended analysis runs are kept. What a status speaks of is kept whatever this says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHistory {
    /// Of those that succeeded.
    pub successful: u32,
    /// Of those that failed, erred or could not tell.
    pub unsuccessful: u32,
}

impl Default for RunHistory {
    /// Five of each, as in Argo Rollouts.
    fn default() -> Self {
        Self { successful: 5, unsuccessful: 5 }
    }
}
