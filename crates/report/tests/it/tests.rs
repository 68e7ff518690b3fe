use tidegate_evidence::{Outcome, TestCase, TestCounts};

use crate::{file, tests};

/// Passed, failed, errored, skipped and flaky ones of a report.
#[track_caller]
fn check(name: &str, expect: [usize; 5]) {
    let TestCounts { total, passed, failed, errored, skipped, flaky, .. } =
        tests(&file(name)).counts();
    assert_eq!([passed, failed, errored, skipped, flaky], expect, "{name}");
    assert_eq!(total, passed + failed + errored + skipped, "{name}");
}

#[test]
fn reports_of_real_tools_are_counted_as_the_tools_count() {
    check("pytest.xml", [4, 1, 1, 2, 1]);
    check("pytest-xunit1.xml", [3, 2, 1, 2, 0]);
    check("go-junit-report.xml", [1, 2, 0, 1, 0]);
    check("gotestsum.xml", [1, 2, 0, 1, 0]);
    check("gtest.xml", [3, 1, 0, 2, 0]);
    // Of a test to be written jest-junit says nothing, so that it looks as if it had passed.
    check("jest.xml", [3, 1, 0, 1, 0]);
    check("vitest.xml", [2, 1, 0, 1, 0]);
    check("node.xml", [1, 1, 0, 2, 0]);
}

fn named(text: &[u8], name: &str) -> TestCase {
    let found = tests(text).cases.into_iter().find(|case| case.id.name == name);
    found.unwrap_or_else(|| panic!("{name} is not there"))
}

fn one(text: &str) -> TestCase {
    let cases = tests(text.as_bytes()).cases;
    let [case] = <[TestCase; 1]>::try_from(cases).unwrap();
    case
}

#[test]
fn a_failure_is_told_with_its_place_and_words() {
    let case = named(&file("pytest-xunit1.xml"), "test_perimeter_is_wrong");
    assert_eq!((case.file.as_deref(), case.line), (Some("test_shapes.py"), Some(10)));
    assert_eq!(case.outcome, Outcome::Failed);
    assert!(case.message.starts_with("AssertionError: sides | do not add up\n"), "{case:?}");
    assert!(case.details.contains("> ") && case.details.contains("assert perimeter(1, 2) == 7"));

    let case = named(&file("gtest.xml"), "Fails");
    assert_eq!((case.file.as_deref(), case.line), (Some("shapes.cc"), Some(9)));
    assert!(case.message.contains("two <by> three"), "the first of two failures: {case:?}");

    let case = named(&file("go-junit-report.xml"), "TestArea/wrong|name");
    assert_eq!(case.id.title(), "example.com/shapes > TestArea/wrong|name");
    assert_eq!(case.message, "shapes_test.go:13: Area = 6, want <7>");
    let case = named(&file("gotestsum.xml"), "TestArea/wrong|name");
    assert_eq!(case.message, "shapes_test.go:13: Area = 6, want <7>");

    let case = named(&file("jest.xml"), "area of <none> fails | here");
    assert_eq!(case.file.as_deref(), Some("shapes.test.js"));
    assert!(case.message.starts_with("Error: expect(received).toBe(expected)"), "{case:?}");

    let case = named(&file("node.xml"), "fails");
    assert_eq!((case.id.suite.as_str(), case.message.as_str()), ("outer", "1 == 2"));
}

#[test]
fn reruns_that_pytest_lists_are_one_test() {
    let case = named(&file("pytest.xml"), "test_retried");
    assert!(case.is_flaky());
    assert_eq!(case.retries.len(), 1);
    let case = named(&file("pytest.xml"), "test_perimeter_is_wrong");
    assert_eq!((case.outcome, case.retries.len()), (Outcome::Failed, 2));
    // With no sum that says so they are tests with one name.
    let text = r#"<testsuite name="a"><testcase name="b"/><testcase name="b"/></testsuite>"#;
    assert_eq!(tests(text.as_bytes()).cases.len(), 2);
    let text = r#"<testsuite tests="2"><testcase name="b"/><testcase name="b"/></testsuite>"#;
    assert_eq!(tests(text.as_bytes()).cases.len(), 2);
}

#[test]
fn a_failure_that_is_listed_again_is_never_hidden() {
    // pytest lists a test twice whose call failed and whose fixture failed after it.
    let case = one(r#"<testsuite name="pytest" tests="1">
      <testcase classname="t" name="a" time="1"><failure message="the call">x</failure></testcase>
      <testcase classname="t" name="a" time="2"><error message="the fixture">y</error></testcase>
    </testsuite>"#);
    assert_eq!((case.outcome, case.message.as_str()), (Outcome::Errored, "the call"));
    assert_eq!(case.seconds, Some(3.0));
    let case = one(r#"<testsuite tests="1">
      <testcase name="a"><failure/></testcase><testcase name="a"/></testsuite>"#);
    assert_eq!(case.outcome, Outcome::Failed);
}

#[test]
fn retries_as_surefire_and_nextest_write_them_are_told() {
    let case = one(r#"<testsuite name="com.x.ATest" tests="1" errors="0" flakes="1">
      <properties><property name="java.version" value="17"/></properties>
      <testcase name="sometimes" classname="com.x.ATest" time="1,234.5">
        <flakyFailure message="first &lt;1&gt;" type="E"><stackTrace><![CDATA[E: first]]></stackTrace>
          <system-out><![CDATA[out]]></system-out></flakyFailure>
        <flakyError type="F"><stackTrace>F: second
        more</stackTrace></flakyError>
        <system-out>out</system-out>
      </testcase></testsuite>"#);
    assert!(case.is_flaky());
    let messages: Vec<_> = case.retries.iter().map(|retry| retry.message.as_str()).collect();
    assert_eq!(messages, ["first <1>", "F"]);
    assert_eq!(case.seconds, Some(1234.5));

    let case = one(r#"<testsuites name="nextest-run" tests="1"><testsuite name="a::it" tests="1">
      <testcase name="b" classname="a::it" time="0.004">
        <failure type="test failure with exit code 101">panicked</failure>
        <rerunFailure timestamp="x" time="0.004" type="test failure"><system-err>e</system-err></rerunFailure>
      </testcase></testsuite></testsuites>"#);
    assert_eq!((case.outcome, case.retries.len()), (Outcome::Failed, 1));
    assert!(!case.is_flaky());
    assert_eq!((case.id.suite.as_str(), case.id.class.as_str()), ("a::it", "a::it"));
}

#[test]
fn suites_within_suites_are_part_of_the_name() {
    let text = r#"<testsuites name="2026-01-31T12:00"><testsuite name="outer" file="./src\a.php">
      <testsuite name="inner"><testcase name="b" class="C" line="7" time="0,5"/></testsuite>
      <testsuite><testcase name="c" file="other.php" line="-1"><skipped/></testcase></testsuite>
      <error message="the database is gone"/>
    </testsuite></testsuites>"#;
    let cases = tests(text.as_bytes()).cases;
    let ids: Vec<_> = cases.iter().map(|case| (case.id.suite.as_str(), case.id.title())).collect();
    let expect = [
        ("outer > inner", "C > b".to_owned()),
        ("outer", "outer > c".to_owned()),
        ("outer", "outer > (suite)".to_owned()),
    ];
    assert_eq!(ids, expect);
    let places: Vec<_> = cases.iter().map(|case| (case.file.as_deref(), case.line)).collect();
    let expect =
        [(Some("src/a.php"), Some(7)), (Some("other.php"), None), (Some("src/a.php"), None)];
    assert_eq!(places, expect);
    assert_eq!(cases[0].seconds, Some(0.5));
    assert_eq!(cases[2].outcome, Outcome::Errored);
}

#[test]
fn what_attributes_alone_say_counts() {
    let check = |attributes: &str, expect| {
        let case = one(&format!("<testsuite><testcase name='a' {attributes}/></testsuite>"));
        assert_eq!(case.outcome, expect, "{attributes}");
    };
    check("status='run' result='completed'", Outcome::Passed);
    check("status='notrun' result='suppressed'", Outcome::Skipped);
    check("result='Failed'", Outcome::Failed);
    check("status='error'", Outcome::Errored);
    check("", Outcome::Passed);
}

#[test]
fn of_several_endings_the_worst_counts() {
    let check = |within: &str, expect, message| {
        let case = one(&format!("<testsuite><testcase name='a'>{within}</testcase></testsuite>"));
        assert_eq!((case.outcome, case.message.as_str()), (expect, message), "{within}");
    };
    check("<failure message='f'/><skipped message='s'/>", Outcome::Failed, "f");
    check("<skipped message='s'/><failure message='f'/>", Outcome::Failed, "f");
    check("<failure message='f'/><error message='e'/>", Outcome::Errored, "f");
    check("<failure>\n  at once\nmore</failure>", Outcome::Failed, "at once");
    check("<skipped/>", Outcome::Skipped, "");
}
