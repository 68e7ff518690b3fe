//! What was read as workflows that can be planned and actions that can be run.

use tidegate_expression::{Contexts, Value};
use tidegate_steps::{Action, Runs};
use tidegate_workflow::{Condition, Key, Level, Permission, Secrets, StepKind, Work, Workflow};
use tidegate_workflow_file::{Unfit, read_action, read_workflow};

fn workflow(text: &str) -> Workflow {
    read_workflow("ci.yml", text).workflow().unwrap()
}

fn action(text: &str) -> Result<Action, Unfit> {
    read_action("action.yml", text).action()
}

const ALL: &str = "\
name: CI
run-name: CI of ${{ github.ref }}
on:
  push: {branches: [main, 'release/**'], paths-ignore: ['docs/**']}
  pull_request: {types: [opened]}
  schedule: [{cron: '30 5 * * 1', timezone: Europe/Berlin}]
  workflow_dispatch:
    inputs:
      level: {type: choice, options: [low, high], default: low, required: true, description: How}
  workflow_call:
    inputs: {where: {type: string, default: '${{ github.ref }}'}}
    secrets: {token: {required: true}}
    outputs: {url: {value: '${{ jobs.build.outputs.url }}'}}
permissions: read-all
env: {A: a}
concurrency: {group: '${{ github.ref }}', cancel-in-progress: true}
jobs:
  build:
    name: Build ${{ matrix.os }}
    runs-on: ${{ matrix.os }}
    strategy: {matrix: {os: [linux, mac], '${{ insert }}': '${{ fromJSON(''{}'') }}'}}
    permissions: {contents: write, id-token: none}
    outputs: {url: '${{ steps.one.outputs.url }}'}
    timeout-minutes: 5
    steps:
      - id: one
        run: make
        if: github.ref == 'x'
        continue-on-error: true
        timeout-minutes: 2
        shell: sh
        working-directory: web
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
        if: always()
      - run: serve
        background: true
      - wait: [one]
      - wait-all:
      - cancel: one
      - parallel: [{run: a}, {run: b}]
  release:
    needs: [build]
    if: ${{ !cancelled() }}
    uses: ./.github/workflows/release.yml
    with: {version: 1}
    secrets: inherit
  other:
    needs: build
    uses: owner/repo/.github/workflows/other.yml@v1
    secrets: {token: '${{ secrets.T }}'}
";

#[test]
fn jobs_and_their_steps_are_all_there() {
    let workflow = workflow(ALL);
    assert_eq!(workflow.name.as_deref(), Some("CI"));
    assert_eq!(workflow.permissions.as_ref().unwrap().level(Permission::Contents), Level::Read);
    let ids: Vec<&str> = workflow.jobs.iter().map(|job| &*job.id).collect();
    assert_eq!(ids, ["build", "release", "other"]);
    let build = &workflow.jobs[0];
    assert_eq!((build.place.line, build.place.column), (18, 3));
    let own = build.permissions.as_ref().unwrap();
    assert_eq!(own.level(Permission::Contents), Level::Write);
    assert_eq!(own.level(Permission::IdToken), Level::None);
    let steps = &build.as_steps().unwrap().steps;
    let ids: Vec<&str> = steps.iter().map(|step| &*step.id).collect();
    assert_eq!(
        ids,
        ["one", "__actions_checkout", "__run", "__wait", "__wait-all", "__cancel", "__parallel"]
    );
    let StepKind::Run(run) = &steps[0].kind else { panic!("{steps:?}") };
    assert_eq!(run.script.as_text(), Some("make"));
    assert_eq!(run.working_directory.as_ref().unwrap().as_text(), Some("web"));
    let StepKind::Uses(uses) = &steps[1].kind else { panic!("{steps:?}") };
    assert_eq!(uses.action.what, "actions/checkout@v4");
    assert!(steps[2].execution().unwrap().background && !steps[0].execution().unwrap().background);
    let StepKind::Parallel(beside) = &steps[6].kind else { panic!("{steps:?}") };
    let ids: Vec<&str> = beside.iter().map(|step| &*step.id).collect();
    assert_eq!(ids, ["__run", "__run_2"]);
    let call = workflow.jobs[1].as_call().unwrap();
    assert_eq!(call.uses.what, "./.github/workflows/release.yml");
    assert!(matches!(call.secrets, Secrets::Inherit));
    let Work::Call(other) = &workflow.jobs[2].work else { panic!("it is a call") };
    assert!(matches!(other.secrets, Secrets::Given(_)));
    assert_eq!(&*workflow.jobs[2].needs[0].what, "build");
}

#[test]
fn what_starts_it_is_all_there() {
    let triggers = workflow(ALL).triggers;
    let names: Vec<&str> = triggers.events.iter().map(|event| &*event.name).collect();
    assert_eq!(names, ["push", "pull_request", "schedule", "workflow_dispatch", "workflow_call"]);
    let push = &triggers.event("push").unwrap().filters;
    assert!(push.branches.as_ref().unwrap().matches("release/1/2") && push.tags.is_none());
    assert!(push.paths_ignore.as_ref().unwrap().matches("docs/a.md"));
    assert_eq!(
        triggers.event("pull_request").unwrap().filters.types,
        Some(vec!["opened".to_owned()])
    );
    assert_eq!(triggers.schedules[0].cron.text(), "30 5 * * 1");
    assert_eq!(triggers.schedules[0].zone.as_ref().unwrap().what, "Europe/Berlin");
    let level = &triggers.dispatch.as_ref().unwrap()[0];
    assert_eq!((&*level.name, level.kind.name(), level.required), ("level", "choice", true));
    assert_eq!(level.options, ["low", "high"]);
    let call = triggers.call.unwrap();
    assert_eq!(
        (&*call.inputs[0].name, &*call.secrets[0].name, &*call.outputs[0].name),
        ("where", "token", "url")
    );
    assert!(call.secrets[0].required);
}

#[test]
fn conditions_ask_for_success_where_they_ask_for_nothing_else() {
    let workflow = workflow(ALL);
    let steps = &workflow.jobs[0].as_steps().unwrap().steps;
    let asked = |condition: &Condition| match condition {
        Condition::Asks(asked) => asked.what.to_string(),
        Condition::Success => "nothing".to_owned(),
        Condition::AndSuccess(_) => "success besides".to_owned(),
    };
    let of = |step: usize| asked(&steps[step].execution().unwrap().condition);
    assert_eq!(of(0), "success() && github.ref == 'x'");
    assert_eq!((of(1).as_str(), of(2).as_str()), ("always()", "nothing"));
    assert_eq!(asked(&workflow.jobs[1].condition), "!cancelled()");
}

#[test]
fn expressions_are_there_with_their_places() {
    let workflow = workflow(ALL);
    let name = workflow.jobs[0].name.as_ref().unwrap();
    let matrix: Value = [("os", Value::from("linux"))].into_iter().collect();
    let contexts = Contexts([("matrix", matrix)].into_iter().collect());
    assert_eq!(name.evaluate(&contexts).unwrap(), Value::from("Build linux"));
    assert_eq!((name.place.line, name.place.column), (19, 11));
    let matrix = workflow.jobs[0].strategy.as_ref().unwrap().get("matrix").unwrap();
    assert!(matches!(matrix.as_mapping().unwrap()[1].key, Key::Insert));
}

#[test]
fn a_file_that_is_wrong_is_no_workflow() {
    let unfit = |text: &str| read_workflow("ci.yml", text).workflow().unwrap_err().to_string();
    assert_eq!(
        unfit("on: push\njobs: {a: {runs-on: x, steps: [{run: a, usess: b}]}}\n"),
        "2:41: Unexpected value 'usess'"
    );
    assert!(
        unfit("").ends_with("there is nothing in it") || unfit("").contains("1:1"),
        "{}",
        unfit("")
    );
}

#[test]
fn an_action_of_node_has_its_stages() {
    let action = action(
        "name: One\ndescription: x\ninputs:\n  who: {default: '${{ github.actor }}', deprecationMessage: no}\nruns: {using: node20, main: m.js, pre: p.js, pre-if: runner.os == 'Linux', post: q.js}\n",
    )
    .unwrap();
    assert_eq!((action.name.as_str(), &*action.inputs[0].name), ("One", "who"));
    assert_eq!(action.inputs[0].deprecated.as_deref(), Some("no"));
    let Runs::Node(node) = action.runs else { panic!("it is of node") };
    assert_eq!((node.runtime.as_str(), node.main.as_str()), ("node20", "m.js"));
    let shown = |condition: &Condition| match condition {
        Condition::Asks(asked) => asked.what.to_string(),
        _ => "something else".to_owned(),
    };
    let (pre, post) = (node.pre.unwrap(), node.post.unwrap());
    assert_eq!((pre.0.as_str(), shown(&pre.1).as_str()), ("p.js", "runner.os == 'Linux'"));
    assert_eq!((post.0.as_str(), shown(&post.1).as_str()), ("q.js", "always()"));
}

#[test]
fn an_action_of_steps_has_its_steps_and_outputs() {
    let action = action(
        "name: Two\ndescription: x\noutputs: {text: {description: y, value: '${{ steps.a.outputs.b }}'}}\nruns:\n  using: composite\n  steps: [{id: a, run: x, shell: bash}, {uses: ./b}]\n",
    )
    .unwrap();
    let Runs::Composite(steps) = action.runs else { panic!("it is of steps") };
    assert_eq!(steps.iter().map(|step| &*step.id).collect::<Vec<_>>(), ["a", "__self"]);
    assert_eq!(&*action.outputs[0].name, "text");
}

#[test]
fn an_action_that_is_a_container_is_refused_by_its_kind() {
    let refused =
        action("name: x\ndescription: y\nruns: {using: docker, image: Dockerfile}\n").unwrap_err();
    assert!(
        refused.to_string().starts_with("3:7: an action that is a container cannot run here"),
        "{refused}"
    );
}

#[test]
fn an_action_runs_without_a_name_and_a_description() {
    let text = "runs: {using: composite, steps: [{run: x, shell: sh}]}\n";
    assert!(!read_action("action.yml", text).is_valid());
    assert!(matches!(action(text).unwrap().runs, Runs::Composite(_)));
}
