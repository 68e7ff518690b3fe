//! Steps that the next one does not wait for.

use tidegate_steps::{MAX_BACKGROUND, Outcome};

use crate::bed::{
    Bed, Said as _, cancel, check, composite, job, parallel, run, uses, wait, wait_all,
};

#[test]
fn what_it_tells_is_seen_once_it_was_waited_for() {
    check(
        vec![
            run("a", "out x=1; env A=1; path /a").in_background(),
            run("b", "see A").when("steps.a.outcome == ''"),
            wait(&["a"]),
            run("c", "see A").when("steps.a.outputs.x == 1"),
        ],
        "run Run out x=1; env A=1; path /a
         run Run see A
         Run out x=1; env A=1; path /a: success
         A is nothing
         Run see A: success
         Wait for a: success
         run Run see A
         A is 1
         Run see A: success
         over: success",
    );
}

#[test]
fn its_failure_counts_where_it_is_waited_for() {
    check(
        vec![
            run("a", "fail").in_background(),
            run("b", "x"),
            wait_all(),
            run("c", "y"),
            run("d", "z").when("failure()"),
        ],
        "run Run fail
         run Run x
         Run fail: failure
         Run x: success
         Wait for all background steps: failure
         Run y: skipped
         run Run z
         Run z: success
         over: failure",
    );
}

#[test]
fn a_job_waits_for_all_that_nobody_waited_for() {
    let mut bed = Bed::new(job(vec![run("a", "hang").in_background(), run("b", "x")]), vec![]);
    bed.settle().check("run Run hang\nrun Run x\nRun x: success");
    bed.let_go("Run hang", Outcome::Failure).check("Run hang: failure\nover: failure");
}

#[test]
fn one_that_a_step_ends_does_not_fail_the_job() {
    check(
        vec![
            run("server", "hang").in_background(),
            run("b", "x"),
            cancel("server"),
            run("c", "y").when("steps.server.outcome == 'cancelled'"),
        ],
        "run Run hang
         run Run x
         Run x: success
         stopped Run hang
         Run hang: cancelled
         Cancel server: success
         run Run y
         Run y: success
         over: success",
    );
}

#[test]
fn one_that_failed_before_it_was_ended_does_fail_it() {
    check(
        vec![
            run("server", "fail").in_background(),
            run("b", "x"),
            cancel("server"),
            wait(&["server"]),
        ],
        "run Run fail
         run Run x
         Run fail: failure
         Run x: success
         Cancel server: success
         Wait for server: failure
         over: failure",
    );
}

#[test]
fn steps_beside_each_other_are_waited_for_together() {
    let mut bed = Bed::new(
        job(vec![
            parallel(vec![run("a", "hang"), run("b", "fail"), run("c", "out x=1")]),
            run("d", "y").when("failure() && steps.c.outputs.x == 1"),
        ]),
        vec![],
    );
    bed.settle().check(
        "run Run hang\nrun Run fail\nrun Run out x=1\nRun fail: failure\nRun out x=1: success",
    );
    bed.let_go("Run hang", Outcome::Success).check(
        "Run hang: success
         Run in parallel: failure
         run Run y
         Run y: success
         over: failure",
    );
}

#[test]
fn a_composite_action_may_be_one() {
    let two = composite(vec![run("x", "out n=1"), run("y", "hang").when("steps.x.outputs.n == 1")]);
    let mut bed = Bed::new(
        job(vec![uses("u", "./two", &[]).in_background(), run("b", "z")]),
        vec![("./two", two)],
    );
    bed.settle();
    assert!(bed.transcript.contains(&"run Run hang".to_owned()), "{:?}", bed.transcript);
    assert!(bed.transcript.contains(&"Run z: success".to_owned()), "{:?}", bed.transcript);
    bed.transcript.clear();
    bed.let_go("Run hang", Outcome::Success)
        .check("Run hang: success\nRun ./two: success\nover: success");
}

#[test]
fn no_more_than_ten_run_at_once() {
    let steps = (0..12).map(|number| {
        run(&format!("s{number}"), "hang").called(&format!("{number}")).in_background()
    });
    let mut bed = Bed::new(job(steps.collect()), vec![]);
    bed.settle();
    assert_eq!(bed.hanging.len(), MAX_BACKGROUND);
    bed.let_go("3", Outcome::Success);
    assert_eq!(bed.hanging.len(), MAX_BACKGROUND);
    assert!(bed.hanging.values().any(|title| title == "10"));
    while let Some(title) = bed.hanging.values().next().cloned() {
        bed.let_go(&title, Outcome::Success);
    }
    assert_eq!(bed.orders, 12);
    assert_eq!(bed.sequence.over().unwrap().conclusion, Outcome::Success);
}
