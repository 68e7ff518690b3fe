/// `ln x` of a constant, for tables that are made when this is compiled: logarithms are most of what
/// a look costs. `x` is positive and finite.
///
/// With `x = m 2^k`, `m` from 0.7 to 1.4: `ln x = k ln 2 + 2 artanh((m - 1) / (m + 1))`, whose
/// argument is at most 0.18, so that 12 terms of the series are exact to the last digit.
pub(crate) const fn ln(x: f64) -> f64 {
    let (mut mantissa, mut twos) = (x, 0.0);
    while mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        twos += 1.0;
    }
    while mantissa < std::f64::consts::FRAC_1_SQRT_2 {
        mantissa *= 2.0;
        twos -= 1.0;
    }
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let (mut sum, mut odd) = (0.0, 23.0);
    while odd > 0.0 {
        sum = sum * z * z + 1.0 / odd;
        odd -= 2.0;
    }
    twos * std::f64::consts::LN_2 + 2.0 * z * sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_natural_logarithm(x in 1e-6_f64..1e6) {
            prop_assert!((ln(x) - x.ln()).abs() <= 1e-15 * (1.0 + x.ln().abs()), "{x}");
            let near = 1.0 + x * 1e-9;
            prop_assert!((ln(near) - near.ln()).abs() <= 1e-15 * near.ln());
        }
    }
}
