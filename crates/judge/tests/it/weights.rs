//! A changing weight is no evidence, also where requests end long after they began.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic, Verdict};

use tidegate_units::ReplicaId;

use crate::world::Random;

/// 100 requests a second, of which one in a hundred hangs for 30 seconds and fails.
fn watch(seed: u64, from: f64, to: f64) -> Verdict {
    let mut random = Random::new(seed);
    let mut hanging: VecDeque<(u32, bool)> = VecDeque::new();
    let mut traffic = RunTraffic { epoch: 1, share: Some(from), ..RunTraffic::default() };
    let settings = JudgeSettings { quantiles: Vec::new(), ..JudgeSettings::default() };
    let mut evidence = JudgeEvidence::default();
    evidence.look(&settings, &traffic);
    for second in 0..180 {
        let share = if second < 90 { from } else { to };
        traffic.share = Some(share);
        traffic.at = traffic.at.after(Duration::from_secs(1));
        for _ in 0..random.poisson(100.0) {
            let of_canary = random.share() < share;
            if random.share() < 0.01 {
                hanging.push_back((second + 30, of_canary));
            } else {
                count(&mut traffic, of_canary, false);
            }
        }
        while hanging.front().is_some_and(|(ends, _)| *ends <= second) {
            let (_, of_canary) = hanging.pop_front().unwrap();
            count(&mut traffic, of_canary, true);
        }
        let open = hanging.iter().filter(|(_, of_canary)| *of_canary).count() as u64;
        traffic.canary.in_flight = BTreeMap::from([(ReplicaId::from("one"), open)]);
        evidence.look(&settings, &traffic);
    }
    evidence.verdict
}

fn count(traffic: &mut RunTraffic, of_canary: bool, failed: bool) {
    let arm = if of_canary { &mut traffic.canary } else { &mut traffic.stable };
    arm.total.requests += 1;
    arm.total.by_class[if failed { 4 } else { 1 }] += 1;
}

#[test]
fn a_weight_that_falls_while_requests_hang_is_no_harm() {
    for (from, to) in [(0.5, 0.05), (0.25, 0.05), (0.05, 0.5)] {
        let worse = (0..20).filter(|seed| watch(*seed, from, to) == Verdict::Worse).count();
        assert_eq!(worse, 0, "{from} to {to}");
    }
}

/// A weight that falls at each look, as that of a step that goes by the evidence, hides nothing.
#[test]
fn a_canary_that_fails_is_found_while_its_weight_falls() {
    let mut random = Random::new(1);
    let mut traffic = RunTraffic { epoch: 1, share: Some(0.2), ..RunTraffic::default() };
    let mut evidence = JudgeEvidence::default();
    evidence.look(&JudgeSettings::default(), &traffic);
    for look in 1..20 {
        let share = 0.2 * 0.9_f64.powi(look);
        traffic.share = Some(share);
        traffic.at = traffic.at.after(Duration::from_millis(200));
        for _ in 0..random.poisson(40.0) {
            let of_canary = random.share() < share;
            count(&mut traffic, of_canary, of_canary);
        }
        evidence.look(&JudgeSettings::default(), &traffic);
    }
    assert_eq!(evidence.verdict, Verdict::Worse);
}
