//! Whatever happens, in any order, with orders lost and plans repeated.

use proptest::prelude::*;
use tidegate_experiment::ExperimentSpec;
use tidegate_rollout::{RevisionSeen, RunSeen};
use tidegate_units::RunName;

use crate::world::{SECOND, World, analysis, spec};

#[derive(Clone, Copy, Debug)]
enum Happening {
    Plan,
    Lost,
    Wait(u32),
    Crash(usize),
    Recover(usize),
    RunEnds(usize, u8),
    Resize(usize, u32),
    Terminate,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => Just(Happening::Plan),
        2 => Just(Happening::Lost),
        4 => (1_u32..40).prop_map(Happening::Wait),
        2 => (0_usize..2).prop_map(Happening::Crash),
        2 => (0_usize..2).prop_map(Happening::Recover),
        2 => (0_usize..2, 0_u8..4).prop_map(|(run, end)| Happening::RunEnds(run, end)),
        1 => (0_usize..2, 0_u32..4).prop_map(|(one, to)| Happening::Resize(one, to)),
        1 => Just(Happening::Terminate),
    ]
}

fn happens(world: &mut World, what: Happening) {
    match what {
        Happening::Plan => {
            world.step();
        }
        Happening::Lost => {
            world.plan();
        }
        Happening::Wait(seconds) => world.now = world.now.after(seconds * SECOND),
        Happening::Crash(index) => set_up(world, index, 0),
        Happening::Recover(index) => set_up(world, index, u32::MAX),
        Happening::RunEnds(index, end) => {
            let name = RunName::from(["ex-one", "ex-two"][index]);
            let message = || "m".to_owned();
            let end = match end {
                0 => RunSeen::Failed(message()),
                1 => RunSeen::Error(message()),
                2 => RunSeen::Inconclusive(message()),
                _ => RunSeen::Successful,
            };
            if world.seen.runs.get(&name) == Some(&RunSeen::Running) {
                world.seen.runs.insert(name, end);
            }
        }
        Happening::Resize(index, to) => world.spec.templates[index].replicas = to,
        Happening::Terminate => world.spec.terminate = true,
    }
}

fn set_up(world: &mut World, index: usize, up: u32) {
    let revision = world.spec.templates[index].revision.clone();
    if let Some(seen) = world.seen.revisions.get_mut(&revision) {
        let up = up.min(seen.replicas);
        *seen = RevisionSeen { ready: up, available: up, ..*seen };
    }
}

fn specs() -> impl Strategy<Value = ExperimentSpec> {
    let options = (any::<[bool; 3]>(), 0_u32..20, any::<bool>());
    options.prop_map(|([first, second, timed], delay, analysed)| ExperimentSpec {
        duration: timed.then(|| 60 * SECOND),
        analyses: if analysed {
            vec![analysis("one", first), analysis("two", second)]
        } else {
            Vec::new()
        },
        scale_down_delay: delay * SECOND,
        ..spec()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The checker agrees with every plan, it settles from anywhere, and once it is ended nothing
    /// is left of it.
    #[test]
    fn it_keeps_the_rules_and_settles(spec in specs(), story in prop::collection::vec(happening(), 0..40)) {
        let mut world = World::new(spec);
        for what in story {
            happens(&mut world, what);
        }
        world.settle();
        world.spec.terminate = true;
        world.settle();
        prop_assert!(world.status.phase.is_completed());
        world.leaves_nothing();
    }
}
