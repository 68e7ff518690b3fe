//! The tree of tokens.

use tidegate_workflow_file::{Kind, Place, Token, read_workflow};

use crate::{job, steps};

/// A token in one line, without its place.
fn shown(token: &Token) -> String {
    match &token.kind {
        Kind::Null => "null".to_owned(),
        Kind::Boolean(value) => value.to_string(),
        Kind::Number(value) => value.to_string(),
        Kind::Text(text) => format!("{text:?}"),
        Kind::Expression(template) => format!("<{}>", template.text),
        Kind::Insert => "insert".to_owned(),
        Kind::List(items) => {
            format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Kind::Map(pairs) => {
            let pair = |pair: &tidegate_workflow_file::Pair| {
                format!("{}: {}", shown(&pair.key), shown(&pair.value))
            };
            format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

fn root(text: &str) -> Token {
    let reading = read_workflow("w.yml", text);
    assert!(reading.is_valid(), "{:?}", reading.problems);
    reading.root.unwrap()
}

fn build(text: &str) -> Token {
    root(text).get("jobs").and_then(|jobs| jobs.get("build")).unwrap().clone()
}

#[track_caller]
fn check(lines: &str, key: &str, expect: &str) {
    let build = build(&job(&format!("runs-on: x\n{lines}")));
    assert_eq!(shown(build.get(key).unwrap()), expect, "{lines}");
}

#[test]
fn scalars_become_what_their_place_asks_for() {
    check("timeout-minutes: 5", "timeout-minutes", "5");
    check("timeout-minutes: 0x10", "timeout-minutes", "16");
    check("continue-on-error: TRUE", "continue-on-error", "true");
    check("name: 3.10", "name", r#""3.1""#);
    check("name: true", "name", r#""true""#);
    check("name:", "name", r#""""#);
    check("name: 1e3", "name", r#""1000""#);
    check(
        "env: { A: 1, B: ~, C: no, D: 'x' }",
        "env",
        r#"{"A": "1", "B": "", "C": "no", "D": "x"}"#,
    );
    check("env: { 1: a, true: b }", "env", r#"{"1": "a", "true": "b"}"#);
    check("name: |\n  one\n  two", "name", r#""one\ntwo\n""#);
    check("name: >-\n  one\n  two", "name", r#""one two""#);
    check("name: !!str 5", "name", r#""5""#);
}

#[test]
fn a_matrix_keeps_the_kinds_of_its_values() {
    check(
        "strategy: { matrix: { v: [1, '1', true, ~, x, 3.10, [a], { b: 2 }] } }",
        "strategy",
        r#"{"matrix": {"v": [1, "1", true, null, "x", 3.1, ["a"], {"b": 2}]}}"#,
    );
}

#[test]
fn expressions_in_a_text_become_one() {
    check("name: ${{ github.ref }}", "name", "<github.ref>");
    check("name: ${{github.ref}}", "name", "<github.ref>");
    check("name: a ${{ github.ref }}", "name", "<format('a {0}', github.ref)>");
    check("name: ${{ vars.a }}${{ vars.b }}", "name", "<format('{0}{1}', vars.a, vars.b)>");
    check("name: it's {0} ${{ vars.a }}", "name", "<format('it''s {{0}} {0}', vars.a)>");
    check("name: ${{ 'a }} b' }}", "name", r#""a }} b""#);
    check("name: ${{ 'it''s' }}", "name", r#""it's""#);
    check("name: a ${{ 'b' }}", "name", "<format('a {0}', 'b')>");
    check("timeout-minutes: ${{ vars.minutes }}", "timeout-minutes", "<vars.minutes>");
    check("strategy: ${{ fromJSON(vars.s) }}", "strategy", "<fromJSON(vars.s)>");
}

#[test]
fn keys_may_be_expressions_where_expressions_may_be() {
    check("env: { '${{ vars.name }}': a }", "env", r#"{<vars.name>: "a"}"#);
    check(
        "env: { '${{ insert }}': '${{ vars.all }}', B: c }",
        "env",
        r#"{insert: <vars.all>, "B": "c"}"#,
    );
}

#[test]
fn a_condition_asks_for_success_unless_it_asks_for_a_status() {
    let check = |condition: &str, expect: &str| check(&format!("if: {condition}"), "if", expect);
    check("github.ref == 'x'", "<success() && (github.ref == 'x')>");
    check("${{ github.ref == 'x' }}", "<success() && (github.ref == 'x')>");
    check("always()", "<always()>");
    check("'!cancelled()'", "<!cancelled()>");
    check("failure('a', 'b') || github.ref", "<failure('a', 'b') || github.ref>");
    check("", "<success()>");
    check("true", "<success() && (true)>");
    check("5", "<success() && (5)>");
    check("contains(github.ref, 'always()')", "<success() && (contains(github.ref, 'always()'))>");
    check("'  github.ref  '", "<success() && (github.ref)>");
    check("${{ github.ref }} == x", "<success() && (format('{0} == x', github.ref))>");
}

#[test]
fn tokens_know_where_they_are() {
    let text = steps(
        "- name: one\n  run: |\n    echo a\n    echo ${{ github.sha }} ${{ github.ref }}\n- &two\n  run: \"x ${{ github.sha }}\"\n- *two",
    );
    let build = build(&text);
    let steps = build.get("steps").and_then(Token::items).unwrap();
    let starts: Vec<Place> = steps.iter().map(|step| step.span.start).collect();
    let place = |line, column| Place { line, column };
    assert_eq!(starts, [place(6, 9), place(11, 9), place(11, 9)]);
    let script = steps[0].get("run").unwrap();
    assert_eq!(script.span.start, place(7, 14));
    let Kind::Expression(template) = &script.kind else { panic!("{script:?}") };
    let parts: Vec<_> =
        template.parts.iter().map(|part| (part.text.as_str(), part.span.start)).collect();
    assert_eq!(parts, [("github.sha", place(9, 16)), ("github.ref", place(9, 34))]);
    let Some(Kind::Expression(quoted)) = steps[1].get("run").map(|run| &run.kind) else { panic!() };
    assert_eq!(quoted.parts[0].span.start, place(11, 17));
    assert_eq!(quoted.parts[0].span.end, place(11, 34));
}

#[test]
fn all_expressions_of_a_tree_are_found_in_the_order_of_the_file() {
    let root = root(&job(
        "runs-on: ${{ vars.a }}\nenv: { X: '${{ vars.b }}', '${{ vars.c }}': y }\nsteps: [{ run: '${{ vars.d }} ${{ vars.e }}' }]",
    ));
    let found: Vec<_> = root
        .templates()
        .into_iter()
        .flat_map(|(_, template)| template.parts.iter().map(|part| part.text.clone()))
        .collect();
    assert_eq!(found, ["vars.a", "vars.b", "vars.c", "vars.d", "vars.e"]);
    assert!(root.has_expression());
    assert!(!root.get("on").unwrap().has_expression());
}

#[test]
fn an_outline_says_what_a_workflow_is() {
    let reading = read_workflow(
        "w.yml",
        "name: Build\non: [push, pull_request]\njobs:\n  a: { runs-on: x }\n  b: { needs: a, runs-on: x }\n  c: { needs: [a, b], uses: o/r/.github/workflows/x.yml@v1 }\n",
    );
    let outline = serde_json::to_string(&reading.outline()).unwrap();
    assert_eq!(
        outline,
        r#"{"name":"Build","events":["push","pull_request"],"jobs":[{"id":"a","needs":[]},{"id":"b","needs":["a"]},{"id":"c","needs":["a","b"],"uses":"o/r/.github/workflows/x.yml@v1"}]}"#
    );
    let outline = read_workflow("w.yml", "on: { push: , schedule: [] }\njobs: {}").outline();
    assert_eq!(
        (outline.name, outline.events),
        (None, vec!["push".to_owned(), "schedule".to_owned()])
    );
    assert_eq!(read_workflow("w.yml", "[").outline(), tidegate_workflow_file::Outline::default());
}
