use tidegate_workflow::JobResult::{Cancelled, Failure, Success};
use tidegate_workflow::Seen;

use crate::world::{Fates, World, check, given};
use crate::written::{calling, workflow};

#[test]
fn called_workflows_run_inside_their_callers() {
    let inner = workflow(
        "
on:
  workflow_call:
    inputs: {n: {type: number, default: 3}, who: {required: true}}
    outputs: {sum: {value: '${{ jobs.one.outputs.x }}-${{ inputs.n }}'}}
jobs:
  one: {if: inputs.who == 'me'}
  two: {needs: one, strategy: {matrix: {v: [1, 2]}}}
",
    );
    let text = "
jobs:
  pre: {}
  call: {needs: pre, name: Call it, uses: ./inner, with: {who: me}}
  post: {needs: call, if: needs.call.outputs.sum == 'X-3'}
";
    let outer = calling(text, &[("./inner", inner.clone())]);
    let mut fates = Fates::new();
    fates.insert("call.one", [("x", "X")].into());
    let expect = [
        "pre success",
        "call success",
        "post success",
        "call.one success",
        "call.two._1 success",
        "call.two._2 success",
    ];
    let world = check(&outer, fates, &expect, Success);
    assert_eq!(world.run.report().jobs[4].name, "Call it / two (1)");
    let outer = calling(&text.replace("who: me", "whom: me"), &[("./inner", inner.clone())]);
    let world =
        check(&outer, Fates::new(), &["pre success", "call failure", "post skipped"], Failure);
    assert_eq!(
        world.errors(),
        [
            "4:58: Invalid input, whom is not defined in the referenced workflow.",
            "4:58: Input who is required, but not provided while calling.",
        ]
    );
    let mut world = World::new(&calling(text, &[("./inner", inner)]), given(), Fates::new());
    world.finish("pre");
    world.see(Seen::Cancelled { at: world.now, forced: false });
    world.plan();
    assert_eq!(world.last.over, Some(Cancelled));
}

#[test]
fn called_workflows_ask_for_no_more_than_their_callers_have() {
    let inner = workflow(
        "{on: {workflow_call: {}}, jobs: {one: {permissions: {issues: write, contents: read}}}}",
    );
    let text = "jobs: {call: {uses: ./inner, permissions: {contents: write}}}";
    let world = check(
        &calling(text, &[("./inner", inner.clone())]),
        Fates::new(),
        &["call failure"],
        Failure,
    );
    assert_eq!(
        world.errors(),
        ["the job 'one' is requesting 'issues: write', but is only allowed 'issues: none'."]
    );
    let text = text.replace("contents: write", "contents: write, issues: write");
    let world = World::new(&calling(&text, &[("./inner", inner)]), given(), Fates::new());
    let key = world.run.begun()[0];
    assert_eq!(world.run.permissions(key).to_string(), "contents: read, issues: write");
}
