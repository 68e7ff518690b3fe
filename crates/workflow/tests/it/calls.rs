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

#[test]
fn a_workflow_that_is_called_has_its_group_inside_that_of_its_caller() {
    let inner = workflow("{on: {workflow_call: {}}, concurrency: inner, jobs: {one: {}}}");
    let text = "jobs: {call: {uses: ./inner, concurrency: outer}, other: {concurrency: {group: inner, queue: max}}}";
    let others = [("./inner", inner)];
    let expect = ["call success", "other success", "call.one success"];
    let world = check(&calling(text, &others), Fates::new(), &expect, Success);
    let log = [
        "enter outer",
        "enter inner",
        "enter inner",
        "begin other",
        "end other success",
        "leave inner",
        "begin call.one",
        "end call.one success",
        "leave inner",
        "leave outer",
    ];
    assert_eq!(world.log, log);
    let text = "jobs: {call: {uses: ./inner, concurrency: Inner}}";
    let world = check(&calling(text, &others), Fates::new(), &["call failure"], Failure);
    assert_eq!(world.log, ["enter Inner", "leave Inner"]);
    let text = "{concurrency: inner, jobs: {call: {uses: ./inner}}}";
    check(&calling(text, &others), Fates::new(), &["call failure"], Failure);
}

#[test]
fn an_identity_may_be_asked_for_where_nobody_said_anything() {
    use tidegate_workflow::{Given, Permissions};
    let inner =
        workflow("{on: {workflow_call: {}}, jobs: {one: {permissions: {id-token: write}}}}");
    let outer = calling("jobs: {call: {uses: ./inner}}", &[("./inner", inner.clone())]);
    check(&outer, Fates::new(), &["call success", "call.one success"], Success);
    let careful = Given { permissions: Permissions::restricted(), ..given() };
    let mut world = World::new(&outer, careful, Fates::new());
    world.finish_all();
    assert_eq!(world.last.over, Some(Failure));
    let outer = calling(
        "{permissions: {contents: write}, jobs: {call: {uses: ./inner}}}",
        &[("./inner", inner)],
    );
    let world = check(&outer, Fates::new(), &["call failure"], Failure);
    assert_eq!(
        world.errors(),
        ["the job 'one' is requesting 'id-token: write', but is only allowed 'id-token: none'."]
    );
}

#[test]
fn secrets_reach_called_workflows_by_the_hands_that_give_them() {
    use tidegate_expression::Value;
    let all = Value::from_json(r#"{"GITHUB_TOKEN": "t", "A": "a", "B": "b"}"#).unwrap();
    let innermost = workflow("{on: {workflow_call: {}}, jobs: {one: {}}}");
    let inner = calling(
        "{on: {workflow_call: {}}, jobs: {all: {uses: ./last, secrets: inherit}, none: {uses: ./last}}}",
        &[("./last", innermost)],
    );
    let text = "jobs: {call: {uses: ./inner, secrets: {X: '${{ secrets.A }}-${{ github.ref }}'}}, own: {}}";
    let world = World::new(&calling(text, &[("./inner", inner)]), given(), Fates::new());
    let seen: Vec<_> = world
        .run
        .begun()
        .into_iter()
        .map(|key| {
            let secrets = world.run.secrets(key, &all).unwrap().to_json();
            let packed: String = secrets.lines().map(str::trim_start).collect();
            (world.run.full_id(key), packed.replace('"', ""))
        })
        .collect();
    let expect = [
        ("own", "{GITHUB_TOKEN: t,A: a,B: b}"),
        ("call.all.one", "{X: a-,GITHUB_TOKEN: t}"),
        ("call.none.one", "{GITHUB_TOKEN: t}"),
    ];
    assert_eq!(seen, expect.map(|(id, secrets)| (id.to_owned(), secrets.to_owned())));
}

#[test]
fn a_call_that_fails_takes_the_others_of_its_matrix_along_with_all_that_they_run() {
    let inner = workflow("{on: {workflow_call: {}}, jobs: {x: {}, y: {needs: x}}}");
    let text = "jobs: {call: {uses: ./inner, strategy: {matrix: {v: [a, b]}}}}";
    let outer = calling(text, &[("./inner", inner)]);
    let expect = [
        "call.a failure",
        "call.b cancelled",
        "call.a.x failure",
        "call.a.y skipped",
        "call.b.x cancelled",
        "call.b.y cancelled",
    ];
    let fates = Fates::from([("call.a.x", Failure.into())]);
    let world = check(&outer, fates, &expect, Failure);
    assert!(world.log.contains(&"cancel call.b.x FailFast".to_owned()), "{:?}", world.log);
}
