use std::fs;

use tidegate_runner::{Cancel, Outcome, Plan, Post, Status, Step, StepEnd, Work, conduct};

use crate::rig::{Rig, log_of, map};

fn node(rig: &Rig, name: &str, script: &str) -> Work {
    let entry = rig.root.join("_work").join(name);
    fs::write(&entry, script).unwrap();
    let inputs = vec![("who to greet".to_owned(), "world".to_owned())];
    Work::Node { entry, inputs }
}

/// Steps as they are.
struct Steps(Vec<Step>, Vec<StepEnd>);

impl Plan for Steps {
    async fn next(&mut self, _job: &tidegate_runner::Job) -> Option<Step> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    fn ended(&mut self, end: &StepEnd) {
        self.1.push(end.clone());
    }
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
    step.post = Some(Box::new(Post { name: "Post greet".to_owned(), work: post }));
    step.context = vec![("GITHUB_ACTION".to_owned(), "greet".to_owned())];
    let mut plan =
        Steps(vec![step, Step::script("after", "echo ${STATE_token:-none}")], Vec::new());
    let status = conduct(&rig.job, &mut plan, &Cancel::new()).await;
    let events = rig.finish().await;
    let logs: Vec<_> = plan.1.iter().map(|end| log_of(&events, end)).collect();
    assert_eq!(status, Status::Success);
    assert_eq!(logs[0][0], "hello world");
    assert_eq!(plan.1[0].report.outputs, map(&[("time", "now")]));
    assert_eq!(logs[1], ["none"]);
    assert_eq!(logs[2], ["bye abc 2"]);
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

#[tokio::test]
async fn stages_for_the_end_run_in_reverse_and_also_after_a_failure() {
    let rig = Rig::new();
    let with_post = |id: &str, script: &str| {
        let work = Work::Script { text: format!("echo post {id}"), shell: None };
        Step {
            post: Some(Box::new(Post { name: format!("Post {id}"), work })),
            ..Step::script(id, script)
        }
    };
    let steps =
        vec![with_post("one", "true"), with_post("two", "false"), with_post("three", "true")];
    let mut plan = Steps(steps, Vec::new());
    let status = conduct(&rig.job, &mut plan, &Cancel::new()).await;
    let events = rig.finish().await;
    assert_eq!(status, Status::Failure);
    let posts: Vec<_> = plan.1[3..].iter().flat_map(|end| log_of(&events, end)).collect();
    assert_eq!(posts, ["post three", "post two", "post one"]);
}
