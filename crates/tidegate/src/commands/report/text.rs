//! Reports as lines for people.

use tidegate_evidence::{AnnotationLevel, Annotations, Ratio, Report, Severity, TestCounts};

use crate::{error::CliError, output::Output};

/// A text of outsiders on one line of a terminal: nothing that would steer it.
pub(super) fn shown(text: &str) -> String {
    /// More of a message is in the report.
    const LONGEST: usize = 200;
    let safe = |char: char| if char.is_control() { ' ' } else { char };
    text.lines().next().unwrap_or_default().chars().take(LONGEST).map(safe).collect()
}

/// A report in a few words.
pub(super) fn totals(report: &Report) -> String {
    match report {
        Report::Tests(run) => tests(&run.counts()),
        Report::Coverage(coverage) => {
            let totals = coverage.totals();
            let parts = [
                ("lines", totals.lines),
                ("branches", totals.branches),
                ("functions", totals.functions),
            ];
            let told = parts.into_iter().filter(|(_, own)| own.total > 0);
            let told: Vec<_> =
                told.map(|(name, own)| format!("{} of {name}", ratio(own))).collect();
            format!("{} files, {}", coverage.files.len(), told.join(", "))
        }
        Report::Findings(findings) => {
            let counts = findings.by_severity();
            let told = Severity::ALL.into_iter().filter_map(|severity| {
                Some(format!("{} {}", counts.get(&severity)?, severity.name()))
            });
            let told: Vec<_> = told.collect();
            if told.is_empty() { "no findings".to_owned() } else { told.join(", ") }
        }
        Report::Bundle(bundle) => {
            let total = bundle.total();
            let parts = [("raw", total.raw), ("gzip", total.gzip), ("brotli", total.brotli)];
            let told =
                parts.into_iter().filter_map(|(name, own)| Some(format!("{} bytes {name}", own?)));
            format!("{} files, {}", bundle.assets.len(), told.collect::<Vec<_>>().join(", "))
        }
        Report::Benchmarks(all) => {
            let failed = match all.failed.len() {
                0 => String::new(),
                failed => format!(", {failed} failed"),
            };
            format!("{} benchmarks{failed}", all.benchmarks.len())
        }
    }
}

fn tests(counts: &TestCounts) -> String {
    let parts = [
        (counts.passed, "passed"),
        (counts.failed, "failed"),
        (counts.errored, "errored"),
        (counts.skipped, "skipped"),
        (counts.flaky, "flaky"),
    ];
    let told = parts.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<_> = told.map(|(count, name)| format!("{count} {name}")).collect();
    format!("{} tests: {} in {:.1} s", counts.total, told.join(", "), counts.seconds)
}

/// A share with its numbers.
pub(super) fn ratio(own: Ratio) -> String {
    let share = own.share().map_or_else(|| "-".to_owned(), |own| format!("{:.2} %", own * 100.0));
    format!("{share} ({}/{})", own.covered, own.total)
}

/// Annotations, a line each.
pub(super) fn annotations(output: &mut Output, all: &Annotations) -> Result<(), CliError> {
    for own in &all.shown {
        let level = match own.level {
            AnnotationLevel::Failure => output.paint.red("failure"),
            AnnotationLevel::Warning => output.paint.yellow("warning"),
            AnnotationLevel::Notice => output.paint.blue("notice"),
        };
        let place = own.place.as_ref().map_or_else(String::new, |place| {
            let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
            format!(" {}{line}", shown(&place.file))
        });
        output.line(format!("{level}{place} {}: {}", shown(&own.title), shown(&own.message)))?;
    }
    if all.left_off > 0 {
        output.line(format!("and {} more", all.left_off))?;
    }
    Ok(())
}
