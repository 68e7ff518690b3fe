//! The second look: everything has its turn once in a while, whatever happened.

use std::time::Duration;

use tidegate_units::{Owner, Timestamp};

use crate::world::World;

/// In what time everything is looked at once, even if nothing says that there is a reason to. A
/// controller that looks where something happened alone is stuck when it misses one thing; this
/// bounds for how long. Half of it would cost twice as much at rest: of 10,000 rollouts, 170 have
/// their turn in a second.
pub(crate) const ROUND: Duration = Duration::from_mins(1);

/// How far the round has come.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    last: Option<Owner>,
    /// Up to when what was due is done.
    until: Option<Timestamp>,
}

impl Sweep {
    /// Those whose turn it is by now, a share of all by the time that has passed.
    pub(crate) fn due(&mut self, world: &World, now: Timestamp) -> Vec<Owner> {
        let until = *self.until.get_or_insert(now);
        let count = world.count();
        let all = u128::try_from(count).unwrap_or(u128::MAX);
        let share = all * now.since(until).as_millis() / ROUND.as_millis();
        let Some(share) = usize::try_from(share.min(all)).ok().filter(|share| *share > 0) else {
            return Vec::new();
        };
        // What is left of the time counts for the next ones.
        let taken = ROUND.as_millis() * u128::try_from(share).unwrap_or(all) / all;
        self.until = Some(until.after(Duration::from_millis(u64::try_from(taken).unwrap_or(0))));
        let mut due: Vec<Owner> = match &self.last {
            Some(last) => world.owners_from(last).filter(|one| one != last).take(share).collect(),
            None => Vec::new(),
        };
        due.extend(world.owners().take(share - due.len()));
        self.last = due.last().cloned();
        due
    }
}

#[cfg(test)]
mod tests;
