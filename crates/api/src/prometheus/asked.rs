use std::time::Duration;

use axum::extract::Request;
use tidegate_promql::{Expr, Matcher, Span, duration, parse, parse_matchers};
use tidegate_units::Timestamp;
use url::form_urlencoded;

use crate::{caller::Caller, prometheus::answer::Wrong};

/// The largest form that is read, in bytes: queries that programs write are some 10 KB.
const FORM_LIMIT: usize = 64 * 1024;
/// Moments that a range may have: Prometheus' own bound.
const MOST_MOMENTS: i64 = 11_000;
/// How long a query may take, whatever it asks for: the API's own bound is 30 s.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// The parameters of a question: first those of its body, then those of its address.
pub(super) struct Asked {
    parameters: Vec<(String, String)>,
    caller: Option<Caller>,
}

impl Asked {
    pub(super) async fn read(request: Request) -> Result<Self, Wrong> {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, FORM_LIMIT).await;
        let body = body.map_err(|_| {
            Wrong::bad_data(format!("a question may have {FORM_LIMIT} bytes, and no more"))
        })?;
        let address = head.uri.query().unwrap_or_default().as_bytes();
        let parts = [&*body, address]
            .into_iter()
            .flat_map(|part| form_urlencoded::parse(part).into_owned());
        let caller = head.extensions.get::<Caller>().cloned();
        Ok(Self { parameters: parts.collect(), caller })
    }

    /// Who asks, where the door wanted to know.
    pub(super) const fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.parameters
            .iter()
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    pub(super) fn query(&self) -> Result<Expr, Wrong> {
        Ok(parse(self.one("query").unwrap_or_default())?)
    }

    /// A moment, in milliseconds since 1970; none when it is not given.
    pub(super) fn time(&self, name: &str) -> Result<Option<i64>, Wrong> {
        let Some(text) = self.one(name) else { return Ok(None) };
        let problem = || {
            let problem = format!("Invalid time value for '{name}': {}", no_time(text));
            Wrong::bad_data(problem).of_parameter(name)
        };
        moment(text).map(Some).ok_or_else(problem)
    }

    fn needed_time(&self, name: &str) -> Result<i64, Wrong> {
        let text = self.one(name).unwrap_or_default();
        moment(text).ok_or_else(|| Wrong::bad_data(no_time(text)).of_parameter(name))
    }

    /// From when to when, and from one moment to the next.
    pub(super) fn span(&self) -> Result<Span, Wrong> {
        let (start, end) = (self.needed_time("start")?, self.needed_time("end")?);
        if end < start {
            let problem = "end timestamp must not be before start time";
            return Err(Wrong::bad_data(problem).of_parameter("end"));
        }
        let step = self.one("step").unwrap_or_default();
        let millis = millis(step).ok_or_else(|| no_duration(step).of_parameter("step"))?;
        if millis <= 0 {
            let problem = "zero or negative query resolution step widths are not accepted. \
                           Try a positive integer";
            return Err(Wrong::bad_data(problem).of_parameter("step"));
        }
        if end.saturating_sub(start) / millis > MOST_MOMENTS {
            let problem = "exceeded maximum resolution of 11,000 points per timeseries. \
                           Try decreasing the query resolution (?step=XX)";
            return Err(Wrong::bad_data(problem));
        }
        Ok(Span { start, end, step: millis })
    }

    /// How long the query may take.
    pub(super) fn timeout(&self) -> Result<Duration, Wrong> {
        let Some(text) = self.one("timeout") else { return Ok(TIME_LIMIT) };
        let given = millis(text).ok_or_else(|| no_duration(text).of_parameter("timeout"))?;
        Ok(Duration::from_millis(u64::try_from(given).unwrap_or(0)).min(TIME_LIMIT))
    }

    /// What each `match[]` selects.
    pub(super) fn matchers(&self) -> Result<Vec<Vec<Matcher>>, Wrong> {
        let read = |text| -> Result<Vec<Matcher>, Wrong> {
            let matchers =
                parse_matchers(text).map_err(|it| Wrong::from(it).of_parameter("match[]"))?;
            if matchers.iter().all(|matcher| matcher.matches("")) {
                let problem = "match[] must contain at least one non-empty matcher";
                return Err(Wrong::bad_data(problem).of_parameter("match[]"));
            }
            Ok(matchers)
        };
        self.all("match[]").map(read).collect()
    }
}

fn no_time(text: &str) -> String {
    format!("cannot parse {text:?} to a valid timestamp")
}

fn no_duration(text: &str) -> Wrong {
    Wrong::bad_data(format!("cannot parse {text:?} to a valid duration"))
}

/// Seconds since 1970, or a moment as RFC 3339 has it; in milliseconds.
fn moment(text: &str) -> Option<i64> {
    seconds(text).or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_millis))
}

/// Seconds, or a duration such as `1h30m`; in milliseconds.
fn millis(text: &str) -> Option<i64> {
    seconds(text).or_else(|| duration(text).ok())
}

fn seconds(text: &str) -> Option<i64> {
    let millis = text.parse::<f64>().ok().map(|seconds| (seconds * 1000.0).round());
    #[expect(clippy::cast_possible_truncation, reason = "what is no moment is left out")]
    millis.filter(|millis| millis.abs() < 9e18).map(|millis| millis as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_seconds_or_written_out() {
        for (text, expect) in [
            ("1700000000", Some(1_700_000_000_000)),
            ("1700000000.1239", Some(1_700_000_000_124)),
            ("-1.5", Some(-1_500)),
            ("2023-11-14T22:13:20Z", Some(1_700_000_000_000)),
            ("2023-11-14T22:13:20.5+01:00", Some(1_699_996_400_500)),
            ("NaN", None),
            ("1e300", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(moment(text), expect, "{text}");
        }
    }

    #[test]
    fn steps_are_seconds_or_durations() {
        for (text, expect) in
            [("15", Some(15_000)), ("0.5", Some(500)), ("1m30s", Some(90_000)), ("x", None)]
        {
            assert_eq!(millis(text), expect, "{text}");
        }
    }
}
