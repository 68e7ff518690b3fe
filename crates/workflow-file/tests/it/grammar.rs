//! What may be where: the words of events, levels and keys, one by one.

use tidegate_workflow_file::read_workflow;

use crate::{check, job, on};

#[test]
fn every_event_is_known_in_all_three_forms() {
    let events = [
        "branch_protection_rule",
        "check_run",
        "check_suite",
        "create",
        "delete",
        "deployment",
        "deployment_status",
        "discussion",
        "discussion_comment",
        "fork",
        "gollum",
        "image_version",
        "issue_comment",
        "issues",
        "label",
        "merge_group",
        "milestone",
        "page_build",
        "project",
        "project_card",
        "project_column",
        "public",
        "pull_request",
        "pull_request_comment",
        "pull_request_review",
        "pull_request_review_comment",
        "pull_request_target",
        "push",
        "registry_package",
        "release",
        "repository_dispatch",
        "status",
        "watch",
        "workflow_call",
        "workflow_dispatch",
    ];
    for event in events {
        check(&format!("on: {event}\njobs: {{ a: {{ runs-on: x }} }}"), &[]);
        check(&format!("on: [{event}]\njobs: {{ a: {{ runs-on: x }} }}"), &[]);
        check(&on(&format!("{event}:")), &[]);
    }
}

#[test]
fn filters_belong_to_their_events() {
    check(&on("push: { branches: a, tags: [v*], paths-ignore: ['**'] }"), &[]);
    check(&on("pull_request: { branches-ignore: [a], paths: b, types: stacked }"), &[]);
    check(&on("merge_group: { types: checks_requested, branches: [main] }"), &[]);
    check(&on("workflow_run: { workflows: [a], types: completed, branches: b }"), &[]);
    check(&on("image_version: { names: a, versions: [b], types: ready }"), &[]);
    check(&on("repository_dispatch: { types: [anything] }"), &[]);
    check(&on("issues: { types: [typed, field_added] }"), &[]);
    check(&on("issues: { branches: [a] }"), &["2:13 Unexpected value 'branches'"]);
    check(&on("pull_request: { tags: [a] }"), &["2:19 Unexpected value 'tags'"]);
    check(&on("push: { branches: [] }"), &[]);
    check(&on("push: { branches: '' }"), &["2:21 Unexpected value ''"]);
    check(&on("push: { branches: ~ }"), &["2:21 Unexpected value ''"]);
    check(&on("release: { types: [publish] }"), &["2:22 Unexpected value 'publish'"]);
    check(&on("fork: { types: [a] }"), &["2:9 A mapping was not expected"]);
}

#[test]
fn permissions_have_levels() {
    let any = [
        "actions",
        "artifact-metadata",
        "attestations",
        "checks",
        "code-quality",
        "contents",
        "deployments",
        "discussions",
        "drives",
        "issues",
        "packages",
        "pages",
        "pull-requests",
        "repository-projects",
        "security-events",
        "statuses",
    ];
    for name in any {
        for level in ["read", "write", "none"] {
            check(&job(&format!("runs-on: x\npermissions: {{ {name}: {level} }}")), &[]);
        }
    }
    check(
        &job("runs-on: x\npermissions: { id-token: write, copilot-requests: none, models: read }"),
        &[],
    );
    check(&job("runs-on: x\npermissions: { id-token: read }"), &["5:30 Unexpected value 'read'"]);
    check(&job("runs-on: x\npermissions: { models: write }"), &["5:28 Unexpected value 'write'"]);
    check(&job("runs-on: x\npermissions: read-all"), &[]);
    check(&job("runs-on: x\npermissions: {}"), &[]);
    check(&job("runs-on: x\npermissions: none"), &["5:18 Unexpected value 'none'"]);
}

#[test]
fn a_slip_of_the_pen_is_guessed() {
    let hint =
        |text: &str| read_workflow("w.yml", text).problems[0].hint.clone().unwrap_or_default();
    assert_eq!(hint(&on("pussh:")), "did you mean 'push'?");
    assert_eq!(hint(&job("runs_on: x")), "did you mean 'runs-on'?");
    assert_eq!(hint(&job("runs-on: x\ntimeout-minute: 5")), "did you mean 'timeout-minutes'?");
    assert_eq!(hint(&job("runs-on: x\npermissions: { contents: reed }")), "did you mean 'read'?");
    assert_eq!(
        hint(&job("runs-on: x\npermissions: { contents: admin }")),
        "allowed: read, write, none"
    );
}

#[test]
fn jobs_have_their_keys() {
    check(
        &job("runs-on: { group: g, labels: [a, b] }\nsnapshot: image\ncancel-timeout-minutes: 5"),
        &[],
    );
    check(
        &job("runs-on: x\ndefaults: { run: { shell: '${{ matrix.s }}', working-directory: a } }"),
        &[],
    );
    check(
        &job(
            "runs-on: x\nconcurrency: { group: a, cancel-in-progress: '${{ vars.x }}', queue: max }",
        ),
        &[],
    );
    check(
        &job("runs-on: x\nconcurrency: { queue: max }"),
        &["5:18 Required property is missing: group"],
    );
    check(&job("runs-on: []\nneeds: []"), &[]);
    check(&job("runs-on: ''"), &["4:14 Unexpected value ''"]);
    check(
        &job("uses: a/b/.github/workflows/c.yml@v1\nsteps: []"),
        &["5:5 Unexpected value 'steps'"],
    );
    check(&job("runs-on: x\nservices: { a: { image: b, entrypoint: c, command: d } }"), &[]);
    check(
        &job("runs-on: x\ncontainer: { image: b, entrypoint: c }"),
        &["5:28 Unexpected value 'entrypoint'"],
    );
}
