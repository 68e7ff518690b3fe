//! Random specs, observations, orders of events and commands: the rules hold at every plan, and a
//! world that has become healthy comes to rest.

mod steps;

use std::time::Duration;

use proptest::{collection::vec, option, prelude::*, sample::select};
use tidegate_rollout::{
    BlueGreen, Canary, Command, CountOrPercent, CutOver, Observation, Phase, Promotion,
    RolloutSpec, RunSeen, Step, Threshold,
};
use tidegate_traffic::CompareSettings;
use tidegate_units::{RunPhase, Weight};

use self::steps::{an_analysis, some_steps};
use crate::world::{Fate, World, rev, secs};

/// What may happen at any moment.
#[derive(Clone, Debug)]
enum Happening {
    Tick(u32),
    Apply(usize),
    Command(Command),
    /// The n-th run ends so.
    Judge(usize, RunSeen),
    /// All experiments end so.
    End(RunPhase),
    /// The experiments are gone, and their names are somebody else's.
    Usurp,
    Break(usize),
    Kill(usize),
    Starts(usize, Option<Duration>),
    Replicas(u32),
    Steps(Vec<Step>),
    /// Another strategy.
    Strategy(Box<tidegate_rollout::Strategy>),
    Paused(bool),
    Restart,
    Obstacle(usize, bool),
    Service(bool),
    Routed(bool),
    /// Seen are the things of so many observations ago.
    Late(usize),
    /// The n-th revision is missing from what is seen.
    Unseen(usize),
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// What `maxTrafficWeight` divides the traffic into: every weight of the steps is a whole number of it,
/// as manifests have them.
const MAX_WEIGHTS: &[u32] = &[3000, 9000];

fn a_count() -> impl Strategy<Value = CountOrPercent> {
    prop_oneof![
        (0..4u32).prop_map(CountOrPercent::Count),
        (0..120u32).prop_map(CountOrPercent::Percent),
    ]
}

fn a_threshold() -> impl Strategy<Value = Threshold> {
    prop_oneof![
        3 => Just(Threshold::All),
        1 => (1..=100u32).prop_map(Threshold::Percent),
        1 => (1..6u32).prop_map(Threshold::Count),
    ]
}

fn a_canary() -> impl Strategy<Value = tidegate_rollout::Strategy> {
    let canary = (
        some_steps(5),
        any::<bool>(),
        a_count(),
        a_count(),
        0..20u64,
        option::of(0..20u64),
        (any::<bool>(), 0..4u32, any::<bool>()),
        (any::<bool>(), 1..4u32, option::of(0..3u32), a_threshold(), select(MAX_WEIGHTS)),
    );
    canary.prop_map(|canary| {
        let (steps, routed, max_surge, max_unavailable, delay, abort_delay, analysis, scales) =
            canary;
        let (background, starting_step, default_watch) = analysis;
        let (
            dynamic_stable,
            least_replicas,
            scale_down_revision_limit,
            progress_threshold,
            max_weight,
        ) = scales;
        tidegate_rollout::Strategy::Canary(Canary {
            steps,
            routed,
            max_weight,
            max_surge,
            max_unavailable,
            scale_down_delay: secs(delay),
            abort_scale_down_delay: abort_delay.map(secs),
            background: background.then(an_analysis),
            starting_step,
            default_watch,
            dynamic_stable,
            least_replicas,
            scale_down_revision_limit,
            progress_threshold,
            auto_weight: None,
            managed_routes: vec!["route-1".to_owned(), "route-0".to_owned()],
        })
    })
}

fn a_cut_over() -> impl Strategy<Value = Vec<CutOver>> {
    let share = |(share, seconds): (usize, u64)| CutOver {
        weight: Weight::new([10, 40, 90][share]).unwrap(),
        wait: secs(seconds),
    };
    option::of(vec(0..12u64, 1..4))
        .prop_map(move |waits| waits.into_iter().flatten().enumerate().map(share).collect())
}

fn a_blue_green() -> impl Strategy<Value = tidegate_rollout::Strategy> {
    let promotion = prop_oneof![
        Just(Promotion::AtOnce),
        (0..15u64).prop_map(|seconds| Promotion::After(secs(seconds))),
        Just(Promotion::ByHand),
    ];
    let rest = (0..20u64, option::of(0..3u32), option::of(0..20u64));
    let parts = (promotion, option::of(0..5u32), any::<bool>(), any::<bool>(), rest, a_cut_over());
    parts.prop_map(|(promotion, preview_replicas, pre, post, rest, cut_over)| {
        let (delay, scale_down_revision_limit, abort_delay) = rest;
        tidegate_rollout::Strategy::BlueGreen(BlueGreen {
            promotion,
            preview_replicas,
            pre_promotion: pre.then(an_analysis),
            shadow: Weight::new(if pre { 30 } else { 0 }).unwrap(),
            compare: CompareSettings::default(),
            cut_over,
            default_watch: delay % 2 == 0,
            post_promotion: post.then(an_analysis),
            scale_down_delay: secs(delay),
            scale_down_revision_limit,
            abort_scale_down_delay: abort_delay.map(secs),
        })
    })
}

fn a_strategy() -> impl Strategy<Value = tidegate_rollout::Strategy> {
    prop_oneof![2 => a_canary(), 1 => a_blue_green()]
}

fn a_spec() -> impl Strategy<Value = RolloutSpec> {
    let rest = (0..9u32, 0..3u64, 0..3u32, 5..60u64, any::<bool>(), 0..3u32);
    (a_strategy(), rest).prop_map(|(strategy, rest)| {
        let (replicas, min_ready, revision_history_limit, deadline, abort, rollback_window) = rest;
        RolloutSpec {
            name: "web".to_owned(),
            replicas,
            revision: rev("a"),
            paused: false,
            min_ready: secs(min_ready),
            revision_history_limit,
            progress_deadline: secs(deadline),
            progress_deadline_abort: abort,
            restart_at: None,
            rollback_window,
            strategy,
        }
    })
}

fn a_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => Just(Command::Promote),
        1 => Just(Command::PromoteFull),
        1 => Just(Command::Pause),
        1 => Just(Command::Resume),
        1 => Just(Command::Abort { why: None }),
        2 => Just(Command::Retry),
    ]
}

fn a_verdict() -> impl Strategy<Value = RunSeen> {
    prop_oneof![
        4 => Just(RunSeen::Successful),
        1 => Just(RunSeen::Failed("worse".to_owned())),
        1 => Just(RunSeen::Error("no answer".to_owned())),
        2 => Just(RunSeen::Inconclusive("too few".to_owned())),
    ]
}

fn a_phase() -> impl Strategy<Value = RunPhase> {
    use RunPhase::{Error, Failed, Inconclusive, Pending, Successful};
    select(vec![Pending, Successful, Successful, Failed, Error, Inconclusive])
}

fn a_happening() -> impl Strategy<Value = Happening> {
    let which = 0..NAMES.len();
    prop_oneof![
        16 => (1..12u32).prop_map(Happening::Tick),
        4 => which.clone().prop_map(Happening::Apply),
        6 => a_command().prop_map(Happening::Command),
        4 => (0..3usize, a_verdict()).prop_map(|(run, seen)| Happening::Judge(run, seen)),
        3 => a_phase().prop_map(Happening::End),
        1 => Just(Happening::Usurp),
        1 => which.clone().prop_map(Happening::Break),
        1 => which.clone().prop_map(Happening::Kill),
        1 => (which.clone(), option::of((0..6u64).prop_map(secs)))
            .prop_map(|(revision, takes)| Happening::Starts(revision, takes)),
        1 => (0..9u32).prop_map(Happening::Replicas),
        1 => some_steps(4).prop_map(Happening::Steps),
        1 => a_strategy().prop_map(|strategy| Happening::Strategy(Box::new(strategy))),
        1 => any::<bool>().prop_map(Happening::Paused),
        1 => Just(Happening::Restart),
        1 => (which.clone(), any::<bool>()).prop_map(|(at, on)| Happening::Obstacle(at, on)),
        1 => any::<bool>().prop_map(Happening::Service),
        1 => any::<bool>().prop_map(Happening::Routed),
        1 => (1..4usize).prop_map(Happening::Late),
        1 => which.prop_map(Happening::Unseen),
    ]
}

fn a_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![3 => (0..4u32).prop_map(Some), 1 => Just(None)]
}

fn happen(world: &mut World, seen: &mut Vec<Observation>, happening: Happening) {
    match happening {
        Happening::Tick(ticks) => {
            for _ in 0..ticks {
                world.tick();
                seen.push(world.observe());
            }
        }
        Happening::Apply(which) => world.spec.revision = rev(NAMES[which]),
        // A refusal is an answer like any other; what is refused is tested elsewhere.
        Happening::Command(command) => drop(world.command(&command)),
        Happening::Judge(which, verdict) => {
            let running = world.runs.values_mut();
            let mut running = running.filter(|(_, seen)| *seen == RunSeen::Running);
            if let Some((_, seen)) = running.nth(which) {
                *seen = verdict;
            }
        }
        Happening::End(phase) => world.end_experiments(phase),
        Happening::Usurp => {
            world.taken_names = std::mem::take(&mut world.experiments).into_keys().collect();
        }
        Happening::Break(which) => {
            let replicas = world.revisions.entry(rev(NAMES[which])).or_default();
            if let Some(replica) = replicas.first_mut() {
                replica.broken = true;
            }
        }
        Happening::Kill(which) => {
            world.revisions.entry(rev(NAMES[which])).or_default().pop();
        }
        Happening::Starts(which, takes) => {
            world.start_time.insert(rev(NAMES[which]), takes);
        }
        Happening::Replicas(count) => world.spec.replicas = count,
        Happening::Steps(steps) => with_canary(world, |canary| canary.steps = steps),
        Happening::Strategy(strategy) => world.spec.strategy = *strategy,
        Happening::Paused(paused) => world.spec.paused = paused,
        Happening::Restart => world.spec.restart_at = Some(world.now.after(secs(3))),
        Happening::Obstacle(which, true) => {
            let message = "no such image".to_owned();
            world.obstacles.insert(rev(NAMES[which]), message);
        }
        Happening::Obstacle(which, false) => {
            world.obstacles.remove(&rev(NAMES[which]));
        }
        Happening::Service(none) => world.no_service = none,
        Happening::Routed(routed) => with_canary(world, |canary| canary.routed = routed),
        Happening::Late(ago) => {
            if let Some(late) = seen.iter().rev().nth(ago).cloned() {
                world.plan_on(&late);
            }
        }
        Happening::Unseen(which) => {
            let mut partial = world.observe();
            partial.revisions.remove(&rev(NAMES[which]));
            partial.routed = partial.routed.filter(|_| which % 2 == 0);
            world.plan_on(&partial);
        }
    }
}

fn with_canary(world: &mut World, change: impl FnOnce(&mut Canary)) {
    if let tidegate_rollout::Strategy::Canary(canary) = &mut world.spec.strategy {
        change(canary);
    }
}

/// Everything that was broken is mended, and people let the rollout go on.
fn heal(world: &mut World) {
    world.fates = vec![Some(0), Some(1)];
    world.start_time.clear();
    world.obstacles.clear();
    world.no_service = false;
    world.spec.paused = false;
    for replica in world.revisions.values_mut().flatten() {
        replica.broken = false;
    }
}

fn go_on(world: &mut World) {
    for (_, seen) in world.runs.values_mut() {
        if *seen == RunSeen::Running {
            *seen = RunSeen::Successful;
        }
    }
    world.end_experiments(RunPhase::Successful);
    if world.status.phase == Phase::Paused && world.command(&Command::Promote).is_err() {
        world.command(&Command::Resume).unwrap();
    }
}

/// Ticks until a world in which nothing goes wrong must be at rest: every step takes at most a
/// pause of 15 s or the delays of a few orders, and a basic canary of 8 replicas moves one at a
/// time.
const REST_WITHIN: u32 = 400;

fn comes_to_rest(world: &mut World) {
    for _ in 0..REST_WITHIN {
        let plan = world.tick();
        let arrived = plan.report.phase == Phase::Healthy || plan.status.abort.is_some();
        let waits = !plan.report.waiting.is_empty() || plan.wake_at.is_some();
        if arrived && !waits && world.nothing_under_way() {
            break;
        }
        go_on(world);
    }
    let aborted = world.status.abort.is_some();
    let at_rest = world.status.phase == Phase::Healthy || aborted;
    assert!(at_rest, "{} {:#?}", world.status.message, world.last);
    for _ in 0..3 {
        world.assert_at_rest();
    }
    assert_eq!(world.weight_of(world.spec.revision.as_str()) == 100, {
        let routed = !world.status.route.is_empty();
        routed && !aborted
    });
    let wanted = usize::try_from(world.spec.replicas).unwrap();
    let stable = world.status.stable.clone().unwrap();
    assert_eq!(world.count_of(stable.as_str()), wanted);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_rules_hold_whatever_happens(
        spec in a_spec(),
        fates in vec(a_fate(), 1..12),
        happenings in vec(a_happening(), 1..40),
    ) {
        let mut world = World::new(spec);
        world.fates = fates;
        let mut seen = Vec::new();
        for happening in happenings {
            happen(&mut world, &mut seen, happening);
            world.plan();
        }
        heal(&mut world);
        comes_to_rest(&mut world);
    }
}
