//! What is checked beyond the grammar.

use crate::{check, job, on, steps};

#[test]
fn actions_are_named_with_their_version() {
    let fine =
        ["o/r@v1", "o/r/p/q@v1", "o/r@refs/heads/x", "./a", ".\\a", "$/a", "docker://alpine", "./"];
    for uses in fine {
        check(&steps(&format!("- uses: {uses}")), &[]);
    }
    for uses in ["o/r", "r@v1", "o/r@", "@v1", "o/r@a@b", "docker:/x", "/r@v1", "../a"] {
        let expect = format!("6:15 Expected format {{org}}/{{repo}}[/path]@ref. Actual '{uses}'");
        check(&steps(&format!("- uses: '{uses}'")), &[&expect]);
    }
}

#[test]
fn workflows_are_named_with_their_file() {
    let told = |uses: &str, warning: &str, reason: &str| {
        let expect = format!("4:11 {warning}Invalid workflow reference '{uses}': {reason}");
        check(&job(&format!("uses: {uses}")), &[&expect]);
    };
    check(&job("uses: o/r/.github/workflows/a.yaml@main"), &[]);
    check(&job("uses: ./.github/workflows/a.yml"), &[]);
    told("o/r/.github/workflows/a.yml", "", "no version specified");
    told("o/r/.github/workflows/a.yml@", "", "no version specified");
    told(
        "a.yml@v1",
        "",
        "it must begin with 'owner/repository/', or with './' for a local workflow",
    );
    told(
        "./.github/workflows/a.yml@v1",
        "",
        "a local workflow has no version, it is of the same commit",
    );
    told("./a.yml", "warning: ", "workflows are in '.github/workflows/' itself");
    told("o/r/a.yml@v1", "warning: ", "workflows are in '.github/workflows/' itself");
    told(
        "./.github/workflows/x/a.yml",
        "warning: ",
        "workflows are in '.github/workflows/' itself",
    );
    told("./.github/workflows/a", "warning: ", "the file of a workflow ends in .yml or .yaml");
}

#[test]
fn steps_have_names_of_their_own() {
    check(
        &steps(
            "- { id: one, run: a }\n- { id: ONE, run: a }\n- { id: __two, run: a }\n- { id: 3, run: a }",
        ),
        &[
            "7:15 The identifier 'ONE' may not be used more than once within the same scope.",
            "8:15 The identifier '__two' is invalid. IDs starting with '__' are reserved.",
            "9:15 The identifier '3' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. IDs must start with a letter or '_' and and must be less than 100 characters.",
        ],
    );
    let long = "a".repeat(99);
    check(&steps(&format!("- {{ id: {long}, run: a }}")), &[]);
}

#[test]
fn steps_in_the_background_are_waited_for_by_name() {
    check(
        &steps(
            "- { id: a, run: x, background: true }\n- wait: A\n- wait-all:\n- cancel: a\n- parallel: [{ id: a, run: y }]",
        ),
        &[],
    );
    check(
        &steps(
            "- { run: x, background: true }\n- wait: b\n- { id: c, cancel: C }\n- wait-all: false",
        ),
        &[
            "7:15 Step references unknown step ID 'b'",
            "8:26 Step 'c' cannot reference itself",
            "9:19 The value of 'wait-all' must be true or omitted",
        ],
    );
    check(
        &steps(
            "- parallel:\n    - { run: x, background: true }\n    - wait-all:\n    - parallel: []",
        ),
        &[
            "7:35 'background' is not allowed inside a parallel block. Steps in a parallel block are automatically run as background steps.",
            "8:22 'wait-all' is not allowed inside a parallel block.",
            "9:23 'parallel' is not allowed inside a parallel block.",
        ],
    );
}

#[test]
fn a_matrix_has_values() {
    let strategy = |matrix: &str| job(&format!("runs-on: x\nstrategy: {{ matrix: {matrix} }}"));
    check(&strategy("{ a: [1], exclude: [{ A: 1 }] }"), &[]);
    check(&strategy("{ include: [{ a: 1 }] }"), &[]);
    check(&strategy("{ a: '${{ fromJSON(vars.x) }}', exclude: [{ b: 1 }] }"), &[]);
    check(&strategy("'${{ fromJSON(vars.x) }}'"), &[]);
    check(&strategy("{ a: [] }"), &["5:30 Matrix vector 'a' does not contain any values"]);
    check(&strategy("{}"), &["5:25 Matrix must define at least one vector"]);
    check(&strategy("{ include: [] }"), &["5:25 Matrix must define at least one vector"]);
    check(
        &strategy("{ a: [1], exclude: [{ b: 1 }, {}], include: [{}] }"),
        &[
            "5:47 Matrix exclude key 'b' does not match any key within the matrix",
            "5:55 Matrix exclude filter must not be empty",
            "5:70 Matrix include mapping does not contain any values",
        ],
    );
}

#[test]
fn needs_are_jobs_whatever_their_case() {
    check("on: push\njobs:\n  One: { runs-on: x }\n  two: { runs-on: x, needs: ONE }\n", &[]);
    check(
        "on: push\njobs:\n  a: { runs-on: x }\n  b: { runs-on: x, needs: [a, c, d] }\n  c: { runs-on: x, needs: b }\n",
        &[
            "4:31 Job 'b' depends on job 'c' which creates a cycle in the dependency graph.",
            "4:34 Job 'b' depends on unknown job 'd'.",
            "5:27 Job 'c' depends on job 'b' which creates a cycle in the dependency graph.",
        ],
    );
    check(
        "on: push\njobs: {}\n",
        &["2:7 The workflow must contain at least one job with no dependencies."],
    );
}

#[test]
fn events_start_something() {
    check("on: []\njobs: { a: { runs-on: x } }", &["1:5 No event triggers defined in `on`"]);
    check("on: {}\njobs: { a: { runs-on: x } }", &["1:5 No event triggers defined in `on`"]);
    check(
        &on("workflow_run: { types: [completed] }"),
        &["2:3 on.workflow_run does not reference any workflows"],
    );
    check(
        &on("push: { branches: [a], branches-ignore: [b] }"),
        &[
            "2:26 warning: you may only define one of `branches` and `branches-ignore` for a single event",
        ],
    );
    check(&on("push: { branches: [a], tags-ignore: [b] }"), &[]);
    check(
        &on("workflow_dispatch: { input: {} }"),
        &["2:24 warning: 'input' means nothing to workflow_dispatch"],
    );
    check(&on("workflow_dispatch: { inputs: }"), &[]);
    check(&on("workflow_dispatch: { inputs: { a: } }"), &[]);
}

#[test]
fn schedules_say_when() {
    check(
        &on("schedule: [{ cron: '*/5 * * * *', timezone: America/Argentina/Buenos_Aires }]"),
        &[],
    );
    check(
        &on("schedule: [{ cron: '0 25 * * *' }]"),
        &[
            "2:22 Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)",
        ],
    );
    check(
        &on("schedule: [{ cron: '* * * * *' }]"),
        &["2:22 warning: This schedule asks for starts less than 5 minutes apart"],
    );
    check(
        &on("schedule: [{ cron: '0 0 * * *', timezone: GMT 5 }]"),
        &["2:45 Invalid time zone 'GMT 5'"],
    );
    check(&on("schedule: []"), &[]);
}

#[test]
fn schedules_are_those_of_posix() {
    let schedule = |cron: &str| on(&format!("schedule: [{{ cron: \"{cron}\" }}]"));
    let valid = [
        "0 0 * * *",
        "0 007 01 * *",
        "*/15 * * * *",
        "10/20 * * * *",
        "0,30 2-4 * JAN-mar 1-5",
        "5 4,*/6,7-9/2 * * sun",
        "0  0   * * SAT",
        "0 3-3 1 1 0",
    ];
    for cron in valid {
        check(&schedule(cron), &[]);
    }
    let invalid = [
        "0 0 * *",
        "0 0 * * * *",
        " 0 0 * * *",
        "0 0 * * * ",
        "60 * * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 32 * *",
        "0 0 * 13 *",
        "0 0 * * 7",
        "0 5-3 * * *",
        "0 -3 * * *",
        "0 1- * * *",
        "0 1/ * * *",
        "0 */0 * * *",
        "0 1,,2 * * *",
        "0 1-2-3 * * *",
        "0 1/2/3 * * *",
        "0 **  * * *",
        "0 *-3 * * *",
        "0 0 * MON *",
        "0 0 * * MON/TUE",
        "0 0 * * someday",
        "@daily",
        "0\\t0 * * *",
    ];
    for cron in invalid {
        check(
            &schedule(cron),
            &[
                "2:22 Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)",
            ],
        );
    }
}

#[test]
fn schedules_are_five_minutes_apart() {
    let schedule = |cron: &str| on(&format!("schedule: [{{ cron: \"{cron}\" }}]"));
    let warning = "2:22 warning: This schedule asks for starts less than 5 minutes apart";
    for cron in
        ["* * * * *", "*/4 * * * *", "*/7 * * * *", "0,3 * * * *", "1,58 * * * *", "10-12 3 * * *"]
    {
        check(&schedule(cron), &[warning]);
    }
    for cron in ["*/5 * * * *", "0,30 * * * *", "7 * * * *", "58 3 * * *", "0 0 30 2 *"] {
        check(&schedule(cron), &[]);
    }
}

#[test]
fn inputs_have_defaults_of_their_kind() {
    let input =
        |input: &str| on(&format!("workflow_dispatch: {{ inputs: {{ a: {{ {input} }} }} }}"));
    check(&input("type: boolean, default: true"), &[]);
    check(&input("type: number, default: 5"), &[]);
    check(&input("type: environment, default: prod"), &[]);
    check(
        &input("type: boolean, default: 'true'"),
        &[
            "2:63 Unexpected type 'StringToken' encountered while reading 'input default'. The type 'BooleanToken' was expected.",
        ],
    );
    check(&input("type: choice, options: []"), &["2:37 Missing 'options' for choice input"]);
    check(&input("options: [a]"), &["2:37 Input type is not 'choice', but 'options' is defined"]);
}

#[test]
fn containers_have_images() {
    let empty = "Container image cannot be empty";
    check(&job("runs-on: x\ncontainer: ''"), &[]);
    check(&job("runs-on: x\ncontainer: docker://"), &[&format!("5:16 {empty}")]);
    check(&job("runs-on: x\ncontainer: { options: a }"), &[&format!("5:16 {empty}")]);
    check(&job("runs-on: x\ncontainer: { options: '${{ vars.a }}' }"), &[]);
    check(&job("runs-on: x\nservices: { a: { ports: [1] } }"), &[&format!("5:20 {empty}")]);
    check(&job("runs-on: x\nservices: ${{ fromJSON(vars.a) }}"), &[]);
}

#[test]
fn names_of_groups_and_versions_have_their_form() {
    check(&job("runs-on: { group: enterprise/a }"), &[]);
    check(
        &job("runs-on: { group: a/b }"),
        &[
            "4:23 Invalid runs-on group name 'a/b'. Please use 'organization/' or 'enterprise/' prefix to target a single runner group.",
        ],
    );
    check(&job("runs-on: { group: org/ }"), &["4:23 Invalid runs-on group name 'org/'."]);
    let group = "g".repeat(401);
    check(
        &job(&format!("runs-on: x\nconcurrency: {group}")),
        &["5:18 Concurrency group name must be less than 400 characters"],
    );
    check(&job("runs-on: x\nsnapshot: { image-name: a, version: 2.* }"), &[]);
    check(
        &job("runs-on: x\nsnapshot: { image-name: a, version: 2.1 }"),
        &["5:41 Expected format '{major-version}.*' Actual '2.1'"],
    );
}
