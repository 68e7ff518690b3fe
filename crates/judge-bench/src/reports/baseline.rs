use std::time::Duration;

use tidegate_judge::JudgeSettings;

use super::{Scale, percent, soon};
use crate::{Behaviour, Beside, Judge, Make, Replicas, Setting, Table, trials};

/// A quarter of an hour: replicas are warm after two minutes, and whatever then differs stays.
const SECONDS: u32 = 900;

/// What the judge is told of new replicas.
const WATCHERS: [(&str, Make); 3] = [
    ("warm-up 2 s (the default)", || Box::new(Judge::new(JudgeSettings::default()))),
    ("warm-up 60 s for latency", || Box::new(Judge::new(warm()))),
    ("warm-up 60 s for all", || Box::new(Judge::new(JudgeSettings::default()).warmed_up(60))),
];

fn warm() -> JudgeSettings {
    JudgeSettings { warm_up: Duration::from_mins(1), ..JudgeSettings::default() }
}

/// How new replicas may differ from old ones: their names and how.
fn kinds() -> [(&'static str, Replicas); 4] {
    let cold = Replicas { canary: 2, stable: 8, cold: 0.5, ..Replicas::ALIKE };
    let colder = Replicas { cold: 2.0, ..cold };
    let uneven = Replicas { apart: 0.03, wander: 0.03, ..cold };
    [
        ("alike", Replicas::ALIKE),
        ("cold", cold),
        ("very cold", colder),
        ("cold, and differ", uneven),
    ]
}

/// What the canary is: as good, failing more often, slower.
fn canaries() -> [(&'static str, Behaviour); 3] {
    let usual = Behaviour::USUAL;
    [
        ("the same", usual),
        ("errors 1 -> 3 %", usual.failing(0.03)),
        ("latency x 1.3", usual.slower(1.3)),
    ]
}

/// What a baseline is worth: false alarms and power with new replicas of the stable revision beside
/// the canary, and with its old ones.
pub fn baseline(scale: Scale) -> String {
    let names = WATCHERS.iter().map(|(name, _)| *name);
    let columns: Vec<_> = ["replicas", "canary", "beside it"].into_iter().chain(names).collect();
    let mut table = Table::new(&columns);
    for (kind, replicas) in kinds() {
        for (name, canary) in canaries() {
            for (what, beside) in
                [("old replicas", Beside::LongRunning), ("a baseline", Beside::Baseline)]
            {
                let steady = Setting::steady(100.0, 0.2, SECONDS);
                let setting = Setting { replicas, beside, canary, ..steady };
                let about = [kind, name, what].map(str::to_owned);
                scale.tell(&about);
                table.row(row(about, &setting, scale));
            }
        }
    }
    table.to_string()
}

fn row(about: [String; 3], setting: &Setting, scale: Scale) -> Vec<String> {
    let makers = WATCHERS.map(|(_, make)| make);
    let alike = setting.stable == setting.canary;
    let runs = if alike { scale.alike / 10 } else { scale.worse };
    let found = trials(setting, &makers, scale.seed, runs, scale.threads);
    let cell = if alike { percent } else { soon };
    about.into_iter().chain(found.iter().map(cell)).collect()
}
