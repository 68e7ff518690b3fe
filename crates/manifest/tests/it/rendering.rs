use std::fmt::Write as _;

use tidegate_manifest::{Problems, read};

const TEXT: &str = "\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports:
  - port: eighty
    targetport: http
";

fn problems(text: &str) -> Problems {
    read("web.yaml", text).unwrap_err()
}

#[test]
fn a_problem_is_shown_under_its_line() {
    let expected = "\
error: found the text \"eighty\"
 --> web.yaml:7:11 in spec.ports[0].port
  |
7 |   - port: eighty
  |           ^^^^^^
  = allowed: a whole number from 1 to 65535

error: unknown field \"targetport\"
 --> web.yaml:8:5 in spec.ports[0].targetport
  |
8 |     targetport: http
  |     ^^^^^^^^^^
  = allowed: name, port, targetPort, protocol or nodePort
  = help: did you mean \"targetPort\"?
";
    assert_eq!(problems(TEXT).snippets().to_string(), expected);
}

#[test]
fn carets_stand_under_tabs_and_wide_letters_too() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector:\t{app: ä, b: 5}, ports: [{port: 80}]}\n";
    let shown = problems(text).snippets().to_string();
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[3], "4 | spec: {selector: {app: ä, b: 5}, ports: [{port: 80}]}");
    let column = |line: &str, letter| line.chars().position(|c| c == letter);
    assert_eq!(column(lines[4], '^'), column(lines[3], 'ä'));
    assert_eq!(column(lines[10], '^'), column(lines[9], '5'));
}

#[test]
fn problems_survive_json() {
    let problems = problems(TEXT);
    let json = serde_json::to_value(&problems).unwrap();
    assert_eq!(json["problems"][0]["line"], 7);
    assert_eq!(json["problems"][0]["column"], 11);
    assert_eq!(json["problems"][0]["field"], "spec.ports[0].port");
    assert_eq!(json["problems"][1]["hint"], "did you mean \"targetPort\"?");
    assert_eq!(serde_json::from_value::<Problems>(json).unwrap(), problems);
}

#[test]
fn the_lines_of_a_secret_are_not_repeated() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  token: hunter2!\n";
    let problems = problems(text);
    assert_eq!(problems.problems[0].line, 5);
    for shown in [
        problems.to_string(),
        problems.snippets().to_string(),
        serde_json::to_string(&problems).unwrap(),
        format!("{problems:?}"),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_file_of_another_kind_altogether_gives_a_bounded_answer() {
    let mut text = String::from("apiVersion: v1\nkind: Service\n");
    for number in 0..2_000 {
        writeln!(text, "field{number}: 1").unwrap();
    }
    let problems = problems(&text);
    assert_eq!((problems.problems.len(), problems.omitted), (Problems::MOST, 1_502));
    assert!(problems.to_string().ends_with("and 1502 more"));
}
