//! The keeper of a job: a process beside the control plane, which it outlives. It starts the
//! attempts, waits for them as their parent, and writes down how the job ended.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use tidegate_replicas::{
    Carrier as _, ImageWish, bound_log,
    jobs::{Ended, Step, Tally, step},
};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    carrier::Processes,
    identity::ProcessIdentity,
    jobs::{
        folder::{Charge, JobFolder},
        leftovers,
        pod::{self, Work},
    },
};

/// How often it looks whether it is to stop, and how long the logs are.
const LOOK: Duration = Duration::from_millis(200);
/// Whoever looks whether the lock is held holds it for a moment.
const LOCK_TRIES: u32 = 100;

/// The whole work of a keeper: runs the job of the folder that it is given, if it has not begun.
pub fn job_keeper_main(folder: Option<PathBuf>) -> ExitCode {
    let Some(folder) = folder.map(JobFolder) else { return ExitCode::from(2) };
    // It was started by a spawn that made no group, so it leads none and this cannot fail.
    let _ = rustix::process::setsid();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return ExitCode::FAILURE };
    match runtime.block_on(keep(&folder)) {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}

/// None: it was not its turn, or nothing could be written down; then nothing has been run.
async fn keep(folder: &JobFolder) -> Option<()> {
    let _lock = lock(folder).await?;
    if folder.has_begun() || folder.ended().ok()?.is_some() || folder.is_to_stop() {
        return None;
    }
    let charge = folder.charge().ok()?;
    let me = ProcessIdentity::of(std::process::id()).ok()?;
    folder.begin(&me).ok()?;
    let ended = run(folder, charge).await;
    // Without it the job counts as one whose end is not known.
    folder.end(&ended).ok()
}

async fn lock(folder: &JobFolder) -> Option<File> {
    for _ in 0..LOCK_TRIES {
        if let Some(lock) = folder.lock().ok()? {
            return Some(lock);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    None
}

async fn run(folder: &JobFolder, charge: Charge) -> Ended {
    let (failures, failed) = mpsc::channel(16);
    let stop = CancellationToken::new();
    let work = tokio::select! {
        work = prepare(charge, stop.clone(), failures) => work,
        () = stopped(folder) => return Ended::Unknown(STOPPED.to_owned()),
    };
    let work = match work {
        Ok(work) => Arc::new(work),
        Err(ended) => return ended,
    };
    let mut attempts = JoinSet::new();
    let ended = tokio::select! {
        ended = attend(&work, &mut attempts, failed) => ended,
        () = stopped(folder) => Ended::Unknown(STOPPED.to_owned()),
        () = bound_logs(&work) => Ended::Unknown("its logs cannot be looked after".to_owned()),
    };
    stop.cancel();
    while attempts.join_next().await.is_some() {}
    ended
}

const STOPPED: &str = "it was stopped before it had ended";

async fn stopped(folder: &JobFolder) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !folder.is_to_stop() {
        looks.tick().await;
    }
}

/// Finds the images, and what is missing.
async fn prepare(
    charge: Charge,
    stop: CancellationToken,
    failures: mpsc::Sender<String>,
) -> Result<Work, Ended> {
    let carrier =
        Processes::for_jobs(&charge.home).map_err(|error| Ended::Unknown(error.to_string()))?;
    let mut images = Vec::new();
    for container in &charge.spec.template.containers {
        let wish = ImageWish {
            container,
            template: &charge.spec.template,
            secrets: &charge.secrets,
            pinned: None,
            tell: &|_| {},
        };
        let image = carrier.image(&wish).await.map_err(Ended::NoImage)?;
        images.push((container.clone(), image));
    }
    let work = Work { charge, carrier, images, revision: "job".into(), stop, failures };
    work.check().map_err(Ended::Unknown)?;
    Ok(work)
}

/// Starts attempts as the plan says, until the job has ended.
async fn attend(
    work: &Arc<Work>,
    attempts: &mut JoinSet<Result<(), String>>,
    mut failed: mpsc::Receiver<String>,
) -> Ended {
    let (began, waits) = (Instant::now(), work.charge.home.waits());
    let (mut tally, mut number) = (Tally::default(), 0);
    loop {
        let pause = match step(&work.charge.spec, waits, &tally, began.elapsed()) {
            Step::Complete => return Ended::Complete,
            Step::Failed(why) => return Ended::Failed(why),
            Step::Start(count) => {
                for _ in 0..count {
                    number += 1;
                    attempts.spawn(pod::run(Arc::clone(work), number));
                }
                tally.running += count;
                continue;
            }
            Step::Wait(pause) => pause,
        };
        tokio::select! {
            Some(ended) = attempts.join_next() => {
                let ended = ended.unwrap_or_else(|error| Err(error.to_string()));
                tally.take(ended, began.elapsed());
            }
            Some(why) = failed.recv() => tally.fail(why, began.elapsed()),
            () = tokio::time::sleep(pause.unwrap_or(LONGEST_SLEEP)) => {}
        }
    }
}

/// Nothing is due: an end wakes it.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

/// Keeps what is written within its limits, for ever.
async fn bound_logs(work: &Work) {
    let limits = work.charge.home.log_limits();
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        for (container, _) in &work.images {
            // A log that cannot be rotated goes on as it is.
            let _ = bound_log(&work.log(container), limits);
        }
    }
}

/// Ends what a keeper that is gone has left, and writes down that the end is not known.
pub(crate) async fn lose(
    carrier: &Processes,
    folder: &JobFolder,
    name: &str,
) -> Result<(), String> {
    leftovers::end(carrier, |job| job == name).await?;
    let why = "what watched over it ended before it did, so its end is not known";
    folder.end(&Ended::Unknown(why.to_owned())).map_err(|error| told(&folder.0, &error))
}

fn told(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
