//! What is shown at lines of the repository.

use crate::{
    Annotation, AnnotationLevel, Annotations, BenchmarkComparison, BundleComparison, Change,
    Comparison, CoverageComparison, Evidence, Finding, Findings, Growth, Level, Place, Severity,
    TestCase,
};

/// Annotations of one revision by itself: tests that fail or are flaky, and what was found; `most` of them.
pub fn annotate(evidence: &Evidence, most: usize) -> Annotations {
    let mut all = Vec::new();
    for case in evidence.tests.iter().flat_map(|own| &own.cases) {
        if case.outcome.is_failure() {
            all.push(failing(case, ""));
        } else if case.is_flaky() {
            all.push(flaky(case));
        }
    }
    all.extend(evidence.findings.iter().flat_map(Findings::open).map(|own| found(own, "")));
    if let Some(bundle) = &evidence.bundle {
        let over = bundle.assets.iter().filter(|(_, asset)| asset.is_over);
        all.extend(over.map(|(name, _)| over_limit(name)));
    }
    Annotations::of(all, most)
}

/// Annotations of what changed: tests that fail, what is new, changed lines that nothing runs, what grew and what got
/// slower; `most` of them.
pub fn annotate_comparison(comparison: &Comparison, most: usize) -> Annotations {
    let mut all = Vec::new();
    if let Some(tests) = &comparison.tests {
        let told = |is_new| match is_new {
            Some(true) => " (it did not in the base)",
            Some(false) => " (as in the base)",
            None => "",
        };
        all.extend(tests.failing.iter().map(|own| failing(&own.case, told(own.is_new))));
        all.extend(tests.flaky.iter().map(|own| {
            let of = own.flakiness;
            let message = format!(
                "failed {} of {} times on this revision: {:.0} % ({:.0} % to {:.0} %)",
                of.failed,
                of.attempts,
                of.probability * 100.0,
                of.low * 100.0,
                of.high * 100.0
            );
            let title = format!("{} is flaky", own.id.title());
            Annotation::new(AnnotationLevel::Warning, None, &title, &message)
        }));
    }
    let new = comparison.findings.iter().filter_map(|own| own.new.as_ref()).flatten();
    all.extend(new.map(|own| found(own, " (new)")));
    all.extend(comparison.coverage.iter().flat_map(uncovered));
    all.extend(comparison.bundle.iter().flat_map(grown));
    all.extend(comparison.benchmarks.iter().flat_map(slower));
    Annotations::of(all, most)
}

fn place_of(case: &TestCase) -> Option<Place> {
    let file = case.file.clone()?;
    Some(Place { file, line: case.line, ..Place::default() })
}

fn failing(case: &TestCase, more: &str) -> Annotation {
    let title = format!("{} {}{more}", case.id.title(), case.outcome.name());
    let message = if case.message.is_empty() { &case.details } else { &case.message };
    Annotation::new(AnnotationLevel::Failure, place_of(case), &title, message)
}

fn flaky(case: &TestCase) -> Annotation {
    let title = format!("{} is flaky", case.id.title());
    let message = case.retries.iter().map(|own| own.message.as_str());
    let message = message.filter(|own| !own.is_empty()).collect::<Vec<_>>().join("\n");
    let count = case.retries.len();
    let message = format!("passed after {count} attempts that failed\n{message}");
    Annotation::new(AnnotationLevel::Warning, place_of(case), &title, &message)
}

fn found(own: &Finding, more: &str) -> Annotation {
    let level = match own.severity {
        Severity::Critical | Severity::High | Severity::Error => AnnotationLevel::Failure,
        Severity::Medium | Severity::Warning => AnnotationLevel::Warning,
        Severity::Low | Severity::Note => AnnotationLevel::Notice,
    };
    // A score of security never makes less of what the tool calls an error.
    let level = if own.level == Level::Error { AnnotationLevel::Failure } else { level };
    let title = format!("{} {} ({}){more}", own.tool, own.rule, own.severity.name());
    Annotation::new(level, own.place.clone(), &title, &own.message)
}

fn uncovered(coverage: &CoverageComparison) -> Vec<Annotation> {
    let missed = coverage.changed.iter().flat_map(|own| &own.missed);
    missed
        .flat_map(|(file, ranges)| {
            ranges.iter().map(|range| {
                let place = Place {
                    file: file.clone(),
                    line: Some(range.first),
                    end_line: Some(range.last),
                    ..Place::default()
                };
                let message = if range.first == range.last {
                    format!("no test runs line {}", range.first)
                } else {
                    format!("no test runs lines {} to {}", range.first, range.last)
                };
                let title = "changed lines without a test";
                Annotation::new(AnnotationLevel::Notice, Some(place), title, &message)
            })
        })
        .collect()
}

fn over_limit(name: &str) -> Annotation {
    let title = format!("{name} is too large");
    let message = "it is over the limit that its own configuration has";
    Annotation::new(AnnotationLevel::Failure, None, &title, message)
}

fn grown(bundle: &BundleComparison) -> Vec<Annotation> {
    let mut all: Vec<_> = bundle.over.iter().map(|name| over_limit(name)).collect();
    if let Some(Growth { measure, base, head }) = bundle.growth().filter(|own| own.bytes() > 0) {
        let message = format!("from {base} to {head} bytes ({measure})");
        all.push(Annotation::new(AnnotationLevel::Notice, None, "what is built grew", &message));
    }
    all
}

fn slower(benchmarks: &BenchmarkComparison) -> Vec<Annotation> {
    let worse = benchmarks.changes.iter().filter(|own| own.verdict == Change::Regressed);
    worse
        .map(|own| {
            let ratio = own.ratio.map_or_else(String::new, |ratio| {
                let [estimate, low, high] =
                    [ratio.estimate, ratio.low, ratio.high].map(|ratio| (ratio - 1.0) * 100.0);
                format!(": {estimate:+.1} % ({low:+.1} % to {high:+.1} %)")
            });
            let message = format!("from {} to {} {}{ratio}", own.base, own.head, own.unit);
            let title = format!("{} regressed beyond its noise", own.name);
            Annotation::new(AnnotationLevel::Warning, None, &title, &message)
        })
        .collect()
}
