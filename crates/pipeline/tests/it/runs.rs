use tidegate_workflow::JobResult;

use crate::bed::{begin, cancelling, in_group, job};

#[tokio::test]
async fn jobs_run_as_they_need_each_other_and_tell_what_they_tell() {
    let jobs = vec![
        job("last", &["first"], &["${{ format('got {0}', needs.first.outputs.told) }}"]),
        job("first", &[], &["out one"]),
    ];
    let (lines, result) = begin(jobs, 4).end().await;
    assert_eq!(lines, ["first runs out one", "first success", "last runs got one", "last success"]);
    assert_eq!(result, JobResult::Success);
}

#[tokio::test]
async fn a_failure_skips_what_needs_it() {
    let jobs = vec![job("a", &[], &["fail", "ok"]), job("b", &["a"], &["ok"])];
    let (lines, result) = begin(jobs, 4).end().await;
    assert_eq!(lines, ["a runs fail", "a skips Run ok", "a failure", "b skipped"]);
    assert_eq!(result, JobResult::Failure);
}

#[tokio::test]
async fn a_job_without_room_has_failed_and_says_why() {
    let (lines, result) =
        begin(vec![job("nowhere", &[], &["ok"]), job("a", &[], &["ok"])], 1).end().await;
    assert_eq!(lines, ["##[error]there is no room", "nowhere failure", "a runs ok", "a success"]);
    assert_eq!(result, JobResult::Failure);
}

#[tokio::test]
async fn a_step_that_nobody_can_follow_fails_its_job_and_is_killed() {
    let (lines, result) = begin(vec![job("a", &[], &["panic", "ok"])], 1).end().await;
    assert_eq!(lines, ["a runs panic", "a is killed", "a failure"]);
    assert_eq!(result, JobResult::Failure);
}

#[tokio::test]
async fn no_more_run_at_once_than_there_are_places() {
    let jobs = (0..20).map(|number| job(&format!("j{number}"), &[], &["ok"]));
    let bed = begin(jobs.collect(), 3);
    let world = bed.world.clone();
    let (lines, result) = bed.end().await;
    assert_eq!((result, world.most()), (JobResult::Success, 3));
    assert_eq!(lines.iter().filter(|line| line.ends_with(" success")).count(), 20);
}

#[tokio::test]
async fn jobs_of_one_group_run_one_at_a_time_and_the_last_that_came_is_kept() {
    let jobs = ["a", "b", "c"].map(|id| in_group(job(id, &[], &["ok"]), "one"));
    let bed = begin(jobs.into(), 4);
    let world = bed.world.clone();
    let (lines, result) = bed.end().await;
    assert_eq!(world.most(), 1);
    assert_eq!(lines, ["a runs ok", "a success", "c runs ok", "c success"], "b was displaced");
    assert_eq!(result, JobResult::Cancelled);
}

#[tokio::test]
async fn an_output_with_a_secret_is_told_to_nobody() {
    let jobs = vec![
        job("a", &[], &["out s3cret"]),
        job("b", &["a"], &["${{ format('got [{0}]', needs.a.outputs.told) }}"]),
    ];
    let (lines, _) = begin(jobs, 1).end().await;
    let told = "a: Skip output 'told' since it may contain secret.";
    assert_eq!(lines, ["a runs out s3cret", told, "a success", "b runs got []", "b success"]);
}

#[tokio::test]
async fn a_step_that_is_cancelled_as_it_begins_is_stopped_all_the_same() {
    let (lines, result) = begin(vec![cancelling(job("a", &[], &["hang"]))], 1).end().await;
    assert!(lines.contains(&"a is stopped".to_owned()), "{lines:?}");
    assert_eq!(result, JobResult::Success);
}
