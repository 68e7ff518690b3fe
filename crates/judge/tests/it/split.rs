//! Whether the canary gets the share of the requests that it should.

use std::time::Duration;

use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic};

use crate::world::Random;

struct Split {
    random: Random,
    traffic: RunTraffic,
    evidence: JudgeEvidence,
}

impl Split {
    fn new(seed: u64) -> Self {
        let traffic =
            RunTraffic { epoch: 1, share: Some(0.05), by_chance: true, ..RunTraffic::default() };
        let mut split =
            Self { random: Random::new(seed), traffic, evidence: JudgeEvidence::default() };
        split.look();
        split
    }

    fn look(&mut self) {
        let settings = JudgeSettings { quantiles: Vec::new(), ..JudgeSettings::default() };
        self.evidence.look(&settings, &self.traffic);
    }

    /// A second of 100 requests, of which the canary gets the share `share`.
    fn second(&mut self, share: f64) -> bool {
        self.second_of(100.0, share)
    }

    fn second_of(&mut self, requests: f64, share: f64) -> bool {
        self.traffic.at = self.traffic.at.after(Duration::from_secs(1));
        for _ in 0..self.random.poisson(requests) {
            let of_canary = self.random.share() < share;
            let traffic = &mut self.traffic;
            let arm = if of_canary { &mut traffic.canary } else { &mut traffic.stable };
            arm.total.requests += 1;
            arm.total.by_class[1] += 1;
        }
        self.look();
        self.evidence.split.is_mismatch()
    }
}

#[test]
fn a_split_as_asked_is_told_to_be_one() {
    let alarms = (0..200).filter(|seed| {
        let mut split = Split::new(*seed);
        (0..600).any(|second| {
            // The weight changes now and then, and the requests with it.
            let share = [0.05, 0.2, 0.5][second / 200 % 3];
            split.traffic.share = Some(share);
            split.second(share)
        })
    });
    assert_eq!(alarms.count(), 0, "of 200, with 1 in 1,000 each");
}

#[test]
fn a_canary_that_gets_more_or_less_is_told_and_with_what() {
    for share in [0.09, 0.02] {
        let mut split = Split::new(3);
        let found = (0..300).find(|_| split.second(share));
        assert!(found.is_some_and(|second| second > 60 && second < 200), "{found:?}");
        let text = split.evidence.to_string();
        assert!(
            text.contains("requests were the canary's where the split asks for 5.0 %"),
            "{text}"
        );
        let split = &split.evidence.split;
        assert_eq!(split.canary as f64 > split.expected, share > 0.05, "{text}");
    }
}

/// With so little traffic whole minutes have no request of the canary: they count all the same, or
/// its share would be found too large.
#[test]
fn thin_traffic_is_no_mismatch() {
    for seed in 0..3 {
        let mut split = Split::new(seed);
        assert!(!(0..30_000).any(|_| split.second_of(0.2, 0.05)), "{}", split.evidence.split);
        assert!(split.evidence.split.requests > 5_000);
    }
}

#[test]
fn a_canary_that_gets_nothing_is_told_and_one_that_loses_its_requests_late_too() {
    let mut split = Split::new(1);
    assert!((0..600).any(|_| split.second(0.0)));
    let mut split = Split::new(2);
    assert!(!(0..1_800).any(|_| split.second(0.05)));
    assert!((0..900).any(|_| split.second(0.0)));
}

#[test]
fn what_rules_send_is_no_mismatch() {
    let mut split = Split::new(5);
    split.traffic.by_chance = false;
    assert!(!(0..300).any(|_| split.second(0.5)));
    assert_eq!(split.evidence.split.requests, 0);
}

#[test]
fn how_long_it_takes_is_told_at_the_pace_of_late() {
    let mut split = Split::new(6);
    (0..240).for_each(|_| {
        split.second(0.05);
    });
    let wait = split.evidence.wait().unwrap().as_secs_f64();
    let text = split.evidence.to_string();
    assert!(text.contains(" min at this weight) show it to be no worse"), "{text}");
    (0..600).for_each(|_| {
        split.second(0.5);
    });
    let sooner = split.evidence.wait().map_or(0.0, |wait| wait.as_secs_f64());
    assert!(sooner < wait / 5.0, "{wait} then {sooner}");
}
