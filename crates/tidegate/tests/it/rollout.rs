//! A rollout of real processes, steered by commands alone.

use std::{
    fs::File, io::Write as _, os::unix::fs::OpenOptionsExt as _, process::Stdio, sync::mpsc,
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::program::{PATIENCE, Program, alive, until};

const IMAGES: &str = "web:*:\n  command: [/bin/sh, -c, 'echo begin $1; exec sleep 1000']\n";

fn manifest(version: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {{app: web}}
  strategy:
    canary:
      steps:
      - setWeight: 50
      - pause: {{}}
  template:
    metadata:
      labels: {{app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: {version}
"
    )
}

/// A server on which `web:1` is what all users get.
fn released() -> Program {
    let mut program = Program::new();
    program.write("images.yaml", IMAGES);
    program.start_with(&["--image-map", "images.yaml"]);
    apply(&program, "web:1");
    let said = program.run(&["rollout", "status", "web", "--timeout", "30s"]);
    assert_eq!(said.code, 0, "{}{}{}", said.out, said.err, program.log());
    assert!(said.out.ends_with("Healthy\n"), "{}", said.out);
    program
}

fn apply(program: &Program, image: &str) {
    let said = program.run_with_input(&["apply", "-f", "-"], &manifest(image));
    assert_eq!(said.code, 0, "{}", said.err);
}

fn row(program: &Program) -> Vec<String> {
    let table = program.ok(&["get", "rollouts"]);
    table.lines().nth(1).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_release_is_paused_promoted_aborted_and_undone_by_commands() {
    let program = released();
    assert_eq!(
        program.ok(&["rollout", "set-image", "web", "web=web:2"]),
        "rollout/web image updated\n"
    );
    until("paused", || row(&program).get(2).is_some_and(|phase| phase == "Paused"));
    assert_eq!(row(&program)[..5], ["web", "Canary", "Paused", "1/2", "50"]);
    let status = program.run(&["rollout", "status", "web", "--watch=false"]);
    assert_eq!(status.code, 0);
    assert!(status.out.contains("waits for somebody to promote it"), "{}", status.out);
    let waiting = program.run(&["rollout", "status", "web", "--timeout", "300ms"]);
    assert_eq!(waiting.code, 3, "{}", waiting.err);
    assert!(waiting.err.contains("tidegate rollout get web`"), "{}", waiting.err);
    assert_eq!(program.ok(&["rollout", "promote", "web"]), "rollout/web promoted\n");
    until("healthy", || row(&program).get(2).is_some_and(|phase| phase == "Healthy"));

    apply(&program, "web:3");
    until("paused", || row(&program).get(2).is_some_and(|phase| phase == "Paused"));
    let abort = ["rollout", "abort", "web", "--reason", "the pager rings"];
    assert_eq!(program.ok(&abort), "rollout/web aborted\n");
    let status = program.run(&["rollout", "status", "web", "--timeout", "30s"]);
    assert_eq!(status.code, 1);
    assert!(status.out.ends_with("Degraded - aborted by ada: the pager rings\n"), "{}", status.out);

    let history = program.ok(&["rollout", "history", "web"]);
    let images = history.lines().skip(1).map(|line| line.split_whitespace().nth(3).unwrap());
    assert_eq!(images.collect::<Vec<_>>(), ["web:3", "web:2", "web:1"], "{history}");
    assert_eq!(
        program.ok(&["rollout", "undo", "web", "--to-revision", "2"]),
        "rollout/web undone\n"
    );
    let status = program.run(&["rollout", "status", "web", "--timeout", "30s"]);
    assert_eq!(status.code, 0, "{}{}", status.out, status.err);
    let text = program.ok(&["rollout", "get", "web"]);
    assert!(text.starts_with("default/web  Healthy") && text.contains("web:2"), "{text}");
}

#[test]
fn a_status_says_which_service_nobody_can_reach_and_is_data_when_asked_for() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let program = released();
    let service = format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: web, annotations: \
         {{tidegate.dev/listen: '{address}'}}}}, spec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}}}"
    );
    program.run_with_input(&["apply", "-f", "-"], &service);
    let why = format!("service web: cannot listen on {address}: Address already in use");
    until("told", || program.ok(&["rollout", "status", "web"]).contains(&why));
    let data = program.ok(&["rollout", "status", "web", "-o", "json"]);
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["report"]["phase"], "Healthy");
}

#[test]
fn logs_are_of_all_replicas_or_of_one() {
    let program = released();
    until("both to write", || program.ok(&["logs", "web"]).matches("begin").count() == 2);
    let all = program.ok(&["logs", "web"]);
    let lines = all.lines().collect::<Vec<_>>();
    assert!(lines.iter().all(|line| line.starts_with("[web-")), "{all}");
    let replica = lines[0].trim_start_matches('[').split(']').next().unwrap();
    let one = program.ok(&["logs", "web", "--replica", replica]);
    assert_eq!(one.trim(), "begin 1", "{one}");
    assert_eq!(program.run(&["logs", "web", "--replica", "none"]).code, 1);
    assert_eq!(program.run(&["logs", "nobody"]).code, 1);
    let other = program.run(&["logs", "rollout/web", "--container", "sidecar"]);
    assert_eq!(other.code, 1, "{}", other.out);
    assert!(other.err.contains("sidecar"), "{}", other.err);
}

#[test]
fn what_runs_is_adopted_after_kill_9_and_ended_by_down() {
    let mut program = released();
    let replicas = |program: &Program| {
        let view: serde_json::Value =
            serde_json::from_str(&program.ok(&["rollout", "get", "web", "-o", "json"])).unwrap();
        let replicas = view["replicas"].as_array().unwrap().clone();
        replicas
            .iter()
            .map(|seen| (seen["id"].to_string(), seen["pids"].to_string()))
            .collect::<Vec<_>>()
    };
    let before = replicas(&program);
    assert_eq!(before.len(), 2);
    program.kill();
    program.start_with(&["--image-map", "images.yaml"]);
    until("them to be seen", || !replicas(&program).is_empty());
    assert_eq!(replicas(&program), before);
    assert_eq!(program.run(&["down"]).code, 0);
    for (_, pids) in &before {
        let pid = pids.chars().filter(char::is_ascii_digit).collect::<String>();
        assert!(!alive(pid.parse().unwrap()), "{pids} runs on");
    }
    program.take_server().wait().unwrap();
    program.start_with(&["--image-map", "images.yaml"]);
    until("two new replicas", || {
        let after = replicas(&program);
        after.len() == 2 && after.iter().all(|one| !before.contains(one))
    });
}

#[test]
fn without_a_terminal_a_watch_prints_a_line_for_each_change() {
    let program = released();
    let mut child =
        program.command().args(["rollout", "watch", "web"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = told(child.stdout.take().unwrap());
    lines.wait_for("Healthy");
    program.ok(&["rollout", "set-image", "web", "*=web:2"]);
    lines.wait_for("waits for somebody to promote it");
    lines.wait_for("step 2/2 pause: begins");
    program.ok(&["delete", "rollout", "web"]);
    lines.wait_for("the rollout was deleted");
    assert!(child.wait().unwrap().success());
}

#[test]
fn on_a_terminal_a_watch_takes_it_whole_and_q_gives_it_back() {
    let program = released();
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let user = File::options()
        .read(true)
        .write(true)
        .custom_flags(i32::try_from(OpenptFlags::NOCTTY.bits()).unwrap())
        .open(name)
        .unwrap();
    let size = rustix::termios::Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&terminal, size).unwrap();
    let mut child = program
        .command()
        .env("TERM", "xterm-256color")
        .args(["rollout", "watch", "web"])
        .stdin(user.try_clone().unwrap())
        .stdout(user)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut keys = File::from(terminal);
    let mut shown = told(keys.try_clone().unwrap());
    shown.wait_for("\u{1b}[?1049h");
    shown.wait_for("default/web");
    shown.wait_for("Healthy");
    keys.write_all(b"q").unwrap();
    shown.wait_for("\u{1b}[?1049l");
    assert!(child.wait().unwrap().success());
}

/// What a stream says, as it comes.
struct Told {
    pieces: mpsc::Receiver<String>,
    /// What was said and not waited for yet.
    rest: String,
}

fn told(mut stream: impl std::io::Read + Send + 'static) -> Told {
    let (sender, pieces) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        // A terminal whose other end is gone fails instead of ending.
        while let Ok(count @ 1..) = stream.read(&mut bytes) {
            let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned();
            if sender.send(text).is_err() {
                return;
            }
        }
    });
    Told { pieces, rest: String::new() }
}

impl Told {
    /// Waits until `text` is said; what comes after it is for the next wait.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        loop {
            if let Some(at) = self.rest.find(text) {
                self.rest = self.rest.split_off(at + text.len());
                return;
            }
            match self.pieces.recv_timeout(PATIENCE) {
                Ok(piece) => self.rest.push_str(&piece),
                Err(error) => panic!("never said {text:?} ({error}): {}", self.rest),
            }
        }
    }
}
