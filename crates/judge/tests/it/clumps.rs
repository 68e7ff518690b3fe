//! Requests that come in clumps and end alike: sessions that stay with a revision.

use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic, Verdict};
use tidegate_traffic::Tally;
use tidegate_units::Timestamp;

use crate::world::Random;

/// Sessions of 1 to 39 requests within one second, each on one revision; of some of them all fail.
struct Sessions {
    random: Random,
    traffic: RunTraffic,
    per_second: f64,
    weight: f64,
    failing: f64,
    failing_on_canary: f64,
}

impl Sessions {
    /// The stable revision alone, for the two minutes that a router tells of.
    fn alone(mut self) -> Self {
        let weight = std::mem::replace(&mut self.weight, 0.0);
        for _ in 0..120 {
            let before = self.traffic.stable.total.clone();
            self.second();
            let stable = &mut self.traffic.stable;
            stable.seconds.push((self.traffic.at, stable.total.since(&before)));
        }
        self.weight = weight;
        self.second();
        self
    }

    fn second(&mut self) {
        self.traffic.at = Timestamp::from_millis(self.traffic.at.as_millis() + 1_000);
        for _ in 0..self.random.poisson(self.per_second) {
            let of_canary = self.random.share() < self.weight;
            let failing = if of_canary { self.failing_on_canary } else { self.failing };
            let failed = self.random.share() < failing;
            let requests = 1 + self.random.next() % 39;
            let traffic = &mut self.traffic;
            let arm = if of_canary { &mut traffic.canary } else { &mut traffic.stable };
            count(&mut arm.total, requests, failed);
        }
    }

    /// After how many seconds the canary is called worse, and how much less a request counts then.
    fn watch(&mut self, seconds: u32) -> (Option<u32>, f64) {
        let settings = JudgeSettings { quantiles: Vec::new(), ..JudgeSettings::default() };
        let mut evidence = JudgeEvidence::default();
        evidence.look(&settings, &self.traffic);
        for second in 1..=seconds {
            self.second();
            evidence.look(&settings, &self.traffic);
            if evidence.verdict == Verdict::Worse {
                return (Some(second), evidence.tests[0].design_effect());
            }
        }
        (None, evidence.tests[0].design_effect())
    }
}

fn count(tally: &mut Tally, requests: u64, failed: bool) {
    tally.requests += requests;
    tally.by_class[if failed { 4 } else { 1 }] += requests;
}

fn sessions(seed: u64, failing_on_canary: f64) -> Sessions {
    Sessions {
        random: Random::new(seed),
        traffic: RunTraffic { epoch: 1, ..RunTraffic::default() },
        per_second: 5.0,
        weight: 0.2,
        failing: 0.05,
        failing_on_canary,
    }
}

#[test]
fn sessions_that_fail_as_a_whole_are_counted_as_sessions() {
    let runs = 150;
    let watched: Vec<_> = (0..runs).map(|seed| sessions(seed, 0.05).alone().watch(900)).collect();
    let alarms = watched.iter().filter(|(alarm, _)| alarm.is_some()).count();
    let mut effects: Vec<f64> = watched.iter().map(|(_, effect)| *effect).collect();
    effects.sort_by(f64::total_cmp);
    println!("{alarms} of {runs}; design effect {:.1}", effects[75]);
    assert!(alarms <= 8, "{alarms} of {runs}");
    assert!(effects[75] > 10.0 && effects[75] < 30.0, "{}", effects[75]);
}

#[test]
fn sessions_that_fail_much_more_often_are_found_all_the_same() {
    let mut found: Vec<_> =
        (0..40).map(|seed| sessions(seed, 0.5).alone().watch(900).0.unwrap_or(u32::MAX)).collect();
    found.sort_unstable();
    println!("median {} s", found[20]);
    assert!(found[20] < 60, "{}", found[20]);
    assert!(found[39] < 900);
}

#[test]
fn requests_that_end_by_themselves_count_in_full() {
    let mut random = Random::new(4);
    let mut traffic = RunTraffic { epoch: 1, ..RunTraffic::default() };
    let mut evidence = JudgeEvidence::default();
    let settings = JudgeSettings { quantiles: Vec::new(), ..JudgeSettings::default() };
    for second in 0..600 {
        traffic.at = Timestamp::from_millis(second * 1_000);
        evidence.look(&settings, &traffic);
        for _ in 0..random.poisson(100.0) {
            let arm = if random.share() < 0.2 { &mut traffic.canary } else { &mut traffic.stable };
            count(&mut arm.total, 1, random.share() < 0.02);
        }
    }
    let effect = evidence.tests[0].design_effect();
    assert!(effect < 1.2, "{effect}");
}

/// At 5 % of the requests four times as many errors scatter 3.3 times as much as those of one common
/// rate would, if they are independent.
#[test]
fn a_canary_that_fails_more_often_does_not_scatter_for_that() {
    let mut random = Random::new(5);
    let mut traffic = RunTraffic { epoch: 1, ..RunTraffic::default() };
    let mut evidence = JudgeEvidence::default();
    // It is to be watched for long after it was found.
    let settings =
        JudgeSettings { quantiles: Vec::new(), alpha: 1e-200, ..JudgeSettings::default() };
    for second in 0..600 {
        traffic.at = Timestamp::from_millis(second * 1_000);
        evidence.look(&settings, &traffic);
        for _ in 0..random.poisson(100.0) {
            let of_canary = random.share() < 0.05;
            let failing = if of_canary { 0.04 } else { 0.01 };
            let arm = if of_canary { &mut traffic.canary } else { &mut traffic.stable };
            count(&mut arm.total, 1, random.share() < failing);
        }
    }
    let effect = evidence.tests[0].design_effect();
    assert!(effect < 1.7, "{effect}");
}

#[test]
fn one_bad_second_of_the_stable_revision_is_no_habit() {
    let mut seconds = RunTraffic { epoch: 1, ..RunTraffic::default() };
    for second in 0..120 {
        let errors = if second == 60 { 30 } else { 0 };
        let mut tally = Tally::default();
        count(&mut tally, 190 - errors, false);
        count(&mut tally, errors, true);
        seconds.stable.seconds.push((Timestamp::from_millis(second * 1_000), tally));
    }
    seconds.at = Timestamp::from_millis(130_000);
    let settings = JudgeSettings { quantiles: Vec::new(), ..JudgeSettings::default() };
    let mut evidence = JudgeEvidence::default();
    evidence.look(&settings, &seconds);
    seconds.at = Timestamp::from_millis(130_200);
    count(&mut seconds.stable.total, 190, false);
    count(&mut seconds.canary.total, 5, true);
    evidence.look(&settings, &seconds);
    assert!(evidence.tests[0].design_effect() < 1.5, "{}", evidence.tests[0].design_effect());
    assert_eq!(evidence.verdict, Verdict::Worse);
}
