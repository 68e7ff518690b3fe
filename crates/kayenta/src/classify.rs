//! The verdict on one metric.

use crate::{
    Class, Direction, MetricSettings, NanStrategy, Shift, Summary, Verdict,
    clean::clean,
    effect::{effect, mean_ratio},
    noise::{Stream, with_noise},
    shift::shift,
};

/// The standard normal quantile of 0.99: an interval of 98 %.
const QUANTILE: f64 = 2.326_347_874_040_840_8;

/// The share of the estimated shift that the whole interval has to be beyond.
const TOLERANCE: f64 = 0.25;

/// The verdict on one metric: the canary's values against those of what it would replace. Values
/// that are not there are not numbers (`NaN`); the sides may have different numbers of values, and
/// their order does not matter.
///
/// Where each side has one value throughout, and the two differ, the original adds random normal noise
/// of 1e-5 of the value, so that its verdict on two values that near to each other is chance. Here
/// that noise comes from a fixed seed.
pub fn classify(settings: &MetricSettings, experiment: &[f64], control: &[f64]) -> Verdict {
    classify_with(settings, experiment, control, QUANTILE, TOLERANCE)
}

/// The same with another interval, as a normal quantile, and another tolerance, as a share of
/// the estimate.
pub fn classify_with(
    settings: &MetricSettings,
    experiment: &[f64],
    control: &[f64],
    quantile: f64,
    tolerance: f64,
) -> Verdict {
    let (experiment, control) = (clean(settings, experiment), clean(settings, control));
    let verdict = Verdict {
        class: Class::Pass,
        reason: None,
        critical: false,
        ratio: Some(1.0),
        shift: None,
        effect: None,
        experiment: Summary::of(&experiment),
        control: Summary::of(&control),
    };
    if experiment.is_empty() || control.is_empty() {
        return without_data(settings, verdict, experiment.is_empty());
    }
    if same(&experiment, &control) {
        let reason = Some("both sides have the same values".to_owned());
        return Verdict { reason, ..verdict };
    }
    if one_value([&experiment, &control]) {
        return verdict;
    }
    let constant = one_value([&experiment]) && one_value([&control]);
    let (experiment, control) = if constant {
        (with_noise(&experiment, Stream::Experiment), with_noise(&control, Stream::Control))
    } else {
        (experiment, control)
    };
    let Ok(shift) = shift(&experiment, &control, quantile) else {
        let reason = "the values cannot be ranked: shifted by their difference, all are the same";
        return Verdict {
            class: Class::Error,
            reason: Some(reason.to_owned()),
            ratio: None,
            ..verdict
        };
    };
    let verdict = Verdict {
        ratio: Some(mean_ratio(&experiment, &control)),
        shift: Some(shift),
        effect: Some(effect(settings.effect.measure, &experiment, &control)),
        ..verdict
    };
    compared(settings, verdict, shift, tolerance * shift.estimate.abs())
}

/// The verdict where a side has no values.
fn without_data(settings: &MetricSettings, verdict: Verdict, experiment: bool) -> Verdict {
    if settings.nan == NanStrategy::Replace {
        return verdict;
    }
    let class = if settings.must_have_data && !settings.critical {
        Class::NodataFailMetric
    } else {
        Class::Nodata
    };
    let who = if experiment { "the canary has" } else { "what it is compared with has" };
    let reason = Some(format!("{who} no values"));
    let critical = settings.critical && class == Class::Nodata;
    Verdict { class, reason, critical, ..verdict }
}

/// The verdict by the shift, which counts beyond `bar`, and by the size of the effect.
fn compared(settings: &MetricSettings, verdict: Verdict, shift: Shift, bar: f64) -> Verdict {
    let MetricSettings { direction, effect: limits, .. } = settings;
    let effect = verdict.effect.unwrap_or(f64::NAN);
    // An effect that cannot be told is large enough.
    let above = |limit: f64| effect.is_nan() || effect >= limit;
    let below = |limit: f64| effect.is_nan() || effect <= limit;
    let (class, beyond) =
        if *direction != Direction::Decrease && shift.low > bar && above(limits.allowed_increase) {
            (Class::High, above(limits.critical_increase))
        } else if *direction != Direction::Increase
            && shift.high < -bar
            && below(limits.allowed_decrease)
        {
            (Class::Low, below(limits.critical_decrease))
        } else {
            return verdict;
        };
    let critical = settings.critical && beyond;
    Verdict { class, critical, reason: Some(reason(class, critical, &verdict, shift)), ..verdict }
}

fn reason(class: Class, critical: bool, verdict: &Verdict, shift: Shift) -> String {
    let Shift { low, estimate, high } = shift;
    let (than, estimate, low, high) = match class {
        Class::Low => ("lower", -estimate, -high, -low),
        _ => ("higher", estimate, low, high),
    };
    let ratio = match verdict.ratio {
        Some(ratio) if ratio.is_finite() => format!(", {} times the mean", shown(ratio)),
        _ => String::new(),
    };
    format!(
        "the canary's values are {than} by {} (98 % interval {} to {}{ratio}){}",
        shown(estimate),
        shown(low),
        shown(high),
        if critical { "; the metric is critical" } else { "" }
    )
}

/// A number to four digits.
fn shown(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !size.is_finite() {
        return value.to_string();
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.3e}");
    }
    #[expect(clippy::cast_possible_truncation, reason = "between -4 and 6")]
    let digits = usize::try_from(3 - size.log10().floor() as i64).unwrap_or(0);
    let fixed = format!("{value:.digits$}");
    if fixed.contains('.') {
        fixed.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        fixed
    }
}

/// Whether both sides have the same values, in whatever order.
fn same(a: &[f64], b: &[f64]) -> bool {
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    a.len() == b.len() && sorted(a) == sorted(b)
}

/// Whether there is but one value.
#[expect(clippy::float_cmp, reason = "the very same value")]
fn one_value<const N: usize>(sides: [&[f64]; N]) -> bool {
    let mut values = sides.into_iter().flatten();
    let first = values.next();
    first.is_some_and(|first| values.all(|value| value == first))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn numbers_are_shown_to_four_digits() {
        for (value, expect) in [
            (0.0, "0"),
            (12.0, "12"),
            (1.25, "1.25"),
            (0.001_234_56, "0.001235"),
            (123_456.0, "123456"),
            (-99.994, "-99.99"),
            (1e-9, "1.000e-9"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(shown(value), expect);
        }
    }
}
