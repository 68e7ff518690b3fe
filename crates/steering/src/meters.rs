use std::{collections::BTreeMap, time::Duration};

use tidegate_traffic::{Mirrored, Outcome, RevisionTally, RouteTable, SECONDS, Shard, Tally};
use tidegate_units::{Owner, RevisionHash, Timestamp};

/// Revisions of one owner that are kept: far more than any history limit in use.
const REVISIONS: usize = 64;
/// How long counts outlive their revision, as [`tidegate_traffic::TrafficReading`] promises.
const KEPT_FOR: Duration = Duration::from_mins(10);

/// All counts, by owner and revision, of a router that learns of its requests one after the other.
#[derive(Debug, Default)]
pub struct Meters {
    all: BTreeMap<Owner, BTreeMap<RevisionHash, Meter>>,
}

#[derive(Debug, Default)]
struct Meter {
    requests: Shard,
    copies: Shard,
    dropped_copies: u64,
    last_used: Timestamp,
}

impl Meters {
    /// Counts a request that ended at `at`.
    pub fn record(&mut self, owner: &Owner, to: &RevisionHash, at: Timestamp, outcome: Outcome) {
        self.meter(owner, to, at).requests.record(at, outcome);
    }

    /// Counts a copy of a request, whose answer nobody got, that ended at `at`.
    pub fn record_copy(
        &mut self,
        owner: &Owner,
        to: &RevisionHash,
        at: Timestamp,
        outcome: Outcome,
    ) {
        self.meter(owner, to, at).copies.record(at, outcome);
    }

    /// Counts a copy that was not carried.
    pub fn drop_copy(&mut self, owner: &Owner, to: &RevisionHash, at: Timestamp) {
        self.meter(owner, to, at).dropped_copies += 1;
    }

    fn meter(&mut self, owner: &Owner, revision: &RevisionHash, at: Timestamp) -> &mut Meter {
        if !self.all.contains_key(owner) {
            self.all.insert(owner.clone(), BTreeMap::new());
        }
        let revisions = self.all.entry(owner.clone()).or_default();
        let meter = revisions.entry(revision.clone()).or_default();
        meter.last_used = meter.last_used.max(at);
        meter
    }

    /// Begins to count for all revisions of `table`, and drops those that have been in none for ten
    /// minutes, or that are beyond the number that is kept of an owner (the oldest first).
    pub fn keep(&mut self, table: &RouteTable, now: Timestamp) {
        for listener in &table.listeners {
            for destination in &listener.destinations {
                self.meter(listener.owner_of(destination), &destination.revision, now);
            }
        }
        let oldest = now.before(KEPT_FOR);
        self.all.retain(|_, revisions| {
            revisions.retain(|_, meter| meter.last_used > oldest);
            while revisions.len() > REVISIONS {
                let used = revisions.iter().filter(|(_, meter)| meter.last_used < now);
                let first = used.min_by_key(|(_, meter)| meter.last_used);
                let Some(first) = first.map(|(revision, _)| revision.clone()) else { break };
                revisions.remove(&first);
            }
            !revisions.is_empty()
        });
    }

    /// Everything that was counted up to `now`.
    pub fn read(&self, now: Timestamp) -> BTreeMap<Owner, BTreeMap<RevisionHash, RevisionTally>> {
        let read = |revisions: &BTreeMap<RevisionHash, Meter>| {
            let meters = revisions.iter();
            meters.map(|(revision, meter)| (revision.clone(), meter.read(now))).collect()
        };
        self.all.iter().map(|(owner, revisions)| (owner.clone(), read(revisions))).collect()
    }
}

impl Meter {
    fn read(&self, now: Timestamp) -> RevisionTally {
        let mut tally = read(&self.requests, now);
        let copies = read(&self.copies, now);
        tally.mirrored =
            Mirrored { total: copies.total, seconds: copies.seconds, dropped: self.dropped_copies };
        tally
    }
}

fn read(shard: &Shard, now: Timestamp) -> RevisionTally {
    let (mut tally, mut seconds) = (RevisionTally::default(), BTreeMap::new());
    shard.read(now, &mut tally, &mut seconds);
    let skipped = seconds.len().saturating_sub(SECONDS);
    let newest = seconds.into_iter().skip(skipped);
    let at = |(second, tally): (i64, Tally)| (Timestamp::from_millis(second * 1000), tally);
    tally.seconds = newest.map(at).collect();
    tally
}

#[cfg(test)]
mod tests {
    use tidegate_traffic::{Destination, Listener};
    use tidegate_units::{Generation, ObjectKey, Weight};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn owner() -> Owner {
        Owner::rollout(&ObjectKey::new("default", "web"))
    }

    fn table(revision: &str) -> RouteTable {
        let destination = Destination {
            revision: revision.into(),
            owner: None,
            weight: Weight::FULL,
            endpoints: vec![],
        };
        let listener = Listener {
            decided: None,
            service: ObjectKey::new("default", "web"),
            address: ([127, 0, 0, 1], 80).into(),
            owner: owner(),
            destinations: vec![destination],
            sticky: None,
            rules: vec![],
        };
        RouteTable { generation: Generation(1), listeners: vec![listener] }
    }

    #[test]
    fn requests_and_copies_are_counted_apart() {
        let mut meters = Meters::default();
        let answered = Outcome::Answered { status: 200, micros: 3_000 };
        meters.record(&owner(), &"r1".into(), at(5), answered);
        meters.record_copy(&owner(), &"r1".into(), at(5), Outcome::Unanswered);
        meters.drop_copy(&owner(), &"r1".into(), at(5));
        let reading = &meters.read(at(6))[&owner()][&RevisionHash::from("r1")];
        assert_eq!((reading.total.requests, reading.total.errors()), (1, 0));
        assert_eq!(reading.seconds[0].0, at(5));
        assert_eq!((reading.mirrored.total.errors(), reading.mirrored.dropped), (1, 1));
        assert_eq!(reading.first_error, None);
    }

    #[test]
    fn a_revision_is_kept_while_a_table_names_it_and_ten_minutes_after() {
        let mut meters = Meters::default();
        meters.keep(&table("old"), at(0));
        meters.keep(&table("new"), at(1));
        meters.keep(&table("new"), at(599));
        assert_eq!(meters.read(at(599))[&owner()].len(), 2);
        meters.keep(&table("new"), at(600));
        assert_eq!(meters.read(at(600))[&owner()].len(), 1);
    }

    #[test]
    fn a_bounded_number_of_revisions_is_kept() {
        let mut meters = Meters::default();
        for number in 0..100_i64 {
            let revision = RevisionHash::from(format!("r{number:03}"));
            meters.record(&owner(), &revision, at(number), Outcome::Unanswered);
        }
        meters.keep(&table("r000"), at(100));
        let reading = meters.read(at(100));
        assert_eq!(reading[&owner()].len(), REVISIONS);
        assert!(reading[&owner()].contains_key(&RevisionHash::from("r000")));
    }
}
