use std::fs;

use tidegate_runner::{Outcome, Step, Work};

use crate::rig::{Rig, map};

fn node(rig: &Rig, name: &str, script: &str) -> Work {
    let entry = rig.root.join("_work").join(name);
    fs::write(&entry, script).unwrap();
    let inputs = vec![("who to greet".to_owned(), "world".to_owned())];
    Work::Node { entry, inputs }
}

#[tokio::test]
async fn an_action_has_inputs_outputs_and_stages_that_share_state() {
    let rig = Rig::new();
    let main = node(
        &rig,
        "main.js",
        "const fs = require('fs');\n\
        console.log('hello ' + process.env.INPUT_WHO_TO_GREET);\n\
        fs.appendFileSync(process.env.GITHUB_OUTPUT, 'time=now\\n');\n\
        fs.appendFileSync(process.env.GITHUB_STATE, 'token=abc\\n');\n\
        console.log('::save-state name=old::2');",
    );
    let post = node(
        &rig,
        "post.js",
        "console.log('bye', process.env.STATE_token, process.env.STATE_old);",
    );
    let mut step = Step::new("greet", main);
    step.context = vec![("GITHUB_ACTION".to_owned(), "greet".to_owned())];
    let after = Step::script("after", "echo ${STATE_token:-none}");
    let seen = rig.run(&[step, after, Step::new("greet", post)]).await;
    assert_eq!(seen[0].log[0], "hello world");
    assert_eq!(seen[0].end.report.outputs, map(&[("time", "now")]));
    assert_eq!(seen[1].log, ["none"]);
    assert_eq!(seen[2].log, ["bye abc 2"]);
}

#[tokio::test]
async fn an_action_that_fails_says_why_itself() {
    let rig = Rig::new();
    let work = node(&rig, "main.js", "console.log('::error::broken'); process.exitCode = 1;");
    let seen = rig.run(&[Step::new("it", work)]).await.remove(0);
    assert_eq!(seen.log, ["##[error]broken"]);
    assert_eq!(seen.end.outcome, Outcome::Failure);
}

#[tokio::test]
async fn a_stage_whose_file_is_not_there_is_told() {
    let entry = "/no/such/action.js".into();
    let seen =
        Rig::new().run(&[Step::new("it", Work::Node { entry, inputs: vec![] })]).await.remove(0);
    assert!(
        seen.log
            .iter()
            .any(|line| line.ends_with("/no/such/action.js: the action has no such file")),
        "{:?}",
        seen.log
    );
}

#[tokio::test]
async fn programs_run_without_a_shell() {
    let work = Work::Program { program: "echo".into(), arguments: vec!["$HOME  two".to_owned()] };
    let seen = Rig::new().run(&[Step::new("it", work)]).await.remove(0);
    assert_eq!(seen.log, ["$HOME  two"]);
}
