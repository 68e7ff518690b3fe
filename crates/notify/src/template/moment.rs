//! Times and spans within templates, with the methods that Go's have.
//!
//! They are JSON as all values are, under names that no manifest can have.

mod layout;

use jiff::{Timestamp, tz::Offset};
use serde_json::{Map, Value, json};

pub(crate) use layout::formatted;

const TIME: &str = "\0time";
const OFFSET: &str = "\0offset";
const SPAN: &str = "\0span";
const FUNCTION: &str = "\0function";

const NANOS: i64 = 1_000_000_000;

/// A moment, as it is written in some zone.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    at: Timestamp,
    offset: Offset,
}

/// What templates and conditions see as `.time`.
pub(crate) fn functions() -> Value {
    json!({"Now": {FUNCTION: "Now"}, "Parse": {FUNCTION: "Parse"}})
}

/// `call .time.Now` and `call .time.Parse TEXT`.
pub(crate) fn called(function: &Value, arguments: &[Value], now: &Value) -> Result<Value, String> {
    match (function.get(FUNCTION).and_then(Value::as_str), arguments) {
        (Some("Now"), []) => Ok(now.clone()),
        (Some("Parse"), [Value::String(text)]) => parsed(text).map(Moment::value),
        (Some(name), _) => Err(format!("`.time.{name}` is not called so")),
        (None, _) => {
            Err("of what there is, `.time.Now` and `.time.Parse` can be called".to_owned())
        }
    }
}

/// A text of RFC 3339.
fn parsed(text: &str) -> Result<Moment, String> {
    let wrong = || format!("{text:?} is no time of RFC 3339");
    let at: Timestamp = text.parse().map_err(|_| wrong())?;
    let zone = text.get(text.len().saturating_sub(6)..).unwrap_or_default();
    let offset = match zone.split_once(':') {
        Some((hours, minutes)) if hours.starts_with(['+', '-']) => {
            let sign = if hours.starts_with('-') { -1 } else { 1 };
            let number = |digits: &str| digits.parse::<i32>().map_err(|_| wrong());
            let seconds =
                number(hours.get(1..).unwrap_or_default())? * 3600 + number(minutes)? * 60;
            Offset::from_seconds(sign * seconds).map_err(|_| wrong())?
        }
        _ => Offset::UTC,
    };
    Ok(Moment { at, offset })
}

impl Moment {
    /// A time of the rest of Tidegate.
    pub(crate) fn at(time: tidegate_units::Timestamp) -> Self {
        let at = Timestamp::from_millisecond(time.as_millis()).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { at, offset: Offset::UTC }
    }

    /// A time among a template's values: what is none of its own are seconds, as sprig takes them.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        if let Some(seconds) = value.as_i64() {
            return Some(Self { at: Timestamp::from_second(seconds).ok()?, offset: Offset::UTC });
        }
        let at = Timestamp::from_nanosecond(i128::from(value.get(TIME)?.as_i64()?)).ok()?;
        let offset = i32::try_from(value.get(OFFSET)?.as_i64()?).ok()?;
        Some(Self { at, offset: Offset::from_seconds(offset).ok()? })
    }

    pub(crate) fn value(self) -> Value {
        // A clock that is beyond 2262 has no nanoseconds in 64 bits.
        let nanos = i64::try_from(self.at.as_nanosecond()).unwrap_or(i64::MAX);
        json!({TIME: nanos, OFFSET: self.offset.seconds()})
    }

    pub(crate) fn in_utc(self) -> Self {
        Self { offset: Offset::UTC, ..self }
    }

    /// So many nanoseconds later.
    pub(crate) fn plus(self, nanos: i64) -> Result<Self, String> {
        let at = self.at.as_nanosecond() + i128::from(nanos);
        let at = Timestamp::from_nanosecond(at).map_err(|problem| problem.to_string())?;
        Ok(Self { at, ..self })
    }

    pub(crate) fn seconds(self) -> i64 {
        self.at.as_second()
    }

    fn nanos_since(self, other: Self) -> i64 {
        let nanos = self.at.as_nanosecond() - other.at.as_nanosecond();
        i64::try_from(nanos).unwrap_or(i64::MAX)
    }

    fn civil(self) -> jiff::civil::DateTime {
        self.offset.to_datetime(self.at)
    }

    fn method(self, name: &str, arguments: &[Value]) -> Option<Result<Value, String>> {
        let civil = self.civil();
        let other = || {
            let other = arguments.first().and_then(Self::of);
            other.ok_or_else(|| format!("`{name}` takes a time"))
        };
        Some(Ok(match (name, arguments) {
            ("Format", [Value::String(layout)]) => formatted(self, layout).into(),
            ("String", []) => shown(self).into(),
            ("UTC" | "Local", []) => self.in_utc().value(),
            ("Unix", []) => self.seconds().into(),
            ("UnixMilli", []) => self.at.as_millisecond().into(),
            ("Year", []) => civil.year().into(),
            ("Month", []) => formatted(self, "January").into(),
            ("Weekday", []) => formatted(self, "Monday").into(),
            ("Day", []) => civil.day().into(),
            ("Hour", []) => civil.hour().into(),
            ("Minute", []) => civil.minute().into(),
            ("Second", []) => civil.second().into(),
            ("YearDay", []) => civil.date().day_of_year().into(),
            ("IsZero", []) => false.into(),
            ("Add", [span]) => match nanos(span) {
                Some(nanos) => return Some(self.plus(nanos).map(Self::value)),
                None => return Some(Err("`Add` takes a span".to_owned())),
            },
            ("Sub", [_]) => return Some(other().map(|other| span(self.nanos_since(other)))),
            ("Before", [_]) => return Some(other().map(|other| (self.at < other.at).into())),
            ("After", [_]) => return Some(other().map(|other| (self.at > other.at).into())),
            ("Equal", [_]) => return Some(other().map(|other| (self.at == other.at).into())),
            _ => return Some(Err(format!("a time has no method `{name}` of such arguments"))),
        }))
    }
}

/// A span of so many nanoseconds.
pub(crate) fn span(nanos: i64) -> Value {
    json!({SPAN: nanos})
}

/// The nanoseconds of a span, or of a number or a text that stands for one.
pub(crate) fn nanos(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => layout::span_of(text),
        Value::Number(number) => number.as_i64(),
        other => other.get(SPAN)?.as_i64(),
    }
}

/// What a method of a time or a span gives; nothing where the value is neither.
pub(crate) fn method(
    value: &Value,
    name: &str,
    arguments: &[Value],
) -> Option<Result<Value, String>> {
    let fields = value.as_object()?;
    if fields.contains_key(TIME) {
        return Moment::of(value)?.method(name, arguments);
    }
    let nanos = fields.get(SPAN)?.as_i64()?;
    #[expect(clippy::cast_precision_loss, reason = "Go's own methods give such a float")]
    let in_units_of = |unit: i64| Value::from(nanos as f64 / unit as f64);
    Some(Ok(match (name, arguments) {
        ("Hours", []) => in_units_of(3600 * NANOS),
        ("Minutes", []) => in_units_of(60 * NANOS),
        ("Seconds", []) => in_units_of(NANOS),
        ("Milliseconds", []) => (nanos / 1_000_000).into(),
        ("String", []) => layout::span_text(nanos).into(),
        ("Round", [unit]) => span(rounded(nanos, self::nanos(unit).unwrap_or(1))),
        ("Truncate", [unit]) => {
            let unit = self::nanos(unit).unwrap_or(1).max(1);
            span(nanos - nanos % unit)
        }
        _ => return Some(Err(format!("a span has no method `{name}` of such arguments"))),
    }))
}

fn rounded(nanos: i64, unit: i64) -> i64 {
    let unit = unit.max(1);
    let half = if nanos < 0 { -(unit / 2) } else { unit / 2 };
    let moved = nanos.saturating_add(half);
    moved - moved % unit
}

/// As `%v` writes a time or a span.
pub(crate) fn text(fields: &Map<String, Value>) -> Option<String> {
    if let Some(nanos) = fields.get(SPAN).and_then(Value::as_i64) {
        return Some(layout::span_text(nanos));
    }
    fields.contains_key(TIME).then(|| Moment::of(&Value::Object(fields.clone())).map(shown))?
}

/// Rounded to its biggest unit, as sprig's `durationRound` does: `2h10m` is `2h`.
pub(crate) fn biggest_unit(nanos: i64) -> String {
    let seconds = nanos.unsigned_abs() / NANOS.unsigned_abs();
    let units = [(31_536_000, "y"), (2_592_000, "mo"), (86_400, "d"), (3600, "h"), (60, "m")];
    let found = units.into_iter().find(|(length, _)| seconds > *length);
    found.map_or_else(
        || format!("{seconds}s"),
        |(length, sign)| format!("{}{sign}", seconds / length),
    )
}

/// Since a time, in whole seconds.
pub(crate) fn ago(since: Moment, now: Moment) -> String {
    layout::span_text(rounded(now.nanos_since(since), NANOS))
}

fn shown(moment: Moment) -> String {
    let fraction = moment.civil().subsec_nanosecond();
    let fraction = format!("{fraction:09}");
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    let date = formatted(moment, "2006-01-02 15:04:05");
    format!("{date}{dot}{fraction} {}", formatted(moment, "-0700 MST"))
}
