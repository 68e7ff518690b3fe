//! What a column's name says: its words, and the unit at their end.

use crate::vocabulary::LATENCIES;

/// A name taken apart: `Response time (ms)` is `responsetime` in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Name {
    /// Its words without the unit, in small letters, with nothing between them.
    pub(crate) base: String,
    /// How many microseconds one of its unit is.
    pub(crate) micros: Option<f64>,
}

/// Words for units of time, with their length in microseconds.
const UNITS: [(&str, f64); 27] = [
    ("s", 1e6),
    ("sec", 1e6),
    ("secs", 1e6),
    ("second", 1e6),
    ("seconds", 1e6),
    ("ms", 1e3),
    ("msec", 1e3),
    ("msecs", 1e3),
    ("milli", 1e3),
    ("millis", 1e3),
    ("millisecond", 1e3),
    ("milliseconds", 1e3),
    ("us", 1.0),
    ("µs", 1.0),
    ("μs", 1.0),
    ("usec", 1.0),
    ("usecs", 1.0),
    ("micro", 1.0),
    ("micros", 1.0),
    ("microsecond", 1.0),
    ("microseconds", 1.0),
    ("ns", 1e-3),
    ("nsec", 1e-3),
    ("nano", 1e-3),
    ("nanos", 1e-3),
    ("nanosecond", 1e-3),
    ("nanoseconds", 1e-3),
];

impl Name {
    pub(crate) fn of(text: &str) -> Self {
        let mut words = words(text);
        let micros = match words.as_slice() {
            [_, .., last] => UNITS.iter().find(|(unit, _)| unit == last).map(|(_, micros)| *micros),
            _ => None,
        };
        if micros.is_some() {
            words.pop();
            return Self { base: words.concat(), micros };
        }
        glued(&words.concat())
    }

    /// Whether it is one of `names`, written without spaces.
    pub(crate) fn is_one_of(&self, names: &[&str]) -> bool {
        self.rank(names).is_some()
    }

    /// Which of `names` it is.
    pub(crate) fn rank(&self, names: &[&str]) -> Option<usize> {
        names.iter().position(|name| *name == self.base)
    }

    /// The last word alone counts for a name that came from a nested object: `data.time`.
    pub(crate) fn of_path(path: &str) -> Self {
        Self::of(path.rsplit('.').next().unwrap_or(path))
    }
}

/// A name whose unit is not set off, such as `latencyms`.
fn glued(text: &str) -> Name {
    let taken = |(unit, micros): &(&str, f64)| {
        let base =
            text.strip_suffix(unit).filter(|base| unit.len() > 1 && LATENCIES.contains(base));
        base.map(|base| Name { base: base.to_owned(), micros: Some(*micros) })
    };
    let found = UNITS.iter().find_map(taken);
    found.unwrap_or_else(|| Name { base: text.to_owned(), micros: None })
}

/// The words of a name, in small letters: parted by anything but letters and digits, and where a
/// capital follows a small letter.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut after_small = false;
    for c in text.chars() {
        let starts = c.is_uppercase() && after_small;
        if (starts || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        after_small = c.is_lowercase();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, base: &str, micros: Option<f64>) {
        let name = Name::of(text);
        assert_eq!((name.base.as_str(), name.micros), (base, micros), "{text}");
    }

    #[test]
    fn a_name_is_taken_apart_into_words_and_a_unit() {
        check("latency_ms", "latency", Some(1e3));
        check("Response time (ms)", "responsetime", Some(1e3));
        check("time_s", "time", Some(1e6));
        check("timeStamp", "timestamp", None);
        check("StartTimeUnixNano", "starttimeunix", Some(1e-3));
        check("response-time", "responsetime", None);
        check("duration [µs]", "duration", Some(1.0));
        check("s", "s", None);
        check("responseCode", "responsecode", None);
        check("_time", "time", None);
        check("latencyms", "latency", Some(1e3));
        check("items", "items", None);
        check("", "", None);
        assert_eq!(Name::of_path("data.tags.status").base, "status");
    }
}
