//! The step of the plugin `tidegate/auto`.

use std::time::Duration;

use tidegate_manifest::{Resource, read};
use tidegate_rollout::{ExposureSettings, Step};
use tidegate_units::Weight;

use crate::canary::{ROUTED, canary};

/// A rollout with these steps, in flow style.
fn with(routing: &str, steps: &str) -> String {
    canary(routing, &format!(" {steps}"))
}

fn auto(config: &str) -> ExposureSettings {
    let text = with(ROUTED, &format!("[{{plugin: {{name: tidegate/auto{config}}}}}]"));
    let read = read("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}")).remove(0);
    let Resource::Rollout(rollout) = read.resource else { panic!("{:#?}", read.resource) };
    assert!(rollout.spec.canary().default_watch, "the default analysis stands beside it");
    match rollout.spec.canary().steps.as_slice() {
        [Step::Auto(settings)] => ExposureSettings::clone(settings),
        other => panic!("{other:#?}"),
    }
}

fn problem(routing: &str, steps: &str) -> String {
    match read("web.yaml", &with(routing, steps)) {
        Ok(documents) => panic!("{documents:#?}"),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn without_a_config_all_is_by_default() {
    assert_eq!(auto(""), ExposureSettings::default());
    assert_eq!(auto(", config: {}"), ExposureSettings::default());
}

#[test]
fn every_setting_is_read_also_between_quotes() {
    let expect = ExposureSettings {
        budget: 20,
        start: Weight::of(1, 200).unwrap(),
        max: Weight::new(50).unwrap(),
        tolerate: Some(5_000),
        alpha: 50_000,
        reaction: Duration::from_secs(3),
        slow: Some(Duration::from_millis(500)),
        dwell: Duration::from_mins(1),
        growth: 250,
        deadline: Some(Duration::from_hours(1)),
    };
    let plain = "budget: 20, start: 0.5, max: 50, tolerate: 0.5, alpha: 0.05, reaction: 3s, \
                 slow: 500ms, dwell: 1m, growth: 2.5, deadline: 1h";
    assert_eq!(auto(&format!(", config: {{{plain}}}")), expect);
    let quoted = "budget: '20', start: '0.5', max: '50', tolerate: '0.5', alpha: '0.05', \
                  reaction: '3', slow: '500ms', dwell: '60', growth: '2.5', deadline: '3600'";
    assert_eq!(auto(&format!(", config: {{{quoted}}}")), expect);
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    for (config, part) in [
        ("budget: 0", "budget"),
        ("budget: 2.5", "budget"),
        ("start: 0", "start"),
        ("start: 30, max: 20", "start is more than max"),
        ("max: 101", "max"),
        ("tolerate: 0", "tolerate"),
        ("alpha: 0.9", "alpha"),
        ("reaction: 100ms", "reaction"),
        ("reaction: 2m", "reaction"),
        ("slow: 0s", "slow"),
        ("slow: 3s", "slow is more than reaction"),
        ("growth: 1", "growth"),
        ("deadline: 0s", "deadline"),
        ("budgets: 5", "budgets"),
    ] {
        let steps = format!("[{{plugin: {{name: tidegate/auto, config: {{{config}}}}}}}]");
        let found = problem(ROUTED, &steps);
        assert!(found.contains(part), "{config}: {found}");
    }
}

#[test]
fn it_stands_alone_and_needs_a_router() {
    let auto = "{plugin: {name: tidegate/auto}}";
    assert!(problem("", &format!("[{auto}]")).contains("needs trafficRouting"));
    let beside = "[{setWeight: 5, plugin: {name: tidegate/auto}}]";
    assert!(problem(ROUTED, beside).contains("tidegate/auto beside another action"));
    let less = "[{setWeight: 50}, {plugin: {name: tidegate/auto, config: {max: 20}}}]";
    assert!(problem(ROUTED, less).contains("max is less than the 50% set before"));
}
