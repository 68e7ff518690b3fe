use tidegate_evidence::{Coverage, Ratio, Totals};
use tidegate_report::Format;

use crate::{covered, file, reading};

/// Covered and all lines, branches and functions of a report.
#[track_caller]
fn check(name: &str, lines: (u64, u64), branches: (u64, u64), functions: (u64, u64)) {
    let ratio = |(covered, total)| Ratio { covered, total };
    let expect =
        Totals { lines: ratio(lines), branches: ratio(branches), functions: ratio(functions) };
    assert_eq!(covered(&file(name)).totals(), expect, "{name}");
}

#[test]
fn reports_of_real_tools_come_to_the_sums_that_the_tools_give() {
    check("coveragepy.xml", (32, 36), (3, 4), (0, 0));
    check("coveragepy.info", (32, 36), (3, 4), (8, 11));
    check("jest.info", (4, 5), (3, 4), (1, 2));
    check("jest-cobertura.xml", (4, 5), (3, 4), (1, 2));
    // gcovr counts a line once for each function on it: 17 of 21 of what are 8 of 10 lines here.
    check("gcovr.xml", (8, 10), (34, 86), (15, 18));
    check("go.cov", (3, 11), (0, 0), (0, 0));
}

#[test]
fn one_program_is_covered_alike_whatever_the_format() {
    let (xml, info) = (covered(&file("coveragepy.xml")), covered(&file("coveragepy.info")));
    for (path, file) in &xml.files {
        assert_eq!(file.lines, info.files[path].lines, "{path}");
    }
    let (xml, info) = (covered(&file("jest-cobertura.xml")), covered(&file("jest.info")));
    assert_eq!(xml.files["shapes.js"].lines, info.files["shapes.js"].lines);
    assert_eq!(
        xml.files["shapes.js"].branches[&2].ratio(),
        info.files["shapes.js"].branches[&2].ratio()
    );
}

fn line(coverage: &Coverage, path: &str, line: u32) -> Option<u64> {
    coverage.files[path].lines.get(&line).copied()
}

#[test]
fn records_of_lcov_are_read_in_all_their_versions() {
    let coverage = covered(
        b"TN:unit,1\nVER:2\nSF:C:\\src\\a.c\nFN:3,operator,()\nFN:5,9,later\nFNDA:2,operator,()\n\
          FNL:0,11,14\nFNA:0,7,second,version\nBRDA:3,0,0,-\nBRDA:3,0,1,4\nBRDA:3,e0,2,0\nMCDC:3,2,t,1,0,x\n\
          DA:3,2,checksum\nDA:4,-1\nDA:0,1\nDA:5,1e+3\nLF:99\nLH:99\nend_of_record\n\n\
          # a comment\nSF:C:\\src\\a.c\nDA:3,1\nend_of_record\n",
    );
    let path = "C:/src/a.c";
    assert_eq!(line(&coverage, path, 3), Some(3), "sections of one file add up");
    assert_eq!(line(&coverage, path, 4), Some(0));
    assert_eq!(line(&coverage, path, 5), Some(1000));
    assert_eq!(line(&coverage, path, 0), None);
    let file = &coverage.files[path];
    assert_eq!(file.branches[&3].ratio(), Ratio { covered: 1, total: 3 });
    let calls: Vec<_> =
        file.functions.iter().map(|(name, own)| (name.as_str(), own.line, own.hits)).collect();
    assert_eq!(calls, [("later", 5, 0), ("operator,()", 3, 2), ("second,version", 11, 7)]);
}

#[test]
fn classes_of_one_file_tell_of_it_together() {
    let coverage = covered(
        br#"<coverage><sources><source>/src</source></sources><packages><package name="p"><classes>
        <class name="p.A" filename="p\A.java"><methods><method name="a" signature="()V"><lines>
          <line number="3" hits="2"/></lines></method></methods>
          <lines><line number="3" hits="2"/><line number="4" hits="0" branch="true" condition-coverage="0% (0/2)"/></lines></class>
        <class name="p.A$1" filename="p/A.java"><methods/><lines>
          <line number="4" hits="5" branch="true" condition-coverage="50% (1/2)"/></lines></class>
        </classes></package></packages></coverage>"#,
    );
    assert_eq!(coverage.files.len(), 1);
    assert_eq!(line(&coverage, "p/A.java", 3), Some(2));
    assert_eq!(line(&coverage, "p/A.java", 4), Some(5));
    let totals = coverage.totals();
    assert_eq!(totals.branches, Ratio { covered: 1, total: 2 });
    assert_eq!(totals.functions, Ratio { covered: 1, total: 1 });
}

#[test]
fn jacoco_is_read_with_groups_and_its_document_type() {
    let text = br#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><!DOCTYPE report PUBLIC
        "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="x"><sessioninfo id="a" start="1" dump="2"/>
        <group name="g"><package name="com/x"><class name="com/x/A" sourcefilename="A.java">
          <method name="a" desc="()V" line="4"><counter type="INSTRUCTION" missed="0" covered="3"/>
            <counter type="METHOD" missed="0" covered="1"/></method>
          <method name="b" desc="()V" line="9"><counter type="METHOD" missed="1" covered="0"/></method></class>
        <class name="com/x/Made"/>
        <sourcefile name="A.java"><line nr="4" mi="0" ci="3" mb="1" cb="1"/><line nr="9" mi="2" ci="0" mb="0" cb="0"/>
          <counter type="LINE" missed="1" covered="1"/></sourcefile></package></group>
        <counter type="LINE" missed="1" covered="1"/></report>"#;
    assert_eq!(reading(text).format, Format::Jacoco);
    let coverage = covered(text);
    let half = Ratio { covered: 1, total: 2 };
    assert_eq!(coverage.totals(), Totals { lines: half, branches: half, functions: half });
    assert_eq!(line(&coverage, "com/x/A.java", 9), Some(0));
}

#[test]
fn files_are_found_by_the_end_of_their_paths() {
    let coverage = covered(b"SF:/home/ci/src/a.rs\nDA:1,1\nend_of_record\nSF:lib/b.rs\nend_of_record\nSF:other/b.rs\nend_of_record\n");
    let check = |path: &str, expect: bool| {
        assert_eq!(coverage.file(path).is_some(), expect, "{path}");
    };
    check("src/a.rs", true);
    check("a.rs", true);
    check("c/a.rs", false);
    check("rc/a.rs", false);
    check("b.rs", false);
    check("crates/x/lib/b.rs", true);
    check("", false);
}
