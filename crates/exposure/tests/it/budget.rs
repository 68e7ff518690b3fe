use std::time::Duration;

use tidegate_exposure::ExposureSettings;

use crate::world::{Case, End, Judge, Outcome, Ramp, release};

fn outcomes(case: &Case, ramp: &Ramp, runs: u64) -> Vec<Outcome> {
    (0..runs).map(|seed| release(case, ramp, seed << 20)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn hurt(outcomes: &[Outcome]) -> f64 {
    outcomes.iter().map(|it| it.hurt as f64).sum::<f64>() / outcomes.len() as f64
}

#[test]
fn no_harm_hurts_more_than_the_budget_in_expectation() {
    for budget in [5, 50] {
        let ramp = Ramp::Auto(ExposureSettings { budget, ..ExposureSettings::default() });
        for (rate, base) in [(50.0, 0.0), (50.0, 0.01), (800.0, 0.0)] {
            for harm in [1.0, 0.5, 0.1] {
                let all = outcomes(&Case { rate, base, harm, outage: None }, &ramp, 40);
                let hurt = hurt(&all);
                assert!(hurt <= f64::from(budget), "{budget}: {rate}/s {base} {harm}: {hurt}");
                let through = all.iter().filter(|it| matches!(it.end, End::Through(_))).count();
                assert!(through <= 1, "{budget}: {rate}/s {base} {harm}: {through} of 40");
            }
        }
    }
}

/// While nobody looks, nobody can take back what a bad revision has: little, if it could show anything
/// before.
#[test]
fn a_dead_control_plane_hurts_few_and_costs_a_good_revision_nothing() {
    let ramp = Ramp::Auto(ExposureSettings::default());
    for from in [20, 45] {
        let outage = Some((from, 120));
        for harm in [1.0, 0.1] {
            let case = Case { rate: 100.0, base: 0.01, harm, outage };
            let hurt = hurt(&outcomes(&case, &ramp, 40));
            assert!(hurt <= 50.0, "from {from} on, {harm}: {hurt}");
        }
        let good = Case { rate: 100.0, base: 0.0, harm: 0.0, outage };
        for outcome in outcomes(&good, &ramp, 10) {
            assert!(matches!(outcome.end, End::Through(seconds) if seconds < 400.0), "{outcome:?}");
        }
    }
}

#[test]
fn a_good_revision_gets_through_sooner_than_by_steps_that_hurt_more() {
    let auto = Ramp::Auto(ExposureSettings::default());
    let steps = Ramp::Fixed {
        percents: &[5, 20, 40, 60, 80],
        hold: Duration::from_mins(5),
        judge: Judge::Tidegate,
    };
    let good = Case { rate: 200.0, base: 0.0, harm: 0.0, outage: None };
    for outcome in outcomes(&good, &auto, 10) {
        assert!(matches!(outcome.end, End::Through(seconds) if seconds < 200.0), "{outcome:?}");
        assert_eq!(outcome.hurt, 0);
    }
    assert_eq!(release(&good, &steps, 1).end, End::Through(1500.0));
    let bad = Case { harm: 1.0, ..good };
    assert!(hurt(&outcomes(&bad, &auto, 20)) < hurt(&outcomes(&bad, &steps, 20)));
    let thresholds =
        Ramp::Fixed { percents: &[5], hold: Duration::from_mins(5), judge: Judge::Threshold };
    assert!(hurt(&outcomes(&bad, &thresholds, 5)) > 500.0);
}

#[test]
fn a_release_is_the_same_at_every_run() {
    let ramp = Ramp::Auto(ExposureSettings::default());
    let case = Case { rate: 100.0, base: 0.01, harm: 0.02, outage: None };
    let all = |_| outcomes(&case, &ramp, 5).iter().map(|it| it.hurt).collect::<Vec<_>>();
    assert_eq!(all(0), all(1));
}
