//! YAML itself.

use tidegate_workflow_file::read_workflow;

use crate::{check, job, steps, told};

#[test]
fn what_is_no_yaml_is_told_where_it_is() {
    check(
        &steps("- run: a: b"),
        &["6:15 not valid YAML: mapping values are not allowed in this context"],
    );
    check(&steps("- run: @a"), &["6:14 not valid YAML: unexpected character: `@'"]);
    let reading = read_workflow("w.yml", "on: push\njobs:\n\tbuild: x\n");
    let problem = &reading.problems[0];
    assert!(problem.message.starts_with("not valid YAML"), "{problem}");
    assert_eq!(
        problem.hint.as_deref(),
        Some("the line begins with a tab; YAML is indented with spaces")
    );
    assert!(reading.root.is_none() && !reading.is_valid());
}

#[test]
fn a_file_is_one_document_that_is_a_mapping() {
    check("", &["1:1 Expected a scalar value, a sequence, or a mapping"]);
    check("# nothing\n", &["1:1 Expected a scalar value, a sequence, or a mapping"]);
    check("---\n", &["2:1 Unexpected value ''"]);
    check("- a", &["1:1 A sequence was not expected"]);
    check("a", &["1:1 Unexpected value 'a'"]);
    let two = format!("{}---\n{}", steps("- run: a"), steps("- run: b"));
    check(&two, &["7:1 Expected stream end parse event: the file holds several documents"]);
    check(&format!("%YAML 1.2\n---\n{}...\n", steps("- run: a")), &[]);
    check(&format!("\u{feff}{}", steps("- run: a")), &[]);
    check(&steps("- run: a").replace('\n', "\r\n"), &[]);
}

#[test]
fn keys_are_scalars_and_there_once() {
    check(&job("runs-on: x\nenv: { A: b, a: c }"), &["5:18 'a' is already defined"]);
    check(&job("runs-on: x\nRuns-On: y"), &["5:5 'Runs-On' is already defined"]);
    check(&job("runs-on: x\nenv: { 1: b, '1': c }"), &["5:18 '1' is already defined"]);
    check(&job("runs-on: x\nenv: { [a]: b }"), &["5:12 Unexpected mapping key: a key is a scalar"]);
    check(&job("runs-on: x\nenv: { : b }"), &["5:12 Unexpected value ''"]);
}

#[test]
fn aliases_stand_for_what_they_name() {
    check(&job("runs-on: &os x\nname: *os\nenv: { *os : a }"), &[]);
    check(
        &job("runs-on: x\nenv: { A: *nothing }"),
        &["5:15 not valid YAML: while parsing node, found unknown anchor"],
    );
    // What is wrong is told where it is written.
    check(
        &steps("- &one\n  rnu: a\n- *one"),
        &[
            "7:9 Unexpected value 'rnu'",
            "7:9 There's not enough info to determine what you meant. Add one of these properties: cancel, parallel, run, shell, uses, wait, wait-all, with, working-directory",
        ],
    );
    // GitHub knows no merge keys.
    check(&job("runs-on: x\nenv: { <<: { A: b } }"), &["5:16 A mapping was not expected"]);
}

#[test]
fn an_alias_of_what_is_around_it_is_refused() {
    let reading =
        read_workflow("w.yml", &job("runs-on: x\nstrategy: { matrix: { a: &a [1, *a] } }"));
    assert_eq!(
        told(&reading),
        ["5:37 Unknown anchor: an alias stands for what is complete before it"]
    );
}

#[test]
fn tags_are_those_of_yaml() {
    check(&job("runs-on: !!str 5"), &[]);
    check(&job("runs-on: x\ntimeout-minutes: !!int 5"), &[]);
    check(&job("runs-on: x\ntimeout-minutes: !<tag:yaml.org,2002:float> 5"), &[]);
    check(
        &job("runs-on: x\nname: !!null ''"),
        &["5:18 The scalar style is not valid with the tag 'tag:yaml.org,2002:null'"],
    );
    check(
        &job("runs-on: !!bool x"),
        &["4:21 The value 'x' is invalid for the type 'tag:yaml.org,2002:bool'"],
    );
    check(
        &job("runs-on: !!int 1x"),
        &["4:20 The value '1x' is invalid for the type 'tag:yaml.org,2002:int'"],
    );
    check(
        &job("runs-on: !!timestamp 2026-01-01"),
        &["4:26 Unexpected tag 'tag:yaml.org,2002:timestamp'"],
    );
    check(&job("runs-on: x\nif: !cancelled()"), &["5:21 Unexpected tag '!cancelled()'"]);
    check(
        &job("runs-on: x\ntimeout-minutes: 0x1FFFFFFFF"),
        &["5:22 The value '0x1FFFFFFFF' is invalid for the type 'tag:yaml.org,2002:int'"],
    );
}

#[test]
fn brackets_may_close_where_their_key_begins() {
    check(
        "on:\n  push:\n    branches: [\n      main\n    ]\njobs: {\n  build: { runs-on: x }\n}\n",
        &[],
    );
}
