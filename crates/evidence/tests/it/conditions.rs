use std::collections::BTreeMap;

use tidegate_evidence::{
    Answer, Better, CONDITIONS, ChangedLines, CompareSettings, Comparison, Condition, Coverage,
    FileCoverage, Finding, Findings, Measured, Outcome, Report, Severity, compare,
};

use crate::{
    benchmarks::{benchmark, report},
    bundles::bundle,
    compared, evidence,
    findings::finding,
    run,
};

/// Coverage of a file `a.rs` with so many lines hit, of ten.
fn coverage(hit: u32) -> Report {
    let lines = (1..=10).map(|line| (line, u64::from(line <= hit))).collect();
    let file = FileCoverage { lines, ..FileCoverage::default() };
    Report::Coverage(Coverage { files: BTreeMap::from([("a.rs".to_owned(), file)]) })
}

fn found(severities: &[Severity]) -> Report {
    let findings = severities.iter().enumerate().map(|(n, severity)| Finding {
        severity: *severity,
        ..finding(&format!("rule{n}"), "a.py", 7, "words", "")
    });
    Report::Findings(Findings { findings: findings.collect(), ..Findings::default() })
}

fn ask(condition: &str, of: &Comparison) -> Answer {
    condition.parse::<Condition>().unwrap().ask(of)
}

#[track_caller]
fn holds(condition: &str, of: &Comparison, because: &str) {
    assert_eq!(ask(condition, of), Answer::Holds(vec![because.to_owned()]), "{condition}");
}

#[track_caller]
fn does_not(condition: &str, of: &Comparison) {
    assert_eq!(ask(condition, of), Answer::DoesNotHold, "{condition}");
}

#[track_caller]
fn unknown(condition: &str, of: &Comparison, why: &str) {
    assert_eq!(ask(condition, of), Answer::Unknown(why.to_owned()), "{condition}");
}

#[test]
fn what_was_not_measured_is_unknown_and_never_well() {
    let nothing = Comparison::default();
    for (name, _) in CONDITIONS {
        let name = name.split(['[', '=']).next().unwrap();
        let value = if name == "changed-coverage-below" { "=80" } else { "" };
        let answer = ask(&format!("{name}{value}"), &nothing);
        assert!(matches!(answer, Answer::Unknown(_)), "{name}: {answer:?}");
    }
    let head = compared([], [coverage(5), found(&[Severity::Critical])]);
    unknown("coverage-fell", &head, "the base has no coverage");
    unknown("new-critical", &head, "the base has no findings");
    let mut stopped = compared([found(&[])], [found(&[])]);
    stopped.findings.as_mut().unwrap().incomplete = vec!["t: out of memory".to_owned()];
    unknown("new-finding", &stopped, "a tool did not get to its end: t: out of memory");
}

#[test]
fn falls_of_coverage_are_told() {
    let fell = compared([coverage(8)], [coverage(6)]);
    holds("coverage-fell", &fell, "coverage of lines fell by 20.00 points");
    holds("coverage-fell=19.9", &fell, "coverage of lines fell by 20.00 points");
    does_not("coverage-fell=20", &fell);
    does_not("coverage-fell", &compared([coverage(6)], [coverage(8)]));
    unknown("branch-coverage-fell", &fell, "one of both reports has no branches");
}

#[test]
fn changed_lines_are_asked_for_by_themselves() {
    let with = |lines: &[(&str, &[u32])]| {
        let files =
            lines.iter().map(|(file, lines)| ((*file).to_owned(), lines.iter().copied().collect()));
        let changed = Some(ChangedLines { files: files.collect() });
        let settings = CompareSettings { changed, ..CompareSettings::default() };
        compare(&evidence([]), &evidence([coverage(5)]), &settings)
    };
    let half = with(&[("a.rs", &[5, 6, 99]), ("README.md", &[1])]);
    holds("changed-coverage-below=80", &half, "1 of 2 changed lines are covered");
    does_not("changed-coverage-below=50", &half);
    does_not("changed-coverage-below=80", &with(&[("README.md", &[1])]));
    let why = "the report knows none of the files that changed";
    unknown("changed-coverage-below=80", &with(&[("b.rs", &[1])]), why);
    unknown("changed-coverage-below=80", &compared([], [coverage(5)]), "no change was given");
}

#[test]
fn new_findings_are_told_by_severity() {
    let new = compared([found(&[])], [found(&[Severity::High])]);
    holds("new-high", &new, "rule0 (high) is new at a.py:7");
    holds("new-low", &new, "rule0 (high) is new at a.py:7");
    holds("new-warning", &new, "rule0 (high) is new at a.py:7");
    does_not("new-critical", &new);
    does_not("new-error", &new);
    does_not("new-low", &compared([found(&[])], [found(&[Severity::Error])]));
    does_not("new-finding", &compared([found(&[Severity::High])], [found(&[Severity::High])]));
}

#[test]
fn tests_that_fail_break_are_lost_or_flaky_are_told() {
    use Outcome::{Failed, Passed};
    let tests = |cases: &[(&str, Outcome)]| Report::Tests(run(cases));
    let before = [tests(&[("a", Passed), ("b", Failed), ("c", Passed)])];
    let of = compared(before, [tests(&[("a", Passed), ("b", Failed)])]);
    holds("test-failed", &of, "b fails");
    does_not("test-broke", &of);
    holds("test-lost", &of, "c is gone");
    does_not("flaky-test", &of);
    let of = compared([], [tests(&[("a", Failed), ("a", Passed)])]);
    holds("flaky-test", &of, "a failed 1 of 2 times");
    unknown("test-broke", &of, "the base has no tests");
    let many: Vec<String> = (10..40).map(|n| format!("t{n}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), Failed)).collect();
    let Answer::Holds(because) = ask("test-failed", &compared([], [tests(&many)])) else {
        panic!("they fail");
    };
    assert_eq!((because.len(), because[10].as_str()), (11, "and 20 more"));
}

#[test]
fn growth_is_told_in_bytes_and_per_cent() {
    let of =
        compared([Report::Bundle(bundle(&[("a", 100)]))], [Report::Bundle(bundle(&[("a", 110)]))]);
    let because = "all files grew from 100 to 110 bytes (raw)";
    holds("bundle-grew", &of, because);
    holds("bundle-grew=9", &of, because);
    does_not("bundle-grew=10", &of);
    holds("bundle-grew=9.5%", &of, because);
    does_not("bundle-grew=11%", &of);
    does_not("bundle-over-limit", &of);
}

#[test]
fn benchmarks_that_cannot_be_judged_are_unknown() {
    let of = |measured| [report(vec![benchmark("a", Better::Smaller, measured)])];
    let single = compared(of(Measured::Single(1.0)), of(Measured::Single(9.0)));
    let why = "there are too few values of each benchmark to tell a change from noise";
    unknown("benchmark-regressed", &single, why);
    let values = |by: f64| of(Measured::Samples((10..20).map(|n| by * f64::from(n)).collect()));
    holds(
        "benchmark-regressed",
        &compared(values(1.0), values(3.0)),
        "a went from 14.5 to 43.5 ns",
    );
    does_not("benchmark-regressed", &compared(values(1.0), values(1.0)));
}

#[test]
fn conditions_are_read_and_written_alike() {
    for text in [
        "coverage-fell=0.5",
        "changed-coverage-below=80",
        "new-critical",
        "new-error",
        "new-warning",
        "new-finding",
        "test-failed",
        "test-broke",
        "test-lost",
        "flaky-test",
        "bundle-grew=2048",
        "bundle-grew=2%",
        "bundle-over-limit",
        "benchmark-regressed",
        "branch-coverage-fell=0",
    ] {
        assert_eq!(text.parse::<Condition>().unwrap().to_string(), text);
    }
    let check = |text: &str, expect: &str| {
        let error = text.parse::<Condition>().unwrap_err();
        assert!(error.contains(expect), "{text}: {error}");
    };
    check("coverage", "is no condition: write one of coverage-fell");
    check("new-critical=3", "takes no value");
    check("coverage-fell=x", "from 0 to 100");
    check("changed-coverage-below", "needs a number");
    check("bundle-grew=-1", "write bytes");
    check("bundle-grew=NaN%", "write bytes");
}
