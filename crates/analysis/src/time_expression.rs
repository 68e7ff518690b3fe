//! Moments as range queries name them: `now() - duration("1h")`.

use std::time::Duration;

use tidegate_units::Timestamp;

use crate::parse_duration;

/// A moment relative to now: `now()`, with any number of `+ duration("...")` and
/// `- duration("...")` behind it. That is the part of expr-lang's dates that range queries are
/// written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeExpression {
    later: Duration,
    earlier: Duration,
}

impl TimeExpression {
    /// Reads a moment; in one sentence what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!("{text:?} is no moment that is known: write now() or now() - duration(\"1h\")")
        };
        let mut rest = call(text.trim(), "now").filter(|(inside, _)| inside.trim().is_empty());
        let mut moment = Self { later: Duration::ZERO, earlier: Duration::ZERO };
        while let Some((_, after)) = rest {
            let after = after.trim_start();
            let Some(sign) = after.chars().next() else { return Ok(moment) };
            let (inside, left) = after
                .strip_prefix(['+', '-'])
                .and_then(|after| call(after.trim_start(), "duration"))
                .ok_or_else(refuse)?;
            let length = quoted(inside.trim()).ok_or_else(refuse)?;
            let (length, back) = match length.strip_prefix('-') {
                Some(length) => (length, sign == '+'),
                None => (length, sign == '-'),
            };
            let length = parse_duration(length).map_err(|problem| problem.to_string())?;
            let sum = if back { &mut moment.earlier } else { &mut moment.later };
            *sum = sum.saturating_add(length);
            rest = Some((inside, left));
        }
        Err(refuse())
    }

    /// The moment that it is at `now`.
    pub fn at(&self, now: Timestamp) -> Timestamp {
        now.after(self.later).before(self.earlier)
    }
}

/// What stands between the parentheses of a call, and what after them.
fn call<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(name)?.trim_start().strip_prefix('(')?.split_once(')')
}

fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`'))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inside.contains(quote)).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: i64) {
        let now = Timestamp::from_millis(1_000_000_000);
        let found = TimeExpression::parse(text).unwrap().at(now);
        assert_eq!(found, Timestamp::from_millis(1_000_000_000 + expect), "{text}");
    }

    #[test]
    fn moments_are_counted_from_now() {
        check("now()", 0);
        check(" now( ) ", 0);
        check("now() - duration(\"1m\")", -60_000);
        check("now()-duration('1m30s')", -90_000);
        check("now() + duration(`1s`) - duration(\"3s\")", -2_000);
        check("now() - duration(\"-1s\")", 1_000);
        check("now() + duration(\"-1s\")", -1_000);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in [
            "",
            "now",
            "now(1)",
            "date(\"2026-01-01\")",
            "now() - 1",
            "now() - duration(1h)",
            "now() - duration(\"1h\"",
            "now() - duration(\"1h') - duration('1h\")",
            "now() duration(\"1h\")",
            "now() -",
            "now()x",
        ] {
            let problem = TimeExpression::parse(text).unwrap_err();
            assert!(problem.contains("is no moment that is known"), "{text:?}: {problem}");
        }
        let problem = TimeExpression::parse("now() - duration(\"1d\")").unwrap_err();
        assert!(problem.starts_with("\"1d\" is not a duration"), "{problem}");
    }
}
