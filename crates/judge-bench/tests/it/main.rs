//! The bench in short: what it prints at length has to hold in few runs too.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use tidegate_hindsight::{Settings, Word, judge_requests};
use tidegate_judge::JudgeSettings;
use tidegate_judge_bench::{
    Alarms, Behaviour, Beside, Halves, Harm, Judge, Kayenta, Make, Replicas, Setting, Threshold,
    Trace, Weather, Weights, ZTest, clopper_pearson, reports, trials,
};

const SECONDS: u32 = 240;

const WATCHERS: [Make; 4] = [
    || Box::new(Judge::new(JudgeSettings::default())),
    || Box::new(Threshold::success_rate(0.97, 30, 3)),
    || Box::new(Kayenta::ten_times(SECONDS)),
    || Box::new(ZTest::new()),
];

fn watch(setting: &Setting, runs: u64) -> Vec<Alarms> {
    trials(setting, &WATCHERS, 7, runs, 2)
}

fn alarmed(alarms: &Alarms) -> u64 {
    alarms.iter().flatten().count() as u64
}

fn steady() -> Setting {
    Setting::steady(40.0, 0.25, SECONDS)
}

/// The judge's alarms are no more than alpha explains, but for one test in a thousand.
fn check_false_alarms(setting: &Setting, runs: u64) {
    let alarms = alarmed(&watch(setting, runs)[0]);
    let (low, _) = clopper_pearson(alarms, runs, 0.002);
    assert!(low <= 0.01, "{alarms} of {runs} in {setting:?}");
}

#[test]
fn a_revision_is_not_called_worse_than_itself() {
    check_false_alarms(&steady(), 100);
    check_false_alarms(&Setting { weather: Weather::Bursty, ..steady() }, 100);
    check_false_alarms(&Setting { weather: Weather::Seasonal, ..steady() }, 100);
    check_false_alarms(&Setting { clump: 5.0, ..steady() }, 100);
    let changing = Setting { weather: Weather::Trending, weights: Weights::Steps, ..steady() };
    check_false_alarms(&changing, 100);
}

#[test]
fn what_is_worse_is_found_by_who_looks_at_that() {
    let failing = Setting { canary: Behaviour::USUAL.failing(0.10), ..steady() };
    let found: Vec<u64> = watch(&failing, 20).iter().map(alarmed).collect();
    assert!(found.iter().all(|&found| found >= 19), "{found:?}");
    let slower = Setting { canary: Behaviour::USUAL.slower(1.6), ..steady() };
    let found: Vec<u64> = watch(&slower, 20).iter().map(alarmed).collect();
    assert_eq!((found[0], found[1], found[2], found[3]), (20, 0, 20, 20));
}

#[test]
fn a_test_for_one_look_is_wrong_when_it_is_repeated() {
    let alarms = alarmed(&watch(&Setting { seconds: 1_200, ..steady() }, 60)[3]);
    let (low, _) = clopper_pearson(alarms, 60, 0.05);
    assert!(low > 0.02, "two tests at 1 % each, and {alarms} of 60");
}

#[test]
fn cold_replicas_look_worse_than_old_ones_and_not_than_a_baseline() {
    let cold = Replicas { canary: 2, stable: 8, cold: 2.0, ..Replicas::ALIKE };
    let beside = |beside| Setting { replicas: cold, beside, ..Setting::steady(100.0, 0.2, 90) };
    assert!(alarmed(&watch(&beside(Beside::LongRunning), 20)[0]) >= 19);
    assert!(alarmed(&watch(&beside(Beside::Baseline), 20)[0]) <= 1);
}

#[test]
fn a_seed_says_all_whatever_the_threads() {
    let rows = |seed, threads| {
        reports::rows(reports::Scale { seed, threads, alike: 10, worse: 5, progress: |_| () })
    };
    assert_eq!(rows(3, 1), rows(3, 3));
    let runs = |seed, threads| trials(&steady(), &WATCHERS[3..], seed, 12, threads);
    assert_eq!(runs(3, 1), runs(3, 5));
    assert_ne!(runs(3, 1), runs(4, 1));
    assert!(runs(3, 1)[0].len() == 12);
}

#[test]
fn a_threshold_counts_failed_intervals() {
    let failing = Setting { canary: Behaviour::USUAL.failing(0.5), ..steady() };
    let alarm = watch(&failing, 1)[1][0].unwrap();
    assert_eq!(
        alarm.second, 120,
        "the fourth interval of 30 s is one more than the limit of three"
    );
}

#[test]
fn halves_of_a_run_are_alike_and_harm_to_one_is_found() {
    let sessions = Trace { session: 5.0, between: 0.1, seconds: 120.0, ..Trace::INDEPENDENT };
    let worse = |halves, harm| {
        let verdict =
            |run| judge_requests(&sessions.halves(halves, harm, 5, run), &Settings::default());
        (0..20).filter(|run| verdict(*run).verdict == Word::Worse).count()
    };
    for halves in [Halves::BySession, Halves::ByTurns, Halves::ByTime, Halves::ByTimeFromZero] {
        assert!(worse(halves, Harm::NONE) <= 1, "{halves:?}");
    }
    assert!(worse(Halves::BySession, Harm { slower: 2.0, ..Harm::NONE }) >= 19);
}
