/// The value below which a share `q` of `values` lies, between two of them in proportion. NaNs are
/// below all others.
pub(crate) fn quantile(q: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if let Some(beyond) = beyond(q) {
        return beyond;
    }
    values.sort_by(|one, other| {
        other
            .is_nan()
            .cmp(&one.is_nan())
            .then(one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal))
    });
    let last = values.len() - 1;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is from 0 to a count far below 2^53"
    )]
    let (rank, lower) = {
        let rank = q * last as f64;
        (rank, rank.floor() as usize)
    };
    let weight = rank - rank.floor();
    let at = |index: usize| values.get(index.min(last)).copied().unwrap_or(f64::NAN);
    at(lower) * (1.0 - weight) + at(lower + 1) * weight
}

fn beyond(q: f64) -> Option<f64> {
    if q < 0.0 {
        Some(f64::NEG_INFINITY)
    } else if q > 1.0 {
        Some(f64::INFINITY)
    } else {
        None
    }
}

/// How many values are at most `upper`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) upper: f64,
    pub(crate) count: f64,
}

/// The value below which a share `q` of what was counted lies, in proportion within its bucket.
///
/// The lowest bucket begins at 0 unless its bound is negative; of the highest, whose bound must be
/// infinite, only the lower bound is known. Counts that fall from one bucket to the next, as they
/// do when buckets were not read at one moment, are taken as equal.
pub(crate) fn bucket_quantile(q: f64, mut buckets: Vec<Bucket>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if let Some(beyond) = beyond(q) {
        return beyond;
    }
    buckets.sort_by(|one, other| {
        one.upper.partial_cmp(&other.upper).unwrap_or(std::cmp::Ordering::Equal)
    });
    let buckets = rising(merged(buckets));
    let [.., before_last, last] = buckets.as_slice() else {
        return f64::NAN;
    };
    if last.upper != f64::INFINITY || last.count == 0.0 {
        return f64::NAN;
    }
    let rank = q * last.count;
    let below = buckets.len() - 1;
    let found = buckets.get(..below).unwrap_or_default().partition_point(|it| it.count < rank);
    let Some(bucket) = buckets.get(found).filter(|_| found < below) else {
        return before_last.upper;
    };
    let lower = found.checked_sub(1).and_then(|before| buckets.get(before));
    match lower {
        None if bucket.upper <= 0.0 => bucket.upper,
        None => bucket.upper * (rank / bucket.count),
        Some(lower) => {
            let share = (rank - lower.count) / (bucket.count - lower.count);
            lower.upper + (bucket.upper - lower.upper) * share
        }
    }
}

/// Buckets with one bound, which count different things, are one.
fn merged(buckets: Vec<Bucket>) -> Vec<Bucket> {
    let mut merged: Vec<Bucket> = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        match merged.last_mut() {
            #[expect(clippy::float_cmp, reason = "bounds are read from text: equal or different")]
            Some(last) if last.upper == bucket.upper => last.count += bucket.count,
            _ => merged.push(bucket),
        }
    }
    merged
}

fn rising(mut buckets: Vec<Bucket>) -> Vec<Bucket> {
    let mut most = f64::NEG_INFINITY;
    for bucket in &mut buckets {
        if bucket.count > most {
            most = bucket.count;
        } else if bucket.count < most {
            bucket.count = most;
        }
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(q: f64, values: &[f64], expect: f64) {
        let found = quantile(q, values.to_vec());
        assert_eq!(found.to_bits(), expect.to_bits(), "{found} {expect}");
    }

    #[test]
    fn a_quantile_lies_between_two_values() {
        check(0.5, &[3.0, 1.0, 2.0], 2.0);
        check(0.75, &[1.0, 2.0], 1.75);
        check(0.0, &[4.0, 5.0], 4.0);
        check(1.0, &[4.0, 5.0], 5.0);
        check(0.5, &[f64::NAN, 2.0, 1.0], 1.0);
        check(0.5, &[], f64::NAN);
        check(f64::NAN, &[1.0], f64::NAN);
        check(-0.1, &[1.0], f64::NEG_INFINITY);
        check(1.1, &[1.0], f64::INFINITY);
    }

    #[track_caller]
    fn check_buckets(q: f64, buckets: &[(f64, f64)], expect: f64) {
        let made = |&(upper, count)| Bucket { upper, count };
        let found = bucket_quantile(q, buckets.iter().map(made).collect());
        assert_eq!(found.to_bits(), expect.to_bits(), "{found} {expect}");
    }

    const INFINITE: f64 = f64::INFINITY;

    #[test]
    fn a_quantile_lies_within_its_bucket() {
        let buckets = [(1.0, 10.0), (2.0, 30.0), (INFINITE, 40.0)];
        check_buckets(0.125, &buckets, 0.5);
        check_buckets(0.5, &buckets, 1.5);
        check_buckets(0.75, &buckets, 2.0);
        check_buckets(0.9, &buckets, 2.0);
        check_buckets(0.0, &buckets, 0.0);
        check_buckets(0.1, &[(-1.0, 10.0), (INFINITE, 20.0)], -1.0);
        check_buckets(0.5, &[(INFINITE, 40.0), (2.0, 30.0), (1.0, 10.0)], 1.5);
    }

    #[test]
    fn buckets_that_tell_nothing_have_no_quantile() {
        check_buckets(0.5, &[(1.0, 10.0), (2.0, 30.0)], f64::NAN);
        check_buckets(0.5, &[(INFINITE, 30.0)], f64::NAN);
        check_buckets(0.5, &[(1.0, 0.0), (INFINITE, 0.0)], f64::NAN);
        check_buckets(0.5, &[], f64::NAN);
        check_buckets(f64::NAN, &[(1.0, 1.0), (INFINITE, 1.0)], f64::NAN);
        check_buckets(2.0, &[(1.0, 1.0), (INFINITE, 1.0)], INFINITE);
    }

    #[test]
    fn counts_that_fall_are_taken_as_equal_and_bounds_that_repeat_are_added() {
        check_buckets(0.5, &[(1.0, 10.0), (2.0, 8.0), (INFINITE, 20.0)], 1.0);
        check_buckets(0.5, &[(1.0, 5.0), (1.0, 5.0), (2.0, 20.0), (INFINITE, 20.0)], 1.0);
    }
}
