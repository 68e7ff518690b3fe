use std::fmt::Write as _;

use tidegate_judge::JudgeSettings;

use super::{Scale, percent, soon};
use crate::{Behaviour, Judge, Kayenta, Make, Setting, Table, Threshold, ZTest, trials};

/// Each release is watched for an hour.
const SECONDS: u32 = 3_600;

/// Requests a second, and the canary's share of them.
const TRAFFIC: [(f64, f64); 9] = [
    (10.0, 0.05),
    (10.0, 0.25),
    (10.0, 0.50),
    (100.0, 0.05),
    (100.0, 0.25),
    (100.0, 0.50),
    (1_000.0, 0.05),
    (1_000.0, 0.25),
    (1_000.0, 0.50),
];

/// A table: who watches, and what the stable revision and the canary are in its rows.
struct Part {
    watchers: &'static [(&'static str, Make)],
    rows: Vec<(&'static str, Behaviour, Behaviour)>,
}

const OF_ERRORS: &[(&str, Make)] = &[
    ("Tidegate", || Box::new(Judge::new(JudgeSettings::default()))),
    ("Tidegate, odds margin 1", || Box::new(Judge::new(no_margin()))),
    ("success >= 0.95, 1m, limit 3", || Box::new(Threshold::success_rate(0.95, 60, 3))),
    ("success >= 0.95, 5m, limit 3", || Box::new(Threshold::success_rate(0.95, 300, 3))),
    ("success >= 0.99, 1m, limit 3", || Box::new(Threshold::success_rate(0.99, 60, 3))),
    ("Kayenta, ten times", || Box::new(Kayenta::ten_times(SECONDS))),
    ("z-test, each minute", || Box::new(ZTest::new())),
];

const OF_LATENCY: &[(&str, Make)] = &[
    ("Tidegate", || Box::new(Judge::new(JudgeSettings::default()))),
    ("Tidegate, margin 2 %", || Box::new(Judge::new(narrow()))),
    ("p90 <= 1.2 x usual, 1m, limit 3", || Box::new(p90_within(1.2))),
    ("p90 <= 1.5 x usual, 1m, limit 3", || Box::new(p90_within(1.5))),
    ("Kayenta, ten times", || Box::new(Kayenta::ten_times(SECONDS))),
    ("z-test, each minute", || Box::new(ZTest::new())),
];

fn narrow() -> JudgeSettings {
    JudgeSettings { latency_margin: 0.02, ..JudgeSettings::default() }
}

fn no_margin() -> JudgeSettings {
    JudgeSettings { error_odds_margin: 1.0, ..JudgeSettings::default() }
}

fn p90_within(times: f64) -> Threshold {
    Threshold::p90(times * Behaviour::USUAL.p90_ms(), 60, 3)
}

fn parts() -> [Part; 2] {
    let usual = Behaviour::USUAL;
    let rare = usual.failing(0.001);
    [
        Part {
            watchers: OF_ERRORS,
            rows: vec![
                ("0.1 % and 0.1 %", rare, rare),
                ("1 % and 1 %", usual, usual),
                ("0.1 -> 1 %", rare, usual),
                ("1 -> 2 %", usual, usual.failing(0.02)),
                ("1 -> 5 %", usual, usual.failing(0.05)),
            ],
        },
        Part {
            watchers: OF_LATENCY,
            rows: vec![
                ("x 1", usual, usual),
                ("x 1.1", usual, usual.slower(1.1)),
                ("x 1.2", usual, usual.slower(1.2)),
                ("x 1.5", usual, usual.slower(1.5)),
                ("x 1.5 at p90 alone", usual, usual.slower_at_p90(1.5)),
            ],
        },
    ]
}

/// How soon a worse canary is found, and how often the same revision is called worse, by whom.
pub fn power(scale: Scale) -> String {
    let mut text = String::new();
    for Part { watchers, rows } in parts() {
        let names = watchers.iter().map(|(name, _)| *name);
        let columns: Vec<_> = ["canary", "req/s", "weight"].into_iter().chain(names).collect();
        let mut table = Table::new(&columns);
        for (name, stable, canary) in rows {
            for (per_second, weight) in TRAFFIC {
                let steady = Setting::steady(per_second, weight, SECONDS);
                let setting = Setting { stable, canary, ..steady };
                table.row(row(name, weight, &setting, watchers, scale));
            }
        }
        let _ = writeln!(text, "{table}");
    }
    text
}

fn row(
    name: &str,
    weight: f64,
    setting: &Setting,
    watchers: &[(&str, Make)],
    scale: Scale,
) -> Vec<String> {
    let makers: Vec<_> = watchers.iter().map(|(_, make)| *make).collect();
    let alike = setting.stable == setting.canary;
    let runs = if alike { scale.alike / 10 } else { scale.worse };
    scale.tell(&[name.to_owned(), setting.per_second.to_string(), weight.to_string()]);
    let found = trials(setting, &makers, scale.seed, runs, scale.threads);
    let cell = if alike { percent } else { soon };
    let about = [name.to_owned(), setting.per_second.to_string(), format!("{} %", 100.0 * weight)];
    about.into_iter().chain(found.iter().map(cell)).collect()
}
