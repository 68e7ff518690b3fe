//! What it costs to plan a run of a thousand jobs, all of it: `cargo bench -p tidegate-workflow`.
//!
//! The run is planned when it begins and again after each job that ends, a thousand times and once; the
//! bar is 50 ms for all of that together.
//!
//! Measured on a busy machine of two cores, the fastest of forty runs: a chain 4.3 ms, one before and
//! one after all others 6.3, twenty layers of fifty (47,500 needs) 15, the same where each asks for
//! outputs in its condition and its name 18, four matrices of 250 3.4.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run says so by panicking")]

#[path = "../tests/it/written.rs"]
mod written;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use divan::{Bencher, black_box};
use tidegate_units::Timestamp;
use tidegate_workflow::{Action, Given, JobResult, Permissions, Run, Seen, Workflow};

const JOBS: usize = 1_000;

fn main() {
    divan::main();
}

/// How the jobs of a run hang together.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Each needs the one before it.
    Chain,
    /// All but the first need the first, and the last needs all.
    Wide,
    /// Twenty layers of fifty, each of which needs all of the layer before it.
    Layers,
    /// As the layers, and each asks for outputs of those that it needs, in its condition and its name.
    Asking,
    /// Matrices of 250, each of which needs the one before it.
    Matrices,
}

const SHAPES: [Shape; 5] =
    [Shape::Chain, Shape::Wide, Shape::Layers, Shape::Asking, Shape::Matrices];

fn workflow(shape: Shape) -> Arc<Workflow> {
    let mut text = "jobs:\n".to_owned();
    if let Shape::Matrices = shape {
        let values: Vec<_> = (0..250).map(|value| value.to_string()).collect();
        for at in 0..JOBS / 250 {
            let need = if at == 0 { String::new() } else { format!("j{}", at - 1) };
            let matrix = format!("strategy: {{matrix: {{v: [{}]}}}}", values.join(", "));
            let _ = writeln!(text, "  j{at}: {{needs: [{need}], {matrix}}}");
        }
        return written::workflow(&text);
    }
    for at in 0..JOBS {
        let needs = match shape {
            Shape::Chain if at > 0 => at - 1..at,
            Shape::Wide if at + 1 == JOBS => 0..at,
            Shape::Wide if at > 0 => 0..1,
            Shape::Layers | Shape::Asking if at >= 50 => at / 50 * 50 - 50..at / 50 * 50,
            _ => 0..0,
        };
        let asks = matches!(shape, Shape::Asking) && !needs.is_empty();
        let first = needs.start;
        let needs: Vec<_> = needs.map(|need| format!("j{need}")).collect();
        let _ = writeln!(text, "  j{at}:\n    needs: [{}]", needs.join(", "));
        if asks {
            let _ = writeln!(text, "    if: needs.j{first}.outputs.go == 'yes'");
            let _ = writeln!(text, "    name: after ${{{{ needs.j{first}.outputs.name }}}}");
        }
    }
    written::workflow(&text)
}

/// Runs all jobs, first in, first out, and says how many began.
fn run(workflow: &Arc<Workflow>, given: Given) -> usize {
    let at = Timestamp::from_millis(0);
    let mut run = Run::new(workflow, given).unwrap();
    let mut waiting = VecDeque::new();
    let mut count = 0;
    loop {
        let plan = run.plan(at);
        waiting.extend(plan.actions.into_iter().filter_map(|action| match action {
            Action::Begin(begin) => Some((begin.key, begin.generation)),
            _ => None,
        }));
        let Some((key, generation)) = waiting.pop_front() else { return count };
        count += 1;
        let outputs =
            vec![("go".to_owned(), "yes".to_owned()), ("name".to_owned(), "x".to_owned())];
        let outcome = JobResult::Success;
        run.observe(Seen::Ended { key, generation, outcome, outputs, at }).unwrap();
    }
}

fn given() -> Given {
    Given {
        permissions: Permissions::restricted(),
        most: Permissions::restricted(),
        ..Given::default()
    }
}

#[divan::bench(args = SHAPES)]
fn whole_run(bencher: Bencher<'_, '_>, shape: Shape) {
    let workflow = workflow(shape);
    assert_eq!(run(&workflow, given()), JOBS);
    bencher.bench_local(|| run(black_box(&workflow), given()));
}

/// What a server pays that takes a run up in the middle of it.
#[divan::bench(args = SHAPES)]
fn taken_up(bencher: Bencher<'_, '_>, shape: Shape) {
    let workflow = workflow(shape);
    let mut run = Run::new(&workflow, given()).unwrap();
    run.plan(Timestamp::from_millis(0));
    let state = run.state().clone();
    bencher.bench_local(|| {
        let mut run = Run::resume(&workflow, given(), black_box(&state).clone()).unwrap();
        run.plan(Timestamp::from_millis(0))
    });
}
