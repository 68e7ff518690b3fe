//! Times that a schedule names: five fields in a time zone, and when the next one is.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use tidegate_units::Timestamp;

/// Days that are looked through for the next time: 29 February of a leap year comes after eight
/// years at most, and a schedule that names none of them within those never comes.
const DAYS_AHEAD: usize = 366 * 8 + 3;

/// A schedule: minutes, hours, days, months and weekdays, in a time zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Cron {
    text: String,
    zone: TimeZone,
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

/// The numbers that a field names, a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    bits: u64,
    /// Whether it begins with `*`: a day field that does leaves the day to the other one.
    any: bool,
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// There are more or fewer fields than five.
    #[error(
        "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday), and there are {0} fields"
    )]
    Fields(usize),
    /// A field is none.
    #[error(
        "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday); `{text}` is no {what}: allowed are {from}-{to}, `*`, lists, ranges and steps"
    )]
    Field {
        /// Which one.
        what: &'static str,
        /// As it was written.
        text: String,
        /// The least number.
        from: u32,
        /// The greatest.
        to: u32,
    },
    /// No time zone has that name.
    #[error("`{0}` is no time zone: a name of the IANA list is one, such as Europe/Berlin")]
    Zone(String),
}

/// What a field is of.
struct Kind {
    what: &'static str,
    from: u32,
    to: u32,
    names: &'static [&'static str],
}

const MINUTE: Kind = Kind { what: "minute", from: 0, to: 59, names: &[] };
const HOUR: Kind = Kind { what: "hour", from: 0, to: 23, names: &[] };
const DAY: Kind = Kind { what: "day of a month", from: 1, to: 31, names: &[] };
const MONTH: Kind = Kind {
    what: "month",
    from: 1,
    to: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAY: Kind = Kind {
    what: "weekday",
    from: 0,
    to: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl Cron {
    /// The schedule that `text` is, in the zone of that IANA name, or in UTC.
    pub fn new(text: &str, zone: Option<&str>) -> Result<Self, CronError> {
        // Several spaces are one; before the first field and after the last there is none.
        let ends = usize::from(text.starts_with(' ')) + usize::from(text.ends_with(' '));
        let mut fields: Vec<&str> = text.split(' ').filter(|field| !field.is_empty()).collect();
        fields.extend(std::iter::repeat_n("", ends));
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(CronError::Fields(fields.len()));
        };
        Ok(Self {
            text: text.to_owned(),
            zone: zone.map_or(Ok(TimeZone::UTC), named)?,
            minutes: Field::new(minutes, &MINUTE)?,
            hours: Field::new(hours, &HOUR)?,
            days: Field::new(days, &DAY)?,
            months: Field::new(months, &MONTH)?,
            weekdays: Field::new(weekdays, &WEEKDAY)?,
        })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first time after `after`, or `None` where there is none, as on 30 February.
    ///
    /// An hour that a change of clocks leaves out moves on to the time after it, and one that
    /// comes twice counts the first time, so a time comes once a day on each day that has it.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = jiff::Timestamp::from_millisecond(after.as_millis()).ok()?;
        // A day earlier, because a time that the clocks moved on may be one of the day before.
        let mut day = after.to_zoned(self.zone.clone()).date().yesterday().ok()?;
        for _ in 0..DAYS_AHEAD {
            if self.names_day(day)
                && let Some(next) = self.on(day).find(|time| *time > after)
            {
                return Some(Timestamp::from_millis(next.as_millisecond()));
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    /// The times of `day`, in order.
    fn on(&self, day: Date) -> impl Iterator<Item = jiff::Timestamp> {
        let hours = (0..24_i8).filter(|hour| self.hours.has(*hour));
        let times = hours.flat_map(move |hour| {
            (0..60_i8)
                .filter(|minute| self.minutes.has(*minute))
                .map(move |minute| day.at(hour, minute, 0, 0))
        });
        times.filter_map(|time| self.moment(time))
    }

    /// When the clocks show `time`, the first time that they do, or the moment at which they leave
    /// it out.
    fn moment(&self, time: DateTime) -> Option<jiff::Timestamp> {
        use jiff::tz::AmbiguousOffset;
        let ambiguous = self.zone.to_ambiguous_timestamp(time);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(time).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(time).ok(),
            AmbiguousOffset::Gap { after, .. } => {
                // With the offset that holds afterwards, it is a moment before the change.
                let early = after.to_timestamp(time).ok()?;
                self.zone.following(early).next().map(|change| change.timestamp())
            }
        }
    }

    /// Whether the day, the month and the weekday are named: where both kinds of day are
    /// restricted, one of them is enough.
    fn names_day(&self, day: Date) -> bool {
        let weekday = day.weekday().to_sunday_zero_offset();
        let (by_day, by_weekday) = (self.days.has(day.day()), self.weekdays.has(weekday));
        let named = if self.days.any || self.weekdays.any {
            by_day && by_weekday
        } else {
            by_day || by_weekday
        };
        self.months.has(day.month()) && named
    }
}

/// The zone of that name, which is in the program and not on the machine.
fn named(zone: &str) -> Result<TimeZone, CronError> {
    TimeZone::get(zone).map_err(|_| CronError::Zone(zone.to_owned()))
}

impl Field {
    fn new(text: &str, kind: &Kind) -> Result<Self, CronError> {
        let wrong = || CronError::Field {
            what: kind.what,
            text: text.to_owned(),
            from: kind.from,
            to: kind.to,
        };
        let mut bits = 0;
        for part in text.split(',') {
            bits |= kind.bits(part).ok_or_else(wrong)?;
        }
        Ok(Self { bits, any: text.starts_with('*') })
    }

    fn has(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|number| self.bits & (1 << number) != 0)
    }
}

impl Kind {
    /// The numbers of `*`, `5`, `1-5`, `*/2`, `1-9/2` or `5/15`.
    fn bits(&self, part: &str) -> Option<u64> {
        let (range, step) = match part.split_once('/') {
            // A step is a number, never a name.
            Some((_, step)) if step.contains(|digit: char| !digit.is_ascii_digit()) => return None,
            Some((range, step)) => (range, Some(self.value(step).filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.from, self.to),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            // From there on, where a step says how.
            None => (self.value(range)?, if step.is_some() { self.to } else { self.value(range)? }),
        };
        if first > last {
            return None;
        }
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        Some((first..=last).step_by(step).fold(0, |bits, number| bits | 1 << number))
    }

    /// The number, or the number of a name.
    fn value(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match named {
            Some(at) => u32::try_from(at).ok()? + self.from,
            None => number(text)?,
        };
        (self.from..=self.to).contains(&value).then_some(value)
    }
}

/// A number of digits alone.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}
