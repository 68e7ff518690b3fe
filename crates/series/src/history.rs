use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tidegate_promql::Labels;
use tidegate_traffic::{RevisionTally, Tally, TrafficReading};
use tidegate_units::{Owner, RevisionHash};

use crate::{
    family::{FAMILIES, FamilyKind},
    row::{Row, RowKey},
    source::series,
    standing::{Part, Standing},
    ticks::Ticks,
};

/// How long series are kept, in milliseconds: an analysis that looks back further needs a server
/// that stores.
pub const KEPT_FOR: i64 = 60 * 60_000;
/// Revisions in each part that they play; each takes some 3 KB at rest, and has ninety series.
const ROWS: usize = 2_048;
/// Changes of all counts together; each takes 16 bytes. Two busy revisions write 40 a second, thus
/// 35,000 in an hour; when more than twenty rollouts are as busy, less than an hour is kept.
const CHANGES: usize = 500_000;
/// Readings between two thinnings, of which each looks at everything that is held.
const THIN_EVERY: u32 = 64;

/// How the router's counts went on.
#[derive(Debug)]
pub struct History {
    pub(crate) ticks: Ticks,
    pub(crate) rows: BTreeMap<RowKey, Row>,
    /// What rows had counted that are gone, of the series that other rows go on with.
    pub(crate) gone: BTreeMap<Labels, f64>,
    /// The difference to the next is what came.
    last: Option<Arc<TrafficReading>>,
    /// Whether the last reading found no room for a row: it is looked for once in a reading.
    full: bool,
    /// [`CHANGES`], but for tests.
    limit: usize,
}

impl Default for History {
    fn default() -> Self {
        Self {
            ticks: Ticks::default(),
            rows: BTreeMap::new(),
            gone: BTreeMap::new(),
            last: None,
            full: false,
            limit: CHANGES,
        }
    }
}

/// A reading that is taken in.
#[derive(Clone, Copy)]
struct Now {
    number: u32,
    /// The reading before.
    before: Option<u32>,
}

impl History {
    /// Takes in a reading of the router; `standing` tells where a revision stands. A reading within
    /// a second of the one before tells nothing more and is passed over.
    pub fn record(
        &mut self,
        reading: &Arc<TrafficReading>,
        standing: impl Fn(&Owner, &RevisionHash) -> Standing,
    ) {
        let Some(number) = self.ticks.add(reading.at.as_millis()) else { return };
        let now = Now { number, before: self.ticks.before_last() };
        self.full = false;
        let last = self.last.replace(Arc::clone(reading));
        // With another epoch the router counts from zero again; what was counted here stays.
        let last = last.filter(|last| last.epoch == reading.epoch);
        for (owner, revisions) in &reading.revisions {
            for (revision, tally) in revisions {
                let before =
                    last.as_ref().and_then(|last| last.revisions.get(owner)?.get(revision));
                let more = before.map(|before| tally.total.since(&before.total));
                let standing = standing(owner, revision);
                let key = RowKey { owner: owner.clone(), revision: revision.clone(), standing };
                self.take(now, key, tally, more.as_ref().unwrap_or(&tally.total));
            }
        }
        self.end_others(number, reading);
        if number % THIN_EVERY == THIN_EVERY - 1 {
            self.thin();
        }
    }

    fn take(&mut self, now: Now, key: RowKey, tally: &RevisionTally, more: &Tally) {
        let is_new = !self.rows.contains_key(&key);
        if is_new && (tally.total.requests == 0 || !self.has_room()) {
            return;
        }
        let row = self.rows.entry(key).or_default();
        if is_new {
            row.begin(now.before.unwrap_or(now.number));
        }
        row.ended = None;
        row.add(now.number, now.before, more);
        row.in_flight(now.number, &tally.in_flight);
    }

    /// Whether there is room for one more; what nobody is judged by goes first.
    fn has_room(&mut self) -> bool {
        if self.rows.len() < ROWS {
            return true;
        }
        if self.full {
            return false;
        }
        let spare =
            |(key, row): &(&RowKey, &Row)| row.ended.is_some() || key.standing.part == Part::Other;
        let spare = self.rows.iter().find(spare).map(|(key, _)| key.clone());
        self.full = spare.is_none();
        spare.is_some_and(|key| self.rows.remove(&key).is_some())
    }

    /// Rows go; what they counted stays in the series that others go on with.
    fn forget(&mut self, keys: &[RowKey]) {
        let rows: Vec<_> = keys.iter().filter_map(|key| self.rows.remove_entry(key)).collect();
        if rows.is_empty() {
            return;
        }
        let counted = || {
            let all = FAMILIES.iter().copied().flatten();
            all.filter(|family| family.kind != FamilyKind::Gauge)
        };
        for (key, row) in &rows {
            for (labels, tracks) in counted().flat_map(|family| series(family, key, row)) {
                let sum: f64 = tracks.iter().map(|track| track.last()).sum();
                *self.gone.entry(labels).or_default() += sum;
            }
        }
        let left: BTreeSet<Labels> = self
            .rows
            .iter()
            .flat_map(|(key, row)| counted().flat_map(|family| series(family, key, row)))
            .map(|(labels, _)| labels)
            .collect();
        self.gone.retain(|labels, _| left.contains(labels));
    }

    /// What a revision counted where it stood before stays as it is, while the router knows it.
    fn end_others(&mut self, number: u32, reading: &TrafficReading) {
        for (key, row) in &mut self.rows {
            let revisions = reading.revisions.get(&key.owner);
            let known = revisions.is_some_and(|revisions| revisions.contains_key(&key.revision));
            if !known && row.ended.is_none() {
                row.ended = Some(number);
            }
        }
    }

    fn thin(&mut self) {
        let mut kept_for = KEPT_FOR;
        loop {
            self.ticks.thin(kept_for);
            let ticks = &self.ticks;
            let thinned = self.rows.iter_mut().map(|(key, row)| (key, row.thin(ticks)));
            let dead = thinned.filter(|(_, alive)| !alive).map(|(key, _)| key.clone());
            let dead: Vec<_> = dead.collect();
            self.forget(&dead);
            let held: usize = self.rows.values().map(Row::len).sum();
            if held <= self.limit || self.ticks.len() < 2 {
                return;
            }
            kept_for /= 2;
        }
    }
}

#[cfg(test)]
mod tests;
