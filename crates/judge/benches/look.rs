//! What a look of the judge costs.

use divan::{Bencher, black_box};
use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic};
use tidegate_traffic::Tally;
use tidegate_units::Timestamp;

fn main() {
    divan::main();
}

/// One second of 200 requests, 5 % of them the canary's, 10 to 60 ms each.
fn second(traffic: &mut RunTraffic, look: u64) {
    traffic.at = Timestamp::from_millis(i64::try_from(look * 1_000).unwrap_or(i64::MAX));
    for request in 0..200_u64 {
        let micros = 10_000 + (request * 7_919 + look * 104_729) % 50_000;
        let tally =
            if request % 20 == 0 { &mut traffic.canary.total } else { &mut traffic.stable.total };
        count(tally, micros);
    }
}

fn count(tally: &mut Tally, micros: u64) {
    tally.requests += 1;
    tally.by_class[1] += 1;
    tally.latency.record(micros);
}

/// Evidence of a minute, and the traffic a second later.
fn minute() -> (JudgeEvidence, RunTraffic) {
    let (mut evidence, mut traffic) = (JudgeEvidence::default(), RunTraffic::default());
    for look in 0..60 {
        second(&mut traffic, look);
        evidence.look(&JudgeSettings::default(), &traffic);
    }
    second(&mut traffic, 60);
    (evidence, traffic)
}

/// A look with a second's new data: errors and three quantiles.
#[divan::bench]
fn look_with_a_second_of_data(bencher: Bencher<'_, '_>) {
    let (evidence, traffic) = minute();
    let settings = JudgeSettings::default();
    bencher
        .with_inputs(|| evidence.clone())
        .bench_local_refs(|evidence| evidence.look(&settings, black_box(&traffic)));
}

/// A look that finds nothing new.
#[divan::bench]
fn look_with_nothing_new(bencher: Bencher<'_, '_>) {
    let (mut evidence, traffic) = minute();
    let settings = JudgeSettings::default();
    evidence.look(&settings, &traffic);
    bencher
        .with_inputs(|| evidence.clone())
        .bench_local_refs(|evidence| evidence.look(&settings, black_box(&traffic)));
}
