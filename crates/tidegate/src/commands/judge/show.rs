//! A verdict for people.

use tidegate_hindsight::{Comparison, MetricReport, Moment, Report, Word};

use crate::{paint::Paint, table::Table};

/// The verdict and why, each metric, and what was taken for granted.
pub(super) fn report(report: &Report, paint: Paint) -> String {
    let mut lines = vec![format!("{}: {}", painted(report.verdict, paint), report.reason)];
    if let Some(at) = report.decided_at {
        lines.push(format!("shown {}", moment(at, report)));
    }
    if let Some(needs) = &report.needs {
        let what = if report.canary.requests.is_some() { "requests" } else { "rows" };
        let time = needs.seconds.map_or(String::new(), |seconds| format!(", {}", span(seconds)));
        lines.push(format!(
            "about {} more {what} of the canary would show it{time}",
            needs.of_canary
        ));
    }
    if !report.metrics.is_empty() {
        lines.push(String::new());
        lines.push(table(report).to_string());
    }
    if !report.notes.is_empty() {
        lines.push(String::new());
        lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    }
    lines.join("\n")
}

fn table(report: &Report) -> Table {
    let other = if report.comparison == Comparison::History { "EXPECTED" } else { "STABLE" };
    let mut table = Table::new([
        "METRIC", "VERDICT", "CANARY", other, "CHANGE", "BETWEEN", "EVIDENCE", "NEEDS",
    ]);
    for metric in &report.metrics {
        table.row(vec![
            metric.name.clone(),
            metric.verdict.words().to_owned(),
            value(metric.canary, metric.unit),
            value(metric.stable, metric.unit),
            metric.change.map_or(String::new(), percent),
            between(metric),
            odds(metric.log_evidence),
            odds(metric.log_bar),
        ]);
    }
    table
}

fn painted(verdict: Word, paint: Paint) -> String {
    match verdict {
        Word::NoWorse => paint.green(verdict.words()),
        Word::Worse => paint.red_bold(verdict.words()),
        Word::Inconclusive => paint.yellow(verdict.words()),
    }
}

/// When it was shown: as a time, and how long after the canary's first row.
fn moment(at: Moment, report: &Report) -> String {
    let begin = report.canary.from.map_or(0.0, Moment::seconds);
    let after = (at.seconds() - begin).max(0.0);
    format!("at {at}, {after:.1} s after the canary's first row")
}

/// So many seconds in words.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s at this pace"),
        120..7_200 => format!("{} min at this pace", seconds.div_ceil(60)),
        _ => format!("{} h at this pace", seconds.div_ceil(3_600)),
    }
}

/// A value with its unit, in four digits.
pub(super) fn value(value: Option<f64>, unit: Option<&str>) -> String {
    match (value, unit) {
        (None, _) => String::new(),
        (Some(share), Some("share")) => format!("{} %", digits(share * 100.0)),
        (Some(value), Some(unit)) => format!("{} {unit}", digits(value)),
        (Some(value), None) => digits(value),
    }
}

/// Four digits that matter, in powers of ten where a number is very large or very small.
pub(super) fn digits(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.2e}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "-4 to 7")]
    let places = (3.0 - size.log10().floor()).max(0.0) as usize;
    let text = format!("{value:.places$}");
    let trimmed =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    trimmed.to_owned()
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() >= 1e4 {
        format!("{}x", digits(share + 1.0))
    } else {
        format!("{percent:+.1} %")
    }
}

fn between(metric: &MetricReport) -> String {
    let Some([low, high]) = metric.interval else { return String::new() };
    let end = |end: Option<f64>, open: &str| end.map_or(open.to_owned(), percent);
    format!("{} .. {}", end(low, "-inf"), end(high, "+inf"))
}

/// Evidence as odds, from its natural logarithm.
pub(super) fn odds(log: f64) -> String {
    let power = log / std::f64::consts::LN_10;
    if power >= 6.0 {
        return format!("1 : 10^{}", power.floor());
    }
    if log <= 0.0 {
        return "none".to_owned();
    }
    format!("1 : {}", digits(log.exp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_in_few_digits() {
        for (value, expect) in [
            (0.0, "0"),
            (1234.56, "1235"),
            (0.012_345, "0.01235"),
            (12.0, "12"),
            (2e9, "2.00e9"),
            (-3.5, "-3.5"),
        ] {
            assert_eq!(digits(value), expect);
        }
        assert_eq!(value(Some(0.05), Some("share")), "5 %");
        assert_eq!(value(Some(12.3), Some("ms")), "12.3 ms");
        assert_eq!((percent(0.5), percent(-0.25)), ("+50.0 %".to_owned(), "-25.0 %".to_owned()));
        assert_eq!((odds(-1.0), odds(20.0)), ("none".to_owned(), "1 : 10^8".to_owned()));
    }
}
