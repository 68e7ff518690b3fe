//! What people are told of a run, and concurrency groups among runs.

use std::collections::BTreeMap;

use tidegate_workflow::setting::{Concurrency, Queue};
use tidegate_workflow::{
    CancelReason, Given, Groups, MOST_WAITING, Protection, Seen, Standing, Told, Waiting,
};

use crate::world::{Fates, World, given};
use crate::written::workflow;

const JOBS: &str = "
jobs:
  a: {}
  b: {needs: [a, c]}
  c: {concurrency: one}
  d: {concurrency: one}
  e: {environment: live}
  f: {environment: slow}
  g: {strategy: {max-parallel: 1, matrix: {v: [1, 2]}}}
";

#[test]
fn a_report_says_what_each_job_waits_for() {
    let reviewed = Protection { reviewers: vec!["bob".into()], ..Protection::default() };
    let slow = Protection { wait_minutes: 5, ..Protection::default() };
    let environments = BTreeMap::from([("live".to_owned(), reviewed), ("slow".to_owned(), slow)]);
    let mut world = World::new(&workflow(JOBS), Given { environments, ..given() }, Fates::new());
    let since = world.now;
    let until = since.after(std::time::Duration::from_mins(5));
    let standings = |world: &World| {
        world.run.report().jobs.into_iter().map(|job| job.standing).collect::<Vec<_>>()
    };
    let expect = [
        Standing::Running { since },
        Standing::Waiting(Waiting::Needs(vec!["a".into(), "c".into()])),
        Standing::Running { since },
        Standing::Waiting(Waiting::Concurrency("one".into())),
        Standing::Waiting(Waiting::Approval {
            environment: "live".into(),
            reviewers: vec!["bob".into()],
        }),
        Standing::Waiting(Waiting::Timer { until }),
        Standing::Running { since },
        Standing::Waiting(Waiting::Parallel(1)),
    ];
    assert_eq!(standings(&world), expect);
    assert_eq!(world.last.wake_at, Some(until));
    world.finish("a");
    assert_eq!(standings(&world)[1], Standing::Waiting(Waiting::Needs(vec!["c".into()])));
    world.run.observe(Seen::Cancelled { at: since, forced: false }).unwrap();
    world.run.plan(since);
    assert_eq!(standings(&world)[2], Standing::Ending { since, reason: CancelReason::Run });
}

#[test]
fn whoever_carries_plans_out_can_be_told_again() {
    let reviewed = Protection { reviewers: vec!["bob".into()], ..Protection::default() };
    let environments = BTreeMap::from([("live".to_owned(), reviewed)]);
    let text =
        "jobs: {a: {environment: live}, b: {concurrency: one}, c: {concurrency: one}, d: {}}";
    let world = World::new(&workflow(text), Given { environments, ..given() }, Fates::new());
    let mut run = world.taken_up();
    let shown: Vec<_> = run.pending().iter().map(|action| format!("{action:?}")).collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[0].starts_with("Ask") && shown[1].starts_with("Enter"), "{shown:?}");
    assert_eq!(run.begun().len(), 2);
    run.observe(Seen::Cancelled { at: world.now, forced: true }).unwrap();
    let shown: Vec<_> = run.pending().iter().map(|action| format!("{action:?}")).collect();
    assert!(shown.len() == 2 && shown.iter().all(|action| action.starts_with("Kill")), "{shown:?}");
}

fn wants(cancel_in_progress: bool, queue: Queue) -> Concurrency {
    Concurrency { group: "Deploy".to_owned(), cancel_in_progress, queue }
}

#[test]
fn the_last_that_comes_waits_and_those_before_it_go() {
    let mut groups = Groups::default();
    let single = wants(false, Queue::Single);
    assert_eq!(groups.enter(1, &single), [Told::Entered(1)]);
    assert_eq!(groups.enter(1, &single), [Told::Entered(1)]);
    assert_eq!(groups.enter(2, &single), []);
    assert_eq!(groups.enter(2, &single), []);
    assert_eq!(groups.enter(3, &single), [Told::Displaced(2)]);
    assert_eq!(
        groups.enter(4, &wants(true, Queue::Single)),
        [Told::Displaced(1), Told::Displaced(3)]
    );
    assert_eq!((groups.inside("deploy"), groups.waiting("DEPLOY")), (Some(&1), &[4][..]));
    assert_eq!(groups.leave(&3, "deploy"), None);
    assert_eq!(groups.leave(&1, "deploy"), Some(Told::Entered(4)));
    assert_eq!(groups.leave(&4, "deploy"), None);
    assert_eq!(groups, Groups::default());
}

#[test]
fn all_that_come_wait_where_that_is_asked_for() {
    let mut groups = Groups::default();
    let max = wants(false, Queue::Max);
    for who in 0..=MOST_WAITING {
        groups.enter(who, &max);
    }
    assert_eq!(groups.enter(999, &max), [Told::Displaced(999)]);
    assert_eq!(groups.leave(&1, "deploy"), None);
    assert_eq!(groups.leave(&0, "deploy"), Some(Told::Entered(2)));
    let text = serde_json::to_string(&groups).unwrap();
    assert_eq!(serde_json::from_str::<Groups<usize>>(&text).unwrap(), groups);
}
