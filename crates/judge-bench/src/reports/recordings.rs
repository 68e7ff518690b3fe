use tidegate_hindsight::{Settings, Word, judge_requests};

use super::{Scale, percent, share_of_runs};
use crate::{Alarm, Alarms, Halves, Harm, Table, Trace, parallel};

const ALONE: Trace = Trace::INDEPENDENT;
const SESSIONS: Trace = Trace { session: 5.0, between: 0.1, ..ALONE };

/// What runs may have in common, and how they are halved.
const KINDS: [(&str, Trace, Halves); 18] = [
    ("independent requests", ALONE, Halves::ByRequest),
    ("independent requests, 10 a second", Trace { per_second: 10.0, ..ALONE }, Halves::ByRequest),
    ("independent requests", ALONE, Halves::ByTurns),
    ("sessions of 5 within half a second", SESSIONS, Halves::BySession),
    ("the same, a minute", Trace { seconds: 60.0, ..SESSIONS }, Halves::BySession),
    ("sessions of 20 within two seconds", Trace { session: 20.0, ..SESSIONS }, Halves::BySession),
    (
        "sessions of 10 within 10 s",
        Trace { session: 10.0, between: 1.0, ..SESSIONS },
        Halves::BySession,
    ),
    (
        "sessions of 20 within 40 s",
        Trace { session: 20.0, between: 2.0, ..SESSIONS },
        Halves::BySession,
    ),
    ("overload of 5 s, once a minute", Trace { overload: 5.0, ..ALONE }, Halves::ByRequest),
    ("the same, sessions of 5", Trace { overload: 5.0, ..SESSIONS }, Halves::BySession),
    ("latency wanders", Trace { wander: 0.3, ..ALONE }, Halves::ByTurns),
    ("replicas wander for 10 s", Trace { apart: 0.2, ..ALONE }, Halves::ByReplica),
    ("replicas are paused for 2 s", Trace { pause: 2.0, ..ALONE }, Halves::ByReplica),
    ("replicas are paused for 10 s", Trace { pause: 10.0, ..ALONE }, Halves::ByReplica),
    ("latency wanders", Trace { wander: 0.3, ..ALONE }, Halves::ByTime),
    ("latency wanders", Trace { wander: 0.3, ..ALONE }, Halves::ByTimeFromZero),
    ("overload of 5 s, once a minute", Trace { overload: 5.0, ..ALONE }, Halves::ByTime),
    ("overload of 5 s, once a minute", Trace { overload: 5.0, ..ALONE }, Halves::ByTimeFromZero),
];

/// What is done to one half that is to be found.
const HARMS: [(&str, Harm); 4] = [
    ("1 % more fail", Harm { errors: 0.01, ..Harm::NONE }),
    ("4 % more fail", Harm { errors: 0.04, ..Harm::NONE }),
    ("latency x 1.2", Harm { slower: 1.2, ..Harm::NONE }),
    ("latency x 1.5", Harm { slower: 1.5, ..Harm::NONE }),
];

/// How often the judge of recorded requests calls one half of a run worse than the other, and how
/// often it finds harm that was done to it.
pub fn recordings(scale: Scale) -> String {
    let harms = HARMS.map(|(name, _)| name);
    let columns = [["a run of", "halves", "runs", "called worse (95 % interval)"], harms].concat();
    let mut table = Table::new(&columns);
    for (name, trace, halves) in KINDS {
        let told = vec![name.to_owned(), words(halves).to_owned()];
        scale.tell(&told);
        let called = |runs, harm| called(&trace, halves, harm, scale, runs);
        let alike = called(scale.alike, Harm::NONE);
        let counts = vec![alike.len().to_string(), share_of_runs(&alike)];
        let found = HARMS.map(|(_, harm)| percent(&called(scale.worse, harm)));
        table.row([told, counts, found.to_vec()].concat());
    }
    table.to_string()
}

fn called(trace: &Trace, halves: Halves, harm: Harm, scale: Scale, runs: u64) -> Alarms {
    parallel(runs, scale.threads, &|run| {
        let traffic = trace.halves(halves, harm, scale.seed, run);
        let report = judge_requests(&traffic, &Settings::default());
        (report.verdict == Word::Worse).then_some(Alarm { second: 0, canary_requests: 0 })
    })
}

const fn words(halves: Halves) -> &'static str {
    match halves {
        Halves::ByRequest => "by request",
        Halves::ByTurns => "by turns",
        Halves::BySession => "by session",
        Halves::ByReplica => "by replica",
        Halves::ByTime => "one after the other",
        Halves::ByTimeFromZero => "the same, from zero",
    }
}
