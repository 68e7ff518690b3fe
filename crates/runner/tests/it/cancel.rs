use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tidegate_runner::{Cancel, Event, Outcome, Step};

use crate::rig::{Rig, log_of};

/// Whether a process still runs: not gone, and not ended without anybody asking.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

async fn appears(path: &Path) -> String {
    loop {
        match fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
}

async fn goes(pid: &str) {
    while runs(pid) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn inside(rig: &Rig, name: &str) -> PathBuf {
    rig.job.folders().workspace().join(name)
}

#[tokio::test]
async fn an_end_at_once_takes_all_that_was_started() {
    let rig = Rig::new();
    let cancel = Cancel::new();
    // One of its group, one that left the group and the session, and one of that which forgot its environment.
    let script = "trap '' INT TERM\n\
        (trap '' INT TERM; echo $BASHPID > same; while true; do sleep 1000; done) &\n\
        setsid bash -c 'echo $$ > left; env -i bash -c \"echo \\$\\$ > bare; while true; do /bin/sleep 1000; done\"; true' &\n\
        while true; do sleep 1000; done";
    let (job, given) = (rig.job.clone(), cancel.clone());
    let running = tokio::spawn(async move { job.run(&Step::script("it", script), &given).await });
    let mut pids = Vec::new();
    for name in ["same", "left", "bare"] {
        pids.push(appears(&inside(&rig, name)).await);
    }
    assert!(pids.iter().all(|pid| runs(pid)));
    let asked = Instant::now();
    cancel.now();
    let end = running.await.unwrap();
    let took = asked.elapsed();
    assert_eq!((end.outcome, end.exit_code), (Outcome::Cancelled, Some(137)));
    for pid in &pids {
        goes(pid).await;
    }
    println!("all of it ended {took:?} after it was asked for");
    rig.finish().await;
}

#[tokio::test]
async fn a_polite_end_lets_a_step_clean_up() {
    let rig = Rig::new();
    let cancel = Cancel::new();
    let script = "trap 'echo bye; exit 7' INT; echo $$ > up; while true; do sleep 0.01; done";
    let (job, given) = (rig.job.clone(), cancel.clone());
    let running = tokio::spawn(async move { job.run(&Step::script("it", script), &given).await });
    appears(&inside(&rig, "up")).await;
    cancel.politely();
    let end = running.await.unwrap();
    assert_eq!((end.outcome, end.exit_code), (Outcome::Cancelled, Some(7)));
    let events = rig.finish().await;
    assert_eq!(log_of(&events, &end), ["bye", "##[error]The operation was canceled."]);
}

#[tokio::test]
async fn whoever_hears_neither_request_is_ended() {
    let rig = Rig::with(|job| {
        job.patience = tidegate_runner::Patience {
            interrupted: Duration::from_millis(50),
            terminated: Duration::from_millis(50),
        };
    });
    let cancel = Cancel::new();
    let script = "trap 'echo int' INT; trap 'echo term' TERM; echo $$ > up; while true; do sleep 0.01 || true; done";
    let (job, given) = (rig.job.clone(), cancel.clone());
    let running = tokio::spawn(async move { job.run(&Step::script("it", script), &given).await });
    appears(&inside(&rig, "up")).await;
    cancel.politely();
    let end = running.await.unwrap();
    assert_eq!(end.exit_code, Some(137));
    let events = rig.finish().await;
    let log = log_of(&events, &end);
    assert!(
        log.iter().any(|line| line == "int") && log.iter().any(|line| line == "term"),
        "{log:?}"
    );
}

#[tokio::test]
async fn a_step_that_was_cancelled_before_it_began_does_not_begin() {
    let rig = Rig::new();
    let cancel = Cancel::new();
    cancel.politely();
    let end = rig.job.run(&Step::script("it", "touch made"), &cancel).await;
    assert_eq!((end.outcome, end.exit_code), (Outcome::Cancelled, None));
    assert!(!inside(&rig, "made").exists());
    rig.finish().await;
}

#[tokio::test]
async fn a_server_lives_until_its_job_ends_and_no_longer() {
    let rig = Rig::new();
    let script = "nohup bash -c 'echo $$ > pid; while true; do sleep 1000; done' > /dev/null 2>&1 &\n\
        setsid bash -c 'RUNNER_TRACKING_ID= exec bash -c \"echo \\$\\$ > kept; exec sleep 1000\"' > /dev/null 2>&1 &\n\
        while ! test -s pid || ! test -s kept; do sleep 0.01; done";
    let end = rig.job.run(&Step::script("start", script), &Cancel::new()).await;
    assert_eq!(end.outcome, Outcome::Success);
    let (pid, kept) = (appears(&inside(&rig, "pid")).await, appears(&inside(&rig, "kept")).await);
    assert!(runs(&pid));
    let end = rig.job.run(&Step::script("use", "kill -0 $(cat pid)"), &Cancel::new()).await;
    assert_eq!(end.outcome, Outcome::Success);
    rig.finish().await;
    goes(&pid).await;
    // It said that it is not of this job.
    assert!(runs(&kept));
    let ended = std::process::Command::new("kill").args(["-9", &kept]).status().unwrap();
    assert!(ended.success());
}

#[tokio::test]
async fn who_goes_on_printing_does_not_keep_the_step() {
    let rig = Rig::new();
    let script = "(trap '' PIPE; echo $BASHPID > pid; while true; do echo late; sleep 0.1; done) & echo done";
    let end = rig.job.run(&Step::script("it", script), &Cancel::new()).await;
    assert_eq!(end.outcome, Outcome::Success);
    let pid = appears(&inside(&rig, "pid")).await;
    assert!(runs(&pid));
    let events = rig.finish().await;
    assert!(log_of(&events, &end).contains(&"done".to_owned()));
    goes(&pid).await;
}

#[tokio::test]
async fn a_step_ends_though_nobody_reads_when_it_is_to_end_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Rig::new();
    let (sender, mut events) = tokio::sync::mpsc::channel(1);
    let root = folder.path().join("job");
    let settings = tidegate_runner::JobSettings {
        id: "stuck".to_owned(),
        root,
        repository: "a/b".to_owned(),
        ..Default::default()
    };
    let job = tidegate_runner::Job::prepare(&machine.machine, settings, sender).unwrap();
    let cancel = Cancel::new();
    let (running, given) = (job.clone(), cancel.clone());
    let task = tokio::spawn(async move {
        running.run(&Step::script("it", "echo $$ > pid; yes"), &given).await
    });
    // The first event is taken, and then no more until all of it has ended.
    assert!(matches!(events.recv().await, Some(Event::Began { .. })));
    let rest = events.recv().await;
    assert!(matches!(rest, Some(Event::Lines { .. })));
    let pid = appears(&job.folders().workspace().join("pid")).await;
    cancel.now();
    goes(&pid).await;
    let reader = tokio::spawn(async move { while events.recv().await.is_some() {} });
    assert_eq!(task.await.unwrap().outcome, Outcome::Cancelled);
    job.close().await.unwrap();
    drop(job);
    reader.await.unwrap();
    machine.finish().await;
}
