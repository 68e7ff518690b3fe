//! One attempt of a job: all its containers, from their start to their end.

use std::{path::PathBuf, sync::Arc};

use tidegate_replicas::{ADDRESS, Assigned, Carrier as _, Draft, Place, Surroundings, Unit as _};
use tidegate_units::{ReplicaId, RevisionHash};
use tidegate_workload::{Container, JobRestart};
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    carrier::Processes,
    image::Image,
    jobs::{folder::Charge, leftovers::attempt},
    spawn::spawn,
    unit::describe,
};

/// What the attempts of a job share.
pub(crate) struct Work {
    pub(crate) charge: Charge,
    pub(crate) carrier: Processes,
    /// By container.
    pub(crate) images: Vec<(Container, Image)>,
    pub(crate) revision: RevisionHash,
    /// Ends all attempts.
    pub(crate) stop: CancellationToken,
    /// Failures of containers that are started again.
    pub(crate) failures: mpsc::Sender<String>,
}

impl Work {
    fn around<'a>(&'a self, replica: &'a ReplicaId) -> Surroundings<'a> {
        Surroundings {
            replica,
            owner: &self.charge.owner,
            meta: &self.charge.spec.template.meta,
            config_maps: &self.charge.config_maps,
            secrets: &self.charge.secrets,
            address: ADDRESS,
        }
    }

    /// What stands in the way of any attempt, found out before the first one.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (id, assigned) = (attempt(&self.charge.name, 0), Assigned::new());
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
        Draft {
            container,
            template: &self.charge.spec.template,
            assigned,
            around: self.around(replica),
            revision: &self.revision,
            log: log.map(PathBuf::as_path),
        }
    }

    /// Where a container writes, in all attempts.
    pub(crate) fn log(&self, container: &Container) -> PathBuf {
        self.charge.logs.join(format!("{}.log", container.name))
    }
}

/// Runs an attempt; why it failed, if it did. When it returns, none of its processes is left.
pub(crate) async fn run(work: Arc<Work>, number: u32) -> Result<(), String> {
    let id = attempt(&work.charge.name, number);
    let mut containers = JoinSet::new();
    for index in 0..work.images.len() {
        containers.spawn(contain(Arc::clone(&work), id.clone(), index));
    }
    let mut outcome = Ok(());
    while let Some(ended) = containers.join_next().await {
        let ended = ended.unwrap_or_else(|error| Err(error.to_string()));
        outcome = outcome.and(ended);
    }
    work.carrier.places.forget(|name| name != id.as_str());
    work.carrier.gone(&id).await;
    outcome
}

/// Runs a container until it has succeeded, or has failed for good.
async fn contain(work: Arc<Work>, id: ReplicaId, index: usize) -> Result<(), String> {
    let Some((container, image)) = work.images.get(index) else { return Ok(()) };
    let mut failures = 0;
    loop {
        let Err(why) = once(&work, &id, container, image).await else { return Ok(()) };
        let why = format!("container {}: {why}", container.name);
        if work.charge.spec.restart == JobRestart::Never || work.stop.is_cancelled() {
            return Err(why);
        }
        failures += 1;
        // Nobody listens any more: the job has ended.
        let _ = work.failures.send(why.clone()).await;
        let pause = work.charge.home.waits().after(failures);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = work.stop.cancelled() => return Err(why),
        }
    }
}

/// From one start to its end.
async fn once(
    work: &Work,
    id: &ReplicaId,
    container: &Container,
    image: &Image,
) -> Result<(), String> {
    let (log, assigned) = (work.log(container), Assigned::new());
    let draft = work.draft(container, id, &assigned, Some(&log));
    let spec = Arc::new(work.carrier.spec(&draft, image)?);
    let place = Place {
        replica: id,
        owner: &work.charge.owner,
        revision: &work.revision,
        container,
        template: &work.charge.spec.template,
        assigned: &assigned,
        log: &log,
    };
    let (unit, _) = work.carrier.unit(&place, spec);
    let kills_before = unit.group.memory_kills();
    let mut started =
        spawn(&unit.launcher, &unit.spec, |_| Ok(())).await.map_err(|error| error.to_string())?;
    let ended = tokio::select! {
        status = started.child.wait() => Some(status),
        () = work.stop.cancelled() => None,
    };
    if ended.is_none() {
        let deadline = Instant::now() + work.charge.spec.template.termination_grace;
        // Taken as it ends, so that it is not waited for as a zombie.
        let ((), ()) = tokio::join!(unit.terminate(&started.identity, deadline), async {
            let _ = tokio::time::timeout_at(deadline, started.child.wait()).await;
        });
    }
    let out_of_memory = unit.group.has_killed_since(kills_before);
    let cleared = unit.clear().await;
    unit.remove();
    cleared?;
    match ended {
        Some(Ok(status)) if status.success() => Ok(()),
        Some(status) => Err(describe(status.ok(), out_of_memory)),
        None => Err("it was stopped".to_owned()),
    }
}
