use std::{collections::BTreeMap, slice::from_ref};

use proptest::prelude::*;
use tidegate_evidence::{
    BaselineState, Finding, FindingComparison, Findings, Level, Place, Report, Severity,
};

use crate::compared;

pub(crate) fn finding(rule: &str, file: &str, line: u32, message: &str, snippet: &str) -> Finding {
    Finding {
        tool: "t".to_owned(),
        rule: rule.to_owned(),
        title: String::new(),
        level: Level::Warning,
        severity: Severity::Warning,
        message: message.to_owned(),
        place: Some(Place { file: file.to_owned(), line: Some(line), ..Place::default() }),
        snippet: snippet.to_owned(),
        fingerprints: BTreeMap::new(),
        is_suppressed: false,
        baseline: None,
        help: None,
    }
}

fn changed(base: &[Finding], head: &[Finding]) -> FindingComparison {
    let of = |all: &[Finding]| {
        [Report::Findings(Findings { findings: all.to_vec(), ..Findings::default() })]
    };
    compared(of(base), of(head)).findings.unwrap()
}

/// How many are new, fixed and kept.
#[track_caller]
fn check(base: &[Finding], head: &[Finding], expect: (usize, usize, usize)) {
    let changed = changed(base, head);
    assert_eq!((changed.new.unwrap().len(), changed.fixed.len(), changed.kept), expect);
}

fn marked(mut finding: Finding, value: &str) -> Finding {
    finding.fingerprints.insert("hash/v1".to_owned(), value.to_owned());
    finding
}

#[test]
fn code_that_moved_is_the_same() {
    let eval = |file, line| finding("eval", file, line, "eval is bad", "    eval(user_input)");
    check(&[eval("a.py", 3)], &[eval("a.py", 3)], (0, 0, 1));
    check(&[eval("a.py", 3)], &[eval("a.py", 90)], (0, 0, 1));
    check(&[eval("a.py", 3)], &[eval("b.py", 3)], (0, 0, 1));
    check(&[eval("a.py", 3)], &[eval("a.py", 3), eval("a.py", 9)], (1, 0, 1));
    check(
        &[eval("a.py", 3)],
        &[finding("exec", "a.py", 3, "eval is bad", "    eval(user_input)")],
        (1, 1, 0),
    );
    // A short snippet is in many files.
    let brace = |file| finding("brace", file, 3, &format!("brace in {file}"), "}");
    check(&[brace("a.py")], &[brace("b.py")], (1, 1, 0));
    // Words alone keep it within the file.
    let words = |file, line| finding("x", file, line, "words", "");
    check(&[words("a.py", 3)], &[words("a.py", 90)], (0, 0, 1));
    check(&[words("a.py", 3)], &[words("b.py", 3)], (1, 1, 0));
}

#[test]
fn of_several_alike_the_one_farthest_from_all_others_is_new() {
    let at = |line| finding("x", "a", line, "same words", "");
    let new = changed(&[at(10), at(50)], &[at(12), at(30), at(51)]).new.unwrap();
    assert_eq!(new[0].place.as_ref().unwrap().line, Some(30));
}

#[test]
fn fingerprints_find_what_was_written_anew() {
    let before = marked(finding("x", "a.py", 3, "old words", "old code of some length"), "f1");
    let after = marked(finding("x", "b.py", 70, "new words", "new code of some length"), "f1");
    check(&[before], &[after], (0, 0, 1));
}

#[test]
fn a_fingerprint_that_all_have_is_none() {
    // Semgrep writes "requires login" for each, where nobody is signed in.
    let all: Vec<_> = (0..3)
        .map(|n| {
            marked(finding("x", &format!("{n}.py"), 1, &format!("m{n}"), ""), "requires login")
        })
        .collect();
    check(&all[..2], &all[1..], (1, 1, 1));
}

#[test]
fn what_somebody_let_be_does_not_count() {
    let open = finding("x", "a", 1, "m", "");
    let suppressed = Finding { is_suppressed: true, ..open.clone() };
    check(from_ref(&open), from_ref(&suppressed), (0, 1, 0));
    check(from_ref(&suppressed), from_ref(&open), (1, 0, 0));
    let absent = Finding { baseline: Some(BaselineState::Absent), ..open };
    check(&[], &[absent], (0, 0, 0));
}

#[test]
fn without_a_base_what_the_tool_says_counts() {
    let with = |state| Finding { baseline: state, ..finding("x", "a", 1, "m", "") };
    let of = |findings| {
        let head = Findings { findings, ..Findings::default() };
        compared([], [Report::Findings(head)]).findings.unwrap().new.map(|new| new.len())
    };
    assert_eq!(
        of(vec![with(Some(BaselineState::New)), with(Some(BaselineState::Unchanged))]),
        Some(1)
    );
    assert_eq!(of(vec![with(None)]), None);
    assert_eq!(of(Vec::new()), None);
}

#[test]
fn thousands_alike_are_matched_in_bounded_time() {
    let all: Vec<_> = (0..3_000).map(|n| finding("x", "a", n, "same", "")).collect();
    let later: Vec<_> = (7..3_010).map(|n| finding("x", "a", n, "same", "")).collect();
    check(&all, &later, (3, 0, 3_000));
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let texts = (prop::sample::select(vec!["r1", "r2"]), prop::sample::select(vec!["a", "b"]));
    let more = (
        1..6_u32,
        prop::sample::select(vec!["m1", "m2"]),
        prop::sample::select(vec!["", "a long piece of code", "another piece of code"]),
        prop::option::of(prop::sample::select(vec!["f1", "f2", "f3"])),
    );
    (texts, more).prop_map(|((rule, file), (line, message, snippet, mark))| {
        let own = finding(rule, file, line, message, snippet);
        match mark {
            Some(mark) => marked(own, mark),
            None => own,
        }
    })
}

proptest! {
    #[test]
    fn what_is_new_one_way_is_fixed_the_other(
        base in prop::collection::vec(any_finding(), 0..8),
        head in prop::collection::vec(any_finding(), 0..8),
    ) {
        let (there, back) = (changed(&base, &head), changed(&head, &base));
        prop_assert_eq!(there.new.as_ref().unwrap().len(), back.fixed.len());
        prop_assert_eq!(there.fixed.len(), back.new.unwrap().len());
        prop_assert_eq!(there.kept, back.kept);
        prop_assert_eq!(there.kept + there.new.unwrap().len(), head.len());
        let same = changed(&base, &base);
        prop_assert_eq!((same.new.unwrap().len(), same.fixed.len()), (0, 0));
    }
}
