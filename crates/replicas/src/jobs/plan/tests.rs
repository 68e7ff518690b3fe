use tidegate_workload::{JobRestart, PodTemplate, WorkloadMeta};

use super::*;

const WAITS: Waits = Waits { first: Duration::from_secs(10), longest: Duration::from_mins(6) };

fn spec() -> JobSpec {
    JobSpec {
        template: PodTemplate {
            meta: WorkloadMeta::default(),
            containers: Vec::new(),
            init: Vec::new(),
            host_aliases: Vec::new(),
            termination_grace: Duration::ZERO,
            images: Vec::new(),
            volumes: Vec::new(),
            pull_secrets: Vec::new(),
        },
        restart: JobRestart::Never,
        completions: Some(1),
        parallelism: 1,
        backoff_limit: 6,
        active_deadline: None,
    }
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Plays a job whose attempts take a second each and succeed where `ends` says so. Returns when
/// each was started, and what the job came to when.
fn play(spec: &JobSpec, ends: impl Fn(usize) -> bool) -> (Vec<u64>, u64, Step) {
    let (mut tally, mut now, mut starts, mut open) = (Tally::default(), 0, Vec::new(), Vec::new());
    loop {
        match step(spec, WAITS, &tally, at(now)) {
            Step::Start(count) => {
                assert!(count > 0 && tally.running + count <= spec.parallelism);
                for _ in 0..count {
                    open.push((starts.len(), now + 1));
                    starts.push(now);
                }
                tally.running += count;
            }
            Step::Wait(pause) => {
                let ends_at = open.iter().map(|(_, at)| *at).min();
                let due = pause.map(|pause| now + pause.as_secs());
                now = ends_at.into_iter().chain(due).min().expect("it waits for something");
                while let Some(index) = open.iter().position(|(_, at)| *at <= now) {
                    let (number, _) = open.remove(index);
                    let ended = if ends(number) { Ok(()) } else { Err("it broke".to_owned()) };
                    tally.take(ended, at(now));
                }
            }
            ended => return (starts, now, ended),
        }
    }
}

#[test]
fn one_success_is_enough_unless_something_else_is_said() {
    assert_eq!(play(&spec(), |_| true), (vec![0], 1, Step::Complete));
}

#[test]
fn failures_are_tried_again_after_waits_that_double_up_to_the_longest() {
    let (starts, ended, step) = play(&JobSpec { backoff_limit: 7, ..spec() }, |_| false);
    let waits: Vec<u64> = starts.windows(2).map(|two| two[1] - two[0] - 1).collect();
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 360]);
    assert_eq!(ended, starts[7] + 1);
    let why = "it failed 8 times, over backoffLimit 7; the last time it broke";
    assert_eq!(step, Step::Failed(why.to_owned()));
}

#[test]
fn a_limit_of_zero_allows_no_failure() {
    let (starts, ended, step) = play(&JobSpec { backoff_limit: 0, ..spec() }, |_| false);
    assert_eq!((starts.len(), ended), (1, 1));
    let why = "it failed once, over backoffLimit 0; the last time it broke";
    assert_eq!(step, Step::Failed(why.to_owned()));
}

#[test]
fn a_failure_that_is_made_good_is_none() {
    assert_eq!(play(&spec(), |number| number == 1), (vec![0, 11], 12, Step::Complete));
}

#[test]
fn completions_are_worked_off_side_by_side_and_no_more_of_them() {
    let spec = JobSpec { completions: Some(5), parallelism: 2, ..spec() };
    assert_eq!(play(&spec, |_| true), (vec![0, 0, 1, 1, 2], 3, Step::Complete));
}

#[test]
fn without_completions_the_first_success_starts_no_more() {
    let spec = JobSpec { completions: None, parallelism: 3, ..spec() };
    assert_eq!(play(&spec, |number| number != 1), (vec![0, 0, 0], 1, Step::Complete));
}

#[test]
fn the_deadline_ends_what_runs_and_what_waits() {
    let spec = JobSpec { active_deadline: Some(at(5)), ..spec() };
    let failed = Step::Failed("it took longer than activeDeadlineSeconds 5".to_owned());
    assert_eq!(play(&spec, |_| false), (vec![0], 5, failed.clone()));
    let running = Tally { running: 1, ..Tally::default() };
    assert_eq!(step(&spec, WAITS, &running, at(4)), Step::Wait(Some(at(1))));
    assert_eq!(step(&spec, WAITS, &running, at(5)), failed);
    let done = Tally { succeeded: 1, ..Tally::default() };
    assert_eq!(step(&spec, WAITS, &done, at(9)), Step::Complete, "done is done");
}
