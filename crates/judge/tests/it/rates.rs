//! Rates of events.

use tidegate_judge::{EventCounts, RateEvidence, RateSettings, Verdict};

use crate::world::Random;

/// Judges `stretches` of a canary with a tenth of the exposure and `ratio` times the rate.
fn judge(random: &mut Random, stretches: usize, ratio: f64, clump: u64) -> (RateEvidence, bool) {
    let mut evidence = RateEvidence::new(RateSettings::default());
    let mut ever = false;
    for stretch in 0..stretches {
        // The rate of both swings by a factor of five: that is no evidence.
        let rate = 3.0 * (1.0 + 0.7 * (stretch as f64 / 20.0).sin()) / clump as f64;
        evidence.add(&EventCounts {
            canary: clump * random.poisson(0.1 * ratio * rate),
            stable: clump * random.poisson(rate),
            canary_exposure: 1.0,
            stable_exposure: 10.0,
        });
        ever |= evidence.verdict == Verdict::Worse;
    }
    (evidence, ever)
}

#[test]
fn finds_a_canary_that_restarts_four_times_as_often() {
    let (evidence, _) = judge(&mut Random::new(1), 200, 4.0, 1);
    assert_eq!(evidence.verdict, Verdict::Worse, "{evidence:?}");
}

#[test]
fn shows_one_that_restarts_less_to_be_no_worse() {
    let (evidence, _) = judge(&mut Random::new(2), 600, 0.5, 1);
    assert_eq!(evidence.verdict, Verdict::NoWorse, "{evidence:?}");
}

#[test]
fn an_equal_rate_is_almost_never_worse_alone_or_in_clumps() {
    for clump in [1, 8] {
        let mut random = Random::new(3);
        let worse = (0..150).filter(|_| judge(&mut random, 200, 1.0, clump).1).count();
        println!("clumps of {clump}: {worse} of 150 ever worse");
        assert!(worse <= 4, "clumps of {clump}: {worse} of 150");
    }
}

#[test]
fn what_has_no_exposure_compares_nothing() {
    let mut evidence = RateEvidence::new(RateSettings::default());
    for exposure in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        evidence.add(&EventCounts {
            canary: 1000,
            stable: 0,
            canary_exposure: exposure,
            stable_exposure: 1.0,
        });
    }
    assert_eq!(evidence.verdict, Verdict::Inconclusive { needs: None });
    assert_eq!(evidence.sum, EventCounts::default());
}
