//! Group-sequential designs: what is gained where the number of requests is known beforehand.

use tidegate_judge::{Design, JudgeEvidence, JudgeSettings, Spending, Verdict};

use crate::world::{Behaviour, GOOD, World};

const LOOKS: u32 = 600;

fn settings(spending: Spending) -> JudgeSettings {
    // 100 requests a second for two minutes, half of them the canary's.
    let design = Some(Design { spending, requests: 6_000, looks: 5 });
    JudgeSettings { quantiles: Vec::new(), alpha: 0.05, design, ..JudgeSettings::default() }
}

fn world(seed: u64, canary: f64, stable: f64) -> World {
    let behaviour = |error_rate| Behaviour { error_rate, ..GOOD };
    World::new(seed, 100.0, 0.5, behaviour(canary), behaviour(stable))
}

fn found(settings: &JudgeSettings, canary: f64, stable: f64, runs: u64) -> usize {
    let watched = (0..runs)
        .filter(|seed| world(*seed, canary, stable).watch(settings, LOOKS, |_, _| ()).is_some());
    watched.count()
}

#[test]
fn at_the_edge_of_the_margin_alarms_are_as_rare_as_promised() {
    for spending in [Spending::ObrienFleming, Spending::Pocock] {
        let alarms = found(&settings(spending), 0.02 * 1.25 / 1.005, 0.02, 100);
        // Five are expected at most, and 13 are one in a thousand.
        assert!((1..=13).contains(&alarms), "{spending:?}: {alarms} of 100");
    }
}

#[test]
fn a_design_finds_what_tests_without_an_end_miss_in_the_same_requests() {
    let any_time = JudgeSettings { design: None, ..settings(Spending::ObrienFleming) };
    let [with, without] = [settings(Spending::ObrienFleming), any_time]
        .map(|settings| found(&settings, 0.036, 0.02, 40));
    println!("1.8 times the errors: found in {with} of 40 with a design, in {without} without");
    assert!(with > without + 4 && with > 24, "{with} and {without}");
}

#[test]
fn what_breaks_after_the_end_is_found_all_the_same() {
    let mut world = world(5, 0.01, 0.01);
    let settings = settings(Spending::Pocock);
    let caught = world.watch(&settings, 2_000, |world, look| {
        if look == 1_500 {
            world.canary = Behaviour { error_rate: 0.5, ..GOOD };
        }
    });
    let seconds = caught.unwrap().seconds;
    assert!((300.0..304.0).contains(&seconds), "{seconds}");
}

#[test]
fn a_good_canary_is_shown_to_be_no_worse_by_the_end_and_the_looks_are_told() {
    let mut world = world(8, 0.05, 0.08);
    let settings = settings(Spending::ObrienFleming);
    let mut evidence = JudgeEvidence::default();
    evidence.look(&settings, &world.traffic);
    let mut told = String::new();
    for _ in 0..LOOKS {
        world.pass();
        evidence.look(&settings, &world.traffic);
        told = evidence.tests[0].to_string();
        let text = serde_json::to_string(&evidence).unwrap();
        evidence = serde_json::from_str(&text).unwrap();
    }
    assert_eq!(evidence.verdict, Verdict::NoWorse);
    assert!(told.contains(" at look ") && told.contains(" of 5 (needs "), "{told}");
}
