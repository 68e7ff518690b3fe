//! What CI tools wrote, shown and compared.

use serde_json::Value;

use crate::program::{Program, Said};

const BASE: &str = "<testsuite name='s'><testcase name='a'/><testcase name='b'><failure message='as ever'/></testcase></testsuite>";
const HEAD: &str = "<testsuite name='s'><testcase name='a' file='a_test.py' line='3'><failure message='1 is \u{1b}[31mnot 2'/></testcase>\
    <testcase name='b'/></testsuite>";

fn reported() -> Program {
    let program = Program::new();
    program.write("base.xml", BASE);
    program.write("head.xml", HEAD);
    program.write("base.info", "SF:src/a.rs\nDA:1,1\nDA:2,1\nend_of_record\n");
    program.write("head.info", "SF:src/a.rs\nDA:1,1\nDA:2,1\nDA:3,0\nend_of_record\n");
    program.write("change.diff", "--- a/src/a.rs\n+++ b/src/a.rs\n@@ -2 +2,2 @@\n two\n+three\n");
    program.write("broken.xml", "<testsuite>\n  <testcase>");
    program
}

fn compare(program: &Program, more: &[&str]) -> Said {
    let args =
        ["report", "compare", "--base", "base.xml", "base.info", "--head", "head.xml", "head.info"];
    program.run(&[args.as_slice(), more].concat())
}

#[test]
fn reports_are_recognised_and_told() {
    let program = reported();
    let out = program.ok(&["report", "show", "head.xml", "head.info"]);
    let expect = "head.xml (junit): 2 tests: 1 passed, 1 failed in 0.0 s\n\
        head.info (lcov): 1 files, 66.67 % (2/3) of lines\n\
        failure a_test.py:3 s > a failed: 1 is  [31mnot 2\n";
    assert_eq!(out, expect, "and nothing of it steers the terminal");
    let json = program.ok(&["report", "show", "head.xml", "-o", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["files"][0]["format"], "junit");
    assert_eq!(json["annotations"]["shown"][0]["place"]["line"], 3);
    let page = program.ok(&["report", "show", "head.xml", "--markdown"]);
    assert!(page.starts_with("## Tests\n") && page.contains("| s &#62; a |"), "{page}");
}

#[test]
fn the_exit_code_says_whether_a_condition_holds() {
    let program = reported();
    let check = |more: &[&str], code: i32, expect: &str| {
        let said = compare(&program, more);
        assert_eq!(said.code, code, "{more:?}: {}{}", said.out, said.err);
        assert!(said.out.contains(expect), "{expect:?} is not in\n{}", said.out);
    };
    check(&[], 0, "tests: 1 fail, 1 of them new; 1 fixed, 0 added, 0 gone, 0 flaky\n");
    check(&["--fail-on", "test-lost,flaky-test"], 0, "test-lost: no\nflaky-test: no\n");
    check(&["--fail-on", "test-broke"], 1, "test-broke: yes\n  s > a fails\n");
    check(
        &["--fail-on", "coverage-fell=40,new-critical"],
        3,
        "new-critical: cannot be told, the head has no findings\n",
    );
    check(
        &["--fail-on", "new-critical", "--fail-on", "coverage-fell"],
        1,
        "coverage of lines fell by 33.33 points\n",
    );
    let changed = ["--diff", "change.diff", "--fail-on", "changed-coverage-below=80"];
    check(&changed, 1, "notice src/a.rs:3 changed lines without a test: no test runs line 3\n");
}

#[test]
fn programs_get_all_of_a_comparison() {
    let said = compare(&reported(), &["-o", "json", "--fail-on", "test-broke,new-high"]);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["tests"]["failing"][0]["isNew"], true);
    assert_eq!(json["conditions"][0]["answer"], "holds");
    assert_eq!(json["conditions"][1]["answer"], "unknown");
}

#[test]
fn what_cannot_be_read_ends_with_its_place() {
    let program = reported();
    let check = |args: &[&str], code: i32, expect: &str| {
        let said = program.run(&[&["report", "show"], args].concat());
        assert_eq!(said.code, code, "{}", said.err);
        assert!(said.err.contains(expect), "{}", said.err);
    };
    check(&["broken.xml"], 5, "broken.xml:2:13: the file ends within an element");
    check(&["gone.xml"], 5, "gone.xml cannot be read");
    check(&["head.xml", "--format", "excel"], 2, "write one of junit, lcov");
    let said = compare(&program, &["--fail-on", "coverage"]);
    assert!(said.code == 2 && said.err.contains("is no condition"), "{}", said.err);
}
