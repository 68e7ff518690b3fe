//! What a plain scalar stands for: the core schema of YAML 1.2.2 (section 10.3.2).
//!
//! Where YAML 1.1, Kubernetes' own reader, and YAML 1.2 disagree, the value stays a text: `yes`,
//! `010`, `1_000`. So do `.inf` and `.nan`, which JSON cannot write.

use std::sync::Arc;

use crate::node::{Amount, Content, Number};

/// What a scalar with neither quotes nor a tag stands for.
pub(crate) fn resolve(text: &str) -> Content {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        _ => match amount(text) {
            Some(value) => Content::Number(Number { written: text.into(), value }),
            None => Content::Text(Arc::from(text)),
        },
    }
}

/// The number that a text is, if it is one.
pub(crate) fn amount(text: &str) -> Option<Amount> {
    let first = text.as_bytes().first()?;
    if !first.is_ascii_digit() && !matches!(first, b'+' | b'-' | b'.') {
        return None;
    }
    radix(text).or_else(|| decimal(text))
}

fn radix(text: &str) -> Option<Amount> {
    let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => (digits, 16),
        (_, Some(digits)) => (digits, 8),
        _ => return None,
    };
    let plain = !digits.starts_with(['+', '-']);
    plain.then(|| i128::from_str_radix(digits, radix).ok()).flatten().map(Amount::Whole)
}

fn decimal(text: &str) -> Option<Amount> {
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
    if fraction.is_none() && exponent.is_none() {
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        if let Ok(value) = text.parse() {
            return Some(Amount::Whole(value));
        }
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
    fn plain_scalars_follow_the_core_schema() {
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
        check("18446744073709551616", "whole 18446744073709551616");
    }

    #[test]
    fn what_readers_disagree_on_stays_a_text() {
        for text in [
            "yes",
            "on",
            "010",
            "-010",
            "1_000",
            "12:30",
            ".inf",
            ".nan",
            "1e999",
            "0x",
            "0x-1",
            "0o8",
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
            "0b1",
        ] {
            check(text, &format!("text {text}"));
        }
    }
}
