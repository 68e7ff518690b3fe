//! Steps of any kind.

use std::time::Duration;

use proptest::{collection::vec, option, prelude::*};
use tidegate_rollout::{
    AnalysisUse, CanaryScale, Ring, Route, RouteKind, Shadow, Step, TemplateOf, TemplateUse,
};
use tidegate_traffic::{CompareSettings, RequestMatch, UserKey, UserShare};
use tidegate_units::Weight;

use crate::{scenario_experiment::experiment, scenario_plugin::by_program, world::secs};

pub(crate) fn an_analysis() -> AnalysisUse {
    AnalysisUse {
        templates: vec![TemplateUse { name: "success-rate".to_owned(), ..TemplateUse::default() }],
        ..AnalysisUse::default()
    }
}

/// A route of one of three names: by header, by mirror, or taken away.
fn a_route(name: u8, kind: u8) -> Route {
    let kinds = [RouteKind::Header, RouteKind::Mirror(Weight::FULL), RouteKind::Header];
    let any = if kind < 2 { vec![RequestMatch::default()] } else { Vec::new() };
    Route { name: format!("route-{name}"), any, kind: kinds[usize::from(kind)] }
}

/// A comparison of a share of all requests, for a while or on; or the end of one.
fn a_shadow(share: u8, seconds: u64) -> Step {
    let duration = (seconds > 3).then(|| secs(seconds));
    let share = Weight::new(share * 40).unwrap();
    let (any, settings) = (vec![RequestMatch::default()], CompareSettings::default());
    Step::Shadow(Box::new(Shadow { share, any, duration, least: 1, settings }))
}

fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => a_weight().prop_map(Step::SetWeight),
        2 => option::weighted(0.7, (0..15u64).prop_map(secs)).prop_map(Step::Pause),
        1 => Just(Step::Analysis(an_analysis())),
        2 => Just(by_program("acme/warm-up")),
        2 => (option::of(0..=80u8), option::of(0..20u64)).prop_map(an_experiment),
        1 => a_scale().prop_map(Step::SetScale),
        2 => (0..3u8, 0..3u8).prop_map(|(name, kind)| Step::SetRoute(a_route(name, kind))),
        3 => a_ring().prop_map(Step::Ring),
        2 => (0..3u8, 0..8u64).prop_map(|(share, seconds)| a_shadow(share, seconds)),
    ]
}

/// A weight out of 100, 1000 or 3.
fn a_weight() -> impl Strategy<Value = Weight> {
    let of = |whole| (0..=whole).prop_map(move |part| Weight::of(part, whole).unwrap());
    prop_oneof![2 => of(100), 1 => of(1000), 1 => of(3)]
}

/// A ring with a scale of its own or none, some time to soak and perhaps an analysis; its name
/// comes with its place: see [`some_steps`].
fn a_ring() -> impl Strategy<Value = Ring> {
    let scale = option::of(prop_oneof![
        (1..6u32).prop_map(CanaryScale::Replicas),
        (1..130u32).prop_map(CanaryScale::Share),
    ]);
    let users = option::of((0..=10_000u16).prop_map(|hundredths| UserShare {
        hundredths,
        by: UserKey::Visitor,
        salt: String::new(),
    }));
    (scale, users, 0..15u64, any::<bool>()).prop_map(|(scale, users, soak, judged)| Ring {
        name: String::new(),
        any: vec![RequestMatch { users, ..RequestMatch::default() }],
        scale,
        soak: Duration::from_secs(soak),
        analysis: judged.then(an_analysis),
    })
}

/// Steps whose rings have names of their own, as manifests have them.
pub(crate) fn some_steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    vec(a_step(), 0..most).prop_map(|mut steps| {
        for (index, step) in steps.iter_mut().enumerate() {
            if let Step::Ring(ring) = step {
                ring.name = format!("ring-{index}");
            }
        }
        steps
    })
}

fn an_experiment((weight, duration): (Option<u8>, Option<u64>)) -> Step {
    let templates = [("old", TemplateOf::Stable, weight), ("new", TemplateOf::Canary, Some(10))];
    experiment(&templates, duration)
}

fn a_scale() -> impl Strategy<Value = CanaryScale> {
    prop_oneof![
        2 => (0..7u32).prop_map(CanaryScale::Replicas),
        1 => (0..150u32).prop_map(CanaryScale::Share),
        1 => (0..1500u32).prop_map(|part| CanaryScale::Part { part, whole: 1000 }),
        1 => Just(CanaryScale::MatchTraffic),
    ]
}
