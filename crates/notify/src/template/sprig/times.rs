//! Times. `now` is when the ledger's entry was made, so that a message that is written again is the same.

use serde_json::Value;

use super::{Called, row, text, value};
use crate::template::{
    function::Row,
    go_text::plain,
    moment::{self, Moment, formatted},
};

pub(super) const TABLE: &[Row] = &[
    row("now", 1, 1, |values| Ok(value(values, 0).clone())),
    row("ago", 2, 2, |values| {
        Ok(moment::ago(time(value(values, 0))?, time(value(values, 1))?).into())
    }),
    row("call", 2, 9, |values| match values {
        [function, arguments @ .., now] => moment::called(function, arguments, now),
        _ => Err("something to call is missing".to_owned()),
    }),
    row("date", 2, 2, |values| {
        Ok(formatted(time(value(values, 1))?, text(value(values, 0))?).into())
    }),
    row("dateInZone", 3, 3, in_zone),
    row("date_in_zone", 3, 3, in_zone),
    row("htmlDate", 1, 1, |values| Ok(formatted(time(value(values, 0))?, "2006-01-02").into())),
    row("unixEpoch", 1, 1, |values| Ok(time(value(values, 0))?.seconds().to_string().into())),
    row("dateModify", 2, 2, modified),
    row("date_modify", 2, 2, modified),
    row("duration", 1, 1, |values| {
        let seconds = match value(values, 0) {
            Value::String(text) => text.parse().unwrap_or_default(),
            other => other.as_i64().unwrap_or_default(),
        };
        Ok(plain(&moment::span(seconds.saturating_mul(1_000_000_000))).into())
    }),
    row("durationRound", 1, 1, |values| {
        Ok(moment::biggest_unit(moment::nanos(value(values, 0)).unwrap_or_default()).into())
    }),
];

fn time(value: &Value) -> Result<Moment, String> {
    Moment::of(value).ok_or_else(|| format!("a time is expected, found {}", plain(value)))
}

fn in_zone(values: &[Value]) -> Called {
    let zone = text(value(values, 2))?;
    if !matches!(zone, "" | "UTC" | "Local") {
        return Err(format!("the zone {zone:?} is not known; there is UTC"));
    }
    Ok(formatted(time(value(values, 1))?.in_utc(), text(value(values, 0))?).into())
}

fn modified(values: &[Value]) -> Called {
    let by = text(value(values, 0))?;
    let nanos = moment::nanos(value(values, 0)).ok_or_else(|| format!("{by:?} is no span"))?;
    time(value(values, 1))?.plus(nanos).map(Moment::value)
}
