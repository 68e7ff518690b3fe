/// Seconds as reports have them: `1.5`, `1,5` where the machine's language has a comma, `1,234.5` where
/// thousands are told apart. Nothing where it is no time, as `JUnit`'s own task writes `NaN`.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches('s');
    let plain = match (text.contains(','), text.contains('.')) {
        (true, true) => text.replace(',', ""),
        (true, false) => text.replace(',', "."),
        _ => text.to_owned(),
    };
    plain.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
}

/// A count as reports have it: also as `1e+06`, which some tools make of large ones, and below 0, which gcov
/// once wrote for counters that ran over and means none.
pub(crate) fn count(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Ok(count) = text.parse() {
        return Some(count);
    }
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturating is what is meant"
    )]
    let count = number.trunc() as u64;
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_several_languages() {
        let check = |text: &str, expect: Option<f64>| assert_eq!(seconds(text), expect, "{text}");
        check("1.5", Some(1.5));
        check("0,015", Some(0.015));
        check("1,234.5", Some(1234.5));
        check("2s", Some(2.0));
        check("0", Some(0.0));
        check("1e-05", Some(1e-5));
        check("NaN", None);
        check("-1", None);
        check("inf", None);
        check("", None);
    }

    #[test]
    fn counts_are_read() {
        let check = |text: &str, expect: Option<u64>| assert_eq!(count(text), expect, "{text}");
        check("7", Some(7));
        check("-1", Some(0));
        check("1e+06", Some(1_000_000));
        check("99999999999999999999", Some(u64::MAX));
        check("x", None);
        check("NaN", None);
    }
}
