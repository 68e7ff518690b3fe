//! What a step costs beyond its process: one-line steps through the runner, and in the same run, alternating with them,
//! the same shell started alone on the same script. Prints medians and 99th percentiles, their difference and ratio.
//!
//! `cargo bench -p tidegate-runner --bench steps -- [STEPS]`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench tells what it finds"
)]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tidegate_runner::{Cancel, Event, Job, JobSettings, Machine, MachineSettings, Outcome, Step};
use tokio::sync::mpsc;

fn main() {
    let steps = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(500);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(bench(steps));
}

async fn bench(steps: usize) {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new(MachineSettings::of_environment(
        "bench",
        folder.path().into(),
        std::env::vars(),
    ));
    let (sender, mut events) = mpsc::channel(64);
    let reader = tokio::spawn(async move { while events.recv().await.is_some() {} });
    let settings = |name: &str| JobSettings {
        id: name.to_owned(),
        root: folder.path().join(name),
        repository: "a/b".to_owned(),
        ..JobSettings::default()
    };
    let job = Job::prepare(&machine, settings("steps"), sender.clone()).unwrap();
    let alone = folder.path().join("alone.sh");
    fs::write(&alone, "echo hello\n").unwrap();
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..steps {
        floors.push(start_alone(&alone).await);
        ours.push(run_step(&job).await);
    }
    job.close().await.unwrap();
    tell("step", &ours, &floors);
    let (mut jobs, mut closed) = (Vec::new(), Vec::new());
    for number in 0..steps / 5 {
        let (ran, all) = run_job(&machine, settings(&format!("job{number}")), &sender).await;
        jobs.push(ran);
        closed.push(all);
    }
    tell("job of one step to its end", &jobs, &floors);
    tell("the same with its folders removed", &closed, &floors);
    many_jobs(steps * 2, &machine, settings, &sender).await;
    many_shells(steps * 2, &alone).await;
    drop((job, sender));
    reader.await.unwrap();
}

/// The shell alone, with a pipe that is read to its end.
async fn start_alone(script: &Path) -> Duration {
    let script = script.to_owned();
    let run = move || {
        let began = Instant::now();
        let output =
            Command::new("/bin/bash").arg("-e").arg(script).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.stdout, b"hello\n");
        began.elapsed()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

async fn run_step(job: &Job) -> Duration {
    let step = Step::script("it", "echo hello\n");
    let began = Instant::now();
    let end = job.run(&step, &Cancel::new()).await;
    assert_eq!(end.outcome, Outcome::Success);
    began.elapsed()
}

/// As many at a time as keep two cores busy.
const AT_A_TIME: usize = 4;

async fn many_jobs(
    jobs: usize,
    machine: &Machine,
    settings: impl Fn(&str) -> JobSettings,
    events: &mpsc::Sender<Event>,
) {
    let began = Instant::now();
    let (closing, jobs_to_close) = mpsc::unbounded_channel();
    let closer = tokio::spawn(close_all(jobs_to_close));
    let mut running = tokio::task::JoinSet::new();
    for number in 0..jobs {
        if running.len() == AT_A_TIME {
            running.join_next().await;
        }
        let (machine, settings, events) =
            (machine.clone(), settings(&format!("many{number}")), events.clone());
        let closing = closing.clone();
        running.spawn(async move {
            let job = Job::prepare(&machine, settings, events).unwrap();
            run_step(&job).await;
            closing.send(job).unwrap();
        });
    }
    running.join_all().await;
    let ended = began.elapsed();
    drop(closing);
    let done = closer.await.unwrap();
    assert_eq!(done, jobs);
    println!("{jobs} jobs of one step, {AT_A_TIME} at a time, to their ends: {ended:?}");
    println!("the same with their folders removed: {:?}", began.elapsed());
}

/// Beside the jobs that run, as whoever runs many does it.
async fn close_all(mut jobs: mpsc::UnboundedReceiver<Job>) -> usize {
    let mut closing = tokio::task::JoinSet::new();
    while let Some(job) = jobs.recv().await {
        closing.spawn(async move { job.close().await.unwrap() });
    }
    closing.join_all().await.len()
}

async fn many_shells(shells: usize, script: &Path) {
    let began = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..shells {
        if running.len() == AT_A_TIME {
            running.join_next().await;
        }
        let script = script.to_owned();
        running.spawn(async move { start_alone(&script).await });
    }
    running.join_all().await;
    println!("as many shells alone: {:?}", began.elapsed());
}

/// Until its step has ended, and until nothing is left of it.
async fn run_job(
    machine: &Machine,
    settings: JobSettings,
    events: &mpsc::Sender<Event>,
) -> (Duration, Duration) {
    let began = Instant::now();
    let job = Job::prepare(machine, settings, events.clone()).unwrap();
    run_step(&job).await;
    let ran = began.elapsed();
    job.close().await.unwrap();
    (ran, began.elapsed())
}

fn tell(what: &str, ours: &[Duration], floors: &[Duration]) {
    for share in [50, 99] {
        let (ours, floor) = (at(ours, share), at(floors, share));
        let beyond = ours.as_secs_f64() - floor.as_secs_f64();
        let ratio = ours.as_secs_f64() / floor.as_secs_f64();
        println!(
            "{what}: p{share} {ours:?}, the shell alone {floor:?}: {:.3} ms beyond it, {ratio:.2} x",
            beyond * 1e3
        );
    }
}

fn at(times: &[Duration], share: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[(times.len() * share / 100).min(times.len() - 1)]
}
