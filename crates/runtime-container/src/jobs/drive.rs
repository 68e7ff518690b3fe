//! The way of a job, from where its note says to its end.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use tidegate_ports::JobOrder;
use tidegate_replicas::{
    Carrier as _, ImageWish, bound_log,
    jobs::{Ended, Step, job_logs, step},
};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    STOPPED, Shared,
    attempt::{Lost, Outcome, Work, run},
    note::Kept,
};
use crate::carrier::Containers;

/// An image that is not to be had at once is tried so often: a registry may be away for a moment.
const IMAGE_TRIES: u32 = 3;
/// And so long after the last try: longer than a failed pull is remembered.
const IMAGE_PAUSE: Duration = Duration::from_secs(11);
/// How often it is looked how long the logs are.
const LOOK: Duration = Duration::from_millis(500);
/// Nothing is due: an end wakes it.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

impl Shared {
    /// From where the note says to the end.
    pub(super) async fn work_off(
        &self,
        order: JobOrder,
        note: &Arc<Kept>,
        stop: CancellationToken,
    ) -> Ended {
        let begun = note.look(|note| note.last > 0);
        let turn = async { if begun { None } else { self.turns.acquire().await.ok() } };
        let prepared = async {
            let turn = turn.await;
            (turn, self.prepare(order, note, stop.child_token()).await)
        };
        let (_turn, work) = tokio::select! {
            prepared = prepared => prepared,
            () = stop.cancelled() => return Ended::Unknown(STOPPED.to_owned()),
        };
        let work = match work {
            Ok(work) => Arc::new(work),
            Err(ended) => return ended,
        };
        let mut attempts = JoinSet::new();
        let ended = tokio::select! {
            ended = attend(&work, &mut attempts) => ended,
            () = stop.cancelled() => Ended::Unknown(STOPPED.to_owned()),
            () = self.bound_logs(&work) => Ended::Unknown("its logs cannot be bounded".to_owned()),
        };
        work.stop.cancel();
        while attempts.join_next().await.is_some() {}
        ended
    }

    /// Finds the images, and what is missing.
    async fn prepare(
        &self,
        order: JobOrder,
        note: &Arc<Kept>,
        stop: CancellationToken,
    ) -> Result<Work, Ended> {
        let begun = note.look(|note| note.last > 0);
        let mut images = Vec::new();
        for container in &order.spec.template.containers {
            let pinned = note.look(|note| note.pins.get(&container.name).cloned());
            let wish = ImageWish {
                container,
                template: &order.spec.template,
                secrets: &order.secrets,
                pinned: pinned.as_deref(),
                tell: &|_| {},
            };
            let mut tries = 1;
            let image = loop {
                match self.carrier.image(&wish).await {
                    Ok(image) => break image,
                    Err(why) if tries >= IMAGE_TRIES && !begun => return Err(Ended::NoImage(why)),
                    Err(_) => tokio::time::sleep(IMAGE_PAUSE).await,
                }
                tries += 1;
            };
            images.push((container.clone(), image));
        }
        let pins = images.iter().filter_map(|(container, image)| {
            Some((container.name.clone(), Containers::pin(image)?))
        });
        let pins = pins.collect();
        note.change(|note| note.pins = pins).map_err(lost)?;
        let logs = job_logs(&self.logs, &order.owner).join(&order.name);
        let work = Work {
            order,
            carrier: Arc::clone(&self.carrier),
            note: Arc::clone(note),
            images,
            revision: "job".into(),
            logs,
            waits: self.waits,
            stop,
            failed: Notify::new(),
        };
        work.check().map_err(Ended::Unknown)?;
        Ok(work)
    }

    /// Keeps what is written within its limits, for ever.
    async fn bound_logs(&self, work: &Work) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            for (container, _) in &work.images {
                // A log that cannot be rotated goes on as it is.
                let _ = bound_log(&work.log(container), self.limits);
            }
        }
    }
}

/// Starts attempts as the plan says, and goes on with those of before, until the job has ended.
async fn attend(work: &Arc<Work>, attempts: &mut JoinSet<(u32, Outcome)>) -> Ended {
    let start = |attempts: &mut JoinSet<_>, number: u32| {
        let work = Arc::clone(work);
        attempts.spawn(async move { (number, run(work, number).await) });
    };
    for number in work.note.look(|note| note.attempts.keys().copied().collect::<Vec<_>>()) {
        start(attempts, number);
    }
    loop {
        let tally = work.note.look(|note| note.tally.clone());
        let pause = match step(&work.order.spec, work.waits, &tally, work.note.elapsed()) {
            Step::Complete => return Ended::Complete,
            Step::Failed(why) => return Ended::Failed(why),
            Step::Start(count) => {
                for _ in 0..count {
                    let number = work.note.look(|note| note.last) + 1;
                    let begun = work.note.change(|note| {
                        note.last = number;
                        note.tally.running += 1;
                        note.attempts.insert(number, BTreeMap::new());
                    });
                    if let Err(error) = begun {
                        return lost(error);
                    }
                    start(attempts, number);
                }
                continue;
            }
            Step::Wait(pause) => pause,
        };
        tokio::select! {
            Some(ended) = attempts.join_next() => {
                let taken = match ended {
                    Ok((number, Ok(outcome))) => take(work, number, outcome),
                    Ok((_, Err(Lost(why)))) => return Ended::Unknown(why),
                    Err(error) => return Ended::Unknown(error.to_string()),
                };
                if let Err(error) = taken {
                    return lost(error);
                }
            }
            () = work.failed.notified() => {}
            () = tokio::time::sleep(pause.unwrap_or(LONGEST_SLEEP)) => {}
        }
    }
}

/// Writes down how an attempt ended.
fn take(work: &Work, number: u32, outcome: Result<(), String>) -> io::Result<()> {
    let elapsed = work.note.elapsed();
    work.note.change(|note| {
        note.attempts.remove(&number);
        note.tally.take(outcome, elapsed);
    })
}

fn lost(error: io::Error) -> Ended {
    Ended::Unknown(Lost::from(error).0)
}
