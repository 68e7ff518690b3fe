use std::time::Duration;

use tidegate_runner::{Cancel, Job, Outcome, Step};

use crate::rig::Rig;

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
