use std::collections::BTreeMap;

use tidegate_workflow::JobResult::{Cancelled, Failure, Skipped, Success};
use tidegate_workflow::{Protection, Refused, Run, Seen};

use crate::world::{Fates, World, check, given};
use crate::written::workflow;

fn fates<const N: usize>(of: [(&'static str, tidegate_workflow::JobResult); N]) -> Fates {
    of.into_iter().map(|(id, outcome)| (id, outcome.into())).collect()
}

const CHAIN: &str = "
jobs:
  a: {}
  b: {needs: a}
  c: {needs: [b, A]}
  d: {}
";

#[test]
fn jobs_begin_when_what_they_need_is_over() {
    let mut world = World::new(&workflow(CHAIN), given(), Fates::new());
    assert_eq!(world.running(), ["a", "d"]);
    world.finish("a");
    assert_eq!(world.running(), ["d", "b"]);
    world.finish("b");
    world.finish("c");
    assert_eq!(world.last.over, None);
    world.finish("d");
    assert_eq!(world.last.over, Some(Success));
}

#[test]
fn what_needs_a_failure_is_skipped_and_what_needs_that_too() {
    check(
        &workflow(CHAIN),
        fates([("a", Failure)]),
        &["a failure", "b skipped", "c skipped", "d success"],
        Failure,
    );
    check(&workflow("jobs: {a: {if: false}}"), Fates::new(), &["a skipped"], Skipped);
}

#[test]
fn conditions_ask_for_what_came_before() {
    let text = "
jobs:
  a: {}
  b: {needs: a}
  clean: {needs: b, if: always()}
  alarm: {needs: b, if: failure()}
  told: {needs: a, if: needs.a.result == 'failure'}
  asked: {needs: a, if: \"always() && needs.a.result == 'failure'\"}
  after: {needs: clean}
  named: {needs: [a, clean], if: success('clean')}
  named-too: {needs: [a, clean], if: failure('clean')}
";
    let expect = [
        "a failure",
        "b skipped",
        "clean success",
        "alarm success",
        "told skipped",
        "asked success",
        "after skipped",
        "named success",
        "named-too skipped",
    ];
    check(&workflow(text), fates([("a", Failure)]), &expect, Failure);
    let expect = [
        "a success",
        "b success",
        "clean success",
        "alarm skipped",
        "told skipped",
        "asked skipped",
        "after success",
        "named success",
        "named-too skipped",
    ];
    check(&workflow(text), Fates::new(), &expect, Success);
}

#[test]
fn a_skipped_job_far_above_skips_what_does_not_ask() {
    // As on GitHub: success() looks at all that came before, not at what is needed directly alone.
    let text = "
jobs:
  a: {if: false}
  b: {needs: a, if: always()}
  c: {needs: b}
  d: {needs: b, if: \"!cancelled() && needs.b.result == 'success'\"}
";
    check(
        &workflow(text),
        Fates::new(),
        &["a skipped", "b success", "c skipped", "d success"],
        Success,
    );
}

#[test]
fn a_failure_that_does_not_matter_counts_as_success() {
    let text = "
jobs:
  a: {continue-on-error: true}
  b: {needs: a, if: needs.a.result == 'success'}
";
    check(&workflow(text), fates([("a", Failure)]), &["a success", "b success"], Success);
}

#[test]
fn outputs_reach_those_that_need_them() {
    let text = "
jobs:
  plan: {}
  build:
    needs: plan
    strategy: {matrix: '${{ fromJSON(needs.plan.outputs.matrix) }}'}
    name: on ${{ matrix.os }}
  done: {needs: [plan, build], if: needs.build.outputs.log == 'mac'}
";
    let mut fates = Fates::new();
    fates.insert("plan", [("matrix", r#"{"os": ["linux", "mac", "bsd"]}"#)].into());
    fates.insert("build.linux", [("log", "linux")].into());
    fates.insert("build.mac", [("log", "mac")].into());
    fates.insert("build.bsd", [("log", "")].into());
    let expect = [
        "plan success",
        "build.linux success",
        "build.mac success",
        "build.bsd success",
        "done success",
    ];
    let world = check(&workflow(text), fates, &expect, Success);
    assert_eq!(world.run.report().jobs[1].name, "on linux");
}

const MATRIX: &str = "
jobs:
  m:
    strategy: {MORE matrix: {v: [1, 2, 3, 4]}}
";

#[test]
fn so_many_run_at_once_and_no_more() {
    let mut world =
        World::new(&workflow(&MATRIX.replace("MORE", "max-parallel: 2,")), given(), Fates::new());
    assert_eq!(world.running(), ["m._1", "m._2"]);
    world.finish("m._2");
    assert_eq!(world.running(), ["m._1", "m._3"]);
    world.finish_all();
    assert_eq!(world.last.over, Some(Success));
}

#[test]
fn one_that_fails_takes_the_others_of_its_matrix_along() {
    let expect = ["m._1 failure", "m._2 cancelled", "m._3 cancelled", "m._4 cancelled"];
    let world = check(
        &workflow(&MATRIX.replace("MORE", "max-parallel: 2,")),
        fates([("m._1", Failure)]),
        &expect,
        Failure,
    );
    assert!(world.log.contains(&"cancel m._2 FailFast".to_owned()), "{:?}", world.log);
    let expect = ["m._1 failure", "m._2 success", "m._3 success", "m._4 success"];
    check(
        &workflow(&MATRIX.replace("MORE", "fail-fast: false,")),
        fates([("m._1", Failure)]),
        &expect,
        Failure,
    );
    let text = MATRIX.replace("MORE", "") + "    continue-on-error: ${{ matrix.v == 1 }}\n";
    let expect = ["m._1 success", "m._2 success", "m._3 success", "m._4 success"];
    check(&workflow(&text), fates([("m._1", Failure)]), &expect, Success);
}

#[test]
fn a_job_that_takes_too_long_is_cancelled_and_then_killed() {
    let text = "jobs: {a: {timeout-minutes: 2, cancel-timeout-minutes: 1}, b: {needs: a, if: cancelled() || failure()}}";
    let mut world = World::new(&workflow(text), given(), Fates::new());
    assert_eq!(world.last.wake_at, Some(world.now.after(std::time::Duration::from_mins(2))));
    world.pass(119);
    assert!(world.last.wake_at.is_some());
    assert_eq!(world.running(), ["a"]);
    world.pass(1);
    assert_eq!(world.standings(), ["a cancelled", "b skipped"]);
    assert_eq!(world.log, ["begin a", "cancel a Timeout", "end a cancelled"]);
    assert_eq!(world.last.wake_at, None, "nothing is left to wake up for");
}

#[test]
fn a_run_that_is_cancelled_ends_what_does_not_ask_to_stay() {
    let text = "
jobs:
  a: {}
  b: {if: always()}
  c: {needs: a}
  d: {needs: a, if: cancelled()}
  m: {strategy: {max-parallel: 1, matrix: {v: [1, 2]}}}
";
    let mut world = World::new(&workflow(text), given(), Fates::new());
    world.see(Seen::Cancelled { at: world.now, forced: false });
    world.plan();
    assert_eq!(world.running(), ["b", "d"]);
    world.finish_all();
    assert_eq!(
        world.standings(),
        ["a cancelled", "b success", "c skipped", "d success", "m._1 cancelled", "m._2 cancelled"]
    );
    assert_eq!(world.last.over, Some(Cancelled));
    let mut world = World::new(&workflow(text), given(), Fates::new());
    world.see(Seen::Cancelled { at: world.now, forced: true });
    world.plan();
    assert!(
        world.standings().iter().all(|job| job.ends_with("cancelled")),
        "{:?}",
        world.standings()
    );
}

#[test]
fn groups_let_one_in_at_a_time() {
    let text = "
jobs:
  a: {concurrency: one}
  b: {concurrency: {group: ONE, queue: max}}
  c: {concurrency: {group: one, queue: max}}
";
    let mut world = World::new(&workflow(text), given(), Fates::new());
    assert_eq!(world.running(), ["a"]);
    world.finish("a");
    assert_eq!(world.running(), ["b"]);
    world.finish("b");
    assert_eq!(world.running(), ["c"]);
    let text = text.replace(", queue: max", "");
    let expect = ["a success", "b cancelled", "c success"];
    check(&workflow(&text), Fates::new(), &expect, Cancelled);
    let text = text.replace(
        "c: {concurrency: {group: one",
        "c: {concurrency: {cancel-in-progress: true, group: one",
    );
    check(&workflow(&text), Fates::new(), &["a cancelled", "b cancelled", "c success"], Cancelled);
}

#[test]
fn a_run_waits_for_its_group_and_leaves_it() {
    let text = "{concurrency: deploy, jobs: {a: {}}}";
    let world = check(&workflow(text), Fates::new(), &["a success"], Success);
    assert_eq!(world.log, ["enter deploy", "begin a", "end a success", "leave deploy"]);
    let text = "{concurrency: deploy, jobs: {a: {concurrency: Deploy}}}";
    let world = check(&workflow(text), Fates::new(), &["a failure"], Failure);
    assert_eq!(
        world.errors(),
        ["the concurrency group 'Deploy' is that of what this job is part of: neither could go on"]
    );
    let text = "{concurrency: '', jobs: {a: {}}}";
    let world = check(&workflow(text), Fates::new(), &["a failure"], Failure);
    assert_eq!(
        world.errors(),
        ["0:0: Concurrency group name cannot be empty".replace("0:0", "1:15")]
    );
}

#[test]
fn deployments_wait_for_people_and_for_time() {
    let protection = Protection {
        reviewers: vec!["ann".into(), "bob".into()],
        not_by_actor: true,
        wait_minutes: 10,
    };
    let given = tidegate_workflow::Given {
        environments: BTreeMap::from([("live".into(), protection)]),
        ..given()
    };
    let text = "jobs: {a: {environment: {name: Live, url: '${{ steps.x.outputs.y }}'}}, b: {environment: test}}";
    let mut world = World::new(&workflow(text), given, Fates::new());
    assert_eq!(world.running(), ["b"]);
    assert_eq!(world.log, ["ask a Live", "begin b"]);
    let mut say = |by: &str| {
        let seen = Seen::Approved { environment: "LIVE".into(), by: by.into(), at: world.now };
        world.run.observe(seen)
    };
    assert_eq!(say("ann"), Err(Refused::OwnRun("ann".into())));
    assert!(matches!(say("eve"), Err(Refused::NotReviewer { .. })));
    assert_eq!(say("bob"), Ok(()));
    assert_eq!(say("bob"), Err(Refused::NothingWaits("LIVE".into())));
    world.plan();
    assert_eq!(world.running(), ["b"]);
    world.pass(600);
    assert_eq!(world.running(), ["b", "a"]);
}

#[test]
fn a_deployment_that_is_refused_fails() {
    let protection =
        Protection { reviewers: vec!["bob".into()], not_by_actor: false, wait_minutes: 0 };
    let given = tidegate_workflow::Given {
        environments: BTreeMap::from([("live".into(), protection)]),
        ..given()
    };
    let mut world = World::new(&workflow("jobs: {a: {environment: live}}"), given, Fates::new());
    world.see(Seen::Rejected { environment: "live".into(), by: "bob".into(), at: world.now });
    world.plan();
    assert_eq!(world.last.over, Some(Failure));
    assert_eq!(world.errors(), ["bob did not approve the deployment to live"]);
}

#[test]
fn a_job_that_nobody_runs_any_more_begins_again_and_says_so() {
    let mut world = World::new(&workflow("jobs: {a: {}, b: {needs: a}}"), given(), Fates::new());
    let key = world.run.begun()[0];
    world.run = world.taken_up();
    world.see(Seen::Lost { key, at: world.now });
    world.plan();
    assert_eq!(world.log, ["begin a", "begin a"]);
    assert!(world.run.report().jobs[0].again);
    // What the first one says is not heard any more.
    let outcome = Failure;
    world.see(Seen::Ended { key, generation: 1, outcome, outputs: Vec::new(), at: world.now });
    assert_eq!(world.run.begun(), [key]);
}

#[test]
fn what_cannot_be_evaluated_fails_its_job_alone() {
    let text = "
jobs:
  a: {if: fromJSON('x')}
  b: {strategy: {matrix: 1}}
  c: {timeout-minutes: '${{ github.x }}'}
  d: {runs-on: []}
  e: {uses: ./nothing}
  f: {}
";
    let expect = ["a failure", "b failure", "c failure", "d failure", "e failure", "f success"];
    let world = check(&workflow(text), Fates::new(), &expect, Failure);
    assert_eq!(world.errors().len(), 5);
}

#[test]
fn needs_that_lead_nowhere_are_refused() {
    let wrong = |text: &str| Run::new(&workflow(text), given()).unwrap_err().to_string();
    assert_eq!(wrong("jobs: {a: {needs: b}}"), "1:19: Job 'a' depends on unknown job 'b'.");
    assert_eq!(
        wrong("jobs: {x: {}, a: {needs: [x, b]}, b: {needs: a}}"),
        "1:30: Job 'a' depends on job 'b' which creates a cycle in the dependency graph."
    );
    assert_eq!(wrong("jobs: {a: {}, A: {}}"), "1:15: 'A' is already defined");
}

#[test]
fn a_run_is_called_what_its_workflow_says() {
    use tidegate_expression::Value;
    let title = |text: &str| {
        let inputs = Value::from_json(r#"{"to": "live", "x": [1]}"#).unwrap();
        let run =
            Run::new(&workflow(text), tidegate_workflow::Given { inputs, ..given() }).unwrap();
        run.title().map_err(|errors| errors.len())
    };
    assert_eq!(
        title("{run-name: 'Deploy to ${{ inputs.to }}', jobs: {a: {}}}"),
        Ok(Some("Deploy to live".into()))
    );
    assert_eq!(title("{run-name: '${{ inputs.nothing }}', jobs: {a: {}}}"), Ok(None));
    assert_eq!(title("jobs: {a: {}}"), Ok(None));
    assert_eq!(title("{run-name: '${{ inputs.x }}', jobs: {a: {}}}"), Err(1));
}
