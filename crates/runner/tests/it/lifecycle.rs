use std::time::Duration;

use tidegate_runner::{Cancel, Event, Job, Outcome, Plan, Status, Step, StepEnd, Work, conduct};

use crate::rig::{Rig, log_of, map};

/// Steps until one fails, as `success()` has it.
struct UntilFailure {
    steps: Vec<Step>,
    ends: Vec<StepEnd>,
}

impl Plan for UntilFailure {
    async fn next(&mut self, job: &Job) -> Option<Step> {
        while !self.steps.is_empty() {
            let step = self.steps.remove(0);
            if job.status() == Status::Success || step.id.starts_with("always") {
                return Some(step);
            }
            self.ends.push(job.skip(&step).await);
        }
        None
    }

    fn ended(&mut self, end: &StepEnd) {
        self.ends.push(end.clone());
    }
}

async fn run(rig: &Rig, steps: Vec<Step>, cancel: &Cancel) -> (Status, Vec<StepEnd>) {
    let mut plan = UntilFailure { steps, ends: Vec::new() };
    let status = conduct(&rig.job, &mut plan, cancel).await;
    (status, plan.ends)
}

fn outcomes(ends: &[StepEnd]) -> Vec<String> {
    ends.iter()
        .map(|end| format!("{} {} {}", end.id, end.outcome.name(), end.conclusion.name()))
        .collect()
}

#[tokio::test]
async fn a_failure_skips_what_follows() {
    let rig = Rig::new();
    let steps = vec![
        Step::script("a", "true"),
        Step::script("b", "exit 2"),
        Step::script("c", "true"),
        Step::script("always", "true"),
    ];
    let (status, ends) = run(&rig, steps, &Cancel::new()).await;
    assert_eq!(status, Status::Failure);
    assert_eq!(
        outcomes(&ends),
        ["a success success", "b failure failure", "c skipped skipped", "always success success",]
    );
    let events = rig.finish().await;
    let began = events.iter().filter(|event| matches!(event, Event::Began { .. })).count();
    let ended = events.iter().filter(|event| matches!(event, Event::Ended { .. })).count();
    assert_eq!((began, ended), (3, 4));
}

#[tokio::test]
async fn a_failure_may_be_gone_over() {
    let rig = Rig::new();
    let failing = Step { continue_on_error: true, ..Step::script("a", "exit 2") };
    let (status, ends) = run(&rig, vec![failing, Step::script("b", "true")], &Cancel::new()).await;
    assert_eq!(status, Status::Success);
    assert_eq!(outcomes(&ends), ["a failure success", "b success success"]);
    rig.finish().await;
}

#[tokio::test]
async fn a_step_that_takes_too_long_is_ended_and_has_failed() {
    let rig = Rig::with(|job| {
        job.patience =
            tidegate_runner::Patience { interrupted: Duration::ZERO, terminated: Duration::ZERO };
    });
    let slow = Step {
        timeout: Some(Duration::from_millis(300)),
        ..Step::script("slow", "echo begun; sleep 1000")
    };
    let seen = rig.run(&[slow]).await.remove(0);
    assert_eq!((seen.end.outcome, seen.end.exit_code), (Outcome::Failure, Some(137)));
    assert_eq!(
        seen.log.last().unwrap(),
        "##[error]The action 'slow' has timed out after 0.3 seconds."
    );
}

#[tokio::test]
async fn steps_in_the_background_run_beside_others_and_count_when_they_are_waited_for() {
    let rig = Rig::new();
    // Each waits for the other: one after the other they would never end.
    let background = Step {
        background: true,
        ..Step::script(
            "back",
            "mkfifo a b; touch ready; echo x > a; cat b; echo done=1 >> $GITHUB_OUTPUT; echo V=1 >> $GITHUB_ENV",
        )
    };
    let beside = Step::script(
        "beside",
        "while ! test -e ready; do sleep 0.01; done; cat a; echo V=${V:-none}; echo y > b",
    );
    let wait = Step::new("wait", Work::Wait { steps: Some(vec!["back".to_owned()]) });
    let after = Step::script("after", "echo V=$V");
    let (status, ends) = run(&rig, vec![background, beside, wait, after], &Cancel::new()).await;
    let events = rig.finish().await;
    assert_eq!(status, Status::Success);
    assert_eq!(
        outcomes(&ends),
        [
            "beside success success",
            "back success success",
            "wait success success",
            "after success success",
        ]
    );
    assert_eq!(ends[1].report.outputs, map(&[("done", "1")]));
    assert_eq!(log_of(&events, &ends[0]), ["x", "V=none"]);
    assert_eq!(log_of(&events, &ends[3]), ["V=1"]);
}

#[tokio::test]
async fn a_step_in_the_background_fails_the_job_at_its_end_and_can_be_ended() {
    let rig = Rig::new();
    let failing = Step { background: true, ..Step::script("fails", "exit 3") };
    let (status, ends) = run(&rig, vec![failing], &Cancel::new()).await;
    assert_eq!(
        (status, outcomes(&ends)),
        (Status::Failure, vec!["fails failure failure".to_owned()])
    );
    rig.finish().await;
    let rig = Rig::new();
    let endless = Step {
        background: true,
        ..Step::script("server", "trap 'exit 0' INT; touch up; while true; do sleep 0.01; done")
    };
    let wait = Step::script("ready", "while ! test -e up; do sleep 0.01; done");
    let stop = Step::new("stop", Work::Cancel { steps: vec!["server".to_owned()] });
    let (status, ends) = run(&rig, vec![endless, wait, stop], &Cancel::new()).await;
    assert_eq!(status, Status::Success);
    assert_eq!(
        outcomes(&ends),
        ["ready success success", "server cancelled success", "stop success success"]
    );
    rig.finish().await;
}

#[tokio::test]
async fn a_cancelled_job_runs_what_runs_always() {
    let rig = Rig::new();
    let cancel = Cancel::new();
    let up = rig.job.folders().workspace().join("up");
    let canceller = cancel.clone();
    let task = tokio::spawn(async move {
        while !up.exists() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        canceller.politely();
    });
    let steps = vec![
        Step::script(
            "long",
            "trap 'echo cleaning; exit 1' INT; touch up; while true; do sleep 0.01; done",
        ),
        Step::script("next", "true"),
        Step::script("always", "echo always"),
    ];
    let (status, ends) = run(&rig, steps, &cancel).await;
    task.await.unwrap();
    let events = rig.finish().await;
    assert_eq!(status, Status::Cancelled);
    assert_eq!(
        outcomes(&ends),
        ["long cancelled cancelled", "next skipped skipped", "always success success"]
    );
    assert_eq!(log_of(&events, &ends[0]), ["cleaning", "##[error]The operation was canceled."]);
}

#[tokio::test]
async fn a_reader_who_is_slow_slows_the_step_and_loses_nothing() {
    let script = "seq 200000";
    let seen = Rig::new().run(&[Step::script("it", script)]).await.remove(0);
    assert_eq!(seen.log.len(), 200_000);
    assert_eq!((seen.log[0].as_str(), seen.log[199_999].as_str()), ("1", "200000"));
}

#[tokio::test]
async fn nobody_need_read() {
    let rig = Rig::new();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    drop(receiver);
    let root = rig.root.with_file_name("other");
    let settings = tidegate_runner::JobSettings {
        id: "unread".to_owned(),
        root,
        repository: "a/b".to_owned(),
        ..Default::default()
    };
    let job = Job::prepare(&rig.machine, settings, sender).unwrap();
    let end = job.run(&Step::script("it", "seq 20000"), &Cancel::new()).await;
    assert_eq!(end.outcome, Outcome::Success);
    job.close().await.unwrap();
    rig.finish().await;
}
