//! The one task that finds what changed.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use tidegate_controller::{Fleet, Rates, RolloutSummary};
use tidegate_ledger::Entry;
use tidegate_rollout::Waiting;
use tidegate_units::ObjectKey;
use tokio::time::{Instant, sleep_until};

use crate::hub::Hub;

/// Between two looks: several ticks of a controller that is busy are told together, and no change
/// waits longer than a person can notice.
const BETWEEN_LOOKS: Duration = Duration::from_millis(25);
/// Rates and counts of evidence change all the time, and are told this often.
const COUNTS_EVERY: Duration = Duration::from_secs(2);
/// Of so many rollouts at once: with rows of 700 bytes and 1,000 who watch that is 140 MB a second.
/// Where more rollouts than that are busy, each has its turn.
const COUNTS_AT_ONCE: usize = 400;
/// Rows, or ledger entries, in one event: what one who reads slowly holds on to stays small.
const EVENT_ROWS: usize = 256;

/// What became of a rollout.
pub(crate) enum Row {
    /// It is as this JSON says.
    There {
        /// Which.
        key: ObjectKey,
        /// Its summary.
        json: String,
    },
    /// It is no more.
    Gone(ObjectKey),
}

/// Looks for what changes from `base` on, until nobody needs it any more or the server stops.
pub(crate) async fn run(hub: Hub, base: Fleet) {
    let mut changes = hub.control().fleet_changes();
    let mut stopping = hub.stopping();
    let mut finder = Finder::new(base);
    loop {
        let begun = Instant::now();
        finder.look(&hub).await;
        if hub.sleeps() {
            return;
        }
        let next = async {
            sleep_until(begun + BETWEEN_LOOKS).await;
            tokio::select! {
                moved = changes.changed() => moved.is_ok(),
                () = sleep_until(finder.counts_due) => true,
            }
        };
        let goes_on = tokio::select! {
            goes_on = next => goes_on,
            _ = stopping.wait_for(|stopping| *stopping) => false,
        };
        if !goes_on {
            return;
        }
    }
}

/// What was seen and told.
struct Finder {
    seen: Fleet,
    rates: BTreeMap<ObjectKey, Rates>,
    /// What was last told of those that changed.
    told: BTreeMap<ObjectKey, RolloutSummary>,
    /// Those of which only counts changed, longest first, and the same by their keys.
    later: VecDeque<ObjectKey>,
    waiting: BTreeSet<ObjectKey>,
    counts_due: Instant,
}

impl Finder {
    fn new(base: Fleet) -> Self {
        Self {
            rates: base.all_rates(),
            seen: base,
            told: BTreeMap::new(),
            later: VecDeque::new(),
            waiting: BTreeSet::new(),
            counts_due: Instant::now() + COUNTS_EVERY,
        }
    }

    /// Tells what changed since the last look.
    async fn look(&mut self, hub: &Hub) {
        let fleet = hub.control().fleet();
        let mut rows = Vec::new();
        for key in fleet.changed_since(&self.seen) {
            if self.moved(&fleet, &key) {
                rows.extend(self.row(&fleet, key));
            } else {
                self.put_off(key);
            }
        }
        if self.counts_due <= Instant::now() {
            self.counts_due = Instant::now() + COUNTS_EVERY;
            self.look_at_rates(&fleet);
            for _ in 0..COUNTS_AT_ONCE {
                let Some(key) = self.later.pop_front() else { break };
                self.waiting.remove(&key);
                rows.extend(self.row(&fleet, key));
            }
        }
        self.seen = fleet;
        let entries = self.entries(hub).await;
        tell(hub, &entries, &rows);
    }

    /// Whether more of it changed than counts.
    fn moved(&self, fleet: &Fleet, key: &ObjectKey) -> bool {
        match (self.told.get(key), fleet.summary(key)) {
            (Some(before), Some(after)) => quiet(before) != quiet(&after),
            _ => true,
        }
    }

    /// What is to be told of it, unless it was told already.
    fn row(&mut self, fleet: &Fleet, key: ObjectKey) -> Option<Row> {
        let Some(summary) = fleet.summary(&key) else {
            self.told.remove(&key);
            return Some(Row::Gone(key));
        };
        if self.told.get(&key) == Some(&summary) {
            return None;
        }
        let json = serde_json::to_string(&summary).inspect_err(|error| {
            tracing::error!(%error, rollout = %key, "a summary cannot be written as JSON");
        });
        self.told.insert(key.clone(), summary);
        Some(Row::There { key, json: json.ok()? })
    }

    /// Those whose rates changed have their turn.
    fn look_at_rates(&mut self, fleet: &Fleet) {
        let now = fleet.all_rates();
        let before = std::mem::replace(&mut self.rates, now.clone());
        let keys: BTreeSet<_> = now.keys().chain(before.keys()).collect();
        for key in keys.into_iter().filter(|key| now.get(*key) != before.get(*key)) {
            self.put_off(key.clone());
        }
    }

    fn put_off(&mut self, key: ObjectKey) {
        if self.waiting.insert(key.clone()) {
            self.later.push_back(key);
        }
    }

    /// The ledger entries up to what was seen; as many as can be read.
    async fn entries(&self, hub: &Hub) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let after = entries.last().map_or_else(|| hub.sequence(), |entry| entry.sequence);
            if after >= self.seen.head() {
                return entries;
            }
            match hub.control().ledger(after, EVENT_ROWS).await {
                Ok(page) if !page.is_empty() => entries.extend(page),
                Ok(_) => return entries,
                Err(problem) => {
                    tracing::warn!(%problem, "the ledger cannot be read for who watches");
                    return entries;
                }
            }
        }
    }
}

/// In events of a bounded size, the entries before what came of them.
fn tell(hub: &Hub, entries: &[Entry], rows: &[Row]) {
    let mut pages = entries.chunks(EVENT_ROWS).peekable();
    let mut parts = rows.chunks(EVENT_ROWS);
    while let Some(page) = pages.next() {
        let with = if pages.peek().is_none() { parts.next() } else { None };
        hub.tell(page, with.unwrap_or_default());
    }
    parts.for_each(|part| hub.tell(&[], part));
}

/// A summary without what changes all the time.
fn quiet(summary: &RolloutSummary) -> RolloutSummary {
    let mut quiet = RolloutSummary { request_rate: 0.0, error_rate: None, ..summary.clone() };
    quiet.waiting.retain(|waiting| !matches!(waiting, Waiting::Exposure { .. }));
    quiet
}
