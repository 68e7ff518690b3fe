//! Backups made, checked and restored with the program itself.

use std::{fs, process::Command};

use serde_json::Value;

use crate::program::{Program, Said};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 'one'}\n";
const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {word: open-sesame}\n";

/// A server with something to lose.
fn serving() -> Program {
    let program = Program::with_server();
    for manifest in [CONFIG, SECRET] {
        let said = program.run_with_input(&["apply", "-f", "-"], manifest);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    program
}

/// Runs the program on another folder beside the data folder.
fn elsewhere(program: &Program, folder: &str, args: &[&str]) -> Said {
    let mut all = args.to_vec();
    all.extend(["--data", folder]);
    program.run(&all)
}

#[track_caller]
fn check_fails(said: &Said, code: i32, expect: &str) {
    assert!(said.code == code && said.err.contains(expect), "{said:?} should say {expect:?}");
}

fn words(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn a_backup_of_a_running_server_is_restored_elsewhere() {
    let program = serving();
    let public = program.ok(&["backup", "keygen", "key.txt"]);
    let told = program.ok(&["backup", "all.backup", "-r", public.trim()]);
    assert!(told.starts_with("backup all.backup made, encrypted for 1 key\n"), "{told}");
    let head = told.lines().last().unwrap().strip_prefix("head ").unwrap().to_owned();
    let bytes = fs::read(program.folder().join("all.backup")).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1") && !words(&bytes, "sesame"));

    let verified = program.ok(&["verify", "all.backup", "-i", "key.txt", "--head", &head]);
    assert!(verified.starts_with("all.backup holds: "), "{verified}");
    let said = elsewhere(&program, "other", &["restore", "all.backup", "-i", "key.txt"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let said = elsewhere(&program, "other", &["verify", "--head", &head]);
    assert!(said.code == 0 && said.out.contains(" holds: "), "{said:?}");
    let shown = elsewhere(&program, "other", &["ledger", "show"]).out;
    let last = shown.lines().last().unwrap();
    for word in ["ada", "Restored", "whose ledger ends at entry 2"] {
        assert!(last.contains(word), "{shown}");
    }

    assert_eq!(program.ok(&["verify"]).lines().count(), 2, "also of a folder in use");
}

#[test]
fn a_server_goes_on_from_a_backup_when_its_store_is_lost() {
    let mut program = serving();
    program.ok(&["backup", "all.backup", "--unencrypted"]);
    let said = program.run_with_input(&["apply", "-f", "-"], &CONFIG.replace("one", "lost"));
    assert_eq!(said.code, 0, "{}", said.err);
    let lost = program.ok(&["ledger", "verify"]);
    let lost = lost.lines().last().unwrap().strip_prefix("head ").unwrap();
    let token = fs::read(program.data().join("token")).unwrap();
    check_fails(&program.run(&["restore", "all.backup"]), 1, "HERE/data has a store");
    check_fails(&program.run(&["restore", "all.backup", "--replace"]), 1, "is in use by process");
    program.kill();
    program.ok(&["down"]);
    fs::rename(program.data(), program.folder().join("gone")).unwrap();

    program.ok(&["restore", "all.backup"]);
    assert_eq!(fs::read(program.data().join("token")).unwrap(), token);
    program.start();
    assert!(program.ok(&["get", "configmap", "a", "-o", "yaml"]).contains("a: one"));
    let said = program.run_with_input(&["apply", "-f", "-"], &CONFIG.replace("one", "two"));
    assert_eq!(said.code, 0, "{}", said.err);
    program.ok(&["verify"]);
    // Nobody takes it for the one that was lost.
    let said = program.run(&["verify", "--head", lost]);
    assert!(said.code == 1 && said.out.contains("the ledger was rewritten"), "{said:?}");

    program.kill();
    let before = program.ok(&["ledger", "export"]);
    let told = program.ok(&["restore", "all.backup", "--replace", "-o", "json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let aside = told["putAside"].as_str().unwrap().replace("HERE", ".");
    let said = elsewhere(&program, &aside, &["ledger", "export"]);
    assert_eq!(said.out, before, "what was there is kept");
    program.start();
    assert!(program.ok(&["get", "configmap", "a", "-o", "yaml"]).contains("a: one"));
}

#[test]
fn a_backup_is_encrypted_unless_it_is_said_that_it_is_not() {
    let program = serving();
    check_fails(&program.run(&["backup", "x"]), 2, "it is not said how to encrypt the backup");
    check_fails(&program.run(&["backup"]), 2, "FILE");
    check_fails(&program.run(&["backup", "x", "-r", "ssh-ed25519 A"]), 2, "is a key of SSH");
    let both = ["backup", "x", "-r", "age1", "--unencrypted"];
    check_fails(&program.run(&both), 2, "cannot be used with");
    let remote = ["backup", "x", "--unencrypted", "--server", "127.0.0.1:1"];
    check_fails(&program.run(&remote), 2, "--server has no meaning for `backup`");
    assert!(!program.folder().join("x").exists());

    program.write("word.txt", "high water\n");
    let told = program.ok(&["backup", "x", "--passphrase-file", "word.txt"]);
    assert!(told.contains("encrypted with a passphrase"), "{told}");
    check_fails(&program.run(&["verify", "x"]), 1, "with a passphrase, and none was given");
    program.ok(&["verify", "x", "--passphrase-file", "word.txt"]);
    let word =
        program.command().env("TIDEGATE_BACKUP_PASSPHRASE", "low").args(["verify", "x"]).output();
    let said = String::from_utf8(word.unwrap().stderr).unwrap();
    assert!(said.contains("the passphrase does not open the backup"), "{said}");
    check_fails(&program.run(&["backup", "x", "--unencrypted"]), 1, "x cannot be written");
}

#[test]
fn others_open_one_with_tar_alone() {
    let program = serving();
    program.ok(&["backup", "x.tar.gz", "--unencrypted"]);
    let sh = |script: &str| {
        let mut sh = Command::new("sh");
        let ran = sh.args(["-ec", script]).current_dir(program.folder()).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    sh("mkdir open; tar xzf x.tar.gz -C open; cd open; sha256sum --quiet -c SHA256SUMS");
    let ledger = fs::read_to_string(program.folder().join("open/ledger/000001.jsonl")).unwrap();
    assert!(program.ok(&["ledger", "export"]).starts_with(&ledger));
}

#[test]
fn a_folder_names_it_after_the_time_and_a_dash_is_standard_output() {
    let program = serving();
    fs::create_dir(program.folder().join("kept")).unwrap();
    let told: Value =
        serde_json::from_str(&program.ok(&["backup", "kept", "--unencrypted", "-o", "json"]))
            .unwrap();
    let file = told["file"].as_str().unwrap().to_owned();
    assert!(file.starts_with("kept/tidegate-2") && file.ends_with("Z.backup"), "{file}");
    assert_eq!(told["encryption"], "none");

    let out = program.command().args(["backup", "-", "--unencrypted"]).output().unwrap();
    assert!(String::from_utf8(out.stderr).unwrap().starts_with("backup made, not encrypted\n"));
    fs::write(program.folder().join("piped"), out.stdout).unwrap();
    let of = |file: &str| {
        let verdict = program.ok(&["verify", file, "-o", "json"]);
        serde_json::from_str::<Value>(&verdict).unwrap()["head"].clone()
    };
    assert_eq!((of(&file), of("piped")), (told["head"].clone(), told["head"].clone()));
}

#[test]
fn what_is_damaged_is_told_and_nothing_is_restored_of_it() {
    let program = serving();
    program.ok(&["backup", "whole", "--unencrypted"]);
    let bytes = fs::read(program.folder().join("whole")).unwrap();
    let check = |name: &str, bytes: &[u8], code: i32, expect: &str| {
        fs::write(program.folder().join(name), bytes).unwrap();
        let said = program.run(&["verify", name]);
        let told = format!("{}{}", said.out, said.err);
        assert!(said.code == code && told.contains(expect), "{said:?} should say {expect:?}");
        let said = elsewhere(&program, "other", &["restore", name]);
        check_fails(&said, 1, expect);
        assert!(!program.folder().join("other").exists(), "{name}");
    };
    check("empty", b"", 1, "it is empty");
    check("text", b"hello", 1, "it is no backup");
    check("half", &bytes[..bytes.len() / 2], 1, "its end is missing");
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 4;
    check("flipped", &flipped, 1, "the backup is damaged");
    let said = elsewhere(&program, "other", &["restore", "none"]);
    check_fails(&said, 1, "No such file");
}

#[test]
fn a_folder_of_somebody_else_is_not_restored_into() {
    let program = serving();
    program.ok(&["backup", "whole", "--unencrypted"]);
    program.write("home/letter.txt", "dear");
    let said = elsewhere(&program, "home", &["restore", "whole"]);
    check_fails(&said, 1, "letter.txt is in it");
    assert_eq!(fs::read_dir(program.folder().join("home")).unwrap().count(), 1);
}

/// Alters the store behind the program's back, as somebody does who knows of the sums.
fn forge(program: &Program, sql: &str) {
    let store = rusqlite::Connection::open(program.data().join("state.db")).unwrap();
    store.execute_batch(sql).unwrap();
    let mut documents = store.prepare("SELECT rowid, kind, key, body FROM document").unwrap();
    let rows = documents.query_map([], |row| {
        let texts: (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((row.get::<_, i64>(0)?, [texts.0, texts.1, texts.2].join("\0")))
    });
    for row in rows.unwrap().collect::<Vec<_>>() {
        let (row, text) = row.unwrap();
        let sum = i64::from(crc32fast::hash(text.as_bytes()));
        store.execute("UPDATE document SET sum = ?2 WHERE rowid = ?1", [row, sum]).unwrap();
    }
}

#[test]
fn a_document_that_is_not_what_was_written_shows() {
    let mut program = serving();
    program.kill();
    let store = rusqlite::Connection::open(program.data().join("state.db")).unwrap();
    store.execute_batch("UPDATE document SET body = replace(body, 'one', 'two')").unwrap();
    drop(store);
    let said = program.run(&["verify"]);
    assert!(said.code == 1 && said.out.contains("is not what was written"), "{said:?}");
}

#[test]
fn documents_that_are_not_what_the_ledger_says_show() {
    let check = |sql: &str, expect: &str| {
        let mut program = serving();
        program.kill();
        forge(&program, sql);
        let said = program.run(&["verify"]);
        assert!(said.code == 1 && said.out.contains(expect), "{said:?} should say {expect:?}");
    };
    let config = "WHERE kind = 'ConfigMap'";
    check(
        &format!("UPDATE document SET body = replace(body, 'one', 'two') {config}"),
        "ConfigMap default/a is not what was applied to it last",
    );
    check(&format!("DELETE FROM document {config}"), "is not there, but entry 1 speaks of it");
    check(
        &format!(
            "INSERT INTO document (kind, key, body)
             SELECT kind, 'default/b', body FROM document {config}"
        ),
        "no entry speaks of ConfigMap default/b",
    );
    check(&format!("UPDATE document SET body = '{{}}' {config}"), "the stored ConfigMap default/a");
    check(&format!("UPDATE document SET body = '{{' {config}"), "cannot read ConfigMap default/a");
}

#[test]
fn a_key_is_written_where_there_is_none() {
    let program = Program::new();
    let public = program.ok(&["backup", "keygen", "key.txt"]);
    let kept = fs::read_to_string(program.folder().join("key.txt")).unwrap();
    assert!(public.starts_with("age1") && kept.contains(public.trim()), "{kept}");
    assert!(kept.contains("AGE-SECRET-KEY-1"));
    check_fails(&program.run(&["backup", "keygen", "key.txt"]), 1, "key.txt cannot be written");
    assert_eq!(fs::read_to_string(program.folder().join("key.txt")).unwrap(), kept);
}

#[test]
fn an_earlier_position_is_restored_and_one_that_is_not_there_is_told() {
    let mut program = serving();
    for word in ["two", "three"] {
        let said = program.run_with_input(&["apply", "-f", "-"], &CONFIG.replace("one", word));
        assert_eq!(said.code, 0, "{}", said.err);
    }
    program.ok(&["delete", "secret", "s"]);
    program.ok(&["backup", "x", "--unencrypted"]);
    program.kill();
    check_fails(&program.run(&["restore", "x", "--replace", "--to", "6"]), 1, "ends with entry 5");
    let both = ["restore", "x", "--to", "3", "--to-time", "2026-01-01T00:00:00Z"];
    check_fails(&program.run(&both), 2, "cannot be used with");

    let told = program.ok(&["restore", "x", "--replace", "--to", "3"]);
    assert!(told.contains("up to entry 3; entries up to 5 are left out"), "{told}");
    program.ok(&["verify"]);
    program.start();
    assert!(program.ok(&["get", "configmap", "a", "-o", "yaml"]).contains("a: two"));
    program.ok(&["get", "secret", "s"]);
    let shown = program.ok(&["ledger", "show"]);
    assert!(shown.contains("up to entry 3 of the backup") && !shown.contains("Deleted"), "{shown}");

    program.kill();
    let at = |sequence: usize| {
        let ledger = fs::read_to_string(program.folder().join("all.jsonl")).unwrap();
        let line: Value = serde_json::from_str(ledger.lines().nth(sequence - 1).unwrap()).unwrap();
        line["at"].as_str().unwrap().to_owned()
    };
    program.ok(&["ledger", "export", "--to", "all.jsonl"]);
    program.ok(&["restore", "x", "--replace", "--to-time", &at(1)]);
    program.start();
    assert!(program.ok(&["get", "configmap", "a", "-o", "yaml"]).contains("a: one"));
    assert_ne!(program.run(&["get", "secret", "s"]).code, 0);
}
