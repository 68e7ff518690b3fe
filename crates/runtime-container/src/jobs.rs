//! Jobs: containers that are run once, until they have done their work.
//!
//! The engine keeps how a container ended until it is removed, so nothing has to watch over it: the
//! next control plane reads there what happened while none was. What is begun is written down
//! before: a container is created, noted, and only then started.
//!
//! Invariant: a container that may have run is never taken for one that did not.

mod attempt;
mod drive;
mod note;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{self, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tidegate_analysis::JobEnd;
use tidegate_ports::{Fence, JobOrder, Jobs};
use tidegate_replicas::{
    Carrier as _, LogLimits, identity, is_file_name,
    jobs::{Ended, Waits, job_logs, prune_job_logs},
    private_folder, read_whole,
};
use tidegate_units::{Epoch, ReplicaId};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    carrier::Containers,
    engine::Listed,
    jobs::note::{Kept, Note, job_of},
    labels,
    orphans::end_all,
    settings::ContainerSettings,
};

/// Jobs that run at one time; more wait for their turn.
const AT_ONCE: usize = 16;
/// How long until an engine that does not answer is asked again.
const AGAIN: Duration = Duration::from_secs(2);
const STOPPED: &str = "it was stopped before it had ended";

/// How a job ended, once it has.
type Told = watch::Receiver<Option<Ended>>;

/// Runs jobs as containers of an engine.
#[derive(Debug)]
pub struct ContainerJobs {
    shared: Arc<Shared>,
    fence: Fence,
}

#[derive(Debug)]
struct Shared {
    carrier: Arc<Containers>,
    /// The folder of the notes.
    work: PathBuf,
    logs: PathBuf,
    limits: LogLimits,
    waits: Waits,
    turns: Semaphore,
    jobs: Mutex<State>,
    closing: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    /// Those that may be started; all, before anybody said which.
    wanted: Option<BTreeSet<String>>,
    /// Those that are looked after.
    driven: BTreeMap<String, (Told, CancellationToken)>,
}

impl ContainerJobs {
    /// Opens the data folder, which the server has to itself. Has to be called within a tokio
    /// runtime.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(settings: &ContainerSettings) -> io::Result<Self> {
        Self::with_waits(settings, Waits::default())
    }

    /// The same with other waits after failures.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn with_waits(settings: &ContainerSettings, waits: Waits) -> io::Result<Self> {
        let data = path::absolute(&settings.data)?;
        let home = data.join(Containers::FOLDER).join("jobs");
        let work = home.join("work");
        private_folder(&work)?;
        let id = identity(&home)?;
        let shared = Arc::new(Shared {
            carrier: Arc::new(Containers::for_jobs(settings, &data, &id)?),
            work,
            logs: data.join("logs"),
            limits: settings.logs,
            waits,
            turns: Semaphore::new(AT_ONCE),
            jobs: Mutex::default(),
            closing: CancellationToken::new(),
        });
        let tidy = Arc::clone(&shared);
        shared.spawn(async move { tidy.end_unknown().await });
        Ok(Self { shared, fence: Fence::default() })
    }

    /// Stops all jobs, and returns how many there were once none runs. Their ends stay known.
    pub async fn stop_all(&self) -> usize {
        let mut stopped = 0;
        for name in self.shared.names() {
            if self.shared.note_of(&name).is_some_and(|note| note.end.is_none()) {
                stopped += 1;
                self.shared.stop(&name).await;
                if self.shared.note_of(&name).is_some_and(|note| note.last == 0) {
                    // It can be run later as well as ever.
                    let _ = fs::remove_file(self.shared.note(&name));
                }
            }
        }
        stopped
    }
}

impl Drop for ContainerJobs {
    fn drop(&mut self) {
        self.shared.closing.cancel();
    }
}

#[async_trait]
impl Jobs for ContainerJobs {
    async fn run(&self, order: JobOrder) -> Result<JobEnd, String> {
        self.fence.pass(order.epoch).map_err(|outdated| outdated.to_string())?;
        let names = [&order.name, &*order.owner.namespace, &*order.owner.name];
        if let Some(name) = names.into_iter().find(|name| !is_file_name(name)) {
            return Err(format!("{name:?} cannot be the name of a file, so no job can be run"));
        }
        let mut told = self.shared.drive(order)?;
        let ended = told.wait_for(Option::is_some).await;
        let ended = ended.map_err(|_| "the server ended".to_owned())?.clone();
        ended.map_or_else(|| Err("the server ended".to_owned()), Into::into)
    }

    fn knows(&self, name: &str) -> bool {
        is_file_name(name) && self.shared.note(name).exists()
    }

    fn keep(&self, epoch: Epoch, wanted: BTreeSet<String>) {
        if let Err(outdated) = self.fence.pass(epoch) {
            tracing::warn!(%outdated, "jobs are kept as they are");
            return;
        }
        let gone: BTreeSet<String> = {
            let mut jobs = self.shared.jobs();
            jobs.wanted = Some(wanted.clone());
            let known = self.shared.names().into_iter().chain(jobs.driven.keys().cloned());
            known.filter(|name| !wanted.contains(name)).collect()
        };
        for name in gone {
            let shared = Arc::clone(&self.shared);
            self.shared.spawn(async move { shared.forget(&name).await });
        }
    }
}

impl Shared {
    fn jobs(&self) -> MutexGuard<'_, State> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closing = self.closing.clone();
        tokio::spawn(async move {
            closing.run_until_cancelled(task).await;
        });
    }

    fn note(&self, name: &str) -> PathBuf {
        self.work.join(format!("{name}.json"))
    }

    /// What is written down of a job, if it can be read.
    fn note_of(&self, name: &str) -> Option<Note> {
        read_whole(&self.note(name)).ok().flatten()
    }

    /// The names of all jobs that are known.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.work).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect()
    }

    /// Sees to it that a job is looked after, whoever goes on to wait for it.
    fn drive(self: &Arc<Self>, order: JobOrder) -> Result<Told, String> {
        let mut jobs = self.jobs();
        if jobs.wanted.as_ref().is_some_and(|wanted| !wanted.contains(&order.name)) {
            return Err("nobody asks for it any more".to_owned());
        }
        if let Some((told, _)) = jobs.driven.get(&order.name) {
            return Ok(told.clone());
        }
        let path = self.note(&order.name);
        let kept = Kept::open(path.clone(), &order.owner);
        let note = Arc::new(kept.map_err(|error| format!("{}: {error}", path.display()))?);
        let (tell, told) = watch::channel(note.look(|note| note.end.clone()));
        if told.borrow().is_some() {
            return Ok(told);
        }
        let stop = CancellationToken::new();
        jobs.driven.insert(order.name.clone(), (told.clone(), stop.clone()));
        drop(jobs);
        let shared = Arc::clone(self);
        self.spawn(async move {
            let name = order.name.clone();
            let ended = shared.work_off(order, &note, stop).await;
            if let Err(error) = note.change(|note| note.end = Some(ended.clone())) {
                tracing::error!(job = name, %error, "the end of a job cannot be written down");
            }
            shared.jobs().driven.remove(&name);
            tell.send_replace(Some(ended));
        });
        Ok(told)
    }

    /// Stops a job and forgets it.
    async fn forget(&self, name: &str) {
        self.stop(name).await;
        let owner = self.note_of(name).map(|note| note.owner);
        let _ = fs::remove_file(self.note(name));
        if let Some(owner) = owner {
            prune_job_logs(&job_logs(&self.logs, &owner), |name| self.note(name).exists());
        }
    }

    /// Returns once nothing of it runs.
    async fn stop(&self, name: &str) {
        let driven = self.jobs().driven.get(name).cloned();
        if let Some((mut told, stop)) = driven {
            stop.cancel();
            let _ = told.wait_for(Option::is_some).await;
        }
        self.end_containers(|job| job == name).await;
        if let Some(note) = self.note_of(name)
            && note.end.is_none()
        {
            let ended = Ended::Unknown(STOPPED.to_owned());
            let kept = Kept::open(self.note(name), &note.owner);
            let written = kept.and_then(|kept| kept.change(|note| note.end = Some(ended)));
            if let Err(error) = written {
                tracing::error!(job = name, %error, "the end of a job cannot be written down");
            }
        }
    }

    /// Ends what there is of jobs that no note knows.
    async fn end_unknown(&self) {
        self.end_containers(|job| !self.note(job).exists()).await;
    }

    /// Ends the containers of the jobs that `which` names, however long the engine is away.
    async fn end_containers(&self, which: impl Fn(&str) -> bool) {
        loop {
            match self.try_to_end(&which).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "the container engine is asked again"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn try_to_end(
        &self,
        which: &impl Fn(&str) -> bool,
    ) -> Result<(), crate::client::EngineError> {
        let engine = &self.carrier.engine;
        let found = engine.list(&[(labels::RUNTIME, &self.carrier.id)]).await?;
        let mut attempts: BTreeMap<String, Vec<Listed>> = BTreeMap::new();
        for one in found {
            let attempt = one.label(labels::REPLICA).map(str::to_owned);
            if let Some(attempt) = attempt.filter(|one| job_of(one).is_some_and(which)) {
                attempts.entry(attempt).or_default().push(one);
            }
        }
        for (attempt, containers) in attempts {
            end_all(engine.clone(), containers).await?;
            self.carrier.gone(&ReplicaId::from(attempt)).await;
        }
        Ok(())
    }
}
