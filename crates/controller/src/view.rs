use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};
use tidegate_analysis::{RunSpec, RunStatus};
use tidegate_ports::ReplicaSeen;
use tidegate_rollout::{Report, RolloutStatus, RunKind};
use tidegate_traffic::Reach;
use tidegate_units::{ObjectKey, RevisionHash, Timestamp};

use crate::{ComparisonView, Kind};

/// A resource as it is shown by `get`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResourceView {
    /// What it is.
    pub kind: Kind,
    /// Where it is found.
    pub key: ObjectKey,
    /// As it was applied, with the values of Secrets left out.
    pub manifest: serde_json::Value,
    /// What became of it, for kinds that have a status.
    pub status: Option<serde_json::Value>,
    /// When it was first applied.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// All that is known of a rollout at one moment: what `rollout get` and `rollout watch` show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RolloutView {
    /// Where it is found.
    pub key: ObjectKey,
    /// When this was so.
    pub at: Timestamp,
    /// When it was first applied.
    pub created_at: Timestamp,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// How many replicas are wanted in all.
    pub replicas_wanted: u32,
    /// The images of the wanted revision, in the order of its containers.
    pub images: Vec<String>,
    /// Where it is and what it waits for.
    pub report: Report,
    /// As it is stored.
    pub status: RolloutStatus,
    /// The last seconds of traffic of each revision.
    pub traffic: BTreeMap<RevisionHash, TrafficView>,
    /// Whether the router answered the last time it was asked.
    pub router_answers: bool,
    /// Its analysis runs, newest first.
    pub runs: Vec<RunView>,
    /// Its replicas.
    pub replicas: Vec<ReplicaSeen>,
    /// The Services before it, and where they listen.
    pub services: Vec<ServiceAddress>,
    /// The routers of others that its `trafficRouting` is written for: this machine's router does
    /// their work.
    #[serde(default)]
    pub carries: Vec<String>,
    /// Whether two Services take turns in reaching the stable revision.
    #[serde(default)]
    pub ping_pong: bool,
    /// The weight that is all of the traffic, in `status` as Argo Rollouts has it: 100 unless
    /// `maxTrafficWeight` says another.
    #[serde(default = "hundred")]
    pub max_weight: u32,
    /// The images of every revision that is known.
    pub revision_images: BTreeMap<RevisionHash, Vec<String>>,
    /// Rules of safety that the last plan broke, so that it was not carried out. Always empty, but
    /// for a defect of Tidegate.
    pub violations: Vec<String>,
}

const fn hundred() -> u32 {
    100
}

/// A Service and where it listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ServiceAddress {
    /// Which.
    pub service: ObjectKey,
    /// The port in its manifest.
    pub port: u16,
    /// Where it listens on this machine.
    #[schema(value_type = String)]
    pub address: SocketAddr,
    /// Which revisions it reaches; absent for a Service that stands for no rollout.
    #[serde(default)]
    pub reach: Option<Reach>,
    /// Why it does not listen there, or anything else to know of it.
    pub note: Option<String>,
}

/// The last seconds of a revision's traffic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrafficView {
    /// How many seconds the rates are over.
    pub window_s: u32,
    /// Requests per second.
    pub request_rate: f64,
    /// Errors per request, 0 to 1; none without requests.
    pub error_rate: Option<f64>,
    /// Median time to the first byte, in milliseconds.
    pub p50_ms: Option<f64>,
    /// 95th percentile.
    pub p95_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
    /// Requests since the router started.
    pub requests: u64,
    /// Errors since the router started.
    pub errors: u64,
    /// When its first error ended.
    pub first_error: Option<Timestamp>,
    /// Copies of requests that it was sent, since the router started.
    #[serde(default)]
    pub mirrored: MirroredView,
    /// What its answers to copies of requests differ in from those of the stable revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Box<ComparisonView>>,
}

/// Copies of requests whose answers nobody got, since the router started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MirroredView {
    /// How many ended.
    pub copies: u64,
    /// Of those, how many failed.
    pub errors: u64,
    /// How many were not carried, because there was no room for them.
    pub dropped: u64,
}

/// An analysis run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunView {
    /// What it was started for.
    pub kind: RunKind,
    /// What is measured.
    pub spec: RunSpec,
    /// What came of it.
    pub status: RunStatus,
}

/// A revision as `rollout history` shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HistoryItem {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub revision: RevisionHash,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// Its images.
    pub images: Vec<String>,
    /// Whether it is the stable one.
    pub stable: bool,
    /// Whether it is the wanted one.
    pub current: bool,
    /// `spec.template` as it was applied, for `undo`.
    pub template: serde_json::Value,
}
