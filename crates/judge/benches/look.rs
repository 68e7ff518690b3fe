//! What a look of the judge costs.

use divan::{AllocProfiler, Bencher, black_box, counter::ItemsCount};
use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic};
use tidegate_traffic::Tally;
use tidegate_units::Timestamp;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

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
    tally.by_code.record(200, 1);
    tally.latency.record(micros);
}

/// Evidence of a minute, and the traffic a second later.
fn minute(settings: &JudgeSettings) -> (JudgeEvidence, RunTraffic) {
    let (mut evidence, mut traffic) = (JudgeEvidence::default(), RunTraffic::default());
    for look in 0..60 {
        second(&mut traffic, look);
        evidence.look(settings, &traffic);
    }
    second(&mut traffic, 60);
    (evidence, traffic)
}

/// One metric more than by default: errors and four quantiles.
fn five_metrics() -> JudgeSettings {
    JudgeSettings { quantiles: vec![0.5, 0.9, 0.95, 0.99], ..JudgeSettings::default() }
}

fn bench(bencher: Bencher<'_, '_>, settings: &JudgeSettings) {
    let (evidence, traffic) = minute(settings);
    bencher
        .with_inputs(|| evidence.clone())
        .bench_local_refs(|evidence| evidence.look(settings, black_box(&traffic)));
}

/// A look with a second's new data, at errors alone.
#[divan::bench]
fn second_of_one_metric(bencher: Bencher<'_, '_>) {
    bench(bencher, &JudgeSettings { quantiles: Vec::new(), ..JudgeSettings::default() });
}

/// The same at errors and one quantile.
#[divan::bench]
fn second_of_two_metrics(bencher: Bencher<'_, '_>) {
    bench(bencher, &JudgeSettings { quantiles: vec![0.9], ..JudgeSettings::default() });
}

/// The same at errors and four quantiles.
#[divan::bench]
fn second_of_five_metrics(bencher: Bencher<'_, '_>) {
    bench(bencher, &five_metrics());
}

/// A second of 10,000 analyses of five metrics each, with memory of their own: most of it has left
/// the processor's caches when its turn comes.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn second_of_10_000_analyses(bencher: Bencher<'_, '_>) {
    let settings = five_metrics();
    let (evidence, traffic) = minute(&settings);
    let all: Vec<_> = (0..10_000).map(|_| (evidence.clone(), traffic.clone())).collect();
    bencher.counter(ItemsCount::new(all.len())).with_inputs(|| all.clone()).bench_local_refs(
        |all| {
            for (evidence, traffic) in all {
                evidence.look(&settings, traffic);
            }
        },
    );
}

/// A look that finds nothing new.
#[divan::bench]
fn look_with_nothing_new(bencher: Bencher<'_, '_>) {
    let settings = five_metrics();
    let (mut evidence, traffic) = minute(&settings);
    evidence.look(&settings, &traffic);
    bencher
        .with_inputs(|| evidence.clone())
        .bench_local_refs(|evidence| evidence.look(&settings, black_box(&traffic)));
}
