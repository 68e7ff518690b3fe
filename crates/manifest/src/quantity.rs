//! Quantities as Kubernetes writes them (`k8s.io/apimachinery/pkg/api/resource`): `500m`, `1Gi`,
//! `1e3`.

use crate::{node::Content, walk::Spot};

/// The exponent of ten or of two that a suffix stands for.
enum Scale {
    Ten(i32),
    Two(u32),
}

fn scale(suffix: &str) -> Option<Scale> {
    Some(match suffix {
        "" => Scale::Ten(0),
        "n" => Scale::Ten(-9),
        "u" => Scale::Ten(-6),
        "m" => Scale::Ten(-3),
        "k" => Scale::Ten(3),
        "M" => Scale::Ten(6),
        "G" => Scale::Ten(9),
        "T" => Scale::Ten(12),
        "P" => Scale::Ten(15),
        "E" => Scale::Ten(18),
        "Ki" => Scale::Two(10),
        "Mi" => Scale::Two(20),
        "Gi" => Scale::Two(30),
        "Ti" => Scale::Two(40),
        "Pi" => Scale::Two(50),
        "Ei" => Scale::Two(60),
        _ => return Some(Scale::Ten(exponent(suffix)?)),
    })
}

/// `e3`, `E-2`
fn exponent(suffix: &str) -> Option<i32> {
    let digits = suffix.strip_prefix(['e', 'E'])?;
    let plain = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let fits = !plain.is_empty() && plain.len() <= 2 && plain.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| digits.parse().ok()).flatten()
}

/// A quantity in units of 10^-`below`, rounded up as Kubernetes does; `None` when it is none, is
/// negative, or is too large.
fn parse(text: &str, below: i32) -> Option<u64> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let value: u128 = digits.parse().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    let (ten, two) = match scale(suffix)? {
        Scale::Ten(exponent) => (exponent, 0),
        Scale::Two(exponent) => (0, exponent),
    };
    let ten = ten + below - places;
    let value = value.checked_mul(1_u128.checked_shl(two)?)?;
    let power = 10_u128.checked_pow(ten.unsigned_abs())?;
    let units = if ten >= 0 { value.checked_mul(power)? } else { value.div_ceil(power) };
    u64::try_from(units).ok()
}

/// CPU in thousandths of a core.
pub(crate) fn cpu_millis(spot: &Spot<'_>) -> Option<u64> {
    read(spot, 3, "cores, such as 500m, 0.5 or 2")
}

/// Memory in bytes.
pub(crate) fn memory_bytes(spot: &Spot<'_>) -> Option<u64> {
    let bytes = read(spot, 0, "bytes, such as 256Mi, 1G or 1073741824")?;
    // 128m is a tenth of a byte, rounded up: M was meant.
    if let Some(text) = spot.node.as_text().filter(|text| text.ends_with('m')) {
        let meant = format!("{}Mi", text.trim_end_matches('m'));
        let complaint = spot.found().allow("bytes, such as 256Mi, 1G or 1073741824");
        spot.complain(
            complaint.hint(format!("m is a thousandth of a byte; did you mean {meant}?")),
        );
        return None;
    }
    Some(bytes)
}

fn read(spot: &Spot<'_>, below: i32, allowed: &str) -> Option<u64> {
    let text: &str = match &spot.node.content {
        Content::Text(text) => text,
        Content::Number(number) => &number.written,
        _ => {
            spot.refuse(allowed);
            return None;
        }
    };
    let amount = parse(text, below);
    if amount.is_none() {
        let complaint = spot.found().allow(allowed);
        spot.complain(match hint(text) {
            Some(hint) => complaint.hint(hint),
            None => complaint,
        });
    }
    amount
}

/// The likely slip in a suffix.
fn hint(text: &str) -> Option<String> {
    if text.starts_with('-') {
        return Some("an amount cannot be negative".to_owned());
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, suffix) = text.split_at_checked(end)?;
    let meant = match suffix.trim() {
        "K" => "k",
        "kb" | "KB" | "kB" | "Kb" | "ki" | "KiB" => "Ki",
        "mb" | "MB" | "Mb" | "mi" | "MiB" => "Mi",
        "g" | "gb" | "GB" | "Gb" | "gi" | "GiB" => "Gi",
        _ => return None,
    };
    Some(format!("did you mean {number}{meant}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, cpu: Option<u64>, memory: Option<u64>) {
        assert_eq!(parse(text, 3), cpu, "{text:?} as cpu");
        assert_eq!(parse(text, 0), memory, "{text:?} as memory");
    }

    #[test]
    fn quantities_follow_the_grammar_of_kubernetes() {
        check("0", Some(0), Some(0));
        check("1", Some(1_000), Some(1));
        check("+1", Some(1_000), Some(1));
        check("0.5", Some(500), Some(1));
        check(".5", Some(500), Some(1));
        check("5.", Some(5_000), Some(5));
        check("100m", Some(100), Some(1));
        check("1.5", Some(1_500), Some(2));
        check("1u", Some(1), Some(1));
        check("1500000000n", Some(1_500), Some(2));
        check("1k", Some(1_000_000), Some(1_000));
        check("128M", Some(128_000_000_000), Some(128_000_000));
        check("1Gi", Some(1_073_741_824_000), Some(1_073_741_824));
        check("1.5Gi", Some(1_610_612_736_000), Some(1_610_612_736));
        check("1e3", Some(1_000_000), Some(1_000));
        check("1E3", Some(1_000_000), Some(1_000));
        check("12e-1", Some(1_200), Some(2));
        check("1E", None, Some(1_000_000_000_000_000_000));
    }

    #[test]
    fn what_is_no_quantity_is_none() {
        for text in [
            "",
            ".",
            "-1",
            "1K",
            "1KB",
            "1 Gi",
            "Gi",
            "1.2.3",
            "1e",
            "1e999",
            "0x10",
            "1_0",
            "ten",
            "99999999999999999999999999999999999999999",
            "99Ei",
            "1ei",
        ] {
            check(text, None, None);
        }
        assert_eq!(hint("1GB").as_deref(), Some("did you mean 1Gi?"));
        assert_eq!(hint("-1").as_deref(), Some("an amount cannot be negative"));
    }
}
