//! The record of every decision, with a server and without.

use std::fs;

use serde_json::Value;
use tidegate_ledger::{Entry, verify};

use crate::program::Program;

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '1'}\n";

/// A folder whose ledger has entries, and whose server is gone.
fn left_behind() -> Program {
    let mut program = Program::with_server();
    for value in ["'1'", "'2'", "'3'"] {
        let said = program.run_with_input(&["apply", "-f", "-"], &CONFIG.replace("'1'", value));
        assert_eq!(said.code, 0, "{}", said.err);
    }
    program.kill();
    program
}

#[test]
fn it_says_who_did_what_with_a_server_and_without() {
    let mut program = left_behind();
    let check = |program: &Program, args: &[&str]| {
        let table = program.ok(args);
        let last = table.lines().last().unwrap();
        for word in ["ada", "Applied", "ConfigMap default/a"] {
            assert!(last.contains(word), "{args:?}: {table}");
        }
        table
    };
    let offline = check(&program, &["ledger", "show", "a"]);
    assert_eq!(offline.lines().count(), 4, "{offline}");
    program.start();
    assert_eq!(check(&program, &["ledger", "show", "a"]), offline);
    assert_eq!(check(&program, &["ledger", "show", "a", "--offline"]), offline);
    assert_eq!(program.ok(&["ledger", "show", "a", "--tail", "1"]).lines().count(), 2);
    assert_eq!(program.ok(&["ledger", "show", "nobody"]).lines().count(), 1);
}

#[test]
fn what_was_exported_can_be_checked_by_anyone() {
    let program = left_behind();
    let text = program.ok(&["ledger", "export"]);
    let entries = text.lines().map(|line| serde_json::from_str::<Entry>(line).unwrap());
    let summary = verify(entries, None).unwrap();
    assert!(summary.entries >= 3);
    let head = format!("{}:{}", summary.head.sequence, summary.head.hash);
    let told = program.ok(&["ledger", "verify", "--head", &head]);
    assert_eq!(told, format!("the ledger holds: {} entries\nhead {head}\n", summary.entries));
    let said = program.run(&["ledger", "export", "--to", "out.jsonl"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(fs::read_to_string(program.folder().join("out.jsonl")).unwrap(), text);
    let again = program.run(&["ledger", "export", "--to", "out.jsonl"]);
    assert_eq!(again.code, 1, "an export is not written over another one");
}

#[test]
fn an_export_is_checked_from_its_file_and_a_table_is_for_people() {
    let program = left_behind();
    program.ok(&["ledger", "export", "--to", "out.jsonl"]);
    let told = program.ok(&["ledger", "verify"]);
    assert_eq!(program.ok(&["ledger", "verify", "--from", "out.jsonl"]), told);
    let path = program.folder().join("out.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("Applied", "Denied", 1)).unwrap();
    let altered = program.run(&["ledger", "verify", "--from", "out.jsonl"]);
    assert_eq!(altered.code, 1);
    assert!(altered.out.contains("was altered"), "{}", altered.out);
    let count = text.lines().count();
    let head = told.lines().last().unwrap().trim_start_matches("head ").to_owned();
    let kept: Vec<_> = text.lines().take(count - 1).collect();
    fs::write(&path, kept.join("\n")).unwrap();
    let cut = program.run(&["ledger", "verify", "--from", "out.jsonl", "--head", &head]);
    assert!(cut.code == 1 && cut.out.contains("cut off"), "{}", cut.out);
    let table = program.ok(&["ledger", "export", "--format", "csv"]);
    assert!(table.starts_with("sequence,at,"), "{table}");
    assert_eq!(table.split_terminator("\r\n").count(), count + 1);
}

#[test]
fn a_ledger_that_is_not_what_it_was_is_told_with_exit_code_1() {
    let mut program = left_behind();
    let head = format!("1:{}", "0".repeat(64));
    let args = ["ledger", "verify", "--head", head.as_str()];
    let offline = program.run(&args);
    assert_eq!(offline.code, 1);
    assert!(
        offline.out.contains("is broken") && offline.out.contains("rewritten"),
        "{}",
        offline.out
    );
    program.start();
    let online = program.run(&args);
    assert_eq!((online.code, online.out), (1, offline.out));
    let json: Value =
        serde_json::from_str(&program.run(&["ledger", "verify", "-o", "json"]).out).unwrap();
    assert_eq!(json["holds"], true);
}

#[test]
fn a_folder_with_no_ledger_is_told() {
    let program = Program::new();
    let said = program.run(&["ledger", "verify"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("there is no store to read in HERE/data"), "{}", said.err);
    assert!(said.err.contains("name the data folder with --data"), "{}", said.err);
}
