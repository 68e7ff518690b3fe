use std::collections::BTreeMap;

use tidegate_evidence::{BaselineState, Finding, Findings, Level, Report, Severity};

use crate::{file, reading};

fn findings(text: &[u8]) -> Findings {
    match reading(text).report {
        Report::Findings(findings) => findings,
        other => panic!("{other:?} is of other things"),
    }
}

/// The findings of a run of the tool `t` that is otherwise as `run` says.
fn of_run(run: &str) -> Findings {
    findings(format!(r#"{{"version":"2.1.0","runs":[{{{run}}}]}}"#).as_bytes())
}

fn one(result: &str) -> Finding {
    let found = of_run(&format!(
        r#""tool":{{"driver":{{"name":"t","rules":[
            {{"id":"a","name":"NameOfA","shortDescription":{{"text":"Title of a"}},"helpUri":"https://example.com/a",
              "defaultConfiguration":{{"level":"note"}},"messageStrings":{{"m":{{"text":"{{0}} is {{1}}"}}}}}},
            {{"id":"b","properties":{{"security-severity":"9.8"}}}}]}},
          "extensions":[{{"name":"more","guid":"g1","rules":[{{"id":"a","defaultConfiguration":{{"level":"error"}},
              "properties":{{"security-severity":7}}}}]}}]}},
        "originalUriBaseIds":{{"%SRCROOT%":{{"uri":"file:///home/ci/repo/"}},"SUB":{{"uri":"sub/dir/","uriBaseId":"%SRCROOT%"}}}},
        "artifacts":[{{"location":{{"uri":"listed%20file.c","uriBaseId":"SUB"}}}}],
        "results":[{result}]"#
    ));
    let [finding] = <[Finding; 1]>::try_from(found.findings).unwrap();
    finding
}

#[test]
fn logs_of_real_tools_are_counted_by_severity() {
    let check = |name: &str, tool: &str, expect: &[(Severity, usize)]| {
        let found = findings(&file(name));
        assert_eq!(
            found.by_severity(),
            expect.iter().copied().collect::<BTreeMap<_, _>>(),
            "{name}"
        );
        assert!(found.tools[0].starts_with(tool), "{:?}", found.tools);
        assert_eq!(found.incomplete, [""; 0], "{name}");
        assert!(found.findings.iter().all(|own| own.place.is_some() && !own.message.is_empty()));
    };
    check("ruff.sarif", "ruff", &[(Severity::Error, 2)]);
    // One of Bandit's has no level, and its rule has none either.
    check(
        "bandit.sarif",
        "Bandit 1",
        &[(Severity::Note, 2), (Severity::Warning, 1), (Severity::Error, 2)],
    );
    check("semgrep.sarif", "Semgrep OSS", &[(Severity::Warning, 1), (Severity::Error, 1)]);
    check("eslint.sarif", "ESLint 10", &[(Severity::Warning, 1), (Severity::Error, 3)]);
}

#[test]
fn what_is_suppressed_in_the_code_is_known() {
    let found = findings(&file("eslint.sarif"));
    let suppressed: Vec<_> = found
        .findings
        .iter()
        .filter(|own| own.is_suppressed)
        .map(|own| own.rule.as_str())
        .collect();
    assert_eq!(suppressed, ["eqeqeq"]);
    let check = |status: &str, expect| {
        let text = format!(r#"{{"ruleId":"a","suppressions":[{{"kind":"external"{status}}}]}}"#);
        assert_eq!(one(&text).is_suppressed, expect, "{status}");
    };
    check("", true);
    check(r#","status":"accepted""#, true);
    check(r#","status":"underReview""#, false);
    check(r#","status":"rejected""#, false);
    assert!(!one(r#"{"ruleId":"a","suppressions":[]}"#).is_suppressed);
}

#[test]
fn levels_come_from_results_rules_and_their_kind() {
    let check = |result: &str, expect| assert_eq!(one(result).level, expect, "{result}");
    check(r#"{"ruleId":"a","level":"error"}"#, Level::Error);
    check(r#"{"ruleId":"a"}"#, Level::Note);
    check(r#"{"ruleIndex":0}"#, Level::Note);
    check(r#"{"ruleId":"a/part","message":{"text":"x"}}"#, Level::Note);
    check(r#"{"ruleId":"b"}"#, Level::Warning);
    check(r#"{"ruleId":"unknown"}"#, Level::Warning);
    check(r#"{"ruleId":"a","level":"error","kind":"informational"}"#, Level::None);
    check(r#"{"rule":{"id":"a","index":0,"toolComponent":{"index":0}}}"#, Level::Error);
    check(r#"{"rule":{"id":"a","toolComponent":{"guid":"g1"}}}"#, Level::Error);
    check(r#"{"rule":{"id":"a","toolComponent":{"name":"more"}}}"#, Level::Error);
    // An index that points at another rule than the id names is not believed.
    check(r#"{"ruleId":"a","ruleIndex":1}"#, Level::Note);
    check(r#"{"ruleId":"a","ruleIndex":-1}"#, Level::Note);
}

#[test]
fn rules_may_be_overridden_by_the_invocation() {
    let found = of_run(
        r#""tool":{"driver":{"name":"t","rules":[{"id":"a"}]}},"invocations":[{"executionSuccessful":true,
           "ruleConfigurationOverrides":[{"descriptor":{"index":0},"configuration":{"level":"error"}}]}],
           "results":[{"ruleId":"a","message":{"text":"x"}}]"#,
    );
    assert_eq!(found.findings[0].level, Level::Error);
}

#[test]
fn scores_of_security_make_the_severity() {
    assert_eq!(one(r#"{"ruleId":"b"}"#).severity, Severity::Critical);
    let of_extension = r#"{"rule":{"index":0,"toolComponent":{"index":0}}}"#;
    assert_eq!(one(of_extension).severity, Severity::High);
    let check = |score: f64, expect| {
        assert_eq!(Severity::of(Level::Warning, Some(score)), expect, "{score}");
    };
    check(10.0, Severity::Critical);
    check(9.0, Severity::Critical);
    check(8.9, Severity::High);
    check(4.0, Severity::Medium);
    check(0.1, Severity::Low);
    check(0.0, Severity::Warning);
    check(11.0, Severity::Warning);
    check(f64::NAN, Severity::Warning);
}

#[test]
fn messages_are_put_together() {
    let check = |message: &str, expect: &str| {
        let text = format!(r#"{{"ruleId":"a","message":{message}}}"#);
        assert_eq!(one(&text).message, expect);
    };
    check(r#"{"text":"plain"}"#, "plain");
    check(r#"{"id":"m","arguments":["x","bad"]}"#, "x is bad");
    check(r#"{"text":"from [here](1)"}"#, "from here");
    check(r#"{"markdown":"**b**"}"#, "**b**");
    let finding = one(r#"{"ruleId":"a"}"#);
    assert_eq!(finding.title, "Title of a");
    assert_eq!(finding.help.as_deref(), Some("https://example.com/a"));
}

#[test]
fn places_are_paths_of_the_repository() {
    let check = |location: &str, expect: &str| {
        let text = format!(
            r#"{{"ruleId":"a","locations":[{{"physicalLocation":{{"artifactLocation":{location}}}}},{{}}]}}"#
        );
        assert_eq!(one(&text).place.unwrap().file, expect, "{location}");
    };
    check(r#"{"uri":"src/a.c"}"#, "src/a.c");
    check(r#"{"uri":"a.c","uriBaseId":"%SRCROOT%"}"#, "a.c");
    check(r#"{"uri":"a.c","uriBaseId":"SUB"}"#, "sub/dir/a.c");
    check(r#"{"index":0}"#, "sub/dir/listed file.c");
    check(r#"{"uri":"file:///home/ci/repo/x/%C3%A4.c"}"#, "x/ä.c");
    check(r#"{"uri":"file:///other/a.c"}"#, "/other/a.c");
    check(r#"{"uri":"file:///C:/r/a.c"}"#, "C:/r/a.c");
    check(r#"{"uri":"./a\\b.c"}"#, "a/b.c");
    assert!(one(r#"{"ruleId":"a","locations":[{"physicalLocation":{}}]}"#).place.is_none());
    assert!(one(r#"{"ruleId":"a","locations":[]}"#).place.is_none());
}

#[test]
fn regions_and_snippets_are_told() {
    let finding = one(
        r#"{"ruleId":"a","baselineState":"unchanged","partialFingerprints":{"primaryLocationLineHash":"39fa2ee980eb94b0:1"},
        "locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},
        "region":{"startLine":3,"startColumn":5,"endLine":2,"endColumn":9,"snippet":{"text":"eval(x)"}}}}]}"#,
    );
    let place = finding.place.unwrap();
    assert_eq!((place.line, place.column, place.end_line), (Some(3), Some(5), None));
    assert_eq!(finding.snippet, "eval(x)");
    assert_eq!(finding.baseline, Some(BaselineState::Unchanged));
    assert_eq!(finding.fingerprints["primaryLocationLineHash"], "39fa2ee980eb94b0:1");
    let found = findings(&file("bandit.sarif"));
    assert_eq!(found.findings[1].snippet, "    password = \"hunter2hunter2\"\n");
}

#[test]
fn results_that_say_that_all_is_well_are_none() {
    let found = of_run(
        r#""tool":{"driver":{"name":"t"}},"results":[{"kind":"pass"},{"kind":"notApplicable"}]"#,
    );
    assert_eq!(found.findings, []);
}

#[test]
fn a_tool_that_did_not_get_to_its_end_is_told_of() {
    let check = |run: &str, expect: &str| {
        let found = of_run(&format!(r#""tool":{{"driver":{{"name":"t"}}}},{run}"#));
        assert_eq!(found.incomplete, [expect]);
    };
    check(r#""invocations":[{"executionSuccessful":false}]"#, "t: it did not succeed");
    check(
        r#""invocations":[{"executionSuccessful":false,"toolExecutionNotifications":[
            {"level":"error","message":{"text":"out of memory"}},{"level":"note","message":{"text":"x"}}]}]"#,
        "t: out of memory",
    );
    check(
        r#""externalPropertyFileReferences":{"results":[]}"#,
        "t: parts of the log are in other files, which are not read",
    );
}
