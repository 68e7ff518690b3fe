//! Follows the revision and the steps that the spec names.

use std::io;

use tidegate_planted::{Mistake, makes};
use tidegate_units::{RevisionHash, Weight};

use crate::{
    BlueGreenProgress, Event, RevisionRecord, Step, blue_green, finish, runs,
    turn::{Turn, share},
    window,
};

/// Takes up a revision that was not wanted before, or steps that changed.
pub(crate) fn follow(turn: &mut Turn<'_>) {
    let steps_hash = hash_steps(&turn.spec.canary().steps);
    let is_second = keep_the_first(turn);
    if turn.status.current.as_ref() != Some(turn.current()) {
        take_up(turn);
    } else if is_second {
        begin_steps(turn);
    } else if steps_hash != turn.status.steps_hash {
        start_over(turn);
    }
    turn.status.steps_hash = steps_hash;
    if !turn.in_flight() {
        turn.status.step_index = turn.spec.canary().steps.len();
    }
}

/// The first revision becomes stable once it is whole, or else once another one is wanted while it
/// has users, be they served by few replicas: they leave it by the gates of the strategy, and can go
/// back to it. Whether it became so now.
fn keep_the_first(turn: &mut Turn<'_>) -> bool {
    let has_users = |(revision, weight): &&(RevisionHash, Weight)| {
        revision != turn.current() && *weight > Weight::ZERO && turn.available(revision) > 0
    };
    let first = turn.status.route.iter().find(has_users).filter(|_| turn.status.stable.is_none());
    let Some((first, _)) = first.cloned() else { return false };
    finish::make_stable(turn, first);
    true
}

fn take_up(turn: &mut Turn<'_>) {
    let revision = turn.current().clone();
    let number = 1 + turn.status.revisions.values().map(|record| record.number).max().unwrap_or(0);
    runs::drop_all(turn);
    let known = turn.status.revisions.get(&revision);
    let record = RevisionRecord {
        number,
        created_at: known.map_or(turn.now, |known| known.created_at),
        replicas: turn.wanted(&revision),
        scale_down_at: None,
        was_stable: known.is_some_and(|known| known.was_stable),
    };
    turn.status.revisions.insert(revision.clone(), record);
    turn.events.push(Event::RevisionWanted { revision: revision.clone(), number });
    let first = turn.status.current.is_none();
    turn.status.current = Some(revision.clone());
    turn.status.attempt = 0;
    turn.status.started_at = Some(turn.now);
    turn.status.weight = share(&turn.status.route, &revision);
    let superseded = turn.before.current.clone().filter(|_| turn.before.abort.is_none());
    if let Some(superseded) = superseded.filter(|_| makes(Mistake::KeepsTheSuperseded)) {
        turn.status.stable = Some(superseded);
    }
    let step_index = turn.status.step_index;
    begin_steps(turn);
    if makes(Mistake::GoesOnInOldSteps) {
        turn.status.step_index = step_index;
    }
    if !turn.in_flight() {
        turn.status.skipped_from = Some(0);
    }
    let returning = turn.spec.blue_green().is_some() && blue_green::stands_by(turn, &revision);
    turn.status.blue_green.returning = returning;
    let is_stable = turn.status.stable.as_ref() == Some(&revision);
    if !first && (returning || is_stable || window::is_return(turn)) {
        turn.events.push(Event::RolledBack { to: revision });
    }
}

/// The steps changed under a canary: it takes them from the first and is judged anew, also if it
/// was taken back. A blue-green rollout has none, and stays taken back.
fn start_over(turn: &mut Turn<'_>) {
    let revived = turn.in_flight() && !turn.advancing() && turn.spec.blue_green().is_none();
    if revived {
        turn.status.started_at = Some(turn.now);
    }
    if turn.advancing() || revived {
        runs::drop_all(turn);
        turn.status.attempt += 1;
        begin_steps(turn);
    }
}

/// Forgets all that was decided about the steps.
fn begin_steps(turn: &mut Turn<'_>) {
    let status = &mut turn.status;
    status.step_index = 0;
    status.step_started = None;
    status.ring_open = None;
    status.exposure = None;
    status.skipped_from = None;
    status.promoted_step = None;
    status.lift_pause();
    status.abort = None;
    status.promote_full = false;
    status.told.abort = None;
    status.blue_green = BlueGreenProgress::default();
    // As in Argo Rollouts: whoever wants something else keeps what programs did for it.
    status.plugin_steps.clear();
    turn.status.weight_missing = Weight::FULL;
    turn.progressed();
}

/// FNV-1a, 64 bits, over the steps as JSON. Nobody but the planner reads it, and a collision only
/// keeps a step index that counts in steps of another wording.
pub(crate) fn hash_steps(steps: &[Step]) -> u64 {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    // Writing into the hash cannot fail, and steps have no maps with keys that JSON refuses.
    let _ = serde_json::to_writer(&mut hash, steps);
    hash.0
}

struct Fnv(u64);

impl io::Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
