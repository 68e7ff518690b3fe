//! The attempts of a job, each from the start of its containers to their ends.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use tidegate_ports::JobOrder;
use tidegate_replicas::{
    ADDRESS, Assigned, Carrier as _, Draft, Place, Running, StartFailure, Surroundings, Unit as _,
    jobs::Waits,
};
use tidegate_units::{ReplicaId, RevisionHash};
use tidegate_workload::{Container, JobRestart};
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    AGAIN,
    note::{Kept, Part, attempt},
};
use crate::{
    carrier::Containers,
    ending::{LOOK, Limited, describe},
    image::Image,
    labels,
    unit::{ContainerId, ContainerUnit},
};

/// What the attempts of a job share.
pub(crate) struct Work {
    pub(crate) order: JobOrder,
    pub(crate) carrier: Arc<Containers>,
    pub(crate) note: Arc<Kept>,
    /// By container.
    pub(crate) images: Vec<(Container, Image)>,
    pub(crate) revision: RevisionHash,
    /// The folder that its containers write to.
    pub(crate) logs: PathBuf,
    pub(crate) waits: Waits,
    /// Ends all attempts.
    pub(crate) stop: CancellationToken,
    /// Tells that a container has failed that is started again.
    pub(crate) failed: Notify,
}

/// How an attempt, or a container of it, ended: well, or why not; or that nobody knows.
pub(crate) type Outcome = Result<Result<(), String>, Lost>;

/// Why an attempt says nothing of what it was to find out.
#[derive(Debug)]
pub(crate) struct Lost(pub(crate) String);

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self(format!("it cannot be written down: {error}"))
    }
}

impl Work {
    /// Where a container writes, in all attempts.
    pub(crate) fn log(&self, container: &Container) -> PathBuf {
        self.logs.join(format!("{}.log", container.name))
    }

    /// What stands in the way of any attempt.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (id, assigned) = (ReplicaId::from(attempt(&self.order.name, 0)), Assigned::new());
        for (container, image) in &self.images {
            self.carrier.spec(&self.draft(container, &id, &assigned, None), image)?;
        }
        Ok(())
    }

    fn draft<'a>(
        &'a self,
        container: &'a Container,
        replica: &'a ReplicaId,
        assigned: &'a Assigned,
        log: Option<&'a PathBuf>,
    ) -> Draft<'a> {
        let JobOrder { owner, spec, config_maps, secrets, .. } = &self.order;
        let meta = &spec.template.meta;
        Draft {
            container,
            template: &spec.template,
            assigned,
            around: Surroundings { replica, owner, meta, config_maps, secrets, address: ADDRESS },
            revision: &self.revision,
            log: log.map(PathBuf::as_path),
        }
    }

    fn unit(
        &self,
        id: &ReplicaId,
        container: &Container,
        image: &Image,
    ) -> Result<ContainerUnit, String> {
        let (log, assigned) = (self.log(container), Assigned::new());
        let spec = self.carrier.spec(&self.draft(container, id, &assigned, Some(&log)), image)?;
        let place = Place {
            replica: id,
            owner: &self.order.owner,
            revision: &self.revision,
            container,
            template: &self.order.spec.template,
            assigned: &assigned,
            log: &log,
        };
        Ok(self.carrier.unit(&place, Arc::new(spec)).0)
    }
}

/// Runs an attempt, or goes on with it; why it failed, if it did. When it returns, its containers
/// are removed; when it is dropped, they run on.
pub(crate) async fn run(work: Arc<Work>, number: u32) -> Outcome {
    let id = ReplicaId::from(attempt(&work.order.name, number));
    let mut containers = JoinSet::new();
    for index in 0..work.images.len() {
        containers.spawn(contain(Arc::clone(&work), id.clone(), number, index));
    }
    let mut outcome = Ok(Ok(()));
    while let Some(ended) = containers.join_next().await {
        let ended = ended.unwrap_or_else(|error| Err(Lost(error.to_string())));
        if ended.is_err() {
            // The others would run for nothing.
            work.stop.cancel();
        }
        outcome = match (outcome, ended) {
            (Err(lost), _) | (_, Err(lost)) => Err(lost),
            (Ok(first), Ok(next)) => Ok(first.and(next)),
        };
    }
    work.carrier.gone(&id).await;
    outcome
}

/// Stays with a container until it has succeeded, or has failed for good.
async fn contain(work: Arc<Work>, id: ReplicaId, number: u32, index: usize) -> Outcome {
    let Some((container, image)) = work.images.get(index) else { return Ok(Ok(())) };
    let named = |why: String| format!("container {}: {why}", container.name);
    let unit = match work.unit(&id, container, image) {
        Ok(unit) => unit,
        Err(why) => return Ok(Err(why)),
    };
    let turn = Turn { work: &work, unit: &unit, number, container };
    loop {
        let (running, failures) = match work.note.part(number, &container.name) {
            Part::Done(outcome) => {
                turn.clear().await;
                return Ok(outcome);
            }
            Part::Made(made, failures) if turn.was_started(&made).await? => {
                (unit.adopt(made), failures)
            }
            // Nothing has run: what is there of it was created by one that was killed then.
            Part::Made(_, failures) | Part::Due(failures) => {
                turn.clear().await;
                if !turn.waited(failures).await {
                    work.note.set_part(number, &container.name, stopped())?;
                    continue;
                }
                match turn.start(failures).await? {
                    Ok(running) => (running, failures),
                    // Then it is not the container's fault; what came of it is looked for.
                    Err(_) if !turn.engine_answers().await => continue,
                    Err(why) => {
                        turn.ended(Err(named(why)), failures)?;
                        continue;
                    }
                }
            }
        };
        let outcome = turn.attend(running).await?;
        turn.ended(outcome.map_err(named), failures)?;
    }
}

fn stopped() -> Part {
    Part::Done(Err("it was stopped".to_owned()))
}

/// A container's turn in an attempt.
struct Turn<'a> {
    work: &'a Work,
    unit: &'a ContainerUnit,
    number: u32,
    container: &'a Container,
}

impl Turn<'_> {
    /// Whether what was created was also started.
    async fn was_started(&self, made: &ContainerId) -> Result<bool, Lost> {
        loop {
            match self.unit.engine.inspect(&made.0).await {
                Ok(seen) => return Ok(!seen.state.was_never_started()),
                Err(error) if error.is_missing() => return Err(Lost(REMOVED.to_owned())),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Removes what there is of it, however long the engine is away.
    async fn clear(&self) {
        while let Err(error) = self.unit.clear().await {
            tracing::warn!(attempt = self.number, error, "a container of a job is not removed yet");
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn engine_answers(&self) -> bool {
        self.unit.engine.list(&[(labels::RUNTIME, &self.unit.runtime)]).await.is_ok()
    }

    /// Waits for its turn to be started; false when it is stopped meanwhile.
    async fn waited(&self, failures: u32) -> bool {
        let pause = if failures == 0 { Duration::ZERO } else { self.work.waits.after(failures) };
        tokio::select! {
            biased;
            () = self.work.stop.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }

    /// Starts it once. It is written down which it will be before it is.
    async fn start(&self, failures: u32) -> Result<Result<Running<Containers>, String>, Lost> {
        let name = &self.container.name;
        let keep = |made: &ContainerId| {
            self.work.note.set_part(self.number, name, Part::Made(made.clone(), failures))
        };
        match self.unit.start(keep).await {
            Ok(started) => Ok(Ok(started.running)),
            Err(StartFailure::Refused(why)) => Ok(Err(why)),
            Err(StartFailure::PortTaken) => Ok(Err("its port is taken".to_owned())),
        }
    }

    /// Waits for its end, or ends it when the job is stopped.
    async fn attend(&self, running: Running<Containers>) -> Outcome {
        let made = &running.process;
        let stopped = tokio::select! {
            _ = running.ended() => false,
            () = self.work.stop.cancelled() => true,
        };
        if stopped {
            let grace = self.work.order.spec.template.termination_grace;
            self.unit.terminate(made, Instant::now() + grace).await;
            return Ok(Err("it was stopped".to_owned()));
        }
        let limits = &self.container.resources.limits;
        loop {
            match self.unit.engine.inspect(&made.0).await {
                Ok(seen) if seen.state.exit_code == 0 => return Ok(Ok(())),
                Ok(seen) => return Ok(Err(describe(&seen.state, Limited::by(limits)))),
                Err(error) if error.is_missing() => return Err(Lost(REMOVED.to_owned())),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Writes down what came of one start; what follows is in the note then.
    fn ended(&self, outcome: Result<(), String>, failures: u32) -> io::Result<()> {
        let (work, name) = (self.work, &self.container.name);
        let again = work.order.spec.restart == JobRestart::OnFailure && !work.stop.is_cancelled();
        match outcome {
            Err(why) if again => {
                let elapsed = work.note.elapsed();
                work.note.change(|note| {
                    note.tally.fail(why, elapsed);
                    let parts = note.attempts.entry(self.number).or_default();
                    parts.insert(name.clone(), Part::Due(failures + 1));
                })?;
                work.failed.notify_one();
                Ok(())
            }
            outcome => work.note.set_part(self.number, name, Part::Done(outcome)),
        }
    }
}

/// Somebody else did so: how it ended is gone with it.
const REMOVED: &str = "a container of it was removed from the engine, so its end is not known";
