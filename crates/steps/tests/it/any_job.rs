//! Jobs that nobody thought of.

use proptest::prelude::*;
use tidegate_steps::Outcome;
use tidegate_workflow::Step;

use crate::bed::{Bed, Said as _, cancel, composite, job, parallel, run, uses, wait, wait_all};

fn scripts() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["x", "fail", "hang", "out a=1", "env A=1", "path /p"])
}

fn conditions() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(prop::sample::select(vec![
        "always()",
        "failure()",
        "cancelled()",
        "steps.s1.outcome == 'success'",
        "always() && steps.s0.outputs.a == 1",
    ]))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = (scripts(), conditions(), any::<bool>(), any::<bool>(), 0..9_u8);
    prop::collection::vec(one, 0..12).prop_map(|all| {
        let step = |(number, (script, when, background, whatever, kind)): (usize, _)| {
            let (id, other) = (format!("s{number}"), format!("s{}", number / 2));
            match kind {
                0 => return wait(&[&other]),
                1 => return wait_all(),
                2 => return cancel(&other),
                3 => return parallel(vec![run(&id, script), run(&format!("{id}-b"), "hang")]),
                _ => {}
            }
            let step = if kind == 4 { uses(&id, "./two", &[]) } else { run(&id, script) };
            let step = if background { step.in_background() } else { step };
            let step = if whatever { step.whatever() } else { step };
            match when {
                Some(when) => step.when(when),
                None => step,
            }
        };
        all.into_iter().enumerate().map(step).collect()
    })
}

proptest! {
    /// Whatever the steps are and whenever it is cancelled, a job ends, nothing is ordered afterwards, and each step that was begun
    /// ended once.
    #[test]
    fn it_ends(steps in steps(), cancelled in prop::option::of(0..6_usize), failing in any::<bool>()) {
        let two = composite(vec![run("x", "hang"), run("y", "out a=1").when("always()")]);
        let mut bed = Bed::new(job(steps), vec![("./two", two)]);
        bed.settle();
        let mut was_cancelled = false;
        for round in 0.. {
            prop_assert!(round < 200, "it does not end: {:?}", bed.transcript);
            if cancelled == Some(round) && bed.sequence.over().is_none() {
                bed.cancel();
                was_cancelled = true;
            }
            let Some(title) = bed.hanging.values().next().cloned() else { break };
            bed.let_go(&title, if failing { Outcome::Failure } else { Outcome::Success });
        }
        let over = bed.sequence.over().cloned();
        prop_assert!(over.is_some(), "{:?}", bed.transcript);
        if was_cancelled {
            prop_assert_eq!(over.unwrap().conclusion, Outcome::Cancelled);
        }
        let begun = bed.transcript.iter().filter(|line| line.starts_with("run ")).count();
        prop_assert_eq!(begun, bed.orders);
        let before = bed.transcript.len();
        bed.cancel();
        prop_assert_eq!(bed.transcript.len(), before);
    }
}
