//! A server, its router and its clients, with nothing released.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::program::{PATIENCE, Program, alive, until};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '1'}\n";
const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {p: hunter2}\n";

#[test]
fn resources_are_applied_shown_and_taken_away() {
    let program = Program::with_server();
    program.write("k8s/config.yaml", CONFIG);
    program.write("k8s/secret.yaml", SECRET);
    assert_eq!(
        program.ok(&["apply", "-f", "k8s", "--dry-run"]),
        "configmap/a created (dry run)\nsecret/a created (dry run)\n"
    );
    assert_eq!(program.ok(&["apply", "-f", "k8s"]), "configmap/a created\nsecret/a created\n");
    assert_eq!(program.ok(&["apply", "-f", "k8s"]), "configmap/a unchanged\nsecret/a unchanged\n");
    let table = program.ok(&["get", "cm"]);
    assert!(table.starts_with("NAME   DATA   AGE\na      1      "), "{table}");
    let yaml = program.ok(&["get", "configmap", "a", "-o", "yaml"]);
    assert!(yaml.contains("kind: ConfigMap\n") && yaml.contains("namespace: default\n"), "{yaml}");
    let list = program.ok(&["get", "secrets", "-A", "-o", "json"]);
    assert!(list.contains("SecretList") && !list.contains("hunter2"), "{list}");
    let hidden = program.run_with_input(&["apply", "-f", "-"], &list);
    assert_eq!(hidden.code, 1, "{}", hidden.out);
    assert!(hidden.err.contains("shown in the place of a value"), "{}", hidden.err);
    let back = program.ok(&["get", "cm", "-o", "json"]);
    let back = program.run_with_input(&["apply", "-f", "-"], &back);
    assert_eq!((back.code, back.out.contains("configmap/a ")), (0, true), "{}", back.err);
    assert_eq!(program.ok(&["get", "cm/a", "-o", "yaml"]), yaml);
    let mixed = program.run(&["delete", "cm/a", "secret"]);
    assert_eq!(mixed.code, 2, "{}", mixed.err);
    assert_eq!(program.ok(&["delete", "-f", "k8s"]), "configmap/a deleted\nsecret/a deleted\n");
    let gone = program.run(&["delete", "cm", "a"]);
    assert_eq!(gone.code, 1);
    assert!(gone.err.contains("there is no ConfigMap default/a"), "{}", gone.err);
    program.ok(&["delete", "cm", "a", "--ignore-not-found"]);
    let none = program.run(&["get", "cm"]);
    assert_eq!((none.code, none.err.as_str()), (0, "No configmaps in namespace default.\n"));
}

#[test]
fn the_namespace_of_the_command_line_is_for_files_that_name_none() {
    let program = Program::with_server();
    let named = CONFIG.replace("name: a", "name: b, namespace: shop");
    let said = program
        .run_with_input(&["-n", "team", "apply", "-f", "-"], &format!("{CONFIG}---\n{named}"));
    assert_eq!(said.code, 0, "{}", said.err);
    let table = program.ok(&["get", "configmaps", "-A"]);
    let places =
        table.lines().skip(1).map(|line| line.split_whitespace().take(2).collect::<Vec<_>>());
    assert_eq!(places.collect::<Vec<_>>(), [["shop", "b"], ["team", "a"]]);
}

#[test]
fn the_token_is_made_once_and_only_its_owner_can_read_it() {
    let mut program = Program::with_server();
    let path = program.data().join("token");
    let token = fs::read_to_string(&path).unwrap();
    assert_eq!(token.len(), 64);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    program.write("wrong", &"0".repeat(64));
    let said = program.run(&["get", "ro", "--token-file", "wrong"]);
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(said.err.contains("the token is not one of this server"), "{}", said.err);
    program.kill();
    program.start();
    assert_eq!(fs::read_to_string(&path).unwrap(), token);
}

#[test]
fn what_was_applied_outlives_kill_9_and_the_router_is_the_same_one() {
    let mut program = Program::with_server();
    program.run_with_input(&["apply", "-f", "-"], CONFIG);
    let router = router_pid(&program);
    program.kill();
    assert!(alive(router), "the router ended with the server");
    let said = program.run(&["get", "cm"]);
    assert_eq!(said.code, 4, "{}", said.err);
    program.start();
    assert!(program.ok(&["get", "cm", "a"]).contains('a'));
    assert_eq!(router_pid(&program), router);
}

#[test]
fn a_router_that_dies_is_started_again() {
    let program = Program::with_server();
    let first = router_pid(&program);
    kill(first, "-KILL");
    until("another router", || find_router(&program).is_some_and(|pid| pid != first));
}

#[test]
fn sigterm_ends_the_server_only_and_down_ends_the_rest() {
    let mut program = Program::with_server();
    let router = router_pid(&program);
    let mut server = program.take_server();
    let begin = Instant::now();
    kill(server.id(), "-TERM");
    assert!(server.wait().unwrap().success(), "{}", program.log());
    assert!(begin.elapsed() < PATIENCE);
    assert!(program.log().contains("the router and all replicas run on"), "{}", program.log());
    assert!(!program.data().join("server.json").exists());
    assert!(alive(router));
    let said = program.run(&["down"]);
    assert_eq!(said.code, 0, "{}", said.err);
    until("the router to end", || !alive(router));
    assert_eq!(program.run(&["down"]).code, 0, "down of what is down is no failure");
}

#[test]
fn a_second_server_is_told_who_works_there() {
    let mut program = Program::with_server();
    let said = program.run(&["server", "--listen", "127.0.0.1:0"]);
    assert_eq!(said.code, 1);
    let mut server = program.take_server();
    assert!(said.err.contains(&format!("is in use by process {}", server.id())), "{}", said.err);
    kill(server.id(), "-TERM");
    server.wait().unwrap();
}

#[test]
fn the_log_is_json_when_asked_for() {
    let program = Program::new();
    let child = program
        .command()
        .args(["server", "--listen", "127.0.0.1:0", "--log-format", "json"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("the server", || program.data().join("server.json").exists());
    kill(child.id(), "-TERM");
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.lines().count() >= 2, "{text}");
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["fields"]["message"].is_string(), "{line}");
    }
}

#[test]
fn it_is_ready_soon_and_small() {
    let program = Program::with_server();
    let note = fs::read_to_string(program.data().join("server.json")).unwrap();
    let note: serde_json::Value = serde_json::from_str(&note).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", note["pid"])).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    let kib: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    // The bar is 40 MB with the program's own pages, for what is released: `cargo xtask bench rest`. Without
    // optimizations those are most of it, so this is about what the server makes.
    assert!(kib < 15_000, "{kib} KiB");
}

fn router_pid(program: &Program) -> u32 {
    let begin = Instant::now();
    loop {
        if let Some(pid) = find_router(program) {
            return pid;
        }
        assert!(begin.elapsed() < PATIENCE, "no router: {}", program.log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The process whose command line is that of this folder's router.
fn find_router(program: &Program) -> Option<u32> {
    let data = program.data().display().to_string();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.find(|pid| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = line.split('\0').collect::<Vec<_>>();
        words.contains(&"router") && words.contains(&data.as_str())
    })
}

fn kill(pid: u32, signal: &str) {
    assert!(Command::new("/bin/kill").args([signal, &pid.to_string()]).status().unwrap().success());
}
