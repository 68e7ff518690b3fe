use tidegate_workflow::JobResult::{Failure, Skipped, Success};
use tidegate_workflow::{JobKey, Rerun, RerunError, Run, Seen};

use crate::world::{Fates, World, check, given};
use crate::written::{calling, workflow};

/// Runs `world`'s run again, in a world where all succeeds.
fn again(
    world: &World,
    workflow: &std::sync::Arc<tidegate_workflow::Workflow>,
    what: &Rerun,
) -> World {
    let state = world.run.rerun(what).unwrap();
    let run = Run::resume(workflow, given(), state).unwrap();
    let mut world = World::with(run, workflow, Fates::new());
    world.finish_all();
    world
}

fn begun(world: &World) -> Vec<&str> {
    world.log.iter().filter_map(|line| line.strip_prefix("begin ")).collect()
}

const JOBS: &str = "
jobs:
  a: {}
  m: {strategy: {fail-fast: false, matrix: {v: [1, 2, 3]}}}
  b: {needs: [a, m]}
  c: {needs: a}
  d: {needs: [b, c], if: always()}
";

fn failed() -> (std::sync::Arc<tidegate_workflow::Workflow>, World) {
    let workflow = workflow(JOBS);
    let fates = Fates::from([("m._2", Failure.into())]);
    let expect = [
        "a success",
        "m._1 success",
        "m._2 failure",
        "m._3 success",
        "b skipped",
        "c success",
        "d success",
    ];
    let world = check(&workflow, fates, &expect, Failure);
    (workflow, world)
}

#[test]
fn what_failed_runs_again_with_what_needs_it_and_no_more() {
    let (workflow, world) = failed();
    let world = again(&world, &workflow, &Rerun::Failed);
    assert_eq!(begun(&world), ["m._2", "b", "d"]);
    assert_eq!(world.last.over, Some(Success));
    assert_eq!(world.run.report().attempt, 2);
    assert_eq!(world.run.rerun(&Rerun::Failed), Err(RerunError::NothingFailed));
}

#[test]
fn all_runs_again_or_one_job_with_what_needs_it() {
    let (workflow, world) = failed();
    let all = again(&world, &workflow, &Rerun::All);
    assert_eq!(begun(&all), ["a", "m._1", "m._2", "m._3", "c", "b", "d"]);
    let one = again(&all, &workflow, &Rerun::Job(JobKey { job: 3, instance: 0 }));
    assert_eq!(begun(&one), ["c", "d"]);
    assert_eq!(one.run.report().attempt, 3);
    let nobody = Rerun::Job(JobKey { job: 9, instance: 0 });
    assert_eq!(one.run.rerun(&nobody), Err(RerunError::Unknown));
}

#[test]
fn what_is_not_over_or_was_cancelled() {
    let workflow = workflow(JOBS);
    let mut world = World::new(&workflow, given(), Fates::new());
    assert_eq!(world.run.rerun(&Rerun::All), Err(RerunError::Running));
    world.finish("a");
    world.see(Seen::Cancelled { at: world.now, forced: false });
    world.plan();
    world.finish_all();
    let world = again(&world, &workflow, &Rerun::Failed);
    assert_eq!(begun(&world), ["m._1", "m._2", "m._3", "c", "b", "d"]);
    assert_eq!(world.last.over, Some(Success));
}

#[test]
fn jobs_of_called_workflows_run_again_inside_them() {
    let inner = workflow(
        "{on: {workflow_call: {outputs: {o: {value: '${{ jobs.y.result }}'}}}}, jobs: {x: {}, y: {needs: x}, z: {}}}",
    );
    let text =
        "jobs: {call: {uses: ./inner}, post: {needs: call, if: needs.call.outputs.o == 'success'}}";
    let outer = calling(text, &[("./inner", inner)]);
    let fates = Fates::from([("call.x", Failure.into())]);
    let expect =
        ["call failure", "post skipped", "call.x failure", "call.y skipped", "call.z success"];
    let world = check(&outer, fates, &expect, Failure);
    let some = again(&world, &outer, &Rerun::Failed);
    assert_eq!(begun(&some), ["call.x", "call.y", "post"]);
    assert_eq!(some.last.over, Some(Success));
    let all = again(&some, &outer, &Rerun::All);
    assert_eq!(begun(&all), ["call.x", "call.z", "call.y", "post"]);
    assert_eq!(all.standings().len(), 5);
}

#[test]
fn what_could_not_be_decided_is_decided_again() {
    let workflow = workflow("jobs: {a: {if: fromJSON('x')}, b: {needs: a}}");
    let world = check(&workflow, Fates::new(), &["a failure", "b skipped"], Failure);
    let world = again(&world, &workflow, &Rerun::Failed);
    assert_eq!(world.standings(), ["a failure", "b skipped"]);
    let nothing = crate::written::workflow("jobs: {a: {if: false}}");
    let world = check(&nothing, Fates::new(), &["a skipped"], Skipped);
    assert_eq!(world.run.rerun(&Rerun::Failed), Err(RerunError::NothingFailed));
}
