//! Durations as Go writes them (`time.ParseDuration`): `300ms`, `1.5h`, `1m30s`.

use std::time::Duration;

use tidegate_analysis::parse_duration;

use crate::{
    node::{Amount, Content},
    walk::Spot,
};

/// What [`go`] takes, for messages.
pub(crate) const ALLOWED: &str = "a duration such as 30s, 5m or 1h30m";

/// Reads a duration that is not negative, up to a hundred years.
pub(crate) fn go(text: &str) -> Option<Duration> {
    parse_duration(text).ok()
}

/// A duration written as Go does.
pub(crate) fn read(spot: &Spot<'_>) -> Option<Duration> {
    match &spot.node.content {
        Content::Text(text) => {
            let duration = go(text);
            if duration.is_none() {
                refuse(spot, text, ALLOWED);
            }
            duration
        }
        Content::Number(number) if number.value == Amount::Whole(0) => Some(Duration::ZERO),
        Content::Number(number) => {
            let hint = format!("a number needs its unit: did you mean {}s?", number.written);
            spot.complain(spot.found().allow(ALLOWED).hint(hint));
            None
        }
        _ => {
            spot.refuse(ALLOWED);
            None
        }
    }
}

/// Whole seconds as a number or a text, or a duration as Go writes it: Argo's `pause.duration`.
pub(crate) fn seconds_or_text(spot: &Spot<'_>) -> Option<Duration> {
    let allowed = "seconds, or a duration such as 30s, 5m or 1h30m";
    match &spot.node.content {
        Content::Text(text) => {
            let duration = match text.parse::<u32>() {
                Ok(seconds) => Some(Duration::from_secs(u64::from(seconds))),
                Err(_) => go(text),
            };
            if duration.is_none() {
                refuse(spot, text, allowed);
            }
            duration
        }
        Content::Number(_) => seconds(spot, 0),
        _ => {
            spot.refuse(allowed);
            None
        }
    }
}

/// Whole seconds, at least so many.
pub(crate) fn seconds(spot: &Spot<'_>, least: i64) -> Option<Duration> {
    spot.number::<u64>(least, i64::from(i32::MAX)).map(Duration::from_secs)
}

fn refuse(spot: &Spot<'_>, text: &str, allowed: &str) {
    let complaint = spot.found().allow(allowed);
    let plain = text.trim().to_ascii_lowercase().replace(' ', "");
    spot.complain(match hint(&plain) {
        Some(hint) => complaint.hint(hint),
        None => complaint,
    });
}

/// What was likely meant.
fn hint(plain: &str) -> Option<String> {
    if plain.starts_with('-') {
        return Some("a duration cannot be negative".to_owned());
    }
    let end = plain.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = plain.split_at_checked(end)?;
    let number: u64 = number.parse().ok()?;
    let meant = match unit {
        "sec" | "secs" | "second" | "seconds" => format!("{number}s"),
        "min" | "mins" | "minute" | "minutes" => format!("{number}m"),
        "hr" | "hrs" | "hour" | "hours" => format!("{number}h"),
        "d" | "day" | "days" => format!("{}h", number.checked_mul(24)?),
        _ => return go(plain).map(|_| format!("did you mean {plain}?")),
    };
    Some(format!("did you mean {meant}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_mended() {
        assert_eq!(hint("10min").as_deref(), Some("did you mean 10m?"));
        assert_eq!(hint("2days").as_deref(), Some("did you mean 48h?"));
        assert_eq!(hint("-3s").as_deref(), Some("a duration cannot be negative"));
        assert_eq!(hint("5m").as_deref(), Some("did you mean 5m?"));
        assert_eq!(hint("soon"), None);
    }
}
