use std::process::ExitCode;

use serde::Serialize;
use tidegate_evidence::{
    Annotations, Answer, BenchmarkSettings, Change, CompareSettings, Comparison, Condition,
    annotate_comparison, compare, comparison_page, points,
};
use tidegate_report::changed_lines;

use super::{all_of, bytes_of, read_files, text, unreadable};
use crate::{
    args::{Global, ReportCompareArgs},
    error::CliError,
    exit,
    output::Output,
};

/// What came of a comparison, for programs.
#[derive(Serialize)]
struct Outcome {
    #[serde(flatten)]
    comparison: Comparison,
    annotations: Annotations,
    conditions: Vec<Asked>,
}

/// A condition with its answer.
#[derive(Serialize)]
struct Asked {
    condition: String,
    #[serde(flatten)]
    answer: Answer,
}

/// Compares reports with those of the base.
pub(super) fn run(global: &Global, args: &ReportCompareArgs) -> Result<ExitCode, CliError> {
    let side = |paths| -> Result<_, CliError> {
        let files = read_files(paths, &args.how)?;
        Ok(all_of(files.into_iter().map(|own| own.reading.report)))
    };
    let (base, head) = (side(&args.base)?, side(&args.head)?);
    let changed = match &args.diff {
        None => None,
        Some(path) => {
            let bytes = bytes_of(path)?;
            let name = path.display().to_string();
            Some(changed_lines(&bytes, &name).map_err(|error| unreadable(error.to_string()))?)
        }
    };
    let benchmarks = BenchmarkSettings { alpha: args.alpha, margin: args.margin };
    let comparison = compare(&base, &head, &CompareSettings { changed, benchmarks });
    let ask = |condition: &Condition| Asked {
        condition: condition.to_string(),
        answer: condition.ask(&comparison),
    };
    let conditions: Vec<_> = args.fail_on.iter().map(ask).collect();
    let code = code(&conditions);
    let annotations = annotate_comparison(&comparison, args.how.annotations);
    let outcome = Outcome { comparison, annotations, conditions };
    let mut output = Output::new(global);
    if args.how.markdown {
        output.bytes(comparison_page(&outcome.comparison).as_bytes())?;
    } else {
        output.data(&outcome, |output| lines(output, &outcome))?;
    }
    Ok(ExitCode::from(code))
}

/// That one holds weighs more than that another cannot be told.
fn code(conditions: &[Asked]) -> u8 {
    let any = |fits: fn(&Answer) -> bool| conditions.iter().any(|own| fits(&own.answer));
    if any(|answer| matches!(answer, Answer::Holds(_))) {
        exit::FAILED
    } else if any(|answer| matches!(answer, Answer::Unknown(_))) {
        exit::INCONCLUSIVE
    } else {
        exit::OK
    }
}

fn lines(output: &mut Output, outcome: &Outcome) -> Result<(), CliError> {
    for line in summary(&outcome.comparison) {
        output.line(line)?;
    }
    text::annotations(output, &outcome.annotations)?;
    for own in &outcome.conditions {
        let name = output.paint.bold(&own.condition);
        match &own.answer {
            Answer::DoesNotHold => output.line(format!("{name}: {}", output.paint.green("no")))?,
            Answer::Unknown(why) => {
                let unknown = output.paint.yellow("cannot be told");
                output.line(format!("{name}: {unknown}, {}", text::shown(why)))?;
            }
            Answer::Holds(because) => {
                output.line(format!("{name}: {}", output.paint.red_bold("yes")))?;
                for reason in because {
                    output.line(format!("  {}", text::shown(reason)))?;
                }
            }
        }
    }
    Ok(())
}

/// A line for each kind of report.
fn summary(comparison: &Comparison) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(tests) = &comparison.tests {
        let broke = tests.failing.iter().filter(|own| own.is_new == Some(true)).count();
        lines.push(format!(
            "tests: {} fail, {broke} of them new; {} fixed, {} added, {} gone, {} flaky",
            tests.failing.len(),
            tests.fixed.len(),
            tests.added.len(),
            tests.removed.len(),
            tests.flaky.len()
        ));
    }
    if let Some(coverage) = &comparison.coverage {
        let base = coverage.base.and_then(|base| points(base.lines, coverage.head.lines));
        let change = base.map_or_else(String::new, |points| format!(", {points:+.2} points"));
        let changed = coverage.changed.as_ref().map_or_else(String::new, |changed| {
            format!("; of changed lines {}", text::ratio(changed.lines))
        });
        lines.push(format!("coverage: {}{change}{changed}", text::ratio(coverage.head.lines)));
    }
    if let Some(findings) = &comparison.findings {
        let open: usize = findings.head.values().sum();
        let new = findings.new.as_ref().map_or_else(
            || "new ones cannot be told".to_owned(),
            |new| format!("{} new, {} fixed", new.len(), findings.fixed.len()),
        );
        lines.push(format!("findings: {open} open, {new}"));
    }
    if let Some(bundle) = &comparison.bundle {
        let growth = bundle.growth().map_or_else(
            || "no base".to_owned(),
            |own| {
                let percent =
                    own.percent().map_or_else(String::new, |own| format!(", {own:+.2} %"));
                format!("{} to {} bytes {}{percent}", own.base, own.head, own.measure)
            },
        );
        lines.push(format!("sizes: {growth}"));
    }
    if let Some(benchmarks) = &comparison.benchmarks {
        let of = |change| benchmarks.changes.iter().filter(|own| own.verdict == change).count();
        lines.push(format!(
            "benchmarks: {} regressed, {} improved, {} with no change shown, {} with too few values",
            of(Change::Regressed),
            of(Change::Improved),
            of(Change::Unchanged),
            of(Change::Undecidable)
        ));
    }
    lines
}
