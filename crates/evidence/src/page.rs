//! Summary pages as Markdown.

use std::fmt::Write as _;

use crate::{
    BenchmarkComparison, BundleComparison, Change, Comparison, CoverageComparison, Evidence,
    Finding, FindingComparison, Growth, Measured, Ratio, Severity, Sizes, TestComparison,
    TestCounts,
    coverage_change::points,
    markdown::{number, percent, plain, size, table},
};

/// Rows of a table: a page has a dozen tables, and GitHub takes 1 MiB of a summary.
const MOST_ROWS: usize = 30;

/// A page on one revision by itself.
pub fn evidence_page(evidence: &Evidence) -> String {
    let mut page = String::new();
    if let Some(tests) = &evidence.tests {
        counts(&mut page, None, &tests.counts());
        let failing = tests.cases.iter().filter(|case| case.outcome.is_failure());
        let rows = failing.map(|case| vec![plain(&case.id.title()), plain(&case.message)]);
        table(&mut page, &["failing test", "message"], rows, MOST_ROWS);
    }
    if let Some(coverage) = &evidence.coverage {
        totals(&mut page, None, coverage.totals());
    }
    if let Some(findings) = &evidence.findings {
        severities(&mut page, &findings.by_severity());
        table(&mut page, FINDINGS, findings.open().map(finding_row), MOST_ROWS);
        incomplete(&mut page, &findings.incomplete);
    }
    if let Some(bundle) = &evidence.bundle {
        let _ = writeln!(page, "\n## Sizes");
        let rows = bundle.assets.iter().map(|(name, asset)| size_row(name, asset.sizes));
        table(&mut page, &["file", "raw", "gzip", "brotli"], rows, MOST_ROWS);
    }
    if !evidence.benchmarks.is_empty() {
        let _ = writeln!(page, "\n## Benchmarks");
        let all = evidence.benchmarks.iter().flat_map(|run| &run.benchmarks);
        let rows = all.map(|own| {
            let count = match &own.measured {
                Measured::Samples(samples) => samples.len().to_string(),
                Measured::Summary { .. } => "summary".to_owned(),
                Measured::Single(_) => "1".to_owned(),
            };
            vec![plain(&own.name), number(own.measured.estimate()), plain(&own.unit), count]
        });
        table(&mut page, &["benchmark", "value", "unit", "values"], rows, MOST_ROWS);
    }
    page.trim_start().to_owned()
}

/// A page on what changed.
pub fn comparison_page(comparison: &Comparison) -> String {
    let mut page = String::new();
    if let Some(tests) = &comparison.tests {
        tests_part(&mut page, tests);
    }
    if let Some(coverage) = &comparison.coverage {
        coverage_part(&mut page, coverage);
    }
    if let Some(findings) = &comparison.findings {
        findings_part(&mut page, findings);
    }
    if let Some(bundle) = &comparison.bundle {
        bundle_part(&mut page, bundle);
    }
    if let Some(benchmarks) = &comparison.benchmarks {
        benchmarks_part(&mut page, benchmarks);
    }
    page.trim_start().to_owned()
}

fn counts(page: &mut String, base: Option<&TestCounts>, head: &TestCounts) {
    let row = |name: &str, own: &TestCounts| {
        let mut cells = vec![name.to_owned()];
        let counts = [own.total, own.passed, own.failed + own.errored, own.skipped, own.flaky];
        cells.extend(counts.map(|count| count.to_string()));
        cells.push(format!("{:.1}", own.seconds));
        cells
    };
    let _ = writeln!(page, "\n## Tests");
    let header = ["", "tests", "passed", "failed", "skipped", "flaky", "seconds"];
    let rows = base.map(|base| row("base", base)).into_iter().chain([row("head", head)]);
    table(page, &header, rows, MOST_ROWS);
}

fn tests_part(page: &mut String, tests: &TestComparison) {
    counts(page, tests.base.as_ref(), &tests.head);
    let rows = tests.failing.iter().map(|own| {
        let since = match own.is_new {
            Some(true) => "new",
            Some(false) => "as in the base",
            None => "",
        };
        vec![plain(&own.case.id.title()), since.to_owned(), plain(&own.case.message)]
    });
    table(page, &["failing test", "", "message"], rows, MOST_ROWS);
    let rows = tests.flaky.iter().map(|own| {
        let of = own.flakiness;
        let interval = format!(
            "{} ({} to {})",
            percent(Some(of.probability)),
            percent(Some(of.low)),
            percent(Some(of.high))
        );
        vec![plain(&own.id.title()), format!("{} of {}", of.failed, of.attempts), interval]
    });
    table(page, &["flaky test", "failed", "probability"], rows, MOST_ROWS);
    for (title, ids) in
        [("fixed", &tests.fixed), ("gone", &tests.removed), ("newly skipped", &tests.newly_skipped)]
    {
        table(page, &[title], ids.iter().map(|id| vec![plain(&id.title())]), MOST_ROWS);
    }
    let rows = tests.slowest.iter();
    let rows = rows.map(|(id, seconds)| vec![plain(&id.title()), number(*seconds)]);
    table(page, &["slowest", "seconds"], rows, MOST_ROWS);
}

fn ratio(own: Ratio) -> String {
    format!("{} ({} of {})", percent(own.share()), own.covered, own.total)
}

fn totals(page: &mut String, base: Option<crate::Totals>, head: crate::Totals) {
    let _ = writeln!(page, "\n## Coverage");
    let row = |name: &str, of: fn(&crate::Totals) -> Ratio| {
        let head = of(&head);
        let mut cells = vec![name.to_owned(), ratio(head)];
        if let Some(base) = &base {
            let change = points(of(base), head);
            cells.insert(1, ratio(of(base)));
            cells.push(change.map_or_else(|| "-".to_owned(), |own| format!("{own:+.2}")));
        }
        cells
    };
    let rows = [
        row("lines", |own| own.lines),
        row("branches", |own| own.branches),
        row("functions", |own| own.functions),
    ];
    let header: &[&str] =
        if base.is_some() { &["", "base", "head", "points"] } else { &["", "covered"] };
    table(page, header, rows, MOST_ROWS);
}

fn coverage_part(page: &mut String, coverage: &CoverageComparison) {
    totals(page, coverage.base, coverage.head);
    if let Some(changed) = &coverage.changed {
        let _ = writeln!(page, "\nChanged lines: {}", ratio(changed.lines));
        let rows = changed.missed.iter().map(|(file, ranges)| {
            let told = ranges.iter().take(MOST_ROWS).map(|own| {
                if own.first == own.last {
                    own.first.to_string()
                } else {
                    format!("{} to {}", own.first, own.last)
                }
            });
            vec![plain(file), told.collect::<Vec<_>>().join(", ")]
        });
        table(page, &["changed file", "lines that nothing runs"], rows, MOST_ROWS);
    }
    let rows = coverage.fell.iter();
    let rows = rows.map(|own| vec![plain(&own.file), ratio(own.base), ratio(own.head)]);
    table(page, &["less covered", "base", "head"], rows, MOST_ROWS);
}

const FINDINGS: &[&str] = &["severity", "rule", "where", "message"];

fn finding_row(own: &Finding) -> Vec<String> {
    let place = own.place.as_ref().map_or_else(String::new, |place| {
        let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
        format!("{}{line}", place.file)
    });
    vec![own.severity.name().to_owned(), plain(&own.rule), plain(&place), plain(&own.message)]
}

fn severities(page: &mut String, counts: &std::collections::BTreeMap<Severity, usize>) {
    let _ = writeln!(page, "\n## Findings");
    let rows = Severity::ALL.iter().filter_map(|severity| {
        Some(vec![severity.name().to_owned(), counts.get(severity)?.to_string()])
    });
    table(page, &["severity", "open"], rows, MOST_ROWS);
}

fn incomplete(page: &mut String, told: &[String]) {
    table(page, &["did not get to its end"], told.iter().map(|own| vec![plain(own)]), MOST_ROWS);
}

fn findings_part(page: &mut String, findings: &FindingComparison) {
    severities(page, &findings.head);
    match &findings.new {
        None => {
            let _ = writeln!(page, "\nWhat of it is new cannot be told: there is no base.");
        }
        Some(new) => {
            let (new, fixed, kept) = (new.len(), findings.fixed.len(), findings.kept);
            let _ = writeln!(page, "\n{new} new, {fixed} fixed, {kept} as before");
        }
    }
    table(page, FINDINGS, findings.new.iter().flatten().map(finding_row), MOST_ROWS);
    incomplete(page, &findings.incomplete);
}

fn size_row(name: &str, own: Sizes) -> Vec<String> {
    vec![plain(name), size(own.raw), size(own.gzip), size(own.brotli)]
}

fn growth(own: Growth) -> [String; 3] {
    let change = own.percent().map_or_else(String::new, |own| format!(" ({own:+.2} %)"));
    [size(Some(own.base)), size(Some(own.head)), format!("{:+} B{change}", own.bytes())]
}

fn bundle_part(page: &mut String, bundle: &BundleComparison) {
    let _ = writeln!(page, "\n## Sizes");
    if let Some(own) = bundle.growth() {
        let [base, head, change] = growth(own);
        let _ = writeln!(page, "\nAll files, {}: {base} to {head}, {change}", own.measure);
    }
    let nothing = Sizes { raw: Some(0), gzip: Some(0), brotli: Some(0) };
    let rows = bundle.assets.iter().filter_map(|own| {
        let base = own.base.unwrap_or(nothing);
        let change = Growth::between(base, own.head.unwrap_or(nothing))?;
        if change.bytes() == 0 {
            return None;
        }
        let [base, head, change] = growth(change);
        Some(vec![plain(&own.name), base, head, change])
    });
    table(page, &["file", "base", "head", "change"], rows, MOST_ROWS);
    table(page, &["over its limit"], bundle.over.iter().map(|own| vec![plain(own)]), MOST_ROWS);
}

fn benchmarks_part(page: &mut String, benchmarks: &BenchmarkComparison) {
    let _ = writeln!(page, "\n## Benchmarks");
    let rows = benchmarks.changes.iter().map(|own| {
        let ratio = own.ratio.map_or_else(
            || "-".to_owned(),
            |own| format!("{:.3} ({:.3} to {:.3})", own.estimate, own.low, own.high),
        );
        let verdict = match own.verdict {
            Change::Regressed => "**regressed**",
            Change::Improved => "improved",
            Change::Unchanged => "no change shown",
            Change::Undecidable => "too few values",
        };
        let (base, head) = (number(own.base), number(own.head));
        vec![plain(&own.name), base, head, plain(&own.unit), ratio, verdict.to_owned()]
    });
    table(page, &["benchmark", "base", "head", "unit", "ratio", ""], rows, MOST_ROWS);
    for (title, names) in [
        ("not measured", &benchmarks.failed),
        ("gone", &benchmarks.removed),
        ("without a base", &benchmarks.added),
    ] {
        table(page, &[title], names.iter().map(|own| vec![plain(own)]), MOST_ROWS);
    }
}
