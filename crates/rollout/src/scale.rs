//! How many replicas a canary asks for: by its share, or by a scale of its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_units::Weight;

use crate::{Canary, CountOrPercent, Ring, RolloutSpec, Step};

/// `setCanaryScale`: how many replicas the new revision has, whatever its share is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CanaryScale {
    /// So many.
    Replicas(u32),
    /// A share of all that are wanted in percent, rounded up; it may be above 100.
    Share(u32),
    /// A share of all that are wanted, out of another number than 100, rounded up; it may be above it.
    Part {
        /// So many
        part: u32,
        /// of so many.
        whole: u32,
    },
    /// As many as its share of the traffic needs: what holds without this step, too.
    MatchTraffic,
}

/// `replicaProgressThreshold`: how many replicas have to be available before a share rises, a step
/// is done, or the new revision becomes stable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Threshold {
    /// All that are wanted.
    #[default]
    All,
    /// A share in percent of those that are wanted.
    Percent(u32),
    /// So many, or all that are wanted where those are fewer. (Argo Rollouts waits for ever there.)
    Count(u32),
}

impl Threshold {
    /// Whether `available` replicas suffice where `wanted` are.
    pub fn is_met(self, available: u32, wanted: u32) -> bool {
        match self {
            Self::All => available >= wanted,
            Self::Percent(percent) => {
                u64::from(available) * 100 >= u64::from(wanted) * u64::from(percent)
            }
            Self::Count(count) => available >= count.min(wanted),
        }
    }
}

impl Default for Canary {
    /// No steps, no router, and what Argo Rollouts does where a manifest says nothing.
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            routed: false,
            max_weight: 100,
            max_surge: CountOrPercent::Percent(25),
            max_unavailable: CountOrPercent::Percent(25),
            scale_down_delay: Duration::from_secs(30),
            abort_scale_down_delay: Some(Duration::from_secs(30)),
            background: None,
            starting_step: 0,
            default_watch: false,
            dynamic_stable: false,
            least_replicas: 1,
            scale_down_revision_limit: None,
            progress_threshold: Threshold::All,
            auto_weight: None,
            managed_routes: Vec::new(),
        }
    }
}

/// What the steps say of the replicas of the new revision.
enum Asked {
    /// So many, whatever it is given.
    Exactly(CanaryScale),
    /// So many, or more if its weight needs more.
    AtLeast(CanaryScale),
    /// As many as it needs for what it is given.
    ByShare,
}

impl Canary {
    /// The scale that holds once step `index` is reached: that of the last `setCanaryScale` at or
    /// before it, unless a ring after it has one of its own. None: as the share of the traffic
    /// needs. Without a router the replicas are the share, and there is none.
    pub fn scale_at(&self, index: usize) -> Option<CanaryScale> {
        match self.asked_at(index) {
            Asked::Exactly(scale) => Some(scale),
            Asked::AtLeast(_) | Asked::ByShare => None,
        }
    }

    fn asked_at(&self, index: usize) -> Asked {
        if !self.routed || index >= self.steps.len() {
            return Asked::ByShare;
        }
        let mut newest_ring = true;
        for part in self.steps.iter().take(index + 1).flat_map(Step::parts).rev() {
            match part {
                Step::SetScale(CanaryScale::MatchTraffic) => break,
                Step::SetScale(scale) => return Asked::Exactly(*scale),
                Step::Ring(Ring { scale: Some(scale), .. }) if newest_ring => {
                    return Asked::AtLeast(*scale);
                }
                // The scale of a ring ends with the next ring.
                Step::Ring(Ring { scale: Some(_), .. }) => break,
                Step::Ring(_) => newest_ring = false,
                _ => {}
            }
        }
        Asked::ByShare
    }
}

impl RolloutSpec {
    /// The replicas that carry `weight` where a router splits: its share of those wanted, rounded up,
    /// and where that is any, at least `minPodsPerReplicaSet` of them, but never more than are wanted.
    pub fn carriers(&self, weight: Weight) -> u32 {
        self.at_least(weight.rounded_up(self.replicas))
    }

    /// The share of the requests that so many replicas carry: as in Argo Rollouts a whole number of
    /// what `maxTrafficWeight` divides the traffic into, rounded down.
    pub(crate) fn carried_by(&self, available: u32) -> Weight {
        let whole = u64::from(self.canary().max_weight);
        let parts = u64::from(available) * whole;
        let carried = parts.checked_div(u64::from(self.replicas)).unwrap_or(whole);
        Weight::at_most(carried, whole)
    }

    /// The replicas that the new revision asks for once step `index` is reached.
    pub fn canary_replicas_at(&self, index: usize) -> u32 {
        let canary = self.canary();
        match canary.asked_at(index) {
            Asked::Exactly(scale) => self.scaled(scale),
            Asked::AtLeast(scale) => self.scaled(scale).max(self.carriers(canary.weight_at(index))),
            Asked::ByShare => {
                // Copies are requests too, for who answers them.
                let copied = canary.shadow_at(index).map_or(Weight::ZERO, |(_, it)| it.share);
                let carriers = canary.reach_at(index).max(copied).rounded_up(self.replicas);
                // Whoever is in a ring needs somebody to answer, however few they may be.
                let rings = canary.routed && canary.rings_at(index).next().is_some();
                self.at_least(carriers.max(u32::from(rings).min(self.replicas)))
            }
        }
    }

    fn scaled(&self, scale: CanaryScale) -> u32 {
        match scale {
            CanaryScale::Replicas(count) => count,
            CanaryScale::Share(percent) => self.at_least(self.part(percent, 100)),
            CanaryScale::Part { part, whole } => self.at_least(self.part(part, whole)),
            CanaryScale::MatchTraffic => 0,
        }
    }

    /// The replicas that the stable revision asks for at step `index`: all, or with
    /// `dynamicStableScale` what the share of the new one leaves. As in Argo Rollouts, a scale in
    /// percent counts as that share here, and a number of replicas as none. Rings leave it whole: when
    /// they are taken back, all their users come at once.
    pub(crate) fn stable_replicas_at(&self, index: usize) -> u32 {
        let canary = self.canary();
        if !canary.dynamic_stable {
            return self.replicas;
        }
        let rest = match canary.scale_at(index) {
            Some(CanaryScale::Replicas(_)) => self.replicas,
            Some(CanaryScale::Share(percent)) => self.part(100_u32.saturating_sub(percent), 100),
            Some(CanaryScale::Part { part, whole }) => self.part(whole.saturating_sub(part), whole),
            Some(CanaryScale::MatchTraffic) | None => {
                canary.weight_at(index).rest().rounded_up(self.replicas)
            }
        };
        self.at_least(rest)
    }

    /// `part` of `whole` of the replicas that are wanted, rounded up.
    fn part(&self, part: u32, whole: u32) -> u32 {
        let share = u64::from(self.replicas) * u64::from(part);
        u32::try_from(share.div_ceil(u64::from(whole.max(1)))).unwrap_or(u32::MAX)
    }

    fn at_least(&self, count: u32) -> u32 {
        match count {
            0 => 0,
            count => count.max(self.canary().least_replicas.min(self.replicas)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_a_share_or_a_number_of_what_is_wanted() {
        for (threshold, available, wanted, met) in [
            (Threshold::All, 3, 4, false),
            (Threshold::All, 4, 4, true),
            (Threshold::All, 5, 4, true),
            (Threshold::Percent(75), 2, 4, false),
            (Threshold::Percent(75), 3, 4, true),
            (Threshold::Percent(34), 1, 3, false),
            (Threshold::Percent(33), 1, 3, true),
            (Threshold::Percent(90), 0, 0, true),
            (Threshold::Count(2), 1, 4, false),
            (Threshold::Count(2), 2, 4, true),
            (Threshold::Count(2), 1, 1, true),
        ] {
            assert_eq!(
                threshold.is_met(available, wanted),
                met,
                "{threshold:?} {available}/{wanted}"
            );
        }
    }

    #[test]
    fn the_last_scale_holds_until_the_next_or_the_end() {
        let set = |percent| Step::SetWeight(Weight::new(percent).unwrap());
        let canary = Canary {
            routed: true,
            least_replicas: 2,
            dynamic_stable: true,
            steps: vec![
                set(10),
                Step::SetScale(CanaryScale::Replicas(7)),
                set(50),
                Step::SetScale(CanaryScale::Share(25)),
                Step::SetScale(CanaryScale::MatchTraffic),
            ],
            ..Canary::default()
        };
        let spec = |replicas, canary: &Canary| RolloutSpec {
            name: "web".to_owned(),
            replicas,
            revision: "a".into(),
            paused: false,
            min_ready: Duration::ZERO,
            revision_history_limit: 10,
            progress_deadline: Duration::from_mins(10),
            progress_deadline_abort: false,
            restart_at: None,
            rollback_window: 0,
            strategy: crate::Strategy::Canary(canary.clone()),
        };
        let counts = |replicas, canary: &Canary| {
            let spec = spec(replicas, canary);
            let at = |index| (spec.canary_replicas_at(index), spec.stable_replicas_at(index));
            (0..=5).map(at).collect::<Vec<_>>()
        };
        assert_eq!(counts(10, &canary), [(2, 9), (7, 10), (7, 10), (3, 8), (5, 5), (10, 0)]);
        assert_eq!(counts(1, &canary), [(1, 1), (7, 1), (7, 1), (1, 1), (1, 1), (1, 0)]);
        let fixed = Canary { dynamic_stable: false, ..canary.clone() };
        assert_eq!(counts(10, &fixed)[3..], [(3, 10), (5, 10), (10, 10)]);
        let unrouted = Canary { routed: false, ..canary };
        assert_eq!(unrouted.scale_at(1), None);
    }
}
