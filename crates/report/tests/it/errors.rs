use tidegate_report::{Format, Hint, read};

#[track_caller]
fn check(text: &str, expect: &str) {
    let error = read(text.as_bytes(), Hint { name: "f", format: None }).unwrap_err();
    assert_eq!(error.to_string(), expect);
}

#[test]
fn what_makes_no_sense_is_told_with_its_place_and_its_mend() {
    check(
        "SF:a\nDA:1,1\nDA:µ,x\nend_of_record\n",
        "f:3:4: \"µ,x\" is no DA of LCOV; write DA:LINE,HITS",
    );
    check(
        "SF:a\nDA:1,1\n",
        "f:3:1: the last file has no end_of_record; the tool did not get to the end: run it again",
    );
    check(
        "SF:a\nnothing\n",
        "f:2:1: \"nothing\" is no record of LCOV; records are written KEY:VALUE",
    );
    check(
        "<testsuites>\n  <testsuite name='a'>\n    <testcase name='b'>",
        "f:3:24: the file ends within an element; the tool did not get to the end: run it again",
    );
    check(
        "<testsuites/>\n<testsuites/>",
        "f:2:1: there is more behind the report; a file is one report: write each into its own",
    );
    check(
        "<!DOCTYPE a [<!ENTITY b 'c'>]>\n<testsuites/>",
        "f:1:1: the document type declares something itself; leave the part in [ ] out; reports have no use for it",
    );
    check(
        "<html/>",
        "f:1:1: <html> is the root of no report that is known; JUnit has testsuites, Cobertura coverage, JaCoCo report",
    );
    check(
        "<coverage><packages><package><classes>\n<class filename='a'><lines><line number='x' hits='1'/>",
        "f:2:28: number=\"x\" is no number that can be; it is a whole number, 0 or more",
    );
    check(
        "{\"runs\":[],\n \"version\":\"2.0.0\"}",
        "f:2:19: version \"2.0.0\" of SARIF is not read, 2.1.0 is; write it as sarif is written",
    );
    check(
        "{\"runs\": [",
        "f:1:10: EOF while parsing a list; write the report anew: this is no JSON object or list of them",
    );
    check(
        "[{\"name\":\"a\",\n\"value\":\"µ\"}]",
        "f:2:11: invalid type: string \"µ\", expected f64; write it as custom-smaller-is-better is written",
    );
    check(
        "mode: set\na.go:1.2,3.4 1\n",
        "f:2:1: \"a.go:1.2,3.4 1\" is no block of a Go profile; write FILE:LINE.COLUMN,LINE.COLUMN STATEMENTS HITS",
    );
}

#[test]
fn what_is_no_report_is_refused_with_what_is() {
    for text in ["", "hello\n"] {
        let error = read(text.as_bytes(), Hint { name: "f", format: None }).unwrap_err();
        let names = Format::names();
        assert!(error.to_string().ends_with(&format!("what is read is {names}")), "{error}");
    }
}

#[test]
fn a_format_that_was_said_holds() {
    let hint = Hint { name: "f", format: Some(Format::Lcov) };
    assert!(read(b"TN:\n", hint).is_ok(), "an empty tracefile is one when somebody says so");
    let error = read(b"<testsuites/>", Hint { name: "f", format: Some(Format::Jacoco) });
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("f:1:1: <testsuites> is not the root of jacoco;"), "{error}");
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    assert!("excel".parse::<Format>().unwrap_err().contains("junit"));
}
