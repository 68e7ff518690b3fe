//! Workflows without GitHub.

use crate::program::Program;

const GOOD: &str = "name: Build\non: [push, pull_request]\njobs:\n  test: { runs-on: ubuntu-latest }\n  deploy: { needs: test, runs-on: ubuntu-latest }\n";

const BAD: &str = "on: push\njobs:\n  build:\n    run-on: ubuntu-latest\n    steps:\n      - run: deploy ${{ secret.TOKEN }}\n";

const INJECTED: &str = "on: issues\njobs:\n  greet:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.event.issue.title }}\n";

#[test]
fn the_workflows_of_a_repository_are_checked() {
    let program = Program::new();
    program.write(".github/workflows/good.yml", GOOD);
    let said = program.run(&["workflow", "validate"]);
    assert_eq!((said.code, said.out.as_str()), (0, "1 file: no problems\n"));
    program.write(".github/workflows/deep/bad.yml", BAD);
    program.write("action.yml", "name: a\ndescription: b\nruns: { using: node20 }\n");
    let said = program.run(&["workflow", "validate", "."]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("--> ./action.yml:3:7"), "{}", said.out);
    assert!(said.out.ends_with("2 files: 1 problem in 1 file\n"), "{}", said.out);
}

#[test]
fn all_that_is_wrong_is_told_with_its_line() {
    let program = Program::new();
    program.write("bad.yml", BAD);
    let said = program.run(&["workflow", "validate", "bad.yml"]);
    assert_eq!(said.code, 1, "{}", said.err);
    insta::assert_snapshot!(said.out);
    let said = program.run_with_input(&["workflow", "validate", "-", "-o", "json"], BAD);
    assert_eq!(said.code, 1);
    let verdict: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(verdict["valid"], false);
    let last = verdict["problems"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["line"], &last["column"], &last["valueColumn"]),
        (&6.into(), &25.into(), &14.into())
    );
    assert_eq!((&last["severity"], &last["file"]), (&"error".into(), &"-".into()));
}

#[test]
fn a_warning_refuses_only_what_is_held_to_it() {
    let program = Program::new();
    program.write("w.yml", INJECTED);
    let said = program.run(&["workflow", "validate", "w.yml"]);
    assert_eq!(said.code, 0);
    assert!(
        said.out.starts_with("warning: Script injection: 'github.event.issue.title'"),
        "{}",
        said.out
    );
    assert!(said.out.ends_with("1 file: no problems, 1 warning\n"), "{}", said.out);
    let said = program.run(&["workflow", "validate", "--strict", "w.yml"]);
    assert_eq!(said.code, 1);
    assert!(said.out.starts_with("error: Script injection"), "{}", said.out);
    let painted = program.run(&["workflow", "validate", "w.yml", "--color", "always"]).out;
    assert!(painted.starts_with("\u{1b}[33mwarning:\u{1b}[0m"), "{painted}");
}

#[test]
fn calls_are_held_to_the_workflows_of_the_repository() {
    let program = Program::new();
    let calling = "on: push\njobs: { a: { uses: ./.github/workflows/called.yml } }\n";
    program.write(".github/workflows/calling.yml", calling);
    let said = program.run(&["workflow", "validate"]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains("warning: Unable to find reusable workflow"), "{}", said.out);
    let called = "on: { workflow_call: { inputs: { a: { type: string, required: true } } } }\njobs: { a: { runs-on: x } }\n";
    program.write(".github/workflows/called.yml", called);
    let said = program.run(&["workflow", "validate", ".github/workflows/calling.yml"]);
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains("Input a is required, but not provided while calling."),
        "{}",
        said.out
    );
}

#[test]
fn nothing_to_check_is_a_misuse() {
    let program = Program::new();
    let check = |args: &[&str], expect: &str| {
        let said = program.run(args);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains(expect), "{}", said.err);
    };
    check(&["workflow", "validate"], "there is no folder .github/workflows here");
    check(&["workflow", "validate", "."], "has no *.yml or *.yaml file in it");
    let said = program.run(&["workflow", "validate", "none.yml"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("none.yml cannot be read"), "{}", said.err);
}

#[test]
fn workflows_are_listed() {
    let program = Program::new();
    program.write(".github/workflows/a.yml", GOOD);
    program.write(".github/workflows/b.yaml", BAD);
    assert_eq!(
        program.ok(&["workflow", "list"]),
        "FILE                       NAME    EVENTS              JOBS          STATE\n\
         .github/workflows/a.yml    Build   push,pull_request   test,deploy   valid\n\
         .github/workflows/b.yaml   -       push                build         refused\n"
    );
    let json = program.ok(&["workflow", "list", "-o", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(listed[0]["jobs"][1]["needs"][0], "test");
    assert_eq!(
        (&listed[1]["valid"], &listed[1]["file"]),
        (&false.into(), &".github/workflows/b.yaml".into())
    );
}
