//! The split where no router splits: the requests follow the replicas.
//!
//! Whoever was taken back or superseded loses its requests as fast as the others can carry them, and
//! no faster. With `replicas - maxUnavailable` of theirs available they carry everything; with fewer,
//! the rest stays with those who had it, whose replicas are kept as long.

use tidegate_units::{RevisionHash, Weight};

use crate::{
    basic, guests,
    split::{Split, between, proportion},
    turn::{Turn, share},
};

/// The split that the replicas come to which are available and stay.
pub(crate) fn split(turn: &Turn<'_>, stable: &RevisionHash, route: &Split) -> Split {
    let canary = turn.current();
    let weight = if turn.advancing() && turn.target() > Weight::ZERO {
        proportion(staying(turn, canary), staying(turn, stable))
    } else {
        Weight::ZERO
    };
    beside_who_leaves(turn, route, between(canary, stable, weight))
}

/// Replicas of a revision that are available and are not told to go.
fn staying(turn: &Turn<'_>, revision: &RevisionHash) -> u32 {
    turn.available(revision).min(turn.wanted(revision))
}

/// Available replicas of a revision that carry requests, or will as soon as they are needed. Those of
/// a revision whose share may not rise carry what it has: of one that leaves as many as its share may
/// stand for, of one that is held no more than are sure to.
pub(crate) fn carrying(turn: &Turn<'_>, revision: &RevisionHash) -> u32 {
    let stays = *revision == *turn.current() && turn.target() > Weight::ZERO;
    let held = turn.in_flight() && turn.frozen();
    let available = turn.available(revision);
    if (stays && !held) || turn.status.stable.as_ref() == Some(revision) {
        return available;
    }
    let has = share(&guests::without(turn), revision);
    let least = basic::bounds(turn.spec).least_available;
    if stays {
        available.min(has.rounded_down(least))
    } else {
        available.min(stands_for(has, least))
    }
}

/// The most replicas of `whole` that the share of one which leaves stands for: it is rounded down to
/// whole percents, and is one at least. One more would stand in for others with requests that it is
/// never given.
fn stands_for(share: Weight, whole: u32) -> u32 {
    match share {
        Weight::ZERO => 0,
        Weight::FULL => whole,
        _ => {
            let next = share.plus(Weight::at_most(1, 100)).rounded_up(whole);
            next.saturating_sub(1).max(1).min(whole)
        }
    }
}

/// What those who stay cannot carry yet is left to those who had it, by their replicas.
fn beside_who_leaves(turn: &Turn<'_>, route: &Split, stay: Split) -> Split {
    let leaves = |(revision, _): &&(RevisionHash, Weight)| {
        share(&stay, revision) == Weight::ZERO && staying(turn, revision) > 0
    };
    let leaving: Split = route.iter().filter(leaves).cloned().collect();
    let carried: u64 = sum(&stay, |it| carrying(turn, it).min(turn.wanted(it)));
    let there: u64 = sum(&leaving, |it| staying(turn, it));
    let least = basic::bounds(turn.spec).least_available.max(1);
    let whole = u64::from(least).min(carried + there);
    let missing = whole.saturating_sub(carried) * 100;
    let Some(all) = missing.checked_div(whole).filter(|_| missing > 0) else { return stay };
    let mut rest = Weight::FULL;
    let mut split = Split::new();
    for (revision, has) in leaving {
        // Who is needed at all keeps some, and nobody gets more than it had.
        let part = (all * u64::from(staying(turn, &revision))).checked_div(there).unwrap_or(0);
        let weight = Weight::at_most(part.max(1), 100).min(has).min(rest);
        rest = rest.minus(weight);
        split.push((revision, weight));
    }
    split.extend(shrunk(stay, rest));
    split.retain(|(_, weight)| *weight > Weight::ZERO);
    split
}

fn sum(split: &Split, count: impl Fn(&RevisionHash) -> u32) -> u64 {
    split.iter().map(|(revision, _)| u64::from(count(revision))).sum()
}

/// A split of everything between one or two, made one of `whole`; the first has whole percents of it.
fn shrunk(mut split: Split, whole: Weight) -> Split {
    let mut left = whole;
    let last = split.len().saturating_sub(1);
    for (index, (_, weight)) in split.iter_mut().enumerate() {
        let part = Weight::at_most(weight.out_of(whole.rounded_down(100)).into(), 100);
        *weight = if index == last { left } else { part };
        left = left.minus(*weight);
    }
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_stands_for_the_replicas_that_it_was_made_of() {
        for whole in 1..300 {
            for part in 0..=whole {
                let percent = (100 * part / whole).max(u32::from(part > 0));
                let share = Weight::at_most(percent.into(), 100);
                let found = stands_for(share, whole);
                // As many as come to the same percent.
                let same = |it: u32| (100 * it / whole).max(u32::from(it > 0)) == percent;
                assert!(found >= part && same(found), "{part} of {whole}: {found}");
            }
        }
    }
}
