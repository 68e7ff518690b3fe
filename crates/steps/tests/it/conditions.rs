//! Which steps run, and what the job comes to.

use crate::bed::{Bed, Said as _, check, job, mapping, run};

#[test]
fn steps_run_one_after_the_other_and_are_called_by_what_they_run() {
    check(
        vec![run("a", "make all"), run("b", "make test").called("Test it")],
        "run Run make all
         Run make all: success
         run Test it
         Test it: success
         over: success",
    );
}

#[test]
fn after_a_failure_only_what_asks_for_it_runs() {
    check(
        vec![
            run("a", "fail"),
            run("b", "next"),
            run("c", "mop").when("failure()"),
            run("d", "tidy").when("always()"),
            run("e", "else").when("!cancelled()"),
            run("f", "other").when("1 == 1"),
            run("g", "done").when("success()"),
        ],
        "run Run fail
         Run fail: failure
         Run next: skipped
         run Run mop
         Run mop: success
         run Run tidy
         Run tidy: success
         run Run else
         Run else: success
         Run other: skipped
         Run done: skipped
         over: failure",
    );
}

#[test]
fn a_failure_that_is_accepted_is_a_success_for_the_job_alone() {
    check(
        vec![
            run("a", "fail").whatever(),
            run("b", "next")
                .when("steps.a.outcome == 'failure' && steps.a.conclusion == 'success'"),
            run("c", "no").when("failure()"),
        ],
        "run Run fail
         Run fail: failure, taken for success
         run Run next
         Run next: success
         Run no: skipped
         over: success",
    );
}

#[test]
fn a_condition_that_cannot_be_told_fails_its_step() {
    check(
        vec![run("a", "x").when("fromJSON('{') == 1"), run("b", "y").when("always()")],
        "Error: 1:1: the expression `fromJSON('{') == 1` has no value: Error parsing fromJson: it ends where a name should be (line 1, column 2)
         Run x: failure
         run Run y
         Run y: success
         over: failure",
    );
}

#[test]
fn steps_see_what_those_before_them_told() {
    check(
        vec![
            run("a", "out name=blue; out name=green"),
            run("__run", "out hidden=1"),
            run("b", "${{ format('see it; {0}', steps.a.outputs.name) }}"),
            run("c", "x").when("steps.__run.outputs.hidden == 1"),
            run("d", "y").when(
                "job.status == 'success' && github.event.number == 7 && github.action == 'd'",
            ),
        ],
        "run Run out name=blue; out name=green
         Run out name=blue; out name=green: success
         run Run out hidden=1
         Run out hidden=1: success
         run Run see it; green
         it is nothing
         Run see it; green: success
         Run x: skipped
         run Run y
         Run y: success
         over: success",
    );
}

#[test]
fn a_job_tells_what_its_outputs_say() {
    let mut job = job(vec![run("a", "out x=1"), run("b", "fail")]);
    job.outputs = Some(mapping(&[
        ("x", "${{ steps.a.outputs.x }}"),
        ("y", "${{ steps.b.outcome }}"),
        ("z", "plain"),
    ]));
    Bed::new(job, vec![]).settle().check(
        "run Run out x=1
         Run out x=1: success
         run Run fail
         Run fail: failure
         over: failure x=1 y=failure z=plain",
    );
}

#[test]
fn outputs_that_have_no_value_fail_the_job() {
    let mut job = job(vec![]);
    job.outputs = Some(mapping(&[("x", "${{ fromJSON('') }}")]));
    let mut bed = Bed::new(job, vec![]);
    bed.settle();
    assert!(
        bed.transcript[0].starts_with("Error: 1:1: the expression `fromJSON('')`"),
        "{:?}",
        bed.transcript
    );
    bed.transcript.clear();
    bed.check("over: failure");
}

#[test]
fn hash_files_is_asked_of_the_machine() {
    check(
        vec![
            run("a", "${{ hashFiles('**/lock', 'x') }}"),
            run("b", "y").when("hashFiles('nowhere') == ''"),
        ],
        "run Run **/lock+x
         Run **/lock+x: success
         Error: 1:1: the expression `hashFiles('nowhere') == ''` has no value: no such folder
         Run y: failure
         over: failure",
    );
}

#[test]
fn a_step_may_take_as_long_as_it_says() {
    check(
        vec![
            run("a", "how-long").minutes("${{ 2.5 }}"),
            run("b", "how-long").minutes("${{ 0 }}"),
            run("c", "x").minutes("soon"),
        ],
        "run Run how-long
         Some(2.5)
         Run how-long: success
         run Run how-long
         None
         Run how-long: success
         Error: 1:1: expected a number, found the text 'soon'
         Run x: failure
         over: failure",
    );
}

#[test]
fn a_title_is_one_line_and_not_too_long() {
    let long = "x".repeat(300);
    let mut bed = Bed::new(
        job(vec![run("a", "  first  \nsecond"), run("b", &long).called("${{ steps.a.outcome }}")]),
        vec![],
    );
    bed.settle()
        .check("run Run first\nRun first: success\nrun success\nsuccess: success\nover: success");
    let mut bed = Bed::new(job(vec![run("a", &long)]), vec![]);
    bed.settle();
    assert_eq!(bed.transcript[0].chars().count(), "run ".len() + 200);
    assert!(bed.transcript[0].ends_with("x…"));
}

#[test]
fn a_job_whose_variables_have_no_value_runs_nothing() {
    let mut job = job(vec![run("a", "x").when("always()")]);
    job.env = vec![mapping(&[("A", "${{ fromJSON('{') }}")])];
    let mut bed = Bed::new(job, vec![]);
    bed.settle();
    assert_eq!(bed.orders, 0);
    assert!(bed.transcript[0].starts_with("Error: 1:1:"), "{:?}", bed.transcript);
}
