/// A sample as Prometheus' HTTP API writes it: the shortest text that reads back as the same, with
/// an exponent when it is tiny or huge.
pub fn number_text(number: f64) -> String {
    let magnitude = number.abs();
    if !number.is_finite() || magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        plain_text(number)
    } else {
        scientific(number)
    }
}

/// A number without an exponent: a scalar in Prometheus' HTTP API, and what `count_values` writes
/// into a label.
pub fn plain_text(number: f64) -> String {
    match number {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        other => other.to_string(),
    }
}

/// With an exponent of a sign and two digits at least, as Go writes it.
pub(crate) fn scientific(number: f64) -> String {
    let text = format!("{number:e}");
    let Some((digits, exponent)) = text.split_once('e') else {
        return plain_text(number);
    };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |it| ('-', it));
    format!("{digits}e{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_written_as_prometheus_writes_them() {
        for (number, expect) in [
            (1.0, "1"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (1e-6, "0.000001"),
            (-1.25e-7, "-1.25e-07"),
            (5e-324, "5e-324"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(number_text(number), expect);
        }
    }

    #[test]
    fn scalars_are_written_without_an_exponent() {
        for (number, expect) in
            [(1e-7, "0.0000001"), (1e22, "10000000000000000000000"), (f64::INFINITY, "+Inf")]
        {
            assert_eq!(plain_text(number), expect);
        }
        assert_eq!(scientific(1e19), "1e+19");
    }
}
