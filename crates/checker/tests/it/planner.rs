use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;
use tidegate_rollout::{
    AnalysisUse, BlueGreen, CanaryScale, Command, CountOrPercent, CutOver, ExposureSettings,
    PluginTask, PluginUse, Promotion, Ring, Route, RouteKind, Shadow, Step, StepExperiment,
    StepTemplate, TemplateOf, TemplateService, Threshold,
};
use tidegate_traffic::{CompareSettings, RequestMatch, UserKey, UserShare};
use tidegate_units::Weight;
use tidegate_workload::WorkloadMeta;

use crate::world::{Event, World, canary};

fn analysis() -> AnalysisUse {
    AnalysisUse::default()
}

/// A step that a program takes.
pub(crate) fn by_program() -> AnalysisUse {
    let plugin = PluginUse {
        name: "acme/warm-up".to_owned(),
        config: "null".parse().unwrap(),
        task: PluginTask::Run,
        of: None,
    };
    AnalysisUse { plugin: Some(Box::new(plugin)), ..AnalysisUse::default() }
}

/// A route of one of two names: by header, by mirror, or taken away.
fn route(name: u8, kind: u8) -> Route {
    let any = if kind < 2 { vec![RequestMatch::default()] } else { Vec::new() };
    let kind = if kind == 1 { RouteKind::Mirror(Weight::FULL) } else { RouteKind::Header };
    Route { name: format!("route-{name}"), any, kind }
}

/// A comparison of a share of all requests, for a while or on; or the end of one.
fn shadow(share: u8, seconds: u64) -> Step {
    let duration = (seconds > 3).then(|| Duration::from_secs(seconds));
    let share = Weight::new(share * 40).unwrap();
    let (any, settings) = (vec![RequestMatch::default()], CompareSettings::default());
    Step::Shadow(Box::new(Shadow { share, any, duration, least: 1, settings }))
}

/// An experiment of both revisions, with these shares.
pub(crate) fn experiment(one: Option<u8>, two: u8) -> Step {
    let template = |of: TemplateOf, weight: Option<u8>| StepTemplate {
        name: format!("{of:?}").to_lowercase(),
        of,
        replicas: 1,
        meta: WorkloadMeta::default(),
        selector: BTreeMap::new(),
        weight: weight.map(|weight| Weight::new(weight).unwrap()),
        service: TemplateService::None,
    };
    Step::Experiment(StepExperiment {
        templates: vec![template(TemplateOf::Stable, one), template(TemplateOf::Canary, Some(two))],
        duration: None,
        analyses: Vec::new(),
        scale_down_delay: Duration::ZERO,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => weight().prop_map(Step::SetWeight),
        1 => Just(Step::Pause(None)),
        2 => (0_u64..20).prop_map(|seconds| Step::Pause(Some(Duration::from_secs(seconds)))),
        1 => Just(Step::Analysis(analysis())),
        2 => Just(Step::Analysis(by_program())),
        2 => (prop::option::of(0_u8..=90), 0_u8..=60).prop_map(|(one, two)| experiment(one, two)),
        1 => scale().prop_map(Step::SetScale),
        2 => (0_u8..2, 0_u8..3).prop_map(|(name, kind)| Step::SetRoute(route(name, kind))),
        3 => ring().prop_map(Step::Ring),
        2 => (0_u8..3, 0_u64..8).prop_map(|(share, seconds)| shadow(share, seconds)),
        3 => auto(),
    ]
}

/// A weight out of 100, 1000 or 3.
fn weight() -> impl Strategy<Value = Weight> {
    let of = |whole| (0..=whole).prop_map(move |part| Weight::of(part, whole).unwrap());
    prop_oneof![2 => of(100), 1 => of(1000), 1 => of(3)]
}

/// A ring with a scale of its own or none, some time to soak and perhaps an analysis; its name
/// comes with its place: see [`steps`].
fn ring() -> impl Strategy<Value = Ring> {
    let scale = prop::option::of(prop_oneof![
        (1_u32..6).prop_map(CanaryScale::Replicas),
        (1_u32..130).prop_map(CanaryScale::Share),
    ]);
    let users = prop::option::of((0_u16..=10_000).prop_map(|hundredths| UserShare {
        hundredths,
        by: UserKey::Visitor,
        salt: String::new(),
    }));
    (scale, users, 0_u64..15, any::<bool>()).prop_map(|(scale, users, soak, judged)| Ring {
        name: String::new(),
        any: vec![RequestMatch { users, ..RequestMatch::default() }],
        scale,
        soak: Duration::from_secs(soak),
        analysis: judged.then(analysis),
    })
}

/// A step that goes by evidence, of which it asks for much or little.
fn auto() -> impl Strategy<Value = Step> {
    let tolerate = prop::option::of(prop::sample::select(vec![1_000, 200_000]));
    (1_u32..200, tolerate, 1_u64..4, 0_u64..5, 20_u8..=100).prop_map(
        |(budget, tolerate, reaction, dwell, max)| {
            Step::Auto(Box::new(ExposureSettings {
                budget,
                tolerate,
                reaction: Duration::from_secs(reaction),
                dwell: Duration::from_secs(dwell),
                max: Weight::new(max).unwrap(),
                ..ExposureSettings::default()
            }))
        },
    )
}

/// Steps whose rings have names of their own, as manifests have them.
fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..most).prop_map(|mut steps| {
        for (index, step) in steps.iter_mut().enumerate() {
            if let Step::Ring(ring) = step {
                ring.name = format!("ring-{index}");
            }
        }
        steps
    })
}

fn scale() -> impl Strategy<Value = CanaryScale> {
    prop_oneof![
        2 => (0_u32..7).prop_map(CanaryScale::Replicas),
        1 => (0_u32..150).prop_map(CanaryScale::Share),
        1 => (0_u32..1500).prop_map(|part| CanaryScale::Part { part, whole: 1000 }),
        1 => Just(CanaryScale::MatchTraffic),
    ]
}

fn threshold() -> impl Strategy<Value = Threshold> {
    prop_oneof![
        3 => Just(Threshold::All),
        1 => (1_u32..=100).prop_map(Threshold::Percent),
        1 => (1_u32..6).prop_map(Threshold::Count),
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
        6 => users(),
        1 => Just(Event::RouterDies),
        2 => any::<u8>().prop_map(Event::Runs),
        2 => any::<u8>().prop_map(Event::Experiments),
        1 => Just(Event::Deleted),
        3 => command.prop_map(Event::Command),
        2 => prop::sample::select(vec!["a", "b", "c"]).prop_map(Event::Apply),
        1 => (0_u32..7).prop_map(Event::Scale),
        1 => any::<bool>().prop_map(Event::Pause),
        1 => Just(Event::Restart),
        2 => Just(Event::Confirm),
        1 => steps(4).prop_map(Event::Steps),
    ]
}

/// Mostly users; a router that dies or lags, replicas that come, a person who holds it.
fn traffic() -> impl Strategy<Value = Event> {
    let command = prop::sample::select(vec![Command::Pause, Command::Resume, Command::Promote]);
    prop_oneof![
        12 => users(),
        3 => Just(Event::Settle),
        2 => Just(Event::Confirm),
        1 => Just(Event::RouterDies),
        1 => command.prop_map(Event::Command),
    ]
}

fn users() -> impl Strategy<Value = Event> {
    let fails = prop::bool::weighted(0.1);
    let users = |(seconds, rate, fails)| Event::Users(seconds, rate, fails);
    (prop_oneof![8 => 1_u64..6, 1 => 6_u64..300], 0_u64..500, fails).prop_map(users)
}

fn cut_over() -> impl Strategy<Value = Vec<CutOver>> {
    let share = |(percent, seconds): (u8, u64)| CutOver {
        weight: Weight::new(percent).unwrap(),
        wait: Duration::from_secs(seconds),
    };
    let waits = prop::option::of(prop::collection::vec(0_u64..12, 1..4));
    waits.prop_map(move |waits| {
        [10_u8, 40, 90].into_iter().zip(waits.into_iter().flatten()).map(share).collect()
    })
}

fn blue_green() -> impl Strategy<Value = BlueGreen> {
    let promotion = prop_oneof![
        2 => Just(Promotion::AtOnce),
        1 => (0_u64..20).prop_map(|seconds| Promotion::After(Duration::from_secs(seconds))),
        1 => Just(Promotion::ByHand),
    ];
    let parts = (
        promotion,
        prop::option::of(0_u32..6),
        any::<(bool, bool)>(),
        0_u64..20,
        prop::option::of(0_u32..3),
        prop::option::of(0_u64..20),
        cut_over(),
    );
    parts.prop_map(
        |(promotion, preview_replicas, (pre, post), delay, limit, abort_delay, cut_over)| {
            BlueGreen {
                // One in three, by a number that is drawn anyway.
                shadow: Weight::new(if delay % 3 == 0 { 30 } else { 0 }).unwrap(),
                compare: CompareSettings::default(),
                cut_over,
                default_watch: delay % 2 == 0,
                promotion,
                preview_replicas,
                pre_promotion: pre.then(analysis),
                post_promotion: post.then(analysis),
                scale_down_delay: Duration::from_secs(delay),
                scale_down_revision_limit: limit,
                abort_scale_down_delay: abort_delay.map(Duration::from_secs),
            }
        },
    )
}

fn live(world: &mut World, events: Vec<(Event, usize, bool)>) {
    for (event, turns, executed) in events {
        world.happens(&event);
        for _ in 0..turns {
            world.turn(executed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_planner_breaks_no_rule_in_any_world(
        steps in steps(6),
        routed in any::<bool>(),
        replicas in 0_u32..6,
        background in any::<bool>(),
        surge in 0_u32..3,
        missing in 0_u32..3,
        router_lags in any::<bool>(),
        abort_late in any::<bool>(),
        (dynamic_stable, max_weight) in (any::<bool>(), prop::sample::select(vec![100, 1000, 3])),
        least_replicas in 1_u32..4,
        progress_threshold in threshold(),
        abort_delay in prop::option::of(0_u64..40),
        rollback_window in 0_u32..3,
        events in prop::collection::vec((event(), 1_usize..4, prop::bool::weighted(0.9)), 1..40),
    ) {
        let mut strategy = canary(steps, routed);
        strategy.background = background.then(analysis);
        strategy.max_surge = CountOrPercent::Count(surge);
        strategy.max_unavailable = CountOrPercent::Count(missing);
        strategy.dynamic_stable = dynamic_stable;
        strategy.max_weight = max_weight;
        strategy.least_replicas = least_replicas;
        strategy.progress_threshold = progress_threshold;
        strategy.abort_scale_down_delay = abort_delay.map(Duration::from_secs);
        let mut world = World::new(tidegate_rollout::Strategy::Canary(strategy), replicas);
        world.spec.rollback_window = rollback_window;
        world.router_lags = router_lags;
        world.spec.progress_deadline_abort = abort_late;
        live(&mut world, events);
    }

    #[test]
    fn blue_green_breaks_no_rule_in_any_world(
        settings in blue_green(),
        replicas in 0_u32..5,
        router_lags in any::<bool>(),
        events in prop::collection::vec((event(), 1_usize..4, prop::bool::weighted(0.9)), 1..40),
    ) {
        let mut world = World::new(tidegate_rollout::Strategy::BlueGreen(settings), replicas);
        world.router_lags = router_lags;
        live(&mut world, events);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn a_step_by_evidence_breaks_no_rule_under_any_traffic(
        step in auto(),
        replicas in 1_u32..6,
        router_lags in prop::bool::weighted(0.2),
        events in prop::collection::vec((traffic(), 1_usize..4, prop::bool::weighted(0.95)), 10..50),
    ) {
        let steps = vec![step, Step::Pause(None)];
        let mut world = World::new(tidegate_rollout::Strategy::Canary(canary(steps, true)), replicas);
        world.router_lags = router_lags;
        let begins = [Event::Settle, Event::Settle, Event::Apply("b"), Event::Settle];
        live(&mut world, begins.map(|event| (event, 3, true)).into());
        live(&mut world, events);
    }
}
