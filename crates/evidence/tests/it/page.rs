use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use tidegate_evidence::{
    AnnotationLevel, Better, Findings, Measured, Outcome, Report, TestRun, annotate,
    annotate_comparison, comparison_page, evidence_page,
};

use crate::{
    benchmarks::{benchmark, report},
    bundles::bundle,
    case, compared, evidence,
    findings::finding,
};

/// All texts of a page; fails when it has anything but headings, tables, texts and our own emphasis.
fn texts(page: &str) -> Result<String, String> {
    let mut all = String::new();
    for event in Parser::new_ext(page, Options::all()) {
        match event {
            Event::Text(text) => all.push_str(&text),
            Event::SoftBreak | Event::End(_) => all.push('\n'),
            Event::Start(
                Tag::Heading { .. }
                | Tag::Paragraph
                | Tag::Table(_)
                | Tag::TableHead
                | Tag::TableRow
                | Tag::TableCell
                | Tag::Strong,
            ) => {}
            other => return Err(format!("{other:?} in\n{page}")),
        }
    }
    Ok(all)
}

/// Reports in which each text is `text`.
fn reports(text: &str) -> [Report; 4] {
    let mut failing = case(text, Outcome::Failed);
    text.clone_into(&mut failing.message);
    [
        Report::Tests(TestRun { cases: vec![failing] }),
        Report::Findings(Findings {
            tools: vec![text.to_owned()],
            findings: vec![finding(text, text, 1, text, text)],
            incomplete: vec![text.to_owned()],
        }),
        Report::Bundle(bundle(&[(text, 7)])),
        report(vec![benchmark(text, Better::Smaller, Measured::Single(1.0))]),
    ]
}

/// A row has as many cells as its header, whatever stands in them.
fn is_even(page: &str) -> bool {
    page.split("\n\n").filter(|part| part.starts_with('|')).all(|part| {
        let cells: Vec<_> = part.lines().map(|line| line.matches('|').count()).collect();
        cells.iter().all(|count| *count == cells[0])
    })
}

#[test]
fn what_outsiders_write_is_shown_and_does_nothing() {
    for text in [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1)) ![y](https://example.com/pixel.png)",
        "a | b | c\n| --- |\n# heading",
        "`code` **bold** ~~gone~~ $math$ \\| &lt; <!-- -->",
        "https://example.com @everyone #1 www.example.com",
        "- [ ] task\n1. list\n> quote\n---\n    code",
    ] {
        let page = evidence_page(&evidence(reports(text)));
        let shown = texts(&page).unwrap();
        assert!(shown.contains(text.lines().next().unwrap()), "{text:?} is not shown in\n{page}");
        assert!(is_even(&page), "{page}");
        assert!(!page.contains("https://") && !page.contains('@') && !page.contains("www."));
        texts(&comparison_page(&compared(reports("a"), reports(text)))).unwrap();
    }
}

proptest! {
    #[test]
    fn texts_of_any_kind_stay_texts(text in "\\PC{0,40}|[<>&|`*_\\[\\]()!#@\\\\\n\r\t ~$:-]{0,30}") {
        let page = evidence_page(&evidence(reports(&text)));
        prop_assert!(is_even(&page), "{}", page);
        prop_assert!(texts(&page).is_ok(), "{:?}", texts(&page));
        let page = comparison_page(&compared(reports("a"), reports(&text)));
        prop_assert!(texts(&page).is_ok(), "{:?}", texts(&page));
    }
}

#[test]
fn a_page_is_bounded_whatever_there_is() {
    let long = "x".repeat(100_000);
    let cases = (0..10_000).map(|n| {
        let mut own = case(&format!("{long}{n}"), Outcome::Failed);
        own.message.clone_from(&long);
        own
    });
    let run = TestRun { cases: cases.take(500).collect() };
    let page = evidence_page(&evidence([Report::Tests(run)]));
    assert!(page.len() < 100_000, "{}", page.len());
    assert!(page.contains("and 470 more"));
}

#[test]
fn the_worst_annotations_are_shown() {
    let cases =
        [case("passed", Outcome::Passed), case("b", Outcome::Failed), case("a", Outcome::Failed)];
    let findings = vec![finding("r", "z.py", 3, "words", ""), finding("r", "a.py", 9, "words", "")];
    let all = evidence([
        Report::Tests(TestRun { cases: cases.to_vec() }),
        Report::Findings(Findings { findings, ..Findings::default() }),
    ]);
    let annotations = annotate(&all, 3);
    let titles: Vec<_> =
        annotations.shown.iter().map(|own| (own.level, own.title.as_str())).collect();
    let expect = [
        (AnnotationLevel::Failure, "a failed"),
        (AnnotationLevel::Failure, "b failed"),
        (AnnotationLevel::Warning, "t r (warning)"),
    ];
    assert_eq!(titles, expect);
    assert_eq!(annotations.shown[2].place.as_ref().unwrap().file, "a.py");
    assert_eq!(annotations.left_off, 1);
}

#[test]
fn what_changed_is_annotated() {
    let tests = |outcome| Report::Tests(TestRun { cases: vec![case("a", outcome)] });
    let sizes = |size| Report::Bundle(bundle(&[("a.js", size)]));
    let speed = |by: f64| {
        let values = (10..20).map(|n| by * f64::from(n)).collect();
        report(vec![benchmark("sum", Better::Smaller, Measured::Samples(values))])
    };
    let changed = compared(
        [tests(Outcome::Passed), sizes(10), speed(1.0)],
        [tests(Outcome::Failed), sizes(20), speed(3.0)],
    );
    let annotations = annotate_comparison(&changed, 50);
    let titles: Vec<_> = annotations.shown.iter().map(|own| own.title.as_str()).collect();
    let expect = [
        "a failed (it did not in the base)",
        "sum regressed beyond its noise",
        "what is built grew",
    ];
    assert_eq!(titles, expect);
}

#[test]
fn files_are_named_from_the_root_of_the_repository() {
    let place = |root: &str, file: &str| {
        let findings = vec![finding("r", file, 1, "words", "")];
        let mut report = Report::Findings(Findings { findings, ..Findings::default() });
        report.relative_to(root);
        let Report::Findings(found) = report else { unreachable!("it stays what it is") };
        found.findings[0].place.as_ref().unwrap().file.clone()
    };
    assert_eq!(place("/home/ci/repo", "/home/ci/repo/src/a.c"), "src/a.c");
    assert_eq!(place("/home/ci/repo/", "/home/ci/repo/src/a.c"), "src/a.c");
    assert_eq!(place("/home/ci/repo", "/home/ci/repository/a.c"), "/home/ci/repository/a.c");
    assert_eq!(place("/home/ci/repo", "src/a.c"), "src/a.c");
}
