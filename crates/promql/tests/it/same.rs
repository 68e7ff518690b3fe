//! The same series in Prometheus and here, and the same questions to both.

mod asked;
mod data;
mod listed;
mod prometheus;
mod queries;

use std::collections::BTreeMap;

use tidegate_promql::Span;

use asked::{Asked, AskedKind, difference};
use data::{BEGIN, Data, LENGTH};
use prometheus::Prometheus;
use queries::Generator;

/// Enough for each form of the language in each position, in a few seconds. With `SAME_QUERIES`
/// in the environment, another number; with `SAME_SEED`, others.
const GENERATED: usize = 1500;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Each query at one moment and over a time.
fn both_ways(query: &str, random: &mut fastrand::Rng) -> [Asked; 2] {
    let at = BEGIN + random.i64(-60_000..LENGTH + 400_000);
    let step = random.choice([1_000, 15_000, 37_500, 60_000, 300_000]).unwrap();
    let end = at + step * random.i64(0..25) + random.i64(0..1000);
    let asked = |span, kind| Asked { query: query.to_owned(), span, kind };
    [
        asked(Span::instant(at), AskedKind::Instant),
        asked(Span { start: at, end, step }, AskedKind::Range),
    ]
}

#[test]
fn prometheus_answers_the_same() {
    let seed = setting("SAME_SEED", 42);
    let data = Data::new(7);
    let prometheus = Prometheus::with(&data.open_metrics());
    let mut random = fastrand::Rng::with_seed(seed);
    let mut generator = Generator::new(seed);
    let generated = usize::try_from(setting("SAME_QUERIES", GENERATED as u64)).unwrap();
    let listed = listed::LISTED.iter().map(|query| (*query).to_owned());
    let queries: Vec<String> =
        listed.chain(std::iter::repeat_with(|| generator.query()).take(generated)).collect();
    let mut differences = Vec::new();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for asked in queries.iter().flat_map(|query| both_ways(query, &mut random)) {
        let (ours, theirs) = (asked.of_ours(&data), asked.of_prometheus(prometheus.address));
        let outcome = match &theirs {
            Ok(data) if data["result"].as_array().is_some_and(Vec::is_empty) => "empty".to_owned(),
            Ok(_) => "answered".to_owned(),
            Err((kind, _)) => kind.clone(),
        };
        *outcomes.entry(outcome).or_default() += 1;
        differences.extend(difference(&asked, &ours, &theirs));
    }
    println!("{outcomes:?}");
    let shown = differences
        .iter()
        .take(20)
        .map(|it| it.chars().take(700).collect::<String>())
        .collect::<Vec<_>>()
        .join("\n");
    assert!(differences.is_empty(), "{} differ\n{shown}", differences.len());
    assert!(outcomes["answered"] > queries.len() / 2, "most questions tell nothing: {outcomes:?}");
}
