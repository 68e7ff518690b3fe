//! What a plain scalar stands for, as the reader of Kubernetes has it (`sigs.k8s.io/yaml`, which is
//! Go's yaml.v2): YAML 1.1 for the most part. So `yes` and `on` are booleans, `0644` is octal and
//! `1_000` a number; but `12:30` and a date are texts, and so are `.inf` and `.nan`, which JSON
//! cannot write.

use std::sync::Arc;

use crate::node::{Amount, Content, Number};

/// What a scalar with neither quotes nor a tag stands for.
pub(crate) fn resolve(text: &str) -> Content {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            Content::Bool(true)
        }
        "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Content::Bool(false)
        }
        _ => match amount(text) {
            Some(value) => Content::Number(Number { written: text.into(), value }),
            None => Content::Text(Arc::from(text)),
        },
    }
}

/// The number that a text is, if it is one.
fn amount(text: &str) -> Option<Amount> {
    let first = text.as_bytes().first()?;
    if *first == b'.' {
        return real(text);
    }
    if !first.is_ascii_digit() && !matches!(first, b'+' | b'-') {
        return None;
    }
    let plain = text.replace('_', "");
    whole(&plain).or_else(|| real(&plain))
}

/// A whole number of 64 bits, with the prefixes that Go knows.
fn whole(text: &str) -> Option<Amount> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let prefixed = |marks: [&str; 2], radix| {
        let digits = digits.strip_prefix(marks[0]).or_else(|| digits.strip_prefix(marks[1]))?;
        Some((digits, radix))
    };
    let octal = || digits.strip_prefix('0').filter(|rest| !rest.is_empty()).map(|rest| (rest, 8));
    let (digits, radix) = prefixed(["0x", "0X"], 16)
        .or_else(|| prefixed(["0o", "0O"], 8))
        .or_else(|| prefixed(["0b", "0B"], 2))
        .or_else(octal)
        .unwrap_or((digits, 10));
    let plain = !digits.starts_with(['+', '-']);
    let value = plain.then(|| i128::from_str_radix(digits, radix).ok()).flatten()? * sign;
    let fits = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value);
    fits.then_some(Amount::Whole(value))
}

fn real(text: &str) -> Option<Amount> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed = digits(whole)
        && fraction.is_none_or(digits)
        && !(whole.is_empty() && fraction.is_none_or(str::is_empty))
        && exponent.is_none_or(|part| {
            let part = part.strip_prefix(['+', '-']).unwrap_or(part);
            !part.is_empty() && digits(part)
        });
    if !well_formed {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(Amount::Real(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let got = match resolve(text) {
            Content::Null => "null".to_owned(),
            Content::Bool(value) => format!("bool {value}"),
            Content::Number(Number { value: Amount::Whole(value), .. }) => format!("whole {value}"),
            Content::Number(Number { value: Amount::Real(value), .. }) => format!("real {value}"),
            Content::Text(text) => format!("text {text}"),
            Content::Refused | Content::List(_) | Content::Map(_) => unreachable!("a scalar"),
        };
        assert_eq!(got, expect, "{text:?}");
    }

    #[test]
    fn plain_scalars_are_read_as_kubernetes_reads_them() {
        check("", "null");
        check("~", "null");
        check("NULL", "null");
        check("nUll", "text nUll");
        check("True", "bool true");
        check("0", "whole 0");
        check("-12", "whole -12");
        check("+12", "whole 12");
        check("0x1F", "whole 31");
        check("0o17", "whole 15");
        check("0.5", "real 0.5");
        check(".5", "real 0.5");
        check("5.", "real 5");
        check("1e3", "real 1000");
        check("-1.5E-2", "real -0.015");
        check("18446744073709551615", "whole 18446744073709551615");
        check("18446744073709551616", "real 18446744073709552000");
        check("yes", "bool true");
        check("Off", "bool false");
        check("y", "bool true");
        check("0644", "whole 420");
        check("-010", "whole -8");
        check("089", "real 89");
        check("0b11", "whole 3");
        check("1_000", "whole 1000");
        check("1_0.5", "real 10.5");
        check("-0x1F", "whole -31");
        check("+.5", "real 0.5");
    }

    #[test]
    fn what_is_neither_is_a_text() {
        for text in [
            "12:30",
            ".inf",
            ".nan",
            "1e999",
            "0x",
            "0x-1",
            "0o8",
            "yEs",
            "_1",
            "123e456",
            ".",
            "-",
            "+",
            "e3",
            "1e",
            "1e+",
            "1.2.3",
            "--1",
            "2026-01-31",
            "5m",
        ] {
            check(text, &format!("text {text}"));
        }
    }
}
