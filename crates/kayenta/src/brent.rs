//! Finding where a function crosses 0.

/// How near to the crossing is near enough, whatever the size of the values: R's default, and
/// Kayenta's.
const TOLERANCE: f64 = 1e-4;

/// Each step halves the bracket at finest every other time: far more than are ever taken.
const MOST_STEPS: usize = 1001;

/// An end of the bracket: where, and what the function is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) at: f64,
    pub(crate) value: f64,
}

/// Where a function crosses 0 between two ends, by Brent's method (*Algorithms for Minimization
/// without Derivatives*, 1973, chapter 4): inverse quadratic interpolation, kept honest by bisection.
/// Every comparison and product is in the order of the published procedure: the function is one of
/// steps, so that another order would end on another step.
pub(crate) fn root<E>(
    low: End,
    high: End,
    mut function: impl FnMut(f64) -> Result<f64, E>,
) -> Result<f64, E> {
    if let Some(end) = [low, high].into_iter().find(|end| end.value == 0.0) {
        return Ok(end.at);
    }
    // The best guess, the one before it, and the end on the other side of 0.
    let (mut best, mut last, mut far) = (high, low, low);
    for _ in 0..MOST_STEPS {
        let step_before = best.at - last.at;
        if far.value.abs() < best.value.abs() {
            last = best;
            best = far;
            far = last;
        }
        let finest = 2.0 * f64::EPSILON * best.at.abs() + TOLERANCE / 2.0;
        let half = (far.at - best.at) / 2.0;
        if half.abs() <= finest || best.value == 0.0 {
            return Ok(best.at);
        }
        let worth = step_before.abs() >= finest && last.value.abs() > best.value.abs();
        let inner = if worth { interpolated(best, last, far, finest, step_before) } else { None };
        let step = no_finer(inner.unwrap_or(half), finest);
        last = best;
        best.at += step;
        best.value = function(best.at)?;
        let same_side = |a: f64, b: f64| (a > 0.0 && b > 0.0) || (a < 0.0 && b < 0.0);
        if same_side(best.value, far.value) {
            far = last;
        }
    }
    Ok(best.at)
}

/// The step that interpolation gives, when it stays well within the bracket and is less than half
/// the step before the last.
fn interpolated(best: End, last: End, far: End, finest: f64, step_before: f64) -> Option<f64> {
    let across = far.at - best.at;
    #[expect(clippy::float_cmp, reason = "the very same end")]
    let (p, q) = if last.at == far.at {
        let s = best.value / last.value;
        (across * s, 1.0 - s)
    } else {
        let (q, r, s) = (last.value / far.value, best.value / far.value, best.value / last.value);
        let p = s * (across * q * (q - r) - (best.at - last.at) * (r - 1.0));
        (p, (q - 1.0) * (r - 1.0) * (s - 1.0))
    };
    let (p, q) = if p > 0.0 { (p, -q) } else { (-p, q) };
    let inside = p < 0.75 * across * q - (finest * q).abs() / 2.0;
    (inside && p < (step_before * q / 2.0).abs()).then(|| p / q)
}

fn no_finer(step: f64, finest: f64) -> f64 {
    if step.abs() < finest { finest.copysign(step) } else { step }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn found(low: f64, high: f64, function: impl Fn(f64) -> f64) -> f64 {
        let end = |at| End { at, value: function(at) };
        let root: Result<f64, Infallible> = root(end(low), end(high), |at| Ok(function(at)));
        root.unwrap_or_else(|never| match never {})
    }

    #[test]
    fn a_crossing_is_found_within_the_tolerance() {
        assert!((found(0.0, 2.0, |x| x * x - 2.0) - 2.0_f64.sqrt()).abs() < TOLERANCE);
        assert!((found(-4.0, 4.0, |x| x.powi(3) - x - 2.0) - 1.521_379_7).abs() < TOLERANCE);
        assert!(
            (found(0.0, 100.0, |x| if x < 37.0 { 1.0 } else { -1.0 }) - 37.0).abs() < TOLERANCE
        );
    }

    #[test]
    fn an_end_may_be_the_crossing_itself() {
        assert!((found(3.0, 9.0, |x| x - 3.0) - 3.0).abs() < f64::EPSILON);
        assert!((found(3.0, 9.0, |x| x - 9.0) - 9.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_never_ends_ends() {
        assert!(found(0.0, f64::INFINITY, |x| if x < 1.0 { 1.0 } else { -1.0 }).is_infinite());
        assert!(!found(f64::NEG_INFINITY, 1.0, |x| if x < 0.0 { 1.0 } else { -1.0 }).is_finite());
        assert!(found(f64::NAN, 1.0, |x| if x < 0.0 { 1.0 } else { -1.0 }).is_nan());
    }
}
