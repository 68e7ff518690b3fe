//! Other metrics, compared beside errors and latency.

use tidegate_judge::{
    Arm, Direction, JudgeEvidence, JudgeSettings, RunTraffic, Sample, SeriesSettings, TestUnit,
    Verdict,
};

use crate::world::Random;

fn settings() -> JudgeSettings {
    let conversion = SeriesSettings {
        name: "conversion".to_owned(),
        canary: "conversion-canary".to_owned(),
        stable: "conversion-stable".to_owned(),
        harm: Direction::Decrease,
        margin: 0.1,
    };
    JudgeSettings { series: vec![conversion], ..JudgeSettings::default() }
}

/// Measured every ten seconds: about 4 %, with the day's course in both.
fn measure(evidence: &mut JudgeEvidence, random: &mut Random, minutes: u32, canary: f64) {
    let from = evidence.tests.get(4).map_or(0, |test| test.canary_count);
    for row in from..from + u64::from(minutes) * 6 {
        let course = 0.04 + 0.01 * (row as f64 / 200.0).sin();
        for (arm, factor) in [(Arm::Canary, canary), (Arm::Stable, 1.0)] {
            let value = course * factor * (1.0 + 0.05 * random.normal());
            let sample = Sample { at: 1.7e9 + 10.0 * row as f64, value };
            evidence.take(&settings(), 0, arm, sample);
            evidence.take(&settings(), 0, arm, sample);
        }
    }
}

#[test]
fn a_fall_of_a_business_metric_is_found_and_told_in_its_own_unit() {
    let (mut evidence, mut random) = (JudgeEvidence::default(), Random::new(1));
    measure(&mut evidence, &mut random, 20, 0.8);
    assert_eq!(evidence.verdict, Verdict::Worse);
    let test = &evidence.tests[4];
    assert_eq!((test.name.as_str(), test.unit), ("conversion", TestUnit::Value));
    let told = evidence.to_string();
    assert!(told.starts_with("conversion: canary 0.03"), "{told}");
}

#[test]
fn a_metric_as_good_is_no_harm_and_does_not_decide_alone() {
    let (mut evidence, mut random) = (JudgeEvidence::default(), Random::new(2));
    measure(&mut evidence, &mut random, 50, 1.0);
    assert_eq!(evidence.tests[4].verdict, Verdict::NoWorse);
    assert!(evidence.tests[4].canary_count <= 256, "neighbours are put together");
    assert_eq!(evidence.verdict, Verdict::default(), "nothing is known of errors and latency");
}

#[test]
fn values_that_come_before_the_first_look_are_kept_and_read_back() {
    let (mut evidence, mut random) = (JudgeEvidence::default(), Random::new(3));
    measure(&mut evidence, &mut random, 1, 0.7);
    let before = evidence.tests[4].clone();
    evidence.look(&settings(), &RunTraffic::default());
    assert_eq!(evidence.tests[4], before);
    let text = serde_json::to_string(&evidence).unwrap();
    let mut read: JudgeEvidence = serde_json::from_str(&text).unwrap();
    measure(&mut read, &mut random, 20, 0.7);
    assert_eq!(read.verdict, Verdict::Worse);
}

#[test]
fn alpha_is_shared_over_the_three_kinds_of_test() {
    let mut evidence = JudgeEvidence::default();
    evidence.look(&settings(), &RunTraffic::default());
    let bars: Vec<_> = evidence.tests.iter().map(|test| test.log_bar.exp().round()).collect();
    assert_eq!(bars, [300.0, 900.0, 900.0, 900.0, 300.0]);
}
