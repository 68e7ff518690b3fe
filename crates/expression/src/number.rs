//! Numbers as text: read as the runner reads them, and printed in at most 15 digits (.NET's `G15`).

/// Digits that are printed.
const DIGITS: usize = 15;

/// Reads a number; whatever is none is `NaN`, and nothing but blanks is zero.
pub(crate) fn read(text: &str) -> f64 {
    let text = text.trim();
    if text.is_empty() {
        return 0.0;
    }
    if is_decimal(text) {
        return text.parse().unwrap_or(f64::NAN);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return whole(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return whole(digits, 8);
    }
    let (sign, name) = match text.strip_prefix('-') {
        Some(name) => (-1.0, name),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if name.eq_ignore_ascii_case("infinity") { sign * f64::INFINITY } else { f64::NAN }
}

/// Whether it is `[+-] digits [. digits] [e [+-] digits]`, with a digit before the exponent.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_is_one = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    digits(whole) && digits(part) && whole.len() + part.len() > 0 && exponent_is_one
}

/// What 32 bits hold, the first of which is a sign: `0xffffffff` is -1, and more is no number.
fn whole(digits: &str, radix: u32) -> f64 {
    if digits.starts_with('+') {
        return f64::NAN;
    }
    let bits = u32::from_str_radix(digits, radix);
    bits.map_or(f64::NAN, |bits| f64::from(bits.cast_signed()))
}

/// The number in at most 15 digits; with an exponent where it is 10^15 or more, or less than 10^-4.
pub(crate) fn print(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() };
    }
    let scientific = format!("{:.*e}", DIGITS - 1, number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let unsigned = place_point(digits.trim_end_matches('0'), exponent.parse().unwrap_or_default());
    if number < 0.0 { format!("-{unsigned}") } else { unsigned }
}

/// `digits` with a point behind the first, times ten to the power of `exponent`.
fn place_point(digits: &str, exponent: i32) -> String {
    match usize::try_from(exponent) {
        Ok(before) if before < DIGITS => {
            let (whole, part) = digits.split_at_checked(before + 1).unwrap_or((digits, ""));
            let point = if part.is_empty() { "" } else { "." };
            format!("{whole:0<width$}{point}{part}", width = before + 1)
        }
        Err(_) if exponent > -5 => {
            let zeros = exponent.unsigned_abs() as usize - 1;
            format!("0.{}{digits}", "0".repeat(zeros))
        }
        _ => {
            let (first, part) = digits.split_at_checked(1).unwrap_or((digits, ""));
            let point = if part.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{first}{point}{part}E{sign}{:02}", exponent.unsigned_abs())
        }
    }
}

/// The number so that reading it gives the same one.
pub(crate) fn print_exactly(number: f64) -> String {
    if number.is_infinite() || number.is_nan() {
        return print(number);
    }
    let plain = number.to_string();
    if plain.len() <= 2 * DIGITS { plain } else { format!("{number:e}") }
}

/// Whether they are one number; `NaN` is, the two zeros are not told apart.
#[expect(clippy::float_cmp, reason = "it is the same number or it is not")]
pub(crate) fn is_same(left: f64, right: f64) -> bool {
    left == right || left.is_nan() && right.is_nan()
}
