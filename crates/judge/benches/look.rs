//! What a look of the judge costs.
#![expect(clippy::print_stdout, reason = "its output is a table")]
#![expect(clippy::disallowed_methods, reason = "it measures time, and is told what to measure")]

use std::time::{Duration, Instant};

use divan::{AllocProfiler, Bencher, black_box};
use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic};
use tidegate_traffic::Tally;
use tidegate_units::Timestamp;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
    if std::env::args().skip(1).all(|argument| argument == "--bench") {
        println!("{}", live_analyses());
    }
}

/// So many analyses are live at once.
const LIVE: usize = 10_000;

/// What it takes to look at [`LIVE`] analyses of five metrics once a second, each in memory of its own.
fn live_analyses() -> String {
    let settings = five_metrics();
    let (evidence, mut traffic) = minute(&settings);
    let mut all: Vec<_> = (0..LIVE).map(|_| evidence.clone()).collect();
    let mut looked = |look| {
        second(&mut traffic, look);
        let all_traffic = vec![traffic.clone(); LIVE];
        let before = time_of_thread();
        for (evidence, traffic) in all.iter_mut().zip(&all_traffic) {
            evidence.look(&settings, black_box(traffic));
        }
        time_of_thread().saturating_sub(before)
    };
    let mut seconds: Vec<Duration> = (61..92).map(&mut looked).collect();
    seconds.sort_unstable();
    let share =
        |time: &Duration| format!("{time:.0?}, {:.1} % of a core", time.as_secs_f64() * 100.0);
    format!(
        "{LIVE} analyses of five metrics, each second: {} (the fastest of {}), {} (the median)",
        seconds.first().map(share).unwrap_or_default(),
        seconds.len(),
        seconds.get(seconds.len() / 2).map(share).unwrap_or_default(),
    )
}

/// How long this thread has been on a processor, where the system tells; else the time of day. A busy
/// machine makes the latter that of others.
fn time_of_thread() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
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
