//! Environments: of the workflow, the job, steps before, and the step itself.

use crate::bed::{Bed, Said as _, check, job, mapping, run};

#[test]
fn the_nearest_one_holds() {
    let mut job = job(vec![
        run("a", "see A; see B; see C; env A=from-a; env B=from-a")
            .env(&[("C", "${{ format('{0}-step', env.A) }}")]),
        run("b", "see A; see B; see C").env(&[("B", "step")]),
        run("c", "see B; see b").when("env.B == 'from-a' && env.b == ''"),
    ]);
    job.env = vec![
        mapping(&[("A", "workflow"), ("B", "workflow")]),
        mapping(&[("B", "${{ github.ref }}")]),
    ];
    Bed::new(job, vec![]).settle().check(
        "run Run see A; see B; see C; env A=from-a; env B=from-a
         A is workflow
         B is refs/heads/main
         C is workflow-step
         Run see A; see B; see C; env A=from-a; env B=from-a: success
         run Run see A; see B; see C
         A is from-a
         B is step
         C is nothing
         Run see A; see B; see C: success
         run Run see B; see b
         B is from-a
         b is nothing
         Run see B; see b: success
         over: success",
    );
}

#[test]
fn contexts_are_variables_too_and_go_before_what_is_written() {
    check(
        vec![run("a", "see GITHUB_REF; see GITHUB_ACTION; see GITHUB_REF_PROTECTED; see RUNNER_OS; see GITHUB_EVENT").env(&[("GITHUB_REF", "mine")])],
        "run Run see GITHUB_REF; see GITHUB_ACTION; see GITHUB_REF_PROTECTED; see RUNNER_OS; see GITHUB_EVENT
         GITHUB_REF is refs/heads/main
         GITHUB_ACTION is a
         GITHUB_REF_PROTECTED is true
         RUNNER_OS is Linux
         GITHUB_EVENT is nothing
         Run see GITHUB_REF; see GITHUB_ACTION; see GITHUB_REF_PROTECTED; see RUNNER_OS; see GITHUB_EVENT: success
         over: success",
    );
}

#[test]
fn the_last_folder_that_was_told_is_looked_in_first() {
    check(
        vec![run("a", "path /one; path /two"), run("b", "path /one"), run("c", "where")],
        r#"run Run path /one; path /two
         Run path /one; path /two: success
         run Run path /one
         Run path /one: success
         run Run where
         ["/one", "/two"] Script { script: "where", shell: None, directory: None }
         Run where: success
         over: success"#,
    );
}

#[test]
fn the_nearest_default_holds() {
    use tidegate_workflow::{Entry, Key, Template, Token};
    let defaults = |members: &[(&str, &str)]| {
        let run = Entry {
            place: crate::bed::PLACE,
            key: Key::Text("run".into()),
            value: mapping(members),
        };
        Template::new(crate::bed::PLACE, Token::Mapping(vec![run]))
    };
    let mut job = job(vec![run("a", "where")]);
    job.defaults = vec![
        defaults(&[("shell", "sh"), ("working-directory", "web")]),
        defaults(&[("shell", "bash")]),
    ];
    Bed::new(job, vec![]).settle().check(
        r#"run Run where
         [] Script { script: "where", shell: Some("bash"), directory: Some("web") }
         Run where: success
         over: success"#,
    );
}

#[test]
fn variables_that_have_no_value_fail_the_step() {
    check(
        vec![run("a", "x").env(&[("A", "${{ fromJSON('nope') }}")]).whatever(), run("b", "y")],
        "Error: 1:1: the expression `fromJSON('nope')` has no value: Error parsing fromJson: nope is no value (line 1, column 1)
         Run x: failure, taken for success
         run Run y
         Run y: success
         over: success",
    );
}
