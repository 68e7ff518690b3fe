//! Made-up stories against a model that knows how they ended without reading the ledger.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use tidegate_dora::{Deployments, FAIL_WINDOW, Query, Span};
use tidegate_units::{ObjectKey, Timestamp};

use crate::writer::{BEGIN, Writer};

/// What happens to one of two applications.
#[derive(Clone, Debug)]
enum Act {
    /// A new revision, committed so long before, gets users and becomes stable so many seconds later.
    Release { committed: Option<u64>, takes: u64 },
    /// The same with a note that it mends the stable one.
    Fix { takes: u64 },
    /// It is taken back after so long, and nobody gets it so much later.
    Aborted { after: u64, leaves: u64 },
    /// It is taken back before anybody got it.
    Unseen,
    /// The stable revision is wanted again while it is on its way.
    BackedOut { after: u64 },
    /// The revision that was stable before is wanted again.
    Undo { takes: u64 },
}

fn act() -> impl Strategy<Value = (bool, u64, Act)> {
    let takes = || 1..50_000_u64;
    let acts = prop_oneof![
        4 => (proptest::option::of(1..900_000_u64), takes())
            .prop_map(|(committed, takes)| Act::Release { committed, takes }),
        1 => takes().prop_map(|takes| Act::Fix { takes }),
        2 => (takes(), 0..900_u64).prop_map(|(after, leaves)| Act::Aborted { after, leaves }),
        1 => Just(Act::Unseen),
        1 => takes().prop_map(|after| Act::BackedOut { after }),
        2 => takes().prop_map(|takes| Act::Undo { takes }),
    ];
    (any::<bool>(), 0..400_000_u64, acts)
}

/// A deployment as the story knows it; moments in seconds of the story.
#[derive(Clone, Debug, Default)]
struct Truth {
    began: i64,
    sequence: u64,
    lead: Option<i64>,
    failed: bool,
    recovery: Option<i64>,
    rework: bool,
}

#[derive(Default)]
struct Application {
    revisions: u64,
    /// Revisions that were stable, the last of which is; each with the truth that made it so and when.
    stable: Vec<(String, usize, i64)>,
}

struct Story {
    ledger: Writer,
    truths: Vec<Truth>,
    applications: [Application; 2],
}

impl Story {
    fn told(acts: &[(bool, u64, Act)]) -> Self {
        let mut story =
            Self { ledger: Writer::new(), truths: Vec::new(), applications: Default::default() };
        for (second, wait, act) in acts {
            let which = usize::from(*second);
            story.ledger.key = ObjectKey::new("default", ["api", "web"][which]);
            story.wait(*wait);
            story.act(which, act);
        }
        story
    }

    fn wait(&mut self, seconds: u64) {
        self.ledger.wait(Duration::from_secs(seconds));
    }

    fn second(&self) -> i64 {
        (self.ledger.now.as_millis() - BEGIN) / 1000
    }

    fn begin(&mut self, which: usize, annotations: &serde_json::Value) -> (String, usize) {
        self.applications[which].revisions += 1;
        let number = self.applications[which].revisions;
        let revision = format!("r{number}");
        self.ledger.apply(annotations);
        self.ledger.want(&revision, number);
        self.users(&revision)
    }

    fn users(&mut self, revision: &str) -> (String, usize) {
        let sequence = self.ledger.weigh(revision, 0, 10);
        self.truths.push(Truth { began: self.second(), sequence, ..Truth::default() });
        (revision.to_owned(), self.truths.len() - 1)
    }

    fn promote(&mut self, which: usize, revision: String, id: usize) {
        self.ledger.weigh(&revision, 10, 100);
        self.ledger.promote(&revision);
        let now = self.second();
        self.applications[which].stable.push((revision, id, now));
    }

    fn act(&mut self, which: usize, act: &Act) {
        match *act {
            Act::Release { committed, takes } => {
                let asked = self.second();
                let at = committed.map_or(asked, |before| asked - i64::try_from(before).unwrap());
                let moment = Timestamp::from_millis(BEGIN + at * 1000).to_string();
                let note = committed.map(|_| json!({"tidegate.dev/committed-at": moment}));
                let (revision, id) = self.begin(which, &note.unwrap_or_default());
                self.wait(takes);
                self.promote(which, revision, id);
                self.truths[id].lead = Some(self.second() - at);
            }
            Act::Fix { takes } => {
                let Some((broken, at, _)) = self.applications[which].stable.last().cloned() else {
                    return;
                };
                let asked = self.second();
                let (revision, id) = self.begin(which, &json!({"tidegate.dev/fixes": broken}));
                self.wait(takes);
                self.promote(which, revision, id);
                let now = self.second();
                self.truths[id].lead = Some(now - asked);
                self.truths[id].rework = true;
                self.fail(at, now);
            }
            Act::Aborted { after, leaves } => {
                let (revision, id) = self.begin(which, &json!({}));
                self.wait(after);
                self.ledger.abort();
                self.wait(leaves);
                self.ledger.weigh(&revision, 10, 0);
                let now = self.second();
                self.fail(id, now);
            }
            Act::Unseen => {
                self.applications[which].revisions += 1;
                let number = self.applications[which].revisions;
                self.ledger.apply(&json!({}));
                self.ledger.want(&format!("r{number}"), number);
                self.ledger.abort();
            }
            Act::BackedOut { after } => {
                let Some((stable, ..)) = self.applications[which].stable.last().cloned() else {
                    return;
                };
                let (revision, id) = self.begin(which, &json!({}));
                self.wait(after);
                self.applications[which].revisions += 1;
                let number = self.applications[which].revisions;
                self.ledger.apply(&json!({}));
                self.ledger.want(&stable, number);
                self.ledger.weigh(&revision, 10, 0);
                let now = self.second();
                self.fail(id, now);
            }
            Act::Undo { takes } => {
                let known = &self.applications[which].stable;
                let [.., (target, ..), (_, left, since)] = &known[..] else { return };
                let (target, left, since) = (target.clone(), *left, *since);
                let now = self.second();
                let soon = now - since <= i64::try_from(FAIL_WINDOW.as_secs()).unwrap();
                self.applications[which].revisions += 1;
                let number = self.applications[which].revisions;
                self.ledger.apply(&json!({}));
                self.ledger.want(&target, number);
                let (revision, id) = self.users(&target);
                self.wait(takes);
                self.promote(which, revision, id);
                let now = self.second();
                if soon || self.truths[left].failed {
                    self.truths[id].rework = true;
                    self.fail(left, now);
                }
            }
        }
    }

    fn fail(&mut self, id: usize, now: i64) {
        let truth = &mut self.truths[id];
        truth.failed = true;
        truth.recovery.get_or_insert(now - truth.began);
    }
}

/// Of sorted values, by counting what is below.
fn naive_quantile(values: &[f64], p: f64) -> f64 {
    let place = (values.len() - 1) as f64 * p;
    let at = |index: f64| values[index as usize];
    let (low, high) = (at(place.floor()), at(place.ceil()));
    low + (high - low) * (place - place.floor())
}

fn sorted(values: impl Iterator<Item = i64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.map(|value| value as f64).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn near(a: Option<f64>, b: Option<f64>) -> bool {
    a.zip(b).map_or(a == b, |(a, b)| (a - b).abs() < 1e-6 * b.abs().max(1.0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_metrics_are_those_of_the_story(
        acts in proptest::collection::vec(act(), 1..60),
        days in 1..200_u64,
    ) {
        let story = Story::told(&acts);
        let window: Span = format!("{days}d").parse().unwrap();
        let query = Query { window, limit: 10_000, ..Query::new(story.ledger.now) };
        let metrics = story.ledger.known().report(&query, |_| true).metrics;
        let from = story.second() - i64::try_from(days).unwrap() * 86_400;
        let within: Vec<&Truth> = story.truths.iter().filter(|it| it.began >= from).collect();
        let listed: Vec<u64> =
            metrics.change_fail_rate.deployments.iter().rev().map(|it| it.sequence).collect();
        let expected: Vec<u64> = within.iter().map(|it| it.sequence).collect();
        prop_assert_eq!(listed, expected);
        let count = |which: fn(&Truth) -> bool| Some(within.iter().filter(|it| which(it)).count());
        prop_assert_eq!(metrics.change_fail_rate.count, count(|it| it.failed));
        prop_assert_eq!(metrics.deployment_rework_rate.count, count(|it| it.rework));
        for (metric, values) in [
            (&metrics.change_lead_time, sorted(within.iter().filter_map(|it| it.lead))),
            (
                &metrics.failed_deployment_recovery_time,
                sorted(within.iter().filter_map(|it| it.recovery)),
            ),
        ] {
            prop_assert_eq!(metric.n, values.len());
            let median = (values.len() >= 6).then(|| naive_quantile(&values, 0.5));
            let p90 = (values.len() >= 29).then(|| naive_quantile(&values, 0.9));
            prop_assert!(near(metric.median, median), "{:?} {:?}", metric.median, median);
            prop_assert!(near(metric.p90, p90), "{:?} {:?}", metric.p90, p90);
        }
    }

    /// What a report says of a moment does not follow from what came later, and neither from how the
    /// ledger was read.
    #[test]
    fn a_report_of_the_past_is_that_of_the_past(
        acts in proptest::collection::vec(act(), 1..40),
        percent in 0..100_i64,
    ) {
        let ledger = Story::told(&acts).ledger;
        let span = ledger.now.as_millis() - BEGIN;
        let until = Timestamp::from_millis(BEGIN + span * percent / 100);
        let query = Query { window: "3660d".parse().unwrap(), ..Query::new(until) };
        let mut past = Deployments::default();
        for entry in ledger.entries.iter().filter(|entry| entry.draft.at <= until) {
            past.take(entry);
        }
        let mut twice = ledger.known();
        for entry in &ledger.entries {
            twice.take(entry);
        }
        prop_assert_eq!(past.report(&query, |_| true), twice.report(&query, |_| true));
    }
}
