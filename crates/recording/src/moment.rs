use jiff::{Timestamp, civil::DateTime, fmt::strtime::BrokenDownTime, tz::TimeZone};

use crate::cell::{Cell, Numeric, unit_of};

/// How to write a time, for messages.
const MEND: &str = "write seconds, or an RFC 3339 time such as 2026-01-31T12:00:00Z, or name the column with --time";

/// Within half of what 64 bits hold, so that differences cannot overflow.
const FARTHEST: f64 = 4.6e18;

/// From here on a number of seconds is taken for one since 1970: March 1973.
const EPOCH: f64 = 1e8;

/// Microseconds for one of the unit that a number of this size is in.
fn unit_by_size(number: f64) -> f64 {
    match number.abs() {
        size if size < 1e11 => 1e6,
        size if size < 1e14 => 1e3,
        size if size < 1e17 => 1.0,
        _ => 1e-3,
    }
}

/// Reads the times of one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    /// Microseconds for one of the unit of plain numbers, once that is known.
    micros: Option<f64>,
    /// Whether that is by the first number's size.
    by_size: bool,
    /// Whether small numbers were taken as seconds.
    small: bool,
    /// Whether a time without a zone was read.
    zoneless: bool,
}

/// Whether a cell has a date, or a number of seconds since 1970 or parts of them.
pub(crate) fn is_absolute(cell: &Cell<'_>) -> bool {
    match cell.number() {
        Numeric::Number(number) => number >= 1e8 && unit_of(cell).is_none(),
        Numeric::Missing | Numeric::Refused(_) => false,
        Numeric::Text => Clock::default().read(cell).is_ok(),
    }
}

/// A time that cannot be read: what is wrong and what to do.
pub(crate) type Unread = (String, String);

impl Clock {
    /// For a column whose name tells the unit of its numbers, in microseconds, or does not.
    pub(crate) fn new(micros: Option<f64>) -> Self {
        Self { micros, ..Self::default() }
    }

    /// What was taken for granted.
    pub(crate) fn note(&self) -> Option<&'static str> {
        if self.small {
            return Some(
                "times are taken as seconds; name the column time_ms, time_us or time_ns where they are none",
            );
        }
        self.zoneless.then_some("times with no zone are taken as UTC")
    }

    /// Microseconds: since the epoch for dates and what looks like an epoch, else since whatever
    /// zero the file has.
    pub(crate) fn read(&mut self, cell: &Cell<'_>) -> Result<i64, Unread> {
        if self.is_of_another_unit(cell) {
            let message = format!("{} is a time in another unit than those above it", cell.shown());
            return Err((message, "give each row's time in the same unit".to_owned()));
        }
        let unread = |cell: &Cell<'_>| (format!("{} is no time", cell.shown()), MEND.to_owned());
        match cell {
            Cell::Number(number) => self.scaled(*number).ok_or_else(|| unread(cell)),
            Cell::Text(text) => self.of_text(text).ok_or_else(|| unread(cell)),
            Cell::Flag(_) | Cell::Nothing | Cell::Absent => Err(unread(cell)),
        }
    }

    fn of_text(&mut self, text: &str) -> Option<i64> {
        // Whole numbers keep their last digits, which a float would lose from 2^53 on.
        if let Ok(whole) = text.parse::<i64>() {
            #[expect(clippy::cast_precision_loss, reason = "its size alone is looked at")]
            let micros = self.unit(whole as f64);
            if micros < 1.0 {
                return Some(whole / 1_000);
            }
            #[expect(clippy::cast_possible_truncation, reason = "1, a thousand or a million")]
            let micros = whole.checked_mul(micros as i64)?;
            return (micros.unsigned_abs() < i64::MAX.unsigned_abs() / 2).then_some(micros);
        }
        if let Ok(number) = text.parse::<f64>() {
            return self.scaled(number);
        }
        self.of_date(text)
    }

    /// A plain number in the file's unit.
    fn scaled(&mut self, number: f64) -> Option<i64> {
        let micros = (number * self.unit(number)).round();
        #[expect(clippy::cast_possible_truncation, reason = "it was looked at")]
        (micros.abs() < FARTHEST).then_some(micros as i64)
    }

    /// The unit of plain numbers: from the column's name, else from the first number, for an epoch
    /// in seconds, milliseconds, microseconds and nanoseconds has 10, 13, 16 and 19 digits.
    fn unit(&mut self, number: f64) -> f64 {
        if let Some(micros) = self.micros {
            return micros;
        }
        (self.by_size, self.small) = (true, number.abs() < EPOCH);
        *self.micros.insert(unit_by_size(number))
    }

    /// Whether a number is of an epoch in another unit than those before it.
    fn is_of_another_unit(&self, cell: &Cell<'_>) -> bool {
        let Numeric::Number(number) = cell.number() else { return false };
        let other = |unit: f64| (unit - unit_by_size(number)).abs() > f64::EPSILON;
        self.by_size && !self.small && number.abs() >= EPOCH && self.micros.is_some_and(other)
    }

    fn of_date(&mut self, text: &str) -> Option<i64> {
        let text = text.trim_end_matches(" UTC");
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Some(moment.as_microsecond());
        }
        let slashed = text.trim_end_matches(" +0000").replace('/', "-");
        let civil = slashed.parse::<DateTime>();
        if let Ok(moment) = civil.and_then(|civil| civil.to_zoned(TimeZone::UTC)) {
            self.zoneless = true;
            return Some(moment.timestamp().as_microsecond());
        }
        // As web servers write it in their logs, and mail in its headers.
        let text = text.trim_matches(['[', ']']);
        let zoned = text.strip_suffix("GMT").map(|text| format!("{text}+0000"));
        let zoned = zoned.as_deref().unwrap_or(text);
        let read = |format: &&str| BrokenDownTime::parse(format, zoned)?.to_timestamp();
        let known = ["%d/%b/%Y:%H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %z"];
        if let Some(moment) = known.iter().find_map(|format| read(format).ok()) {
            return Some(moment.as_microsecond());
        }
        // As C writes it: `Sat Jan 31 12:00:00 2026`.
        let spoken =
            BrokenDownTime::parse("%a %b %e %H:%M:%S %Y", text).and_then(|t| t.to_datetime());
        let moment = spoken.and_then(|civil| civil.to_zoned(TimeZone::UTC)).ok()?;
        self.zoneless = true;
        Some(moment.timestamp().as_microsecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noon of the last day of January 2026.
    const NOON: i64 = 1_769_860_800_000_000;

    fn read(text: &str) -> Option<i64> {
        Clock::default().read(&Cell::of_text(text)).ok()
    }

    #[test]
    fn one_moment_is_read_in_every_spelling() {
        for text in [
            "1769860800",
            "1769860800.0",
            "1769860800000",
            "1769860800000000",
            "1769860800000000000",
            "1.7698608e9",
            "2026-01-31T12:00:00Z",
            "2026-01-31T14:00:00+02:00",
            "2026-01-31 12:00:00",
            "2026-01-31T12:00:00",
            "2026/01/31 12:00:00.000",
            "2026-01-31 12:00:00 UTC",
            "31/Jan/2026:12:00:00 +0000",
            "2026-01-31 12:00:00,000",
            "Sat, 31 Jan 2026 12:00:00 GMT",
            "Sat Jan 31 12:00:00 2026",
        ] {
            assert_eq!(read(text), Some(NOON), "{text}");
        }
        assert_eq!(Clock::default().read(&Cell::Number(1_769_860_800_000.0)).ok(), Some(NOON));
    }

    #[test]
    fn the_unit_of_a_column_goes_before_the_size_of_its_numbers() {
        assert_eq!(Clock::new(Some(1e3)).read(&Cell::of_text("1500")).ok(), Some(1_500_000));
        assert_eq!(Clock::new(Some(1e-3)).read(&Cell::of_text("1500")).ok(), Some(1));
        assert_eq!(read("0.25"), Some(250_000));
        assert_eq!(read("-3"), Some(-3_000_000));
        let mut clock = Clock::default();
        assert_eq!(clock.read(&Cell::of_text("1769860800000")).ok(), Some(NOON));
        assert_eq!(clock.read(&Cell::of_text("5")).ok(), Some(5_000), "one unit in one file");
    }

    #[test]
    fn what_is_no_time_is_refused_with_its_mend() {
        for text in ["noon", "", "31.01.2026", "1e300", "9223372036854775807000"] {
            let (message, mend) = Clock::default().read(&Cell::of_text(text)).unwrap_err();
            assert!(message.contains("is no time") && mend.contains("RFC 3339"), "{text}");
        }
    }

    #[test]
    fn an_epoch_in_two_units_is_refused() {
        let mut clock = Clock::default();
        assert!(clock.read(&Cell::of_text("1769860800")).is_ok());
        let (message, _) = clock.read(&Cell::of_text("1769860800123")).unwrap_err();
        assert!(message.contains("another unit"), "{message}");
        let mut small = Clock::default();
        assert!(small.read(&Cell::of_text("0")).is_ok() && small.note().is_some());
        assert!(small.read(&Cell::of_text("200000000")).is_ok(), "of a zero of its own");
    }

    #[test]
    fn a_time_with_no_zone_is_told() {
        let mut clock = Clock::default();
        assert!(clock.read(&Cell::of_text("2026-01-31 12:00:00")).is_ok());
        assert!(clock.note().is_some());
    }
}
