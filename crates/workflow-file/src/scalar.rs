//! What a plain scalar stands for: YAML 1.2's core schema, as GitHub's reader has it. Text such as `yes` or a date stays
//! text.

use std::sync::Arc;

use crate::node::{Content, Style};

/// What a scalar with neither quotes nor a tag stands for; an error for a number that is too large.
pub(crate) fn resolve(text: &str) -> Result<Content, &'static str> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Boolean(true),
        "false" | "False" | "FALSE" => Content::Boolean(false),
        _ => match number(text)? {
            Some(number) => Content::Number(number),
            None => Content::Text(Arc::from(text), Style::Plain),
        },
    })
}

/// The number that a text is, if it is one.
fn number(text: &str) -> Result<Option<f64>, &'static str> {
    let based = |digits: &str, radix, allowed: fn(char) -> bool| {
        if digits.is_empty() || !digits.chars().all(allowed) {
            return Ok(None);
        }
        // The service reads 32 bits, and the upper half of them as what is below zero.
        match u32::from_str_radix(digits, radix) {
            Ok(bits) => Ok(Some(f64::from(bits.cast_signed()))),
            Err(_) => Err("tag:yaml.org,2002:int"),
        }
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return based(digits, 16, |digit| digit.is_ascii_hexdigit());
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return based(digits, 8, |digit| ('0'..='7').contains(&digit));
    }
    Ok(match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        _ if decimal(text) => text.parse().ok(),
        _ => None,
    })
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn decimal(text: &str) -> bool {
    let unsigned = |text: &str| text.strip_prefix(['+', '-']).unwrap_or(text).to_owned();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let text = unsigned(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(unsigned(exponent))),
        None => (text.as_str(), None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(&exponent))
}

/// A number as the expression language writes it, for where a text is asked for.
pub(crate) fn written(number: f64) -> String {
    tidegate_expression::Value::Number(number).as_text().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let found = match resolve(text) {
            Ok(Content::Null) => "null".to_owned(),
            Ok(Content::Boolean(value)) => format!("boolean {value}"),
            Ok(Content::Number(value)) => format!("number {value}"),
            Ok(Content::Text(text, _)) => format!("text {text}"),
            Ok(_) => "something else".to_owned(),
            Err(kind) => format!("no {kind}"),
        };
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn scalars_are_those_of_yaml_1_2() {
        check("", "null");
        check("~", "null");
        check("Null", "null");
        check("nULL", "text nULL");
        check("TRUE", "boolean true");
        check("tRue", "text tRue");
        check("yes", "text yes");
        check("on", "text on");
        check("12", "number 12");
        check("+12", "number 12");
        check("-12", "number -12");
        check("007", "number 7");
        check("0x1F", "number 31");
        check("0X1F", "text 0X1F");
        check("0o17", "number 15");
        check("0o18", "text 0o18");
        check("0xffffffff", "number -1");
        check("0x100000000", "no tag:yaml.org,2002:int");
        check("1_000", "text 1_000");
        check("12:30", "text 12:30");
        check("2026-01-02", "text 2026-01-02");
        check("1.", "number 1");
        check(".5", "number 0.5");
        check(".", "text .");
        check("1.5e3", "number 1500");
        check("1e", "text 1e");
        check("1.2.3", "text 1.2.3");
        check("-.Inf", "number -inf");
        check(".NAN", "number NaN");
        check("-.nan", "text -.nan");
        check("-", "text -");
    }
}
