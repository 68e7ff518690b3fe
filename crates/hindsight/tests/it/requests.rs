use std::time::Duration;

use tidegate_hindsight::{
    Comparison, Concurrent, Hit, Report, Settings, Word, judge_requests, replay_requests,
};

use crate::made::{Made, NOON, SAME, hits, traffic};

const STABLE: Made = Made { requests: 12_000, per_second: 40.0, seed: 77, ..SAME };

fn judged(canary: Made, stable: Made, settings: &Settings) -> Report {
    judge_requests(&traffic(&hits(canary), &hits(stable)), settings)
}

#[track_caller]
fn check(canary: Made, stable: Made, verdict: Word, comparison: Comparison) -> Report {
    let report = judged(canary, stable, &Settings::default());
    assert_eq!((report.verdict, report.comparison), (verdict, comparison), "{}", report.reason);
    report
}

#[test]
fn a_canary_that_fails_more_or_is_slower_is_worse_whatever_the_clocks() {
    let begins = [
        (NOON, NOON, Comparison::Concurrent),
        (0.0, 0.0, Comparison::SeeminglyConcurrent),
        (NOON + 3_600.0, NOON, Comparison::Apart),
    ];
    for (canary, stable, comparison) in begins {
        let (stable, same) = (Made { begin: stable, ..STABLE }, Made { begin: canary, ..SAME });
        check(Made { errors: 0.05, ..same }, stable, Word::Worse, comparison);
        check(Made { slower: 1.5, ..same }, stable, Word::Worse, comparison);
        let good = judged(same, stable, &Settings::default());
        assert_ne!(good.verdict, Word::Worse, "{}", good.reason);
    }
}

#[test]
fn worse_is_told_with_its_moment_and_what_it_took() {
    let report = check(Made { errors: 0.05, ..SAME }, STABLE, Word::Worse, Comparison::Concurrent);
    let errors = &report.metrics[0];
    assert_eq!((errors.name.as_str(), errors.verdict), ("errors", Word::Worse));
    let [low, high] = errors.interval.unwrap().map(Option::unwrap);
    let change = errors.change.unwrap();
    assert!(low > 0.25 && low < change && change < high, "{low} {change} {high}");
    assert!(errors.evidence >= errors.bar && report.reason.starts_with("errors: canary"));
    let after = report.decided_at.unwrap().seconds() - NOON;
    assert!(after > 2.0 && after < 120.0, "{after}");
}

/// One run whose latency wanders, as those of real services do.
fn wandering(seed: u64, begin: f64) -> Vec<Hit> {
    hits(Made { requests: 12_000, per_second: 40.0, wander: 0.02, begin, seed, ..SAME })
}

#[test]
fn a_run_against_itself_is_never_worse_however_it_is_halved() {
    for seed in 0..3 {
        for begin in [0.0, NOON] {
            let run = wandering(seed, begin);
            let (one, other) = run.split_at(run.len() / 2);
            let shift = other[0].at_micros - one[0].at_micros;
            let zeroed: Vec<_> =
                other.iter().map(|hit| Hit { at_micros: hit.at_micros - shift, ..*hit }).collect();
            let turns = |nth: usize| run.iter().skip(nth).step_by(2).copied().collect::<Vec<_>>();
            let mut halves = vec![(one.to_vec(), other.to_vec()), (turns(0), turns(1))];
            if begin == 0.0 {
                halves.push((one.to_vec(), zeroed));
            }
            for (nth, (one, other)) in halves.iter().enumerate() {
                for (canary, stable) in [(one, other), (other, one)] {
                    let report = judge_requests(&traffic(canary, stable), &Settings::default());
                    assert_ne!(
                        report.verdict,
                        Word::Worse,
                        "{seed} {begin} {nth}: {}",
                        report.reason
                    );
                }
            }
        }
    }
}

#[test]
fn what_did_not_run_together_is_told() {
    let later = Made { begin: NOON + 3_600.0, ..SAME };
    let report = judged(later, STABLE, &Settings::default());
    assert!(report.notes.iter().any(|note| note.contains("did not run at the same time")));
    let settings = Settings { concurrent: Concurrent::No, ..Settings::default() };
    assert_eq!(judged(SAME, STABLE, &settings).comparison, Comparison::Apart);
    let settings = Settings { concurrent: Concurrent::Yes, ..Settings::default() };
    let zero = Made { begin: 0.0, ..SAME };
    let report = judged(zero, Made { begin: 0.0, ..STABLE }, &settings);
    assert_eq!((report.comparison, report.notes.len()), (Comparison::Concurrent, 0));
}

#[test]
fn a_warm_up_leaves_the_canarys_beginning_out() {
    let cold = hits(Made { requests: 400, errors: 0.5, ..SAME });
    let warm = hits(Made { begin: NOON + 20.0, seed: 5, ..SAME });
    let traffic = traffic(&[cold, warm].concat(), &hits(STABLE));
    let judged = |warm_up| judge_requests(&traffic, &Settings { warm_up, ..Settings::default() });
    assert_eq!(judged(Duration::ZERO).verdict, Word::Worse);
    let report = judged(Duration::from_secs(25));
    assert_ne!(report.verdict, Word::Worse, "{}", report.reason);
    assert!(report.canary.from.unwrap().seconds() >= NOON + 25.0);
}

#[test]
fn without_requests_nothing_is_shown() {
    let settings = Settings::default();
    assert_eq!(judge_requests(&traffic(&[], &[]), &settings).verdict, Word::Inconclusive);
    assert_eq!(judge_requests(&traffic(&hits(SAME), &[]), &settings).verdict, Word::Inconclusive);
    let few = Made { requests: 30, ..SAME };
    assert_eq!(judged(few, few, &settings).verdict, Word::Inconclusive);
}

#[test]
fn what_was_not_recorded_is_no_metric() {
    let strip = |made| {
        hits(made).iter().map(|hit| Hit { latency_micros: None, ..*hit }).collect::<Vec<_>>()
    };
    let mut bare = traffic(&strip(SAME), &strip(STABLE));
    let names =
        |report: &Report| report.metrics.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&judge_requests(&bare, &Settings::default())), ["errors"]);
    bare.has_status = false;
    assert!(names(&judge_requests(&bare, &Settings::default())).is_empty());
}

#[test]
fn a_replay_ends_in_the_same_verdict() {
    for begin in [NOON, NOON + 3_600.0] {
        let canary = hits(Made { slower: 1.5, begin, ..SAME });
        let traffic = traffic(&canary, &hits(STABLE));
        let (report, looks) = replay_requests(&traffic, &Settings::default());
        assert_eq!(report.verdict, judge_requests(&traffic, &Settings::default()).verdict);
        assert_eq!(looks.last().unwrap().verdict, report.verdict);
        assert!(looks.len() > 3 && looks.windows(2).all(|pair| pair[0].at < pair[1].at));
        let since =
            looks.iter().rposition(|look| look.verdict != Word::Worse).map_or(0, |at| at + 1);
        assert_eq!(Some(looks[since].at), report.decided_at);
    }
}
