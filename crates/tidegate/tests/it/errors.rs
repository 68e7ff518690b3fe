//! What the program says when something is wrong, and what it ends with.

use crate::program::{Program, Said};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '1'}\n";

/// The exit code and the whole of standard error.
fn told(said: &Said) -> String {
    assert_eq!(said.out, "");
    format!("{}\n{}", said.code, said.err)
}

#[test]
fn without_a_server_every_client_says_how_to_start_one() {
    let program = Program::new();
    program.write("a.yaml", CONFIG);
    insta::assert_snapshot!(told(&program.run(&["get", "rollouts"])), @r"
    4
    error: no server works in HERE/data
      hint: start one with `tidegate server --data HERE/data`, or name another with --data or --server
    ");
    let name = "web";
    let clients: [&[&str]; 10] = [
        &["apply", "-f", "a.yaml"],
        &["delete", "rollout", name],
        &["delete", "-f", "a.yaml"],
        &["rollout", "get", name],
        &["rollout", "status", name],
        &["rollout", "watch", name],
        &["rollout", "promote", name],
        &["rollout", "undo", name],
        &["rollout", "history", name],
        &["logs", name],
    ];
    for args in clients {
        let said = program.run(args);
        assert_eq!(said.code, 4, "{args:?}: {}", said.err);
        assert!(said.err.contains("tidegate server"), "{args:?}: {}", said.err);
    }
}

#[test]
fn a_server_that_was_started_a_moment_ago_is_waited_for() {
    let program = Program::new();
    let mut server = program.command().args(["server", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let said = program.run(&["get", "rollouts"]);
    drop(server.kill());
    drop(server.wait());
    assert_eq!((said.code, said.err.as_str()), (0, "No rollouts in namespace default.\n"));
}

#[test]
fn a_server_that_is_not_there_or_has_another_token_is_told() {
    let program = Program::new();
    program.write("token", "0123456789abcdef0123456789abcdef");
    let args = ["get", "rollouts", "--server", "127.0.0.1:1", "--token-file", "token"];
    insta::assert_snapshot!(told(&program.run(&args)), @r"
    4
    error: the server at 127.0.0.1:1 does not answer
      because: Connection refused (os error 111)
      hint: is the address right, and does the server run?
    ");
    insta::assert_snapshot!(told(&program.run(&["get", "ro", "--server", "web", "--token-file", "token"])), @r#"
    2
    error: "web" is not a server's address
      hint: it is written as 127.0.0.1:7420, or as https://tidegate.example.com
    "#);
    insta::assert_snapshot!(told(&program.run(&["get", "ro", "--server", "127.0.0.1:1"])), @r"
    4
    error: HERE/data/token cannot be read
      because: No such file or directory (os error 2)
      hint: the server makes it at its first start; name it with --token-file or --data
    ");
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    let program = Program::new();
    program.write("empty/notes.txt", "");
    let wrong: [(&[&str], &str); 13] = [
        (&[], "Usage: tidegate"),
        (&["whoam"], "a similar subcommand exists: 'whoami'"),
        (&["apply"], "--filename <PATH>"),
        (&["apply", "-f", "empty"], "has no *.yaml, *.yml or *.json file in it"),
        (&["delete"], "required arguments"),
        (&["delete", "rollout"], "no name of a Rollout is given"),
        (&["rollout", "get", "svc/web"], "a rollout's name, or rollout/NAME"),
        (&["get", "pods"], "there are rollouts, experiments, analysisruns,"),
        (&["get", "ro", "web", "-A"], "cannot be used with"),
        (&["get", "ro", "-o", "xml"], "[possible values: table, wide, json, yaml]"),
        (&["rollout", "set-image", "web", "x"], "CONTAINER=IMAGE"),
        (&["rollout", "status", "web", "--timeout", "soon"], "such as 90s"),
        (&["ledger", "verify", "--head", "1"], "SEQUENCE:HASH"),
    ];
    for (args, expect) in wrong {
        let said = program.run(args);
        assert_eq!(said.code, 2, "{args:?}: {}", said.err);
        assert!(said.err.contains(expect), "{args:?}: {}", said.err);
    }
}

#[test]
fn files_are_checked_before_anything_is_sent() {
    let program = Program::new();
    program.write("bad.yaml", &CONFIG.replace("ConfigMap", "ConfigMop"));
    let said = program.run(&["apply", "-f", "bad.yaml"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("bad.yaml:2:7"), "{}", said.err);
    assert!(said.err.contains("error: 1 problem found; nothing was changed"), "{}", said.err);
    let missing = program.run(&["apply", "-f", "none.yaml"]);
    insta::assert_snapshot!(told(&missing), @r"
    1
    error: none.yaml cannot be read
      because: No such file or directory (os error 2)
    ");
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let program = Program::new();
    insta::assert_snapshot!(told(&program.run(&["server", "--listen", "0.0.0.0:7420"])), @r"
    1
    error: the server does not start
      because: 0.0.0.0:7420 is not a loopback address, and without TLS tokens would cross the network in the clear
      hint: give it a certificate with --tls-cert and --tls-key; where something else encrypts what comes there, say --listen-without-tls
    ");
    program.write("map.yaml", "- image: [");
    let said = program.run(&["server", "--listen", "127.0.0.1:0", "--image-map", "map.yaml"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("map.yaml"), "{}", said.err);
    program.write("file", "");
    let said = program.run(&["server", "--data", "file/data", "--listen", "127.0.0.1:0"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("choose another folder with --data"), "{}", said.err);
}

#[test]
fn colours_come_only_when_asked_for() {
    let program = Program::new();
    let plain = program.run(&["get", "ro"]).err;
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let painted = program.run(&["get", "ro", "--color", "always"]).err;
    assert!(painted.starts_with("\u{1b}[1;31merror:\u{1b}[0m"), "{painted}");
}
