//! What actions do before and after all steps.

use tidegate_steps::{Action, Outcome, Runs};

use crate::bed::{Bed, Said as _, action, check_with, composite, condition, job, node, run, uses};

fn staged(main: &str, post: &str, post_if: &str) -> Action {
    let mut node = node(main);
    node.post = Some((post.to_owned(), condition(post_if)));
    action(Runs::Node(node))
}

#[test]
fn afterwards_comes_in_the_reverse_order_and_knows_what_was_saved() {
    check_with(
        vec![
            ("someone/a@v1", staged("save K=1", "see STATE_K", "always()")),
            ("someone/b@v1", staged("save K=2", "see STATE_K", "always()")),
        ],
        vec![uses("a", "someone/a@v1", &[]), uses("b", "someone/b@v1", &[]), run("c", "fail")],
        "run Run someone/a@v1
         Run someone/a@v1: success
         run Run someone/b@v1
         Run someone/b@v1: success
         run Run fail
         Run fail: failure
         run Post Run someone/b@v1
         STATE_K is 2
         Post Run someone/b@v1: success
         run Post Run someone/a@v1
         STATE_K is 1
         Post Run someone/a@v1: success
         over: failure",
    );
}

#[test]
fn a_condition_says_whether_there_is_an_afterwards_and_only_for_what_ran() {
    check_with(
        vec![
            ("someone/a@v1", staged("x", "y", "success()")),
            ("someone/b@v1", staged("fail", "z", "failure()")),
            ("someone/c@v1", staged("x", "never", "always()")),
        ],
        vec![
            uses("a", "someone/a@v1", &[]),
            uses("b", "someone/b@v1", &[]),
            uses("c", "someone/c@v1", &[]),
        ],
        "run Run someone/a@v1
         Run someone/a@v1: success
         run Run someone/b@v1
         Run someone/b@v1: failure
         Run someone/c@v1: skipped
         run Post Run someone/b@v1
         Post Run someone/b@v1: success
         Post Run someone/a@v1: skipped
         over: failure",
    );
}

#[test]
fn an_afterwards_that_fails_fails_the_job() {
    check_with(
        vec![("someone/a@v1", staged("x", "fail", "always()"))],
        vec![uses("a", "someone/a@v1", &[])],
        "run Run someone/a@v1
         Run someone/a@v1: success
         run Post Run someone/a@v1
         Post Run someone/a@v1: failure
         over: failure",
    );
}

#[test]
fn those_within_a_composite_action_come_afterwards_too() {
    check_with(
        vec![
            ("someone/all@v1", composite(vec![uses("a", "someone/a@v1", &[]), run("b", "x")])),
            ("someone/a@v1", staged("save K=1", "see STATE_K", "always()")),
        ],
        vec![uses("all", "someone/all@v1", &[]), run("c", "y")],
        "run Run someone/a@v1
         Run someone/a@v1: success
         run Run x
         Run x: success
         Run someone/all@v1: success
         run Run y
         Run y: success
         run Post Run someone/a@v1
         STATE_K is 1
         Post Run someone/a@v1: success
         over: success",
    );
}

#[test]
fn before_all_steps_comes_first_and_what_it_saves_is_there_later() {
    let mut early = node("see STATE_K; see A");
    early.pre = Some(("save K=0; env A=pre".to_owned(), condition("always()")));
    check_with(
        vec![("someone/a@v1", action(Runs::Node(early)))],
        vec![run("b", "see A"), uses("a", "someone/a@v1", &[])],
        "run Pre Run someone/a@v1
         Pre Run someone/a@v1: success
         run Run see A
         A is pre
         Run see A: success
         run Run someone/a@v1
         STATE_K is 0
         A is pre
         Run someone/a@v1: success
         over: success",
    );
}

#[test]
fn a_beginning_that_fails_leaves_the_steps_that_ask_for_it() {
    let mut early = node("x");
    early.pre = Some(("fail".to_owned(), condition("runner.os == 'Linux'")));
    check_with(
        vec![("someone/a@v1", action(Runs::Node(early)))],
        vec![uses("a", "someone/a@v1", &[]), run("b", "y").when("always()")],
        "run Pre Run someone/a@v1
         Pre Run someone/a@v1: failure
         Run someone/a@v1: skipped
         run Run y
         Run y: success
         over: failure",
    );
}

#[test]
fn what_tidegate_does_itself_has_an_afterwards_as_others_do() {
    let native = action(Runs::Native { name: "save A=1", post: Some(condition("success()")) });
    let mut bed =
        Bed::new(job(vec![uses("a", "actions/cache@v4", &[])]), vec![("actions/cache@v4", native)]);
    bed.settle().check(
        "run Run actions/cache@v4
         Run actions/cache@v4: success
         run Post Run actions/cache@v4
         Post Run actions/cache@v4: success
         over: success",
    );
    assert_eq!(bed.sequence.over().unwrap().conclusion, Outcome::Success);
}
