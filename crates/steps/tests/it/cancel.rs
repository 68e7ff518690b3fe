//! Jobs that are cancelled.

use tidegate_steps::{Outcome, Runs};

use crate::bed::{Bed, Said as _, action, composite, condition, job, node, parallel, run, uses};

#[test]
fn what_runs_is_stopped_and_only_what_asks_for_it_runs_still() {
    let steps = vec![
        run("a", "hang"),
        run("b", "x"),
        run("c", "y").when("cancelled()"),
        run("d", "z").when("always()"),
        run("e", "w").when("failure()"),
        run("f", "v").when("!cancelled()"),
    ];
    let mut bed = Bed::new(job(steps), vec![]);
    bed.settle().check("run Run hang");
    bed.cancel().check(
        "stopped Run hang
         Run hang: cancelled
         Run x: skipped
         run Run y
         Run y: success
         run Run z
         Run z: success
         Run w: skipped
         Run v: skipped
         over: cancelled",
    );
}

#[test]
fn a_step_whose_condition_holds_even_so_runs_to_its_end() {
    let mut bed = Bed::new(job(vec![run("a", "hang").when("always()"), run("b", "x")]), vec![]);
    bed.settle();
    bed.cancel().check("run Run hang");
    bed.let_go("Run hang", Outcome::Failure)
        .check("Run hang: failure\nRun x: skipped\nover: cancelled");
}

#[test]
fn a_composite_action_is_stopped_where_it_is() {
    let inner = composite(vec![
        run("a", "hang").when("always()"),
        run("b", "x"),
        run("c", "y").when("always()"),
    ]);
    let mut bed =
        Bed::new(job(vec![uses("u", "./one", &[]), run("d", "z")]), vec![("./one", inner)]);
    bed.settle();
    bed.cancel().check(
        "run Run hang
         stopped Run hang
         Run hang: cancelled
         Run x: skipped
         run Run y
         Run y: success
         Run ./one: cancelled
         Run z: skipped
         over: cancelled",
    );
}

#[test]
fn what_is_in_the_background_is_stopped_in_any_case() {
    let steps = vec![
        run("a", "hang").called("one").when("always()").in_background(),
        parallel(vec![run("b", "hang").called("two"), run("c", "hang").called("three")]),
        run("d", "x").when("always()"),
    ];
    let mut bed = Bed::new(job(steps), vec![]);
    bed.settle().check("run one\nrun two\nrun three");
    bed.cancel().check(
        "stopped one
         stopped two
         stopped three
         one: cancelled
         two: cancelled
         three: cancelled
         Run in parallel: cancelled
         run Run x
         Run x: success
         over: cancelled",
    );
}

#[test]
fn afterwards_comes_still_and_a_second_time_changes_nothing() {
    let mut kept = node("x");
    kept.post = Some(("y".to_owned(), condition("always()")));
    let steps = vec![uses("u", "someone/a@v1", &[]), run("b", "hang")];
    let mut bed = Bed::new(job(steps), vec![("someone/a@v1", action(Runs::Node(kept)))]);
    bed.settle();
    bed.transcript.clear();
    bed.cancel().check(
        "stopped Run hang
         Run hang: cancelled
         run Post Run someone/a@v1
         Post Run someone/a@v1: success
         over: cancelled",
    );
    bed.cancel().check("over: cancelled");
}

#[test]
fn a_job_that_has_not_begun_runs_nothing_but_what_asks_for_it() {
    let mut bed = Bed::new(job(vec![run("a", "x"), run("b", "y").when("always()")]), vec![]);
    bed.cancel().check("Run x: skipped\nrun Run y\nRun y: success\nover: cancelled");
}
