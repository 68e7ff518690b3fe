//! Go's layouts of time, written as the moment 2006-01-02 15:04:05 would be; and its spans.

use jiff::civil::DateTime;

use super::{Moment, NANOS};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A part of a layout, and what it is written as.
type Part = (&'static str, fn(Moment, DateTime) -> String);

/// What a part of a layout stands for, longer ones before those that they begin with.
const PARTS: [Part; 30] = [
    ("January", |_, civil| month(civil).to_owned()),
    ("Jan", |_, civil| month(civil).chars().take(3).collect()),
    ("Monday", |_, civil| day(civil).to_owned()),
    ("Mon", |_, civil| day(civil).chars().take(3).collect()),
    ("MST", |moment, _| zone(moment, "", "UTC")),
    ("2006", |_, civil| format!("{:04}", civil.year())),
    ("-07:00", |moment, _| zone(moment, ":", "+00:00")),
    ("-0700", |moment, _| zone(moment, "", "+0000")),
    ("Z07:00", |moment, _| zone(moment, ":", "Z")),
    ("Z0700", |moment, _| zone(moment, "", "Z")),
    (".000000", |_, civil| format!(".{:06}", civil.subsec_nanosecond() / 1000)),
    (".000", |_, civil| format!(".{:03}", civil.subsec_nanosecond() / 1_000_000)),
    ("002", |_, civil| format!("{:03}", civil.date().day_of_year())),
    ("01", |_, civil| format!("{:02}", civil.month())),
    ("02", |_, civil| format!("{:02}", civil.day())),
    ("03", |_, civil| format!("{:02}", twelve(civil))),
    ("04", |_, civil| format!("{:02}", civil.minute())),
    ("05", |_, civil| format!("{:02}", civil.second())),
    ("06", |_, civil| format!("{:02}", civil.year().rem_euclid(100))),
    ("15", |_, civil| format!("{:02}", civil.hour())),
    ("_2", |_, civil| format!("{:>2}", civil.day())),
    ("PM", |_, civil| half(civil).to_uppercase()),
    ("pm", |_, civil| half(civil).to_owned()),
    ("-07", |moment, _| zone(moment, ":", "+00").chars().take(3).collect()),
    ("1", |_, civil| civil.month().to_string()),
    ("2", |_, civil| civil.day().to_string()),
    ("3", |_, civil| twelve(civil).to_string()),
    ("4", |_, civil| civil.minute().to_string()),
    ("5", |_, civil| civil.second().to_string()),
    ("Z07", |moment, _| zone(moment, ":", "Z").chars().take(3).collect()),
];

/// A moment by a layout.
pub(crate) fn formatted(moment: Moment, layout: &str) -> String {
    let (mut out, mut rest, civil) = (String::new(), layout, moment.civil());
    while let Some(sign) = rest.chars().next() {
        let found = PARTS.iter().find_map(|(part, write)| Some((rest.strip_prefix(part)?, write)));
        if let Some((after, write)) = found {
            out.push_str(&write(moment, civil));
            rest = after;
        } else {
            out.push(sign);
            rest = rest.get(sign.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

fn month(civil: DateTime) -> &'static str {
    let at = usize::from(civil.month().unsigned_abs()).saturating_sub(1);
    MONTHS.get(at).copied().unwrap_or_default()
}

fn day(civil: DateTime) -> &'static str {
    let at = civil.weekday().to_monday_zero_offset();
    DAYS.get(usize::from(at.unsigned_abs())).copied().unwrap_or_default()
}

fn twelve(civil: DateTime) -> i8 {
    match civil.hour() % 12 {
        0 => 12,
        hour => hour,
    }
}

fn half(civil: DateTime) -> &'static str {
    if civil.hour() < 12 { "am" } else { "pm" }
}

fn zone(moment: Moment, between: &str, utc: &str) -> String {
    let seconds = moment.offset.seconds();
    if seconds == 0 {
        return utc.to_owned();
    }
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs() / 60);
    format!("{sign}{:02}{between}{:02}", minutes / 60, minutes % 60)
}

/// `1h44m30s`, as Go writes a span.
pub(crate) fn span_text(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let all = nanos.unsigned_abs();
    let second = NANOS.unsigned_abs();
    if all == 0 {
        return "0s".to_owned();
    }
    if all < second {
        let units = [(1_000_000, "ms"), (1_000, "µs"), (1, "ns")];
        let (length, unit) =
            units.into_iter().find(|(length, _)| all >= *length).unwrap_or((1, "ns"));
        return format!("{sign}{}{unit}", decimal(all, length));
    }
    let (hours, minutes) = (all / (3600 * second), all / (60 * second) % 60);
    let seconds = decimal(all % (60 * second), second);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

fn decimal(count: u64, unit: u64) -> String {
    let width = unit.to_string().len() - 1;
    let fraction = format!("{:0width$}", count % unit);
    match fraction.trim_end_matches('0') {
        "" => (count / unit).to_string(),
        fraction => format!("{}.{fraction}", count / unit),
    }
}

/// The nanoseconds of `1h30m`, `-1.5h` or `300ms`, as Go reads a span.
pub(crate) fn span_of(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut nanos = 0_f64;
    while !rest.is_empty() {
        let end = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.')?;
        let (number, unit) = rest.split_at(end);
        let end =
            unit.find(|sign: char| sign.is_ascii_digit() || sign == '.').unwrap_or(unit.len());
        let (unit, after) = unit.split_at(end);
        let length = match unit {
            "h" => 3.6e12,
            "m" => 6e10,
            "s" => 1e9,
            "ms" => 1e6,
            "us" | "µs" => 1e3,
            "ns" => 1.0,
            _ => return None,
        };
        nanos += number.parse::<f64>().ok()? * length;
        rest = after;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is within the bounds")]
    (!text.is_empty() && nanos < 9.2e18).then_some(nanos as i64 * sign)
}
