use tidegate_workflow_commands::{MatcherError, Matchers, Problem, Verdict, read_matchers};

fn matchers(file: &str) -> Matchers {
    let mut matchers = Matchers::new();
    matchers.add(&read_matchers(file.as_bytes()).unwrap());
    matchers
}

fn brief(problem: &Problem) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or("-".to_owned());
    let number = |value: Option<u32>| value.map_or("-".to_owned(), |value| value.to_string());
    let told = &problem.annotation;
    let (line, column) = (number(told.line), number(told.column));
    format!(
        "{} {}:{line}:{column} {} {}",
        told.level.name(),
        text(&told.file),
        text(&told.code),
        told.message
    )
}

/// The problems that the lines tell, each behind the number of its line from 1.
fn check(matchers: &mut Matchers, lines: &[&str], expect: &[&str]) {
    let mut told = Vec::new();
    for (number, line) in (1..).zip(lines) {
        if let Verdict::Problem(problem) = matchers.look(line, &mut Vec::new()) {
            told.push(format!("{number}: {}", brief(&problem)));
        }
    }
    assert_eq!(told, expect);
}

const GCC: &str = r#"{"problemMatcher": [{"owner": "gcc", "pattern": [{
    "regexp": "^(.*):(\\d+):(\\d+):\\s+(warning|error):\\s+(.*)$",
    "file": 1, "line": 2, "column": 3, "severity": 4, "message": 5}]}]}"#;

const ESLINT: &str = r#"{"problemMatcher": [{"owner": "eslint", "severity": "warning", "pattern": [
    {"regexp": "^([^\\s].*)$", "file": 1},
    {"regexp": "^\\s+(\\d+):(\\d+)\\s+(error|warning)?\\s+(.*)\\s\\s+(.*)$",
     "line": 1, "column": 2, "severity": 3, "message": 4, "code": 5, "loop": true}]}]}"#;

#[test]
fn one_line_tells_a_problem() {
    check(
        &mut matchers(GCC),
        &["a.c:3:7: error: no such thing", "a.c:3:7: note: x", "b.c:9:1: warning: odd"],
        &["1: error a.c:3:7 - no such thing", "3: warning b.c:9:1 - odd"],
    );
}

#[test]
fn colours_do_not_count() {
    let line = "\x1b[1ma.c:3:7:\x1b[0m \x1b[01;31merror:\x1b[K no such thing";
    let mut matchers = matchers(GCC);
    let Verdict::Problem(problem) = matchers.look(line, &mut Vec::new()) else {
        panic!("no problem")
    };
    assert_eq!(problem.line, "a.c:3:7: error: no such thing");
    check(
        &mut matchers,
        &["\x1b[1ma.c:3:7:\x1b[0m \x1b[01;31merror:\x1b[m no such thing"],
        &["1: error a.c:3:7 - no such thing"],
    );
}

#[test]
fn a_pattern_may_ask_for_colours() {
    finds(r"^\x1b\[1m(.+)\x1b\[0m$", "\x1b[1mbold\x1b[0m", Some("bold"));
    finds(r"^(?:\x1b\[\d+m)?(.+?)(?:\x1b\[\d+m)*$", "\x1b[31mred\x1b[0m", Some("red"));
    finds(r"^(\w+)$", "\x1b[31mred\x1b[0m", Some("red"));
}

#[test]
fn a_file_may_have_comments_and_needless_commas() {
    let file = "{ // one\n \"problemMatcher\": [{\"owner\": \"o//,]\", /* two\n */ \"pattern\": [\n\
        {\"regexp\": \"^(a\\\")$\", \"message\": 1,}, // three\n ],},],\n} // four";
    let specs = read_matchers(file.as_bytes()).unwrap();
    assert_eq!(
        (specs[0].owner.as_str(), specs[0].patterns[0].regexp.as_str()),
        ("o//,]", "^(a\")$")
    );
    let told = read_matchers(b"{ /* \n */ \"problemMatcher\": 1,}").unwrap_err().to_string();
    assert!(told.starts_with("line 2, column "), "{told}");
    assert!(read_matchers(b"{\"a\": 1,,}").is_err() && read_matchers(b"/*").is_err());
}

#[test]
fn several_lines_tell_problems_of_one_file() {
    let lines = [
        "src/a.js",
        "  1:2  error  first thing  rule/one",
        "  3:4    second thing  rule/two",
        "",
        "  5:6  error  lost  x",
        "src/b.js",
        "  7:8  error  third thing  rule/three",
    ];
    check(
        &mut matchers(ESLINT),
        &lines,
        &[
            "2: error src/a.js:1:2 rule/one first thing",
            "3: warning src/a.js:3:4 rule/two   second thing",
            "7: error src/b.js:7:8 rule/three third thing",
        ]
        .map(|line| {
            if line.starts_with("3:") {
                "3: warning src/a.js:3:4 rule/two second thing"
            } else {
                line
            }
        }),
    );
}

const THREE: &str = r#"{"problemMatcher": [{"owner": "three", "pattern": [
    {"regexp": "^error: (.+)$", "message": 1},
    {"regexp": "^file (.+)$", "file": 1},
    {"regexp": "^line (\\d+)$", "line": 1}]}]}"#;

#[test]
fn a_line_between_breaks_what_was_begun() {
    check(
        &mut matchers(THREE),
        &["error: a", "file b", "line 1", "line 2"],
        &["3: error b:1:- - a"],
    );
    check(&mut matchers(THREE), &["error: a", "x", "file b", "line 1"], &[]);
    check(
        &mut matchers(THREE),
        &["error: a", "error: b", "file c", "line 1"],
        &["4: error c:1:- - b"],
    );
    check(&mut matchers(THREE), &["error: a", "file b", "file c", "line 1"], &[]);
}

#[test]
fn another_step_begins_anew() {
    let mut matchers = matchers(THREE);
    check(&mut matchers, &["error: a", "file b"], &[]);
    matchers.reset();
    check(&mut matchers, &["line 1"], &[]);
}

#[test]
fn the_matcher_added_last_looks_first_and_takes_its_owners_place() {
    let file = |severity: &str, owner: &str| {
        format!(
            r#"{{"problemMatcher": [{{"owner": "{owner}", "severity": "{severity}", "pattern": [{{"regexp": "^x (.*)$", "message": 1}}]}}]}}"#
        )
    };
    let mut matchers = matchers(&file("notice", "one"));
    check(&mut matchers, &["x 1"], &["1: notice -:-:- - 1"]);
    matchers.add(&read_matchers(file("warning", "two").as_bytes()).unwrap());
    check(&mut matchers, &["x 1"], &["1: warning -:-:- - 1"]);
    matchers.add(&read_matchers(file("error", "ONE").as_bytes()).unwrap());
    check(&mut matchers, &["x 1"], &["1: error -:-:- - 1"]);
    matchers.remove("One");
    check(&mut matchers, &["x 1"], &["1: warning -:-:- - 1"]);
    matchers.remove("two");
    assert!(matchers.is_empty());
}

fn with_pattern(pattern: &str) -> String {
    serde_json::json!({"problemMatcher": [{"owner": "o", "pattern": [{"regexp": pattern, "message": 1}]}]}).to_string()
}

/// Whether the pattern, as JavaScript writes it, finds this message in the line.
fn finds(pattern: &str, line: &str, expect: Option<&str>) {
    let verdict = matchers(&with_pattern(pattern)).look(line, &mut Vec::new());
    let told = match verdict {
        Verdict::Problem(problem) => Some(problem.annotation.message),
        Verdict::Text => None,
    };
    assert_eq!(told.as_deref(), expect, "{pattern} in {line:?}");
}

#[test]
fn patterns_are_read_as_javascript_writes_them() {
    finds(r"^(\d+)$", "12", Some("12"));
    finds(r"^(\d+)$", "١٢", None);
    finds(r"^(\w+)$", "naïve", None);
    finds(r"^([\w.-]+)$", "a-b.c", Some("a-b.c"));
    finds(r"^([^\s\d]+)$", "ab", Some("ab"));
    finds(r"^([\S\d]+)$", "a1", Some("a1"));
    finds(r"^\/(a)\/\-\:", "/a/-:", Some("a"));
    finds(r"^([[(]x)", "[x", Some("[x"));
    finds(r"^([\w-.]+)$", "a-.b", Some("a-.b"));
    finds(r"^([a-\d]+)x$", "a-1x", Some("a-1"));
    finds(r"^([^\s-\d]+)$", "ab", Some("ab"));
    finds(r"^([\S-a]+) $", "a-b ", Some("a-b"));
    finds(r"^([&&-~]+)$", "&~", Some("&~"));
    finds(r"^(a{b}c)$", "a{b}c", Some("a{b}c"));
    finds(r"^({a{2}})$", "{aa}", Some("{aa}"));
    finds(r"^([{}]+)$", "{}", Some("{}"));
    finds(r"^(a)\u003a\x3a\t$", "a::\t", Some("a"));
    finds(r"^(?:\x1b\[\d+m)?(a)", "a", Some("a"));
    finds(r"\b(a)\b", "-a-", Some("a"));
    finds(r"^(?<name>a+)b", "aab", Some("aa"));
    finds(r"^(.*?)\s*$", "a  ", Some("a"));
    finds(r"^(é.)$", "éü", Some("éü"));
    finds(r"^(a)\033$", "a\x1b", Some("a"));
}

#[test]
fn patterns_may_look_around_and_back() {
    finds(r"^(?!note)(\w+): ", "error: x", Some("error"));
    finds(r"^(?!note)(\w+): ", "note: x", None);
    finds(r"(?<=a)(b)", "ab", Some("b"));
    finds(r"(?<=a\s*)(b)", "a  b", Some("b"));
    finds(r"^(['x])a\1$", "'a'", Some("'"));
    finds(r"^(['x])a\1$", "'ax", None);
}

#[test]
fn a_pattern_that_never_ends_is_given_up() {
    let mut matchers = matchers(&with_pattern(r"^((?:a|a)*(?=c))\1b$"));
    let mut given_up = Vec::new();
    assert_eq!(matchers.look(&"a".repeat(60), &mut given_up), Verdict::Text);
    assert_eq!(given_up, ["o"]);
    assert!(matchers.is_empty());
}

#[test]
fn groups_may_be_text_and_a_mark_may_come_first() {
    let file = "\u{feff}{\"problemMatcher\": [{\"owner\": \"o\", \"pattern\": [{\"regexp\": \"^(a)$\", \"message\": \"1\"}]}]}";
    check(&mut matchers(file), &["a"], &["1: error -:-:- - a"]);
    assert_eq!(read_matchers(b"{}"), Ok(vec![]));
}

#[test]
fn the_path_that_files_are_looked_for_from_is_told() {
    let file = r#"{"problemMatcher": [{"owner": "o", "fromPath": "dir/p.csproj", "pattern": [
        {"regexp": "^(\\S+) (\\S+)(?: from (\\S+))?$", "file": 1, "message": 2, "fromPath": 3}]}]}"#;
    let from = |line: &str| match matchers(file).look(line, &mut Vec::new()) {
        Verdict::Problem(problem) => problem.from_path,
        Verdict::Text => None,
    };
    assert_eq!(from("a b").as_deref(), Some("dir/p.csproj"));
    assert_eq!(from("a b from c/d").as_deref(), Some("c/d"));
}

#[test]
fn an_empty_message_or_an_unknown_severity_tells_nothing() {
    let file = r#"{"problemMatcher": [{"owner": "o", "pattern": [{"regexp": "^(\\w*)!(.*)$", "severity": 1, "message": 2}]}]}"#;
    check(&mut matchers(file), &["error! ", "fatal!x", "!y"], &["3: error -:-:- - y"]);
}

/// What is wrong with one matcher of these fields.
fn refuses(fields: &str, expect: &str) {
    let told = read_matchers(format!(r#"{{"problemMatcher": [{{{fields}}}]}}"#).as_bytes())
        .unwrap_err()
        .to_string();
    assert!(told.contains(expect), "{told:?} does not say {expect:?}");
}

#[test]
fn what_is_wrong_with_a_file_is_told() {
    let one = r#"{"regexp": "^(a)(b)$", "message": 1}"#;
    refuses(&format!(r#""pattern": [{one}]"#), "Owner must not be empty");
    refuses(
        &format!(r#""owner": "o", "severity": "fatal", "pattern": [{one}]"#),
        "default severity 'fatal'",
    );
    refuses(r#""owner": "o""#, "does not contain any patterns");
    refuses(r#""owner": "o", "pattern": [{"regexp": "a", "file": 0}]"#, "must set 'message'");
    refuses(
        r#""owner": "o", "pattern": [{"regexp": "a", "message": 0, "loop": true}]"#,
        "Only the last pattern",
    );
    refuses(
        &format!(r#""owner": "o", "pattern": [{one}, {{"regexp": "b", "loop": true}}]"#),
        "must set 'message'",
    );
    refuses(&format!(r#""owner": "o", "pattern": [{one}, {one}]"#), "'message' is set twice");
    refuses(
        r#""owner": "o", "pattern": [{"regexp": "(a)", "message": 2}]"#,
        "set to 2 which is out of range: the pattern has groups 0 to 1",
    );
    refuses(
        r#""owner": "o", "pattern": [{"regexp": "(a", "message": 0}]"#,
        "the regexp '(a' cannot be used",
    );
    refuses(r#""owner": 1"#, "line 1, column 31");
    let twice = format!(
        r#"{{"problemMatcher": [{{"owner": "o", "pattern": [{one}]}}, {{"owner": "O", "pattern": [{one}]}}]}}"#
    );
    assert_eq!(read_matchers(twice.as_bytes()), Err(MatcherError::DuplicateOwner("O".to_owned())));
    assert!(matches!(read_matchers(&vec![b' '; 2 << 20]), Err(MatcherError::TooLong(_))));
}
