use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_units::{ObjectKey, Timestamp};

use crate::Deployment;

const DAY: u64 = 24 * 60 * 60;

/// A length of time as people write it: `30d`, `4w`, `12h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

/// A text that is no such length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no window: write 1 to 3660 days such as 30d, weeks such as 4w, or hours such as 12h"
)]
pub struct SpanError {
    text: String,
}

impl Span {
    /// Thirty days: DORA's surveys ask for the last month, and every weekday is in it four times.
    pub const USUAL: Self = Self(Duration::from_secs(30 * DAY));
    /// Ten years; a longer window says no more, and moments before 1970 are none.
    const LONGEST: Duration = Duration::from_secs(3_660 * DAY);

    /// As a duration.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = || SpanError { text: text.to_owned() };
        let unit = match text.chars().last() {
            Some('h') => 60 * 60,
            Some('d') => DAY,
            Some('w') => 7 * DAY,
            _ => return Err(wrong()),
        };
        let digits = text.get(..text.len() - 1).unwrap_or_default();
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let count = digits.parse::<u64>().ok().filter(|count| plain && *count > 0);
        let seconds = count.and_then(|count| count.checked_mul(unit)).ok_or_else(wrong)?;
        let span = Duration::from_secs(seconds);
        if span > Self::LONGEST { Err(wrong()) } else { Ok(Self(span)) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        if seconds.is_multiple_of(DAY) {
            write!(f, "{}d", seconds / DAY)
        } else {
            write!(f, "{}h", seconds / (60 * 60))
        }
    }
}

/// By what deployments are told apart beside the sum of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DoraGrouping)]
#[serde(rename_all = "camelCase")]
pub enum Grouping {
    /// Not at all.
    #[default]
    None,
    /// By environment, which is the namespace.
    Environment,
    /// By application and environment.
    Application,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What came after this moment is not known.
    pub until: Timestamp,
    /// How long before it the window begins.
    pub window: Span,
    /// Of this environment alone.
    pub namespace: Option<String>,
    /// Of applications of this name alone.
    pub name: Option<String>,
    /// By what they are told apart.
    pub by: Grouping,
    /// At most so many deployments are listed with each number, the newest; all of them are counted.
    pub limit: usize,
}

impl Query {
    /// As many are listed unless another number is asked for.
    pub const USUAL_LIMIT: usize = 200;

    /// All deployments of the last 30 days before `until`.
    pub const fn new(until: Timestamp) -> Self {
        Self {
            until,
            window: Span::USUAL,
            namespace: None,
            name: None,
            by: Grouping::None,
            limit: Self::USUAL_LIMIT,
        }
    }

    pub(crate) fn asks_for(&self, key: &ObjectKey) -> bool {
        let is = |wanted: &Option<String>, has: &str| wanted.as_deref().is_none_or(|it| it == has);
        is(&self.namespace, &key.namespace) && is(&self.name, &key.name)
    }

    /// The group of a deployment: its namespace and, where that counts, its name.
    pub(crate) fn group(&self, one: &Deployment) -> Option<(String, Option<String>)> {
        let key = &one.application;
        match self.by {
            Grouping::None => None,
            Grouping::Environment => Some((key.namespace.to_string(), None)),
            Grouping::Application => Some((key.namespace.to_string(), Some(key.name.to_string()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_taken_as_people_write_it() {
        let check = |text: &str, expect: Option<&str>| {
            let found = text.parse::<Span>().ok().map(|span| span.to_string());
            assert_eq!(found.as_deref(), expect, "{text}");
        };
        check("30d", Some("30d"));
        check("4w", Some("28d"));
        check("12h", Some("12h"));
        check("48h", Some("2d"));
        for wrong in
            ["", "d", "30", "+1d", "-1d", "1m", "0d", "3661d", "99999999999999999999d", "3ö"]
        {
            check(wrong, None);
        }
    }
}
