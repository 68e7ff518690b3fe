use tidegate_judge::JudgeSettings;

use super::{Scale, percent, share_of_runs};
use crate::{
    Behaviour, Judge, Make, Replicas, Setting, Table, Threshold, Weather, Weights, ZTest, trials,
};

/// Replicas as in a cluster where not all goes well: 3 % between machines, 5 % that come and go.
const UNEVEN: Replicas = Replicas { canary: 2, stable: 8, apart: 0.03, wander: 0.05, cold: 0.0 };

/// Requests a second, and for how many seconds they are watched: the more of them there are, the longer
/// a second takes to simulate, and the more evidence is in it. 9,000, 18,000 and 60,000 requests.
const TRAFFIC: [(f64, u32); 3] = [(10.0, 900), (100.0, 180), (1_000.0, 60)];

/// Half a working day, for fewer runs: what "without end" comes to.
const LONG: (f64, u32) = (10.0, 4 * 3_600);

/// Names of all that a setting may be.
const SHAPES: [&str; 9] = [
    "Poisson",
    "bursty",
    "errors in clumps of 5",
    "trending",
    "seasonal",
    "weights 5, 25, 50, 75 %",
    "weights change in a trend",
    "replicas differ",
    "at the margin",
];

fn shape(name: &str, per_second: f64, seconds: u32) -> Setting {
    let steady = Setting::steady(per_second, 0.25, seconds);
    match name {
        "bursty" => Setting { weather: Weather::Bursty, ..steady },
        "errors in clumps of 5" => Setting { clump: 5.0, ..steady },
        "trending" => Setting { weather: Weather::Trending, ..steady },
        "seasonal" => Setting { weather: Weather::Seasonal, ..steady },
        "weights 5, 25, 50, 75 %" => Setting { weights: Weights::Steps, ..steady },
        "weights change in a trend" => {
            Setting { weather: Weather::Trending, weights: Weights::Steps, ..steady }
        }
        "replicas differ" => Setting { replicas: UNEVEN, ..steady },
        "at the margin" => {
            let rate = Behaviour::with_odds(steady.stable.error_rate, 1.25);
            Setting { canary: steady.stable.slower(1.1).failing(rate), ..steady }
        }
        _ => steady,
    }
}

const WATCHERS: [Make; 4] = [
    || Box::new(Judge::new(JudgeSettings::default())),
    || Box::new(Threshold::success_rate(0.95, 60, 3)),
    || Box::new(Threshold::p90(1.2 * Behaviour::USUAL.p90_ms(), 60, 3)),
    || Box::new(ZTest::new()),
];

/// How often the same revision is called worse than itself, watched every second.
pub fn false_alarms(scale: Scale) -> String {
    let mut table = Table::new(&[
        "traffic",
        "req/s",
        "watched",
        "runs",
        "Tidegate, alpha 1 % (95 % interval)",
        "success rate >= 0.95",
        "p90 <= 1.2 x the usual",
        "z-test each minute",
    ]);
    for name in SHAPES {
        for (per_second, seconds) in TRAFFIC {
            table.row(row(name, &shape(name, per_second, seconds), scale.alike, scale));
        }
    }
    let (per_second, seconds) = LONG;
    for name in ["Poisson", "seasonal"] {
        table.row(row(name, &shape(name, per_second, seconds), scale.alike / 20, scale));
    }
    table.to_string()
}

fn row(name: &str, setting: &Setting, runs: u64, scale: Scale) -> Vec<String> {
    let found = trials(setting, &WATCHERS, scale.seed, runs, scale.threads);
    let mut cells = vec![
        name.to_owned(),
        format!("{}", setting.per_second),
        format!("{} min", setting.seconds / 60),
        found.first().map_or(0, Vec::len).to_string(),
    ];
    cells.extend(found.first().map(share_of_runs));
    cells.extend(found.iter().skip(1).map(percent));
    scale.tell(&cells);
    cells
}
