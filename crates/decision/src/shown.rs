//! Decisions and their parts in sentences.

use std::fmt;

use crate::{Decision, Part, Unit, Violation, span};

/// A number with as many digits as say something: three, or all before the point.
pub(crate) struct Number(pub(crate) f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size != 0.0 && !(1e-3..1e12).contains(&size) {
            return write!(f, "{:.2e}", self.0);
        }
        let places = match size {
            size if size >= 100.0 => 0,
            size if size >= 10.0 => 1,
            size if size >= 0.1 => 2,
            _ => 4,
        };
        let text = format!("{:.places$}", self.0);
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        f.write_str(if text == "-0" { "0" } else { text })
    }
}

impl fmt::Display for Part {
    /// Such as `errorRate is 7.2 % (needs > 5; 1203 requests in 60 s)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(value) = self.value else {
            return write!(f, "{} is not known: {}", self.name, self.note);
        };
        if self.unit == Unit::Flag {
            write!(f, "{}: {}", self.name, if value > 0.5 { "yes" } else { "no" })?;
        } else {
            write!(f, "{} is {}{}", self.name, self.told(value), self.unit.suffix())?;
        }
        match (self.needs.is_empty(), self.note.is_empty()) {
            (true, true) => Ok(()),
            (true, false) => write!(f, " ({})", self.note),
            (false, true) => write!(f, " ({})", self.needs),
            (false, false) => write!(f, " ({}; {})", self.needs, self.note),
        }
    }
}

impl Part {
    /// The value, with as many digits as tell it from the number that it is compared with.
    fn told(&self, value: f64) -> String {
        let short = Number(value).to_string();
        let bound = self.distance.filter(|distance| *distance != 0.0).map(|far| value + far);
        let Some(bound) = bound.filter(|bound| Number(*bound).to_string() == short) else {
            return short;
        };
        let longer =
            (1..=9).map(|places| (format!("{value:.places$}"), format!("{bound:.places$}")));
        longer
            .into_iter()
            .find(|(one, other)| one != other)
            .map_or(value.to_string(), |(one, _)| one)
    }
}

/// The parts of a condition in one sentence.
pub(crate) fn sentence(parts: &[Part]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A rule's own words, with the sizes of its values in them.
pub(crate) fn filled(message: &str, parts: &[Part]) -> String {
    parts.iter().fold(message.to_owned(), |text, part| {
        let size = part.value.map_or("?".to_owned(), |value| part.told(value));
        text.replace(&format!("{{{}}}", part.name), size.trim_start_matches('-'))
    })
}

/// What would have to change for a comparison to come to that.
pub(crate) fn turning(part: &Part, to: bool) -> String {
    let name = &part.name;
    let not = if to { "" } else { "not " };
    match (part.value, part.distance.filter(|distance| *distance != 0.0)) {
        (Some(value), Some(distance)) => {
            let way = if distance > 0.0 { "rose" } else { "fell" };
            let suffix = part.unit.suffix();
            let (by, to) = (Number(distance.abs()), Number(value + distance));
            format!("{name} {way} by {by}{suffix} to {to}{suffix}")
        }
        _ if part.needs.is_empty() => format!("{name} were {not}so"),
        _ => format!("{name} were {not}{}", part.needs),
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)
    }
}

impl fmt::Display for Decision {
    /// Such as `immediate_rollback (confidence 1.00): Critical business rule violations detected;
    /// error-rate-threshold: errorRate is 7.2 % (> 5; 1203 requests in 60 s)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (confidence {:.2})", self.action, self.confidence)?;
        if let Some(time) = self.time_to_rollback.filter(|_| !self.is_immediate()) {
            write!(f, " in {}", span::shown(time))?;
        }
        write!(f, ": {}", self.reason)?;
        self.violations.iter().try_for_each(|violation| write!(f, "; {violation}"))?;
        self.no_prediction.iter().try_for_each(|why| write!(f, "; no prediction: {why}"))
    }
}
