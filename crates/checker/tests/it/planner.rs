use std::time::Duration;

use proptest::prelude::*;
use tidegate_rollout::{AnalysisUse, Command, CountOrPercent, Step};
use tidegate_units::Weight;

use crate::world::{Event, World, canary};

fn analysis() -> AnalysisUse {
    AnalysisUse { templates: Vec::new(), args: Vec::new() }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u8..=100).prop_map(|percent| Step::SetWeight(Weight::new(percent).unwrap())),
        1 => Just(Step::Pause(None)),
        2 => (0_u64..20).prop_map(|seconds| Step::Pause(Some(Duration::from_secs(seconds)))),
        1 => Just(Step::Analysis(analysis())),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let command = prop::sample::select(vec![
        Command::Promote,
        Command::PromoteFull,
        Command::Pause,
        Command::Resume,
        Command::Abort { why: None },
        Command::Retry,
    ]);
    prop_oneof![
        6 => Just(Event::Settle),
        4 => prop_oneof![0_u64..40, Just(700)].prop_map(Event::Wait),
        1 => Just(Event::Crash),
        2 => any::<u8>().prop_map(Event::Runs),
        3 => command.prop_map(Event::Command),
        2 => prop::sample::select(vec!["a", "b", "c"]).prop_map(Event::Apply),
        1 => (0_u32..7).prop_map(Event::Scale),
        1 => any::<bool>().prop_map(Event::Pause),
        1 => Just(Event::Restart),
        2 => Just(Event::Confirm),
        1 => prop::collection::vec(step(), 0..4).prop_map(Event::Steps),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_planner_breaks_no_rule_in_any_world(
        steps in prop::collection::vec(step(), 0..6),
        routed in any::<bool>(),
        replicas in 0_u32..6,
        background in any::<bool>(),
        surge in 0_u32..3,
        missing in 0_u32..3,
        router_lags in any::<bool>(),
        abort_late in any::<bool>(),
        events in prop::collection::vec((event(), 1_usize..4, prop::bool::weighted(0.9)), 1..40),
    ) {
        let mut strategy = canary(steps, routed);
        strategy.background = background.then(analysis);
        strategy.max_surge = CountOrPercent::Count(surge);
        strategy.max_unavailable = CountOrPercent::Count(missing);
        let mut world = World::new(strategy, replicas);
        world.router_lags = router_lags;
        world.spec.progress_deadline_abort = abort_late;
        for (event, turns, executed) in events {
            world.happens(&event);
            for _ in 0..turns {
                world.turn(executed);
            }
        }
    }
}
