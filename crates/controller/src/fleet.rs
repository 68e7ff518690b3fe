//! All rollouts in short, at the end of one tick.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tidegate_traffic::RevisionTally;
use tidegate_units::{ObjectKey, Owner, OwnerKind, RevisionHash, Timestamp};

use crate::{RolloutSummary, fleet_summary::summary, shared::Snapshot, show::RATE_SECONDS};

/// All rollouts at the end of one tick. Whoever holds it holds what differs from later ones, no more;
/// what differs between two is found without looking at what they share.
#[derive(Clone)]
pub struct Fleet {
    snapshot: Arc<Snapshot>,
    at: Timestamp,
}

/// What a rollout gets of the traffic, rounded to what people can tell apart: a rate that trembles in
/// its last digits is no change.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Requests per second of all revisions, to a tenth.
    pub requests: f64,
    /// Errors per request of the revision on its way, to four digits; none without any, or with no
    /// request of it.
    pub errors: Option<f64>,
}

impl Fleet {
    pub(crate) fn new(snapshot: Arc<Snapshot>, at: Timestamp) -> Self {
        Self { snapshot, at }
    }

    /// The last ledger entry that this is the outcome of; 0 while there is none.
    pub fn head(&self) -> u64 {
        self.snapshot.head
    }

    /// How many rollouts there are.
    pub fn count(&self) -> usize {
        self.snapshot.world.rollouts.len()
    }

    /// Each rollout, by its key.
    pub fn summaries(&self) -> impl Iterator<Item = RolloutSummary> {
        let rollouts = self.snapshot.world.rollouts.iter();
        rollouts.map(|(key, entry)| summary(entry, self.rates(key, entry.status.canary())))
    }

    /// One of them.
    pub fn summary(&self, key: &ObjectKey) -> Option<RolloutSummary> {
        let entry = self.snapshot.world.rollouts.get(key)?;
        Some(summary(entry, self.rates(key, entry.status.canary())))
    }

    /// What an annotation says, of each rollout that has it.
    pub fn annotated(&self, annotation: &str) -> Vec<(ObjectKey, String)> {
        let rollouts = self.snapshot.world.rollouts.iter().filter(|(_, entry)| !entry.deleting);
        let said = rollouts.filter_map(|(key, entry)| {
            Some((key.clone(), entry.declared.value.annotations.get(annotation)?.clone()))
        });
        said.collect()
    }

    /// Those that may not be as they were, whether they are there or are no more. Their rates alone
    /// are no reason.
    pub fn changed_since(&self, before: &Self) -> BTreeSet<ObjectKey> {
        let (now, then) = (&self.snapshot.world.rollouts, &before.snapshot.world.rollouts);
        now.since(then).into_iter().map(|difference| difference.key.clone()).collect()
    }

    /// The rates of all that get any requests.
    pub fn all_rates(&self) -> BTreeMap<ObjectKey, Rates> {
        let reading = self.snapshot.sight.traffic.as_ref();
        let owners = reading.into_iter().flat_map(|reading| reading.revisions.keys());
        let rollouts = owners.filter(|owner| owner.kind == OwnerKind::Rollout).map(Owner::key);
        let rates = rollouts.filter_map(|key| {
            let canary = self.snapshot.world.rollouts.get(&key)?.status.canary();
            let rates = self.rates(&key, canary);
            (rates != Rates::default()).then_some((key, rates))
        });
        rates.collect()
    }

    fn rates(&self, key: &ObjectKey, canary: Option<&RevisionHash>) -> Rates {
        let reading = self.snapshot.sight.traffic.as_ref();
        let owner = Owner::rollout(key);
        let Some(known) = reading.and_then(|reading| reading.revisions.get(&owner)) else {
            return Rates::default();
        };
        let counts = |tally| lately(tally, self.at);
        let (requests, _) = known.values().map(counts).fold((0, 0), |sum, one| (sum.0 + one.0, 0));
        let (judged, errors) = canary.and_then(|it| known.get(it)).map(counts).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "counts of five seconds")]
        let (requests, judged, errors) = (requests as f64, judged as f64, errors as f64);
        Rates {
            requests: (requests / f64::from(RATE_SECONDS) * 10.0).round() / 10.0,
            errors: (judged > 0.0).then(|| (errors / judged * 10_000.0).round() / 10_000.0),
        }
    }
}

/// Requests that count, and errors, of the last whole seconds before `now`.
fn lately(tally: &RevisionTally, now: Timestamp) -> (u64, u64) {
    let from = now.as_millis() - i64::from(RATE_SECONDS + 1) * 1000;
    let seconds = tally.seconds.iter().rev();
    let seconds = seconds.take_while(|(second, _)| second.as_millis() >= from);
    let whole = seconds.filter(|(second, _)| second.as_millis() + 1000 <= now.as_millis());
    whole.fold((0, 0), |sum, (_, one)| (sum.0 + one.judged(), sum.1 + one.errors()))
}
