//! A machine on which something is broken: what serves goes on, and people are told.

use std::{
    fs::{self, File, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
};

use rusqlite::Connection;

use crate::program::{Program, until};

const IMAGES: &str = "web:*:\n  command: [/bin/sh, -c, 'exec sleep 1000']\n";

/// A release of one replica whose Service listens at `address`.
fn release(address: &str) -> String {
    format!(
        "apiVersion: v1
kind: Service
metadata:
  name: web
  annotations: {{tidegate.dev/listen: '{address}'}}
spec:
  selector: {{app: web}}
  ports: [{{port: 80}}]
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web
spec:
  selector:
    matchLabels: {{app: web}}
  strategy:
    canary: {{}}
  template:
    metadata:
      labels: {{app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: web:1
"
    )
}

#[track_caller]
fn apply(program: &Program, manifest: &str) {
    let said = program.run_with_input(&["apply", "-f", "-"], manifest);
    assert_eq!(said.code, 0, "{}", said.err);
}

/// What takes the log is full. The port is taken, so that the router too has something to log.
#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let program = Program::new();
    program.write("images.yaml", IMAGES);
    let start = |args: &[&str]| {
        let full = File::options().write(true).open("/dev/full").unwrap();
        program.command().args(args).stderr(full).spawn().unwrap()
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut router = start(&["router"]);
    let mut server = start(&["server", "--listen", "127.0.0.1:0", "--image-map", "images.yaml"]);
    until("the server answers", || program.run(&["get", "rollouts"]).code == 0);
    apply(&program, &release(&taken.local_addr().unwrap().to_string()));
    until("the router's word on the port is shown", || {
        program.ok(&["get", "services"]).contains("cannot listen on")
    });
    program.ok(&["down"]);
    assert!(server.wait().unwrap().success());
    assert!(router.wait().unwrap().success());
}

#[test]
fn a_state_that_is_lost_takes_nothing_away_from_what_runs() {
    let mut program = Program::new();
    program.write("images.yaml", IMAGES);
    program.start_with(&["--image-map", "images.yaml"]);
    apply(&program, &release("127.0.0.1:0"));
    let said = program.run(&["rollout", "status", "web", "--timeout", "30s"]);
    assert_eq!(said.code, 0, "{}", said.err);
    program.kill();
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        drop(fs::remove_file(program.data().join(name)));
    }
    let table = || fs::read(program.data().join("router/table.json")).unwrap();
    let before = table();
    let said = program.run(&["server", "--listen", "127.0.0.1:0"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("state.db is empty, but replicas run here"), "{}", said.err);
    assert!(said.err.contains("tidegate down --data"), "{}", said.err);
    assert_eq!(table(), before);
    program.ok(&["down"]);
    program.start();
}

/// Breaks the folder of a server that ran, with `spoil`, and says how the next one must refuse to
/// start: by `problem`, and with `mend` as what to do.
#[track_caller]
fn check_refused(spoil: impl Fn(&Program), problem: &str, mend: &str) {
    let mut program = Program::with_server();
    apply(&program, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n");
    program.kill();
    spoil(&program);
    let said = program.run(&["server", "--listen", "127.0.0.1:0"]);
    drop(program.run(&["down"]));
    assert_eq!(said.code, 1, "{}", said.err);
    for expect in [problem, mend] {
        assert!(said.err.contains(expect), "{expect}: {}", said.err);
    }
}

fn in_place_of(program: &Program, name: &str) -> std::path::PathBuf {
    let path = program.data().join(name);
    if path.is_dir() {
        fs::remove_dir_all(&path).unwrap();
    } else {
        fs::remove_file(&path).unwrap();
    }
    path
}

fn forge(program: &Program, sql: &str) {
    Connection::open(program.data().join("state.db")).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_damaged_store_is_refused_and_how_to_mend_it_is_told() {
    let restore = "`tidegate restore FILE --replace --data HERE/data`";
    let no_database = |program: &Program| {
        for name in ["state.db-wal", "state.db-shm"] {
            fs::remove_file(program.data().join(name)).unwrap();
        }
        fs::write(program.data().join("state.db"), "no database at all, but long enough").unwrap();
    };
    check_refused(no_database, "not a database", restore);
    let cut = "DROP TRIGGER ledger_is_not_deleted;
        DELETE FROM ledger WHERE sequence = (SELECT max(sequence) FROM ledger)";
    check_refused(|program| forge(program, cut), "the ledger is broken", restore);
    check_refused(|program| forge(program, "DROP TABLE ledger_head"), "no such table", restore);
    let garbage = "UPDATE document SET body = '7' WHERE kind = 'ConfigMap'";
    check_refused(|program| forge(program, garbage), "ConfigMap default/web", restore);
}

/// What is emptied beside a ledger that is whole would take every route away.
#[test]
fn a_ledger_with_nothing_beside_it_is_refused() {
    let empty = |program: &Program| forge(program, "DELETE FROM document");
    check_refused(empty, "everything that it is about is gone", "`tidegate down --data HERE/data`");
}

#[test]
fn what_is_in_the_place_of_a_file_or_a_folder_is_told() {
    let folder = |program: &Program| fs::create_dir(in_place_of(program, "server.lock")).unwrap();
    check_refused(folder, "server.lock is a folder", "move it away");
    let file = |program: &Program| fs::write(in_place_of(program, "runtime"), "x").unwrap();
    check_refused(file, "does not start", "move HERE/data/runtime away; it has to be a folder");
}

#[test]
fn a_token_that_others_can_read_is_theirs_no_more() {
    let mut program = Program::with_server();
    program.kill();
    let token = program.data().join("token");
    fs::set_permissions(&token, Permissions::from_mode(0o644)).unwrap();
    program.start();
    assert_eq!(fs::metadata(&token).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(program.log().contains("its mode is 0600 now"), "{}", program.log());
    program.ok(&["down"]);
}
