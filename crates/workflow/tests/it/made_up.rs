//! Workflows, fates and interruptions that nobody thought of: each run ends, and each plan on the way
//! holds the rules and is settled.

use std::fmt::Write as _;

use proptest::prelude::*;
use tidegate_workflow::JobResult::{self, Cancelled, Failure, Success};
use tidegate_workflow::{Rerun, Run, Seen};

use crate::world::{Fates, World, given};
use crate::written::{calling, workflow};

/// What some of the jobs call.
const INNER: &str = "
on: {workflow_call: {outputs: {o: {value: '${{ jobs.x.result }}'}}}}
jobs:
  x: {concurrency: {group: inner, queue: max}}
  y: {needs: x, strategy: {max-parallel: 1, matrix: {v: [1, 2]}}}
  z: {needs: y, if: always()}
";

/// A job that somebody made up.
#[derive(Clone, Debug)]
struct Made {
    /// Which of those before it it needs, a bit for each.
    needs: u16,
    condition: &'static str,
    /// How many jobs its matrix has; none without one.
    values: usize,
    parallel: usize,
    settings: &'static str,
    fate: JobResult,
}

/// What happens beside jobs that end.
#[derive(Clone, Copy, Debug)]
enum Happens {
    /// The n-th of those that run ends.
    End(usize),
    /// The n-th of those that run is lost.
    Lose(usize),
    Cancel {
        forced: bool,
    },
    /// So many minutes pass.
    Pass(u64),
    /// The server is killed and begins anew.
    Kill,
}

fn made() -> impl Strategy<Value = Made> {
    let condition = prop::sample::select(&[
        "",
        "",
        "",
        "if: always()",
        "if: failure()",
        "if: '!cancelled()'",
        "if: cancelled()",
        "if: github.x",
        "if: '1'",
    ]);
    let settings = prop::sample::select(&[
        "",
        "",
        "",
        "continue-on-error: true",
        "timeout-minutes: 3",
        "concurrency: one",
        "concurrency: {group: one, queue: max}",
        "concurrency: {group: two, cancel-in-progress: true}",
        "uses: ./inner",
        "uses: ./inner",
    ]);
    let fate = prop::sample::select(&[Success, Success, Success, Failure, Cancelled]);
    (any::<u16>(), condition, 0..5_usize, 1..4_usize, settings, fate).prop_map(
        |(needs, condition, values, parallel, settings, fate)| Made {
            needs,
            condition,
            values,
            parallel,
            settings,
            fate,
        },
    )
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        12 => any::<usize>().prop_map(Happens::End),
        2 => any::<usize>().prop_map(Happens::Lose),
        1 => any::<bool>().prop_map(|forced| Happens::Cancel { forced }),
        2 => (1..3_u64).prop_map(Happens::Pass),
        2 => Just(Happens::Kill),
    ]
}

fn written(jobs: &[Made]) -> String {
    let mut text = "jobs:\n".to_owned();
    for (at, job) in jobs.iter().enumerate() {
        let needs: Vec<_> = (0..at)
            .filter(|need| job.needs & (1 << need) != 0)
            .map(|need| format!("j{need}"))
            .collect();
        let _ = writeln!(text, "  j{at}:\n    needs: [{}]", needs.join(", "));
        for line in [job.condition, job.settings].into_iter().filter(|line| !line.is_empty()) {
            let _ = writeln!(text, "    {line}");
        }
        if job.values > 0 {
            let values: Vec<_> = (0..job.values).map(|value| format!("v{value}")).collect();
            let fast = job.parallel % 2 == 0;
            let matrix = format!("{{v: [{}]}}", values.join(", "));
            let _ = writeln!(
                text,
                "    strategy: {{fail-fast: {fast}, max-parallel: {}, matrix: {matrix}}}",
                job.parallel
            );
        }
    }
    text
}

fn fates(jobs: &[Made]) -> Fates {
    let mut fates = Fates::new();
    for (at, job) in jobs.iter().enumerate() {
        // The first of a matrix meets the fate, the others do well.
        let id = if job.values > 0 { format!("j{at}.v0") } else { format!("j{at}") };
        fates.insert(format!("{id}.x").leak(), job.fate.into());
        fates.insert(id.leak(), job.fate.into());
    }
    fates
}

fn happen(world: &mut World, what: Happens) {
    let running: Vec<String> = world.running().into_iter().map(str::to_owned).collect();
    match what {
        Happens::End(_) | Happens::Lose(_) if running.is_empty() => {}
        Happens::End(which) => world.finish(&running[which % running.len()]),
        Happens::Lose(which) => {
            let begun = world.run.begun();
            world.lose(begun[which % begun.len()]);
        }
        Happens::Cancel { forced } => {
            world.see(Seen::Cancelled { at: world.now, forced });
            world.plan();
        }
        Happens::Pass(minutes) => world.pass(minutes * 60),
        Happens::Kill => {
            world.run = world.taken_up();
            world.plan();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn each_run_ends_and_each_plan_holds_the_rules(
        jobs in prop::collection::vec(made(), 1..10),
        happening in prop::collection::vec(happens(), 0..30),
        again in any::<bool>(),
    ) {
        let inner = workflow(INNER);
        let workflow = calling(&written(&jobs), &[("./inner", inner)]);
        let mut world = World::new(&workflow, given(), fates(&jobs));
        for what in happening {
            happen(&mut world, what);
        }
        world.finish_all();
        prop_assert!(world.last.over.is_some(), "stuck: {:#?}", world.standings());
        if let (true, Ok(state)) = (again, world.run.rerun(&Rerun::Failed)) {
            let run = Run::resume(&workflow, given(), state).unwrap();
            let mut world = World::with(run, &workflow, Fates::new());
            world.finish_all();
            prop_assert!(world.last.over.is_some(), "stuck again: {:#?}", world.standings());
        }
    }
}
