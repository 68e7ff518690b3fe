use std::borrow::Cow;

use crate::error::quoted;

/// One value of a record, before it is known what it stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Flag(bool),
    /// Empty, `null`, or another word for nothing.
    Nothing,
    /// Not even named: a key that an object does not have.
    Absent,
}

/// Words for a value that is not there.
const NOTHING: [&str; 18] = [
    "",
    "-",
    "--",
    "nan",
    "null",
    "none",
    "nil",
    "n/a",
    "na",
    "undefined",
    "no data",
    "\\n",
    "<na>",
    "#n/a",
    "n.a.",
    "(null)",
    "<null>",
    "?",
];

/// What a cell holds as a number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Numeric {
    /// A number.
    Number(f64),
    /// Nothing, or what is no quantity, such as an infinity.
    Missing,
    /// A number that is written in a way that is read differently by different people.
    Refused(&'static str),
    /// No number.
    Text,
}

/// What follows a number in exports for people, with what it multiplies by and what it measures.
const UNITS: [(&str, f64, Dimension); 37] = [
    ("%", 1.0, Dimension::Percent),
    ("ns", 1e-6, Dimension::Milliseconds),
    ("us", 1e-3, Dimension::Milliseconds),
    ("µs", 1e-3, Dimension::Milliseconds),
    ("μs", 1e-3, Dimension::Milliseconds),
    ("ms", 1.0, Dimension::Milliseconds),
    ("s", 1e3, Dimension::Milliseconds),
    ("sec", 1e3, Dimension::Milliseconds),
    ("secs", 1e3, Dimension::Milliseconds),
    ("min", 6e4, Dimension::Milliseconds),
    ("mins", 6e4, Dimension::Milliseconds),
    ("B", 1.0, Dimension::Bytes),
    ("kB", 1e3, Dimension::Bytes),
    ("MB", 1e6, Dimension::Bytes),
    ("GB", 1e9, Dimension::Bytes),
    ("TB", 1e12, Dimension::Bytes),
    ("KiB", 1024.0, Dimension::Bytes),
    ("MiB", 1_048_576.0, Dimension::Bytes),
    ("GiB", 1_073_741_824.0, Dimension::Bytes),
    ("TiB", 1_099_511_627_776.0, Dimension::Bytes),
    ("Ki", 1024.0, Dimension::Bytes),
    ("Mi", 1_048_576.0, Dimension::Bytes),
    ("Gi", 1_073_741_824.0, Dimension::Bytes),
    ("K", 1e3, Dimension::Count),
    ("k", 1e3, Dimension::Count),
    ("M", 1e6, Dimension::Count),
    ("Mil", 1e6, Dimension::Count),
    ("Bil", 1e9, Dimension::Count),
    ("req/s", 1.0, Dimension::Count),
    ("reqps", 1.0, Dimension::Count),
    ("rps", 1.0, Dimension::Count),
    ("ops/s", 1.0, Dimension::Count),
    ("K req/s", 1e3, Dimension::Count),
    ("K ops/s", 1e3, Dimension::Count),
    ("cores", 1.0, Dimension::Count),
    ("B/s", 1.0, Dimension::Bytes),
    ("MB/s", 1e6, Dimension::Bytes),
];

/// What a unit measures; the numbers of one column have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    Percent,
    Milliseconds,
    Bytes,
    Count,
}

impl<'a> Cell<'a> {
    /// A cell of a text format.
    pub(crate) fn of_text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text.trim()))
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Self::Nothing | Self::Absent => true,
            Self::Text(text) => NOTHING.iter().any(|word| text.eq_ignore_ascii_case(word)),
            Self::Number(number) => number.is_nan(),
            Self::Flag(_) => false,
        }
    }

    /// What it holds as a number.
    pub(crate) fn number(&self) -> Numeric {
        match self {
            _ if self.is_nothing() => Numeric::Missing,
            Self::Number(number) => finite(*number),
            Self::Text(text) => number_of(text),
            Self::Flag(_) | Self::Nothing | Self::Absent => Numeric::Text,
        }
    }

    /// The cell as a message shows it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Nothing | Self::Absent => "nothing".to_owned(),
        }
    }

    /// The cell as text.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Self::Nothing | Self::Absent => Cow::Borrowed(""),
        }
    }
}

fn finite(number: f64) -> Numeric {
    if number.is_finite() { Numeric::Number(number) } else { Numeric::Missing }
}

fn number_of(text: &str) -> Numeric {
    if let Ok(number) = text.parse::<f64>() {
        return finite(number);
    }
    if has_comma(text) {
        return Numeric::Refused(
            "a comma in a number is read in different ways; write 1234.5, with a point and no other mark",
        );
    }
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+')).unwrap_or(0);
    let (digits, unit) = text.split_at(end);
    let scale = UNITS.iter().find(|(name, ..)| *name == unit.trim()).map(|(_, scale, _)| *scale);
    match (digits.parse::<f64>(), scale) {
        (Ok(number), Some(scale)) => finite(number * scale),
        _ => Numeric::Text,
    }
}

/// Whether it is digits with a comma among them.
fn has_comma(text: &str) -> bool {
    let of_a_number = |c: char| matches!(c, '0'..='9' | '.' | ',' | '-' | '+' | ' ' | '%');
    text.contains(',')
        && text.contains(|c: char| c.is_ascii_digit())
        && text.chars().all(of_a_number)
}

/// What a text cell measures, by its unit, in words; none without one.
pub(crate) fn unit_of(cell: &Cell<'_>) -> Option<&'static str> {
    let Cell::Text(text) = cell else { return None };
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+'))?;
    let unit = text.get(end..)?.trim();
    let (.., dimension) = UNITS.iter().find(|(name, ..)| *name == unit)?;
    Some(match dimension {
        Dimension::Percent => "%",
        Dimension::Milliseconds => "ms",
        Dimension::Bytes => "bytes",
        Dimension::Count => "a count",
    })
}

/// Milliseconds of a span of time in parts: `1m2.5s` as Go writes it, `00:01:02.5` as .NET does.
pub(crate) fn duration_ms(text: &str) -> Option<f64> {
    clock_ms(text).or_else(|| parts_ms(text))
}

fn clock_ms(text: &str) -> Option<f64> {
    let mut parts = text.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some()
        || minutes.len() != 2
        || seconds.find(['.', ' ']).unwrap_or(seconds.len()) != 2
    {
        return None;
    }
    let of = |part: &str| part.parse::<f64>().ok().filter(|value| *value >= 0.0);
    Some(of(hours)? * 3.6e6 + of(minutes)? * 6e4 + of(seconds)? * 1e3)
}

fn parts_ms(text: &str) -> Option<f64> {
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| c.is_alphabetic())?);
        let unit = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let scale = match unit {
            "d" => 8.64e7,
            "h" => 3.6e6,
            "m" => 6e4,
            "s" => 1e3,
            "ms" => 1.0,
            "us" | "µs" | "μs" => 1e-3,
            "ns" => 1e-6,
            _ => return None,
        };
        sum += digits.trim().parse::<f64>().ok().filter(|value| *value >= 0.0)? * scale;
        rest = after.trim_start();
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &Numeric) {
        assert_eq!(Cell::of_text(text).number(), *expect, "{text:?}");
    }

    #[test]
    fn numbers_are_read_as_exports_write_them() {
        check("12.5", &Numeric::Number(12.5));
        check(" -3e-4 ", &Numeric::Number(-3e-4));
        check("45%", &Numeric::Number(45.0));
        check("1.5 s", &Numeric::Number(1_500.0));
        check("250 ms", &Numeric::Number(250.0));
        check("2 MiB", &Numeric::Number(2_097_152.0));
        check("3.4 K", &Numeric::Number(3_400.0));
        for nothing in ["", "NaN", "null", "N/A", "-", "+Inf", "inf", "None"] {
            check(nothing, &Numeric::Missing);
        }
        for text in ["web", "12 bananas", "1.2.3", "2026-01-01"] {
            check(text, &Numeric::Text);
        }
    }

    #[test]
    fn a_comma_in_a_number_is_refused() {
        for text in ["12,5", "1,234.5", "1.234,5", "-0,1", "12,5 %"] {
            assert!(matches!(Cell::of_text(text).number(), Numeric::Refused(_)), "{text}");
        }
        check("a,1", &Numeric::Text);
    }

    #[test]
    fn a_span_of_time_may_have_parts() {
        for (text, expect) in
            [("1m2.5s", 62_500.0), ("00:01:02.5", 62_500.0), ("2h", 7.2e6), ("1s 500ms", 1_500.0)]
        {
            assert_eq!(duration_ms(text), Some(expect), "{text}");
        }
        for text in ["", "abc", "12:30", "1m-2s", "1x", "12:00:0", "a:00:00"] {
            assert!(duration_ms(text).is_none_or(|ms| text.is_empty() && ms == 0.0), "{text}");
        }
    }

    #[test]
    fn a_unit_tells_what_is_measured() {
        assert_eq!(unit_of(&Cell::of_text("3 s")), unit_of(&Cell::of_text("9ms")));
        assert_eq!(unit_of(&Cell::of_text("3")), None);
        assert_ne!(unit_of(&Cell::of_text("3%")), unit_of(&Cell::of_text("3 B")));
    }
}
