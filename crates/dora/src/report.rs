use serde::{Deserialize, Serialize};
use tidegate_units::{ObjectKey, RevisionHash, Timestamp};

use crate::{Change, Failure, Grouping, Point};

/// The five metrics, of all and of each group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DoraReport)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Which deployments are looked at.
    pub window: Window,
    /// Of whom.
    pub filter: Filter,
    /// Of all of them.
    pub metrics: Metrics,
    /// The same by environment or application, where that was asked for.
    pub groups: Vec<Group>,
    /// The deployments that the metrics of all list, with every moment and the entry that tells it, the
    /// newest first.
    pub deployments: Vec<DeploymentView>,
}

/// From when to when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DoraWindow)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// As it was asked for, such as `30d`.
    pub asked: String,
    /// Its begin: later than was asked for where the ledger begins later.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// Whether it is shorter than was asked for.
    pub cut: bool,
}

/// Of whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DoraFilter)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// Of which environment; all of them otherwise.
    pub namespace: Option<String>,
    /// Of which application; all of them otherwise.
    pub name: Option<String>,
    /// By what they are told apart.
    pub by: Grouping,
}

/// The metrics of an environment or an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DoraGroup)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Which environment.
    pub namespace: String,
    /// Which application.
    pub name: Option<String>,
    /// Its metrics.
    pub metrics: Metrics,
}

/// DORA's five.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DoraMetrics)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// From the commit until all users have it, of deployments that became stable.
    pub change_lead_time: Metric,
    /// Deployments a day.
    pub deployment_frequency: Metric,
    /// From when a failed deployment got its first users until it was recovered.
    pub failed_deployment_recovery_time: Metric,
    /// Failed deployments of all.
    pub change_fail_rate: Metric,
    /// Deployments that mend a failed one, of all.
    pub deployment_rework_rate: Metric,
}

/// In what a metric is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DoraUnit)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Deployments in 24 hours.
    DeploymentsPerDay,
    /// 0 to 1.
    Ratio,
}

/// One of the five.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DoraMetric)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// The rate, or the mean frequency; none of a length of time, and none where there are too few.
    pub value: Option<f64>,
    /// Half of them are no more; none where there are too few, and none of a rate.
    pub median: Option<f64>,
    /// Nine tenths of them are no more; the same.
    pub p90: Option<f64>,
    /// Where the true rate is, with 95 % (Wilson); none where there are too few.
    pub interval: Option<[f64; 2]>,
    /// From what to what, or what of what, in one sentence.
    #[serde(default)]
    pub meaning: String,
    /// In what.
    pub unit: Unit,
    /// Of how many deployments.
    pub n: usize,
    /// Of a rate: how many of them. Of recovery times: how many failed and are not recovered.
    pub count: Option<usize>,
    /// Whether there are enough to give a number.
    pub enough: bool,
    /// What is missing, or what has to be known of the number.
    pub note: Option<String>,
    /// Of lead times: by what their begins are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<Begins>,
    /// The deployments, the newest first.
    pub deployments: Vec<Link>,
    /// So many more are counted and not listed.
    pub omitted: usize,
}

/// By what the begins of lead times are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DoraBegins)]
#[serde(rename_all = "camelCase")]
pub struct Begins {
    /// The moment of the commit (`tidegate.dev/committed-at`).
    pub commit: usize,
    /// The moment at which the image was made (`org.opencontainers.image.created`).
    pub image: usize,
    /// The moment at which somebody asked for it: the time before is not known.
    pub apply: usize,
}

/// A deployment that a number is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DeploymentLink)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The ledger entry with which it began.
    pub sequence: u64,
    /// Of which application.
    pub key: ObjectKey,
    /// The revision's number.
    pub number: u64,
    /// What it adds: seconds; 1 or 0 to a rate, 1 to a frequency.
    pub value: f64,
    /// That entry, in the API.
    pub entry: String,
}

/// A deployment as it is shown. Each point is a ledger entry's sequence number and moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentView {
    /// The ledger entry with which it began.
    pub sequence: u64,
    /// Of which application.
    pub key: ObjectKey,
    /// Which revision.
    pub revision: RevisionHash,
    /// The revision's number.
    pub number: u64,
    /// The change that it carries.
    pub change: Change,
    /// When somebody asked for it.
    pub asked: Point,
    /// When it got its first users.
    pub began: Point,
    /// When all users got it.
    pub stable: Option<Point>,
    /// Why and when it failed.
    pub failed: Option<Failure>,
    /// When that was recovered.
    pub recovered: Option<Point>,
    /// When another revision was wanted while it was on its way.
    pub superseded: Option<Point>,
    /// Whether it is a return to an earlier revision.
    pub is_return: bool,
    /// The failed deployment that it mends, by the entry with which that one began.
    pub mends: Option<u64>,
    /// In seconds.
    pub lead_time: Option<f64>,
    /// In seconds.
    pub recovery_time: Option<f64>,
}
