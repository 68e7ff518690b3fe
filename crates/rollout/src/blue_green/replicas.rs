//! How many replicas each revision should have.

use std::time::Duration;

use tidegate_units::{RevisionHash, Timestamp};

use super::{BlueGreen, is_active, preview_replicas};
use crate::{
    replicas, rules,
    turn::{Turn, share},
};

/// Decides the replicas that should hold now, by the split that was just decided.
pub(crate) fn settle(turn: &mut Turn<'_>, settings: &BlueGreen) {
    replicas::note_recovery(turn);
    let old = turn.old_revisions().filter(|old| !serves(turn, old));
    let old: Vec<RevisionHash> = old.cloned().collect();
    let until = turn.now.after(settings.scale_down_delay);
    for revision in &old {
        let record = turn.record(revision);
        if record.replicas > 0 {
            record.scale_down_at.get_or_insert(until);
        }
    }
    let standing_by = standing_by(turn, &old, settings);
    let counts: Vec<(RevisionHash, u32)> = turn
        .status
        .revisions
        .keys()
        .map(|revision| (revision.clone(), count(turn, settings, revision, &standing_by)))
        .collect();
    for (revision, count) in counts {
        replicas::set(turn, &revision, count);
    }
    let until = abort_scale_down(turn, settings);
    let current = turn.record(turn.current());
    current.scale_down_at = until.filter(|_| current.replicas > 0);
}

/// Whether a revision takes the requests, or did until this plan.
fn serves(turn: &Turn<'_>, revision: &RevisionHash) -> bool {
    let before = turn.before.route.iter().any(|(named, _)| named == revision);
    before || is_active(turn, revision)
}

/// Old revisions whose replicas stay a while: those that were stable first, then the newest, and no
/// more than the limit.
fn standing_by(turn: &Turn<'_>, old: &[RevisionHash], settings: &BlueGreen) -> Vec<RevisionHash> {
    let mut waiting: Vec<_> = old
        .iter()
        .filter_map(|revision| {
            let record = turn.status.revisions.get(revision)?;
            let waits = record.replicas > 0 && record.scale_down_at > Some(turn.now);
            waits.then_some(((record.was_stable, record.number), revision))
        })
        .collect();
    waiting.sort_unstable_by(|one, other| other.cmp(one));
    let limit = settings.scale_down_revision_limit.map(usize::try_from);
    waiting.truncate(limit.and_then(Result::ok).unwrap_or(usize::MAX));
    waiting.into_iter().map(|(_, revision)| revision.clone()).collect()
}

fn count(
    turn: &Turn<'_>,
    settings: &BlueGreen,
    revision: &RevisionHash,
    standing_by: &[RevisionHash],
) -> u32 {
    let (all, wanted) = (turn.spec.replicas, turn.wanted(revision));
    let next = if Some(revision) == turn.status.stable.as_ref() {
        return all;
    } else if revision == turn.current() {
        count_of_current(turn, settings, wanted)
    } else if standing_by.contains(revision) {
        // One that was stable may be wanted back at once, and then in full.
        let record = turn.status.revisions.get(revision);
        if record.is_some_and(|record| record.was_stable) { all } else { wanted.min(all) }
    } else {
        0
    };
    let carried = turn.spec.carriers(share(&turn.status.route, revision));
    let compared = rules::replicas_needed(turn, revision);
    replicas::unless_in_use(turn, revision, next.max(carried).max(compared))
}

fn count_of_current(turn: &Turn<'_>, settings: &BlueGreen, wanted: u32) -> u32 {
    if turn.status.stable.is_none() {
        return replicas::unless_held(turn, wanted, turn.spec.replicas);
    }
    if turn.status.abort.is_some() {
        let stays = abort_scale_down(turn, settings).is_none_or(|until| until > turn.now);
        return if stays { wanted } else { 0 };
    }
    let cleared = turn.status.blue_green.cleared;
    let next = if cleared { turn.spec.replicas } else { preview_replicas(turn, settings) };
    replicas::unless_held(turn, wanted, next)
}

/// When the replicas of an aborted revision go: the delay begins once the stable revision is whole.
/// None: not known yet, or never.
fn abort_scale_down(turn: &Turn<'_>, settings: &BlueGreen) -> Option<Timestamp> {
    let delay = settings.abort_scale_down_delay.filter(|delay| *delay > Duration::ZERO)?;
    Some(turn.status.recovered_at?.after(delay))
}
