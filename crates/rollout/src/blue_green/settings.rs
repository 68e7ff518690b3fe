use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_traffic::CompareSettings;
use tidegate_units::Weight;

use super::CutOver;
use crate::AnalysisUse;

/// The blue-green strategy: the new revision is made whole beside the old one, and takes all
/// requests over at once, or little by little.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlueGreen {
    /// Who says that the new revision may take over, once it is ready to.
    pub promotion: Promotion,
    /// Replicas of the new revision until it is to take over; none: as many as are wanted in all.
    pub preview_replicas: Option<u32>,
    /// Has to succeed before the new revision takes over.
    pub pre_promotion: Option<AnalysisUse>,
    /// Shares of the requests that it takes, one after the other and rising, before it takes all of
    /// them. Default none: all at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut_over: Vec<CutOver>,
    /// Of how many requests the answers of the new revision are compared with those of the stable
    /// one, from when it has replicas until it takes over. Default none.
    #[serde(default)]
    pub shadow: Weight,
    /// What is compared of them, and how closely.
    #[serde(default)]
    pub compare: CompareSettings,
    /// Whether the two revisions are compared by the default analysis while both have requests.
    /// Default no.
    #[serde(default)]
    pub default_watch: bool,
    /// Has to succeed after it took over, while the old one stands by to take everything back.
    pub post_promotion: Option<AnalysisUse>,
    /// How long the replicas of a revision stay that is of no use any more. Default 30 s.
    pub scale_down_delay: Duration,
    /// How many such revisions stay at most; none: all.
    pub scale_down_revision_limit: Option<u32>,
    /// How long the replicas of an aborted revision stay. Default 30 s; none: for ever (written
    /// as 0).
    pub abort_scale_down_delay: Option<Duration>,
}

/// Who says that the new revision takes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Promotion {
    /// Nobody has to.
    #[default]
    AtOnce,
    /// Nobody has to, but somebody may abort it for this long.
    After(Duration),
    /// A person.
    ByHand,
}

impl Default for BlueGreen {
    /// What Argo Rollouts does where a manifest says nothing.
    fn default() -> Self {
        Self {
            promotion: Promotion::AtOnce,
            preview_replicas: None,
            pre_promotion: None,
            cut_over: Vec::new(),
            shadow: Weight::ZERO,
            compare: CompareSettings::default(),
            default_watch: false,
            post_promotion: None,
            scale_down_delay: Duration::from_secs(30),
            scale_down_revision_limit: None,
            abort_scale_down_delay: Some(Duration::from_secs(30)),
        }
    }
}
