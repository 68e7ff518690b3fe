//! Replica counts where no router splits: the share of the traffic is the share of the replicas.

use tidegate_units::Weight;

use crate::RolloutSpec;

/// How many replicas each side should end up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Targets {
    pub(crate) canary: u32,
    pub(crate) stable: u32,
}

/// One revision, as it is wanted and seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    /// Where it should end up.
    pub(crate) target: u32,
    /// What the runtime was told.
    pub(crate) wanted: u32,
    /// What is there.
    pub(crate) replicas: u32,
    /// What serves.
    pub(crate) available: u32,
    /// How many of those carry requests: only they stand in for others that do and go.
    pub(crate) carrying: u32,
}

/// How many replicas may be there, and how many must serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// `replicas + maxSurge`.
    pub(crate) most: u32,
    /// `replicas - maxUnavailable`.
    pub(crate) least_available: u32,
}

/// The bounds that the spec sets. Surge is rounded up, unavailability down; when both come to
/// nothing, one replica may be missing, or nothing could ever move.
pub(crate) fn bounds(spec: &RolloutSpec) -> Bounds {
    let surge = spec.canary().max_surge.rounded_up(spec.replicas);
    let missing = spec.canary().max_unavailable.rounded_down(spec.replicas);
    let missing = if surge == 0 { missing.max(1) } else { missing };
    Bounds {
        most: spec.replicas.saturating_add(surge),
        least_available: spec.replicas.saturating_sub(missing),
    }
}

/// The whole numbers of replicas whose proportion comes closest to `weight`.
///
/// As in Argo Rollouts: their sum is `replicas`, or one more if surge is allowed and that is
/// closer. Between 1 and 99 percent neither side is left without a replica, where two or more
/// may be there. Of two that are equally close, the one with the larger canary.
pub(crate) fn targets(spec: &RolloutSpec, weight: Weight) -> Targets {
    let replicas = spec.replicas;
    if replicas == 0 {
        return Targets { canary: 0, stable: 0 };
    }
    let surge = spec.canary().max_surge.rounded_up(replicas) > 0;
    let whole = weight == Weight::ZERO || weight == Weight::FULL || (replicas == 1 && !surge);
    let (up, down) = (weight.rounded_up(replicas), weight.rounded_down(replicas));
    let halves = |total: u32| 2 * u128::from(weight.parts()) * u128::from(total);
    let tied = |total| halves(total) % u128::from(2 * Weight::PARTS) == Weight::PARTS.into();

    let mut best: Option<(u32, u32)> = None;
    let totals = [Some(replicas), surge.then_some(replicas.saturating_add(1))];
    for total in totals.into_iter().flatten() {
        let up_fits = whole || up < total;
        let down_fits = !tied(total) && (whole || down > 0);
        let candidates = [up_fits.then_some(up), down_fits.then_some(down)];
        for canary in candidates.into_iter().flatten() {
            if best.is_none_or(|best| closer((canary, total), best, weight)) {
                best = Some((canary, total));
            }
        }
    }
    // Only a tie without surge has no candidate, such as 75 % of 2: then all but one.
    let (canary, total) = best.unwrap_or((replicas.saturating_sub(1), replicas));
    Targets { canary, stable: total.saturating_sub(canary) }
}

/// Whether one (canary, total) is strictly closer to `weight` than another, in whole numbers.
fn closer(one: (u32, u32), other: (u32, u32), weight: Weight) -> bool {
    let total = |(_, total): (u32, u32)| u128::from(total);
    let error = |(canary, total): (u32, u32)| {
        let is = u128::from(canary) * u128::from(Weight::PARTS);
        is.abs_diff(u128::from(weight.parts()) * u128::from(total))
    };
    // Below 2^79 times 2^32.
    error(one) * total(other) < error(other) * total(one)
}

/// What the runtime should be told next, for each side in its order, so that the bounds hold on the
/// way to the targets.
///
/// `sides` are in order of precedence for growing: stable first, then the canary. Shrinking goes
/// the other way round, old revisions (the last ones) first. As in Argo Rollouts, a side that
/// shrinks keeps what the others do not yet serve; the runtime ends unavailable replicas first.
///
/// Replicas that serve though they were told to go are decided about anew: the order may have been
/// lost, and the others may have stopped serving since.
pub(crate) fn next_counts(bounds: Bounds, sides: &[Side]) -> Vec<u32> {
    let mut counts: Vec<u32> = sides.iter().map(|side| side.wanted.max(side.available)).collect();
    shrink(bounds, sides, &mut counts);
    grow(bounds, sides, &mut counts);
    counts
}

fn shrink(bounds: Bounds, sides: &[Side], counts: &mut [u32]) {
    for (index, side) in sides.iter().enumerate().rev() {
        // What carries requests is replaced only by what carries some.
        let stands_in =
            if side.carrying > 0 { |it: &Side| it.carrying } else { |it: &Side| it.available };
        let by_others = served_by_others(sides, counts, index, stands_in);
        let keep = bounds.least_available.saturating_sub(by_others);
        if let Some(count) = counts.get_mut(index) {
            *count = (*count).min(side.target.max(keep));
        }
    }
}

fn grow(bounds: Bounds, sides: &[Side], counts: &mut [u32]) {
    // What is there takes room until it is seen to be gone.
    let there: u64 =
        counts.iter().zip(sides).map(|(count, side)| u64::from(side.replicas.max(*count))).sum();
    let mut room = u32::try_from(u64::from(bounds.most).saturating_sub(there)).unwrap_or(u32::MAX);
    for (count, side) in counts.iter_mut().zip(sides) {
        let there = side.replicas.max(*count);
        *count = side.target.min(there.saturating_add(room)).max(*count);
        room -= (*count).max(side.replicas) - there;
    }
}

/// Replicas of the other sides that stand in for those of one, and are to stay.
fn served_by_others(
    sides: &[Side],
    counts: &[u32],
    index: usize,
    stands_in: fn(&Side) -> u32,
) -> u32 {
    let serving: u64 = counts
        .iter()
        .zip(sides)
        .enumerate()
        .filter(|(other, _)| *other != index)
        .map(|(_, (count, side))| u64::from(stands_in(side).min(*count)))
        .sum();
    u32::try_from(serving).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks `next_counts` for stable, canary and one old revision; a side is written as
    /// (target, wanted, replicas, available), the bounds as (most, least available).
    fn check(bounds: (u32, u32), sides: [(u32, u32, u32, u32); 3], expected: [u32; 3]) {
        let sides = sides.map(|(target, wanted, replicas, available)| Side {
            target,
            wanted,
            replicas,
            available,
            carrying: available,
        });
        let bounds = Bounds { most: bounds.0, least_available: bounds.1 };
        assert_eq!(next_counts(bounds, &sides), expected, "{bounds:?} {sides:?}");
    }

    const NONE: (u32, u32, u32, u32) = (0, 0, 0, 0);

    #[test]
    fn counts_move_within_their_bounds() {
        // A tenth of ten: one more is made before one goes.
        check((11, 9), [(9, 10, 10, 10), (1, 0, 0, 0), NONE], [9, 1, 0]);
        // Nothing may be missing: the stable side waits for the canary.
        check((13, 10), [(7, 10, 10, 10), (3, 0, 0, 0), NONE], [10, 3, 0]);
        check((13, 10), [(7, 10, 10, 10), (3, 3, 3, 2), NONE], [8, 3, 0]);
        check((13, 10), [(7, 10, 10, 10), (3, 3, 3, 3), NONE], [7, 3, 0]);
        // No surge: what goes must be seen to be gone before another one comes.
        check((10, 5), [(7, 10, 10, 10), (3, 0, 0, 0), NONE], [7, 0, 0]);
        check((10, 5), [(7, 7, 7, 7), (3, 0, 0, 0), NONE], [7, 3, 0]);
        // Back to stable: it grows first, the canary shrinks as stable serves.
        check((11, 9), [(10, 5, 5, 5), (0, 5, 5, 5), NONE], [6, 4, 0]);
        check((11, 9), [(10, 6, 6, 5), (0, 4, 4, 4), NONE], [7, 4, 0]);
        // A stable side that does not serve: unavailable replicas make room, what serves stays.
        check((10, 9), [(0, 10, 10, 0), (10, 0, 0, 0), NONE], [9, 0, 0]);
        check((10, 9), [(5, 5, 5, 0), (5, 5, 5, 5), NONE], [5, 5, 0]);
        // What is older goes first.
        check((11, 9), [(9, 9, 9, 9), (1, 0, 0, 0), (0, 1, 1, 1)], [9, 1, 0]);
        check((10, 9), [(5, 5, 5, 5), (5, 0, 0, 0), (0, 5, 5, 5)], [5, 0, 4]);
        // Told to go, and still the only ones that serve: as many stay as must serve.
        check((5, 3), [(4, 4, 4, 0), (0, 0, 0, 0), (0, 0, 4, 4)], [4, 0, 3]);
        check((5, 3), [(4, 4, 4, 2), (0, 0, 0, 0), (0, 0, 4, 4)], [4, 0, 1]);
        check((5, 3), [(4, 4, 4, 3), (0, 0, 0, 0), (0, 0, 4, 4)], [4, 0, 0]);
        check((10, 9), [(7, 7, 10, 10), (3, 3, 3, 1), NONE], [8, 3, 0]);
        // Fewer are wanted in all: both sides shrink at once.
        check((6, 4), [(2, 5, 5, 5), (3, 5, 5, 5), NONE], [2, 3, 0]);
    }

    fn spec(replicas: u32, surge: u32) -> RolloutSpec {
        RolloutSpec {
            name: "web".to_owned(),
            replicas,
            revision: "a".into(),
            paused: false,
            min_ready: std::time::Duration::ZERO,
            revision_history_limit: 10,
            progress_deadline: std::time::Duration::from_mins(10),
            progress_deadline_abort: false,
            restart_at: None,
            rollback_window: 0,
            strategy: crate::Strategy::Canary(crate::Canary {
                max_surge: crate::CountOrPercent::Count(surge),
                max_unavailable: crate::CountOrPercent::Count(0),
                ..crate::Canary::default()
            }),
        }
    }

    #[test]
    fn targets_are_the_closest_proportion() {
        for (replicas, surge, weight, expected) in [
            (10, 1, 10, (1, 9)),
            (10, 1, 30, (3, 7)),
            (10, 1, 5, (1, 10)),
            (10, 0, 5, (1, 9)),
            (10, 0, 99, (9, 1)),
            (1, 1, 5, (1, 1)),
            (1, 0, 5, (0, 1)),
            (1, 0, 60, (1, 0)),
            (3, 0, 50, (2, 1)),
            (3, 1, 50, (2, 2)),
            (2, 0, 75, (1, 1)),
            (4, 1, 0, (0, 4)),
            (4, 1, 100, (4, 0)),
            (0, 5, 50, (0, 0)),
        ] {
            let weight = Weight::new(weight).unwrap();
            let found = targets(&spec(replicas, surge), weight);
            let expected = Targets { canary: expected.0, stable: expected.1 };
            assert_eq!(found, expected, "{weight} of {replicas}, surge {surge}");
        }
    }

    #[test]
    fn neither_side_is_left_without_a_replica_in_between() {
        for replicas in 2..40 {
            for percent in 1..100 {
                for surge in [0, 1] {
                    let weight = Weight::new(percent).unwrap();
                    let found = targets(&spec(replicas, surge), weight);
                    assert!(found.canary > 0 && found.stable > 0, "{weight} of {replicas}");
                    let total = found.canary + found.stable;
                    assert!((replicas..=replicas + surge).contains(&total));
                }
            }
        }
    }

    #[test]
    fn one_may_be_missing_when_nothing_else_could_move() {
        let bounds_of = |surge| bounds(&spec(4, surge));
        assert_eq!(bounds_of(0), Bounds { most: 4, least_available: 3 });
        assert_eq!(bounds_of(1), Bounds { most: 5, least_available: 4 });
    }
}
