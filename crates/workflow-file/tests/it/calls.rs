//! Calls of workflows of the same repository.

use std::collections::BTreeMap;

use tidegate_workflow_file::{Library, read_workflow_with};

use crate::told;

/// Files by their names within `.github/workflows`.
struct Files(BTreeMap<&'static str, String>);

impl Library for Files {
    fn workflow(&self, path: &str) -> Option<String> {
        self.0.get(path.strip_prefix(".github/workflows/")?).cloned()
    }
}

/// A workflow that is called, with what `workflow_call` has and its jobs.
fn called(event: &str, rest: &str) -> String {
    format!("on:\n  workflow_call: {event}\n{rest}jobs:\n  inner: {{ runs-on: x }}\n")
}

#[track_caller]
fn check(job: &str, files: &[(&'static str, String)], expect: &[&str]) {
    let text = format!("on: push\njobs:\n  outer:\n    uses: ./.github/workflows/a.yml\n{job}");
    let library = Files(files.iter().cloned().collect());
    let reading = read_workflow_with("w.yml", &text, &library);
    assert_eq!(told(&reading), expect, "{text}");
}

#[test]
fn a_call_gives_what_is_asked_for() {
    let asked = called(
        "{ inputs: { a: { type: string, required: true }, n: { type: number }, b: { type: boolean } }, secrets: { s: { required: true }, t: } }",
        "",
    );
    let a = [("a.yml", asked)];
    check("    with: { A: x, n: 5, b: true }\n    secrets: { S: x }\n", &a, &[]);
    check("    with: { a: 5, n: '${{ vars.n }}' }\n    secrets: inherit\n", &a, &[]);
    check(
        "",
        &a,
        &[
            "4:11 Input a is required, but not provided while calling.",
            "4:11 Secret s is required, but not provided while calling.",
        ],
    );
    check(
        "    with: { a: x, c: y }\n    secrets: { s: x, u: y }\n",
        &a,
        &[
            "5:22 Invalid input, c is not defined in the referenced workflow.",
            "6:25 Invalid secret, u is not defined in the referenced workflow.",
        ],
    );
    check(
        "    with: { a: x, n: five, b: 1 }\n    secrets: inherit\n",
        &a,
        &["5:22 Unexpected value 'five'", "5:31 Unexpected value '1'"],
    );
}

#[test]
fn what_is_called_is_there_and_can_be_called() {
    check("", &[], &["4:11 warning: Unable to find reusable workflow './.github/workflows/a.yml'"]);
    let other = "on: push\njobs: { a: { runs-on: x } }".to_owned();
    check(
        "",
        &[("a.yml", other)],
        &[
            "4:11 workflow_call key is not defined in the referenced workflow './.github/workflows/a.yml'.",
        ],
    );
    for on in ["workflow_call", "[push, workflow_call]", "{ workflow_call: }"] {
        check("", &[("a.yml", format!("on: {on}\njobs: {{ a: {{ runs-on: x }} }}"))], &[]);
    }
    check(
        "",
        &[("a.yml", "on: workflow_call\njobs:\n  a: { runs_on: x }".to_owned())],
        &[
            "4:11 Error from called workflow .github/workflows/a.yml (Line: 3, Col: 6): There's not enough info to determine what you meant. Add one of these properties: cancel-timeout-minutes, container, continue-on-error, defaults, env, environment, outputs, runs-on, secrets, services, snapshot, steps, timeout-minutes, uses, with",
        ],
    );
}

#[test]
fn permissions_only_shrink() {
    let read = "    permissions: { contents: read }\n";
    let asking =
        |permissions: &str| [("a.yml", called("", &format!("permissions: {permissions}\n")))];
    check(read, &asking("{ contents: read }"), &[]);
    check(read, &asking("{}"), &[]);
    check("", &asking("write-all"), &[]);
    check("    permissions: write-all\n", &asking("{ contents: write, models: read }"), &[]);
    check(
        read,
        &asking("{ contents: write, issues: read }"),
        &[
            "4:11 Error calling workflow './.github/workflows/a.yml'. The workflow './.github/workflows/a.yml' is requesting 'contents: write, issues: read', but is only allowed 'contents: read, issues: none'.",
        ],
    );
    let job = "on: workflow_call\njobs:\n  inner: { runs-on: x, permissions: { id-token: write } }"
        .to_owned();
    check(
        read,
        &[("a.yml", job)],
        &[
            "4:11 Error calling workflow './.github/workflows/a.yml'. The nested job 'inner' is requesting 'id-token: write', but is only allowed 'id-token: none'.",
        ],
    );
}

#[test]
fn permissions_shrink_from_call_to_call() {
    let first = "on: workflow_call\npermissions: { contents: read }\njobs:\n  middle: { uses: ./.github/workflows/b.yml }".to_owned();
    let second =
        "on: workflow_call\njobs:\n  inner: { runs-on: x, permissions: { contents: write } }"
            .to_owned();
    check(
        "    permissions: { contents: write }\n",
        &[("a.yml", first), ("b.yml", second)],
        &[
            "4:11 Error calling workflow './.github/workflows/b.yml'. The nested job 'inner' is requesting 'contents: write', but is only allowed 'contents: read'.",
        ],
    );
}

#[test]
fn the_workflow_itself_sets_limits_too() {
    let text = "on: push\npermissions: { contents: read }\njobs:\n  outer: { uses: ./.github/workflows/a.yml }\n";
    let asked = called("", "permissions: write-all\n");
    let reading =
        read_workflow_with("w.yml", text, &Files([("a.yml", asked)].into_iter().collect()));
    assert_eq!(reading.problems.len(), 1);
    assert!(reading.problems[0].message.contains("but is only allowed 'actions: none"));
}

#[test]
fn calls_are_ten_levels_deep_and_fifty_in_all() {
    let calls = |to: &str| {
        format!("on: workflow_call\njobs:\n  x: {{ uses: ./.github/workflows/{to}.yml }}")
    };
    check("", &[("a.yml", calls("a"))], &["4:11 Nested reusable workflow depth exceeded 10."]);
    let names = ["a.yml", "b.yml", "c.yml", "d.yml", "e.yml", "f.yml", "g.yml", "h.yml"];
    let mut chain: Vec<_> = names.windows(2).map(|pair| (pair[0], calls(&pair[1][..1]))).collect();
    chain.push(("h.yml", calls("last")));
    chain.push(("last.yml", called("", "")));
    check("", &chain, &[]);
    let call = |index| format!("  j{index}: {{ uses: ./.github/workflows/b.yml }}\n");
    let many = (0..49).map(call).collect::<Vec<_>>().concat();
    let fan = |more: &str| format!("on: workflow_call\njobs:\n{many}{more}");
    let with = |more: &str| vec![("a.yml", fan(more)), ("b.yml", called("", ""))];
    check("", &with(""), &[]);
    check(
        "",
        &with("  one: { uses: ./.github/workflows/b.yml }\n"),
        &["4:11 The maximum of 50 called workflows has been exceeded"],
    );
}

#[test]
fn workflows_of_other_repositories_are_left_alone() {
    let text =
        "on: push\njobs:\n  outer: { uses: o/r/.github/workflows/a.yml@v1, with: { a: b } }\n";
    let reading = read_workflow_with("w.yml", text, &Files(BTreeMap::new()));
    assert_eq!(told(&reading), Vec::<String>::new());
}
