//! Actions that are steps themselves.

use crate::bed::{Bed, Said as _, check_with, composite, input, job, output, run, uses};

#[test]
fn its_steps_see_its_inputs_and_tell_only_what_it_tells() {
    let mut greet = composite(vec![
        run("a", "${{ format('out said={0} {1}', inputs.greeting, inputs.WHO) }}"),
        run("b", "see INPUT_WHO; see GITHUB_ACTION_PATH; see GITHUB_ACTION_REPOSITORY"),
    ]);
    greet.inputs = vec![input("who", Some("${{ github.ref }}")), input("greeting", None)];
    greet.outputs = vec![output("text", "${{ steps.a.outputs.said }}")];
    check_with(
        vec![("./greet", greet)],
        vec![
            uses("g", "./greet", &[("greeting", "hello")]),
            run("c", "${{ format('see x; {0}|{1}', steps.g.outputs.text, steps.a.outputs.said) }}"),
        ],
        "run Run out said=hello refs/heads/main
         Run out said=hello refs/heads/main: success
         run Run see INPUT_WHO; see GITHUB_ACTION_PATH; see GITHUB_ACTION_REPOSITORY
         INPUT_WHO is nothing
         GITHUB_ACTION_PATH is /actions/one
         GITHUB_ACTION_REPOSITORY is someone/one
         Run see INPUT_WHO; see GITHUB_ACTION_PATH; see GITHUB_ACTION_REPOSITORY: success
         Run ./greet: success
         run Run see x; hello refs/heads/main|
         x is nothing
         Run see x; hello refs/heads/main|: success
         over: success",
    );
}

#[test]
fn its_failure_is_its_own_until_it_is_over() {
    let inner = composite(vec![
        run("a", "fail"),
        run("b", "x"),
        run("c", "y").when("failure()"),
        run("d", "z").when("job.status == 'success' && always()"),
    ]);
    check_with(
        vec![("./one", inner)],
        vec![uses("u", "./one", &[]), run("e", "w"), run("f", "v").when("failure()")],
        "run Run fail
         Run fail: failure
         Run x: skipped
         run Run y
         Run y: success
         run Run z
         Run z: success
         Run ./one: failure
         Run w: skipped
         run Run v
         Run v: success
         over: failure",
    );
}

#[test]
fn it_runs_whole_where_the_job_has_failed_before() {
    let inner = composite(vec![run("a", "x"), run("b", "no").when("failure()")]);
    check_with(
        vec![("./one", inner)],
        vec![run("z", "fail"), uses("u", "./one", &[]).when("always()")],
        "run Run fail
         Run fail: failure
         run Run x
         Run x: success
         Run no: skipped
         Run ./one: success
         over: failure",
    );
}

#[test]
fn its_variables_are_those_of_its_step_and_what_its_steps_set_is_for_all() {
    let inner = composite(vec![
        run("a", "see A; see B; env A=inner; env C=inner"),
        run("b", "see A; see C").env(&[("C", "nearest")]),
    ]);
    check_with(
        vec![("./one", inner)],
        vec![
            uses("u", "./one", &[]).env(&[("A", "outer"), ("B", "outer")]),
            run("c", "see A; see C"),
        ],
        "run Run see A; see B; env A=inner; env C=inner
         A is outer
         B is outer
         Run see A; see B; env A=inner; env C=inner: success
         run Run see A; see C
         A is outer
         C is nearest
         Run see A; see C: success
         Run ./one: success
         run Run see A; see C
         A is inner
         C is inner
         Run see A; see C: success
         over: success",
    );
}

#[test]
fn one_in_another_is_found_before_the_job_begins_or_when_its_turn_comes() {
    let outer = composite(vec![uses("i", "someone/inner@v1", &[]), uses("l", "./local", &[])]);
    let inner = composite(vec![run("a", "x")]);
    let local = composite(vec![run("b", "y")]);
    check_with(
        vec![("someone/outer@v1", outer), ("someone/inner@v1", inner), ("./local", local)],
        vec![uses("o", "someone/outer@v1", &[])],
        "run Run x
         Run x: success
         Run someone/inner@v1: success
         run Run y
         Run y: success
         Run ./local: success
         Run someone/outer@v1: success
         over: success",
    );
}

#[test]
fn an_action_that_is_nowhere_ends_the_job_before_it_begins() {
    check_with(
        vec![("someone/outer@v1", composite(vec![uses("i", "someone/gone@v1", &[])]))],
        vec![run("a", "x").when("always()"), uses("o", "someone/outer@v1", &[])],
        "Error: there is no someone/gone@v1
         over: failure",
    );
}

#[test]
fn one_of_the_workspace_that_is_nowhere_fails_its_step() {
    check_with(
        vec![],
        vec![uses("o", "./gone", &[]), run("a", "x").when("always()")],
        "Error: there is no ./gone
         Run ./gone: failure
         run Run x
         Run x: success
         over: failure",
    );
}

#[test]
fn one_that_uses_itself_ends_at_the_runners_own_limit() {
    let endless = composite(vec![uses("again", "./endless", &[])]);
    let mut bed = Bed::new(job(vec![uses("o", "./endless", &[])]), vec![("./endless", endless)]);
    bed.settle();
    assert_eq!(bed.transcript[0], "Error: composite actions are nested more than 10 deep here");
    assert_eq!(bed.transcript.iter().filter(|line| **line == "Run ./endless: failure").count(), 11);
}
