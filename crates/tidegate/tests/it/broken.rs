//! A machine on which something is broken: what serves goes on, and people are told.

use std::{
    fs::{self, File},
    net::TcpListener,
};

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
