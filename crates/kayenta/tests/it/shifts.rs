//! Shifts: what R 4.2 says of the same values, and what holds of all values.

use proptest::prelude::*;
use tidegate_kayenta::shift;

/// As R has it: `qnorm((1 - 0.98) / 2, lower.tail = FALSE)`.
const QUANTILE: f64 = 2.326_347_874_040_840_8;

/// The ends of `wilcox.test(x, y, conf.int = TRUE, conf.level = 0.98, exact = FALSE)` of R 4.2.2, and
/// between them `uniroot` with `tol = 1e-4` on the same statistic, with its continuity correction.
#[test]
fn shifts_are_those_of_r() {
    let table: [(&[f64], &[f64], [f64; 3]); 8] = [
        (
            &[12.0, 14.0, 11.0, 15.0, 13.0, 16.0, 12.0, 14.0, 17.0, 13.0],
            &[10.0, 9.0, 12.0, 11.0, 8.0, 10.0, 13.0, 9.0, 11.0, 10.0],
            [1.000_064_076_990_440_3, 3.000_008_798_725_553, 5.999_994_945_227_71],
        ),
        (
            &[10.1, 10.4, 9.8, 10.0, 10.2, 9.9],
            &[10.0, 10.3, 9.7, 10.1, 10.2, 9.8, 10.5, 9.6],
            [-0.400_026_877_538_486_8, 0.05, 0.499_964_241_294_199],
        ),
        (
            &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 3.0],
            &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [-1.630_219_157_979_839_3e-5, 1.312_622_371_430_693_6e-5, 1.000_018_552_070_236_5],
        ),
        (&[5.0, 5.0, 5.0, 5.0, 6.0], &[5.0; 4], [0.0, 0.0, 1.0]),
        // Values of the size of the tolerance: the estimate is an end of the bracket.
        (
            &[12e-5, 15e-5, 11e-5, 14e-5, 13e-5, 16e-5],
            &[2e-5, 1e-5, 3e-5, 2e-5, 1e-5, 2e-5],
            [8e-5, 8e-5, 15e-5],
        ),
        (
            &[250e6, 260e6, 270e6, 255e6],
            &[150e6, 160e6, 155e6, 170e6, 165e6],
            [80e6, 99_999_999.999_933_72, 120e6],
        ),
        (&[1.0, 2.0], &[8.0, 9.0, 10.0], [-9.0, -7.5, -6.0]),
        (
            &[3.5, 1.25, 7.0, 2.0],
            &[3.5, 1.25, 7.0, 2.0, 3.5, 1.25, 7.0, 2.0],
            [-5.749_914_763_300_453, 0.0, 5.749_914_763_300_453],
        ),
    ];
    for (x, y, [low, estimate, high]) in table {
        let found = shift(x, y, QUANTILE).unwrap();
        for (found, expect) in [(found.low, low), (found.estimate, estimate), (found.high, high)] {
            assert!((found - expect).abs() <= 1e-12 * expect.abs().max(1e-4), "{found} {expect}");
        }
    }
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec((0_i32..40).prop_map(|value| f64::from(value) / 4.0), 2..30)
}

proptest! {
    /// All that is within the tolerance of the root finder is said of any two sides.
    #[test]
    fn the_interval_holds_the_estimate_and_both_are_differences_of_values(
        x in values(),
        y in values(),
    ) {
        let Ok(found) = shift(&x, &y, QUANTILE) else { return Ok(()) };
        prop_assert!(found.low <= found.estimate + 2e-4, "{found:?}");
        prop_assert!(found.estimate <= found.high + 2e-4, "{found:?}");
        let near = |end: f64| {
            x.iter().any(|a| y.iter().any(|b| (a - b - end).abs() < 2e-4))
        };
        prop_assert!(near(found.low) && near(found.high), "{found:?}");
    }

    #[test]
    fn the_other_way_round_it_is_the_other_way_round(x in values(), y in values()) {
        let (Ok(a), Ok(b)) = (shift(&x, &y, QUANTILE), shift(&y, &x, QUANTILE)) else {
            return Ok(());
        };
        prop_assert!((a.low + b.high).abs() < 3e-4, "{a:?} {b:?}");
        prop_assert!((a.high + b.low).abs() < 3e-4, "{a:?} {b:?}");
    }

    /// Whatever is measured, there is an answer.
    #[test]
    fn odd_values_end_too(
        x in proptest::collection::vec(proptest::num::f64::ANY, 1..20),
        y in proptest::collection::vec(proptest::num::f64::ANY, 1..20),
    ) {
        let settings = tidegate_kayenta::MetricSettings::default();
        let _ = tidegate_kayenta::classify(&settings, &x, &y);
    }
}
