//! Jobs: processes that are run once, until they have done their work.
//!
//! Each has a keeper: this program as a process of its own, which outlives the control plane as
//! replicas do, and as the parent of what it starts learns how that ends. So a control plane that
//! comes later finds the job, or its end, by its name.
//!
//! Invariant: a job that has begun is never begun again; and its processes outlive neither their
//! keeper, once anybody looks, nor the wish for the job.

mod folder;
mod keeper;
mod leftovers;
mod pod;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{self, Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use rustix::process::Signal;
use tidegate_analysis::JobEnd;
use tidegate_ports::{Fence, JobOrder, Jobs};
use tidegate_replicas::{
    identity, is_file_name,
    jobs::{Waits, job_logs, prune_job_logs},
    named, private_folder,
};
use tidegate_units::Epoch;
use tokio::{process::Command, sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;

pub use keeper::job_keeper_main;

pub(crate) use folder::Home;

use crate::{
    carrier::{Processes, of_this_machine},
    cgroup::Places,
    jobs::folder::{Charge, JobFolder},
    settings::{Launcher, ProcessSettings},
};

/// Jobs that are started and have not ended, at one time; more wait for their turn. Each is a
/// process of some megabytes beside what it runs.
const AT_ONCE: usize = 16;
/// How often it is looked whether a job has ended: first and last.
const LOOKS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// From the start of a keeper until it holds its lock; some milliseconds, on a busy machine more.
const KEEPER_START: Duration = Duration::from_secs(10);
/// A keeper that does not begin is started so often.
const KEEPER_TRIES: u32 = 3;
/// What a keeper takes beyond the grace period to end its job.
const KEEPER_END: Duration = Duration::from_secs(20);
/// Runs jobs as processes of this machine.
#[derive(Debug)]
pub struct ProcessJobs {
    shared: Arc<Shared>,
    fence: Fence,
}

#[derive(Debug)]
struct Shared {
    home: Home,
    logs: PathBuf,
    keeper: Launcher,
    carrier: Processes,
    turns: Semaphore,
    /// Those that may be started; all, before anybody said which.
    wanted: Mutex<Option<BTreeSet<String>>>,
    closing: CancellationToken,
}

impl ProcessJobs {
    /// Opens the data folder, which the server has to itself. `keeper` starts
    /// [`job_keeper_main`], with the folder of a job as its last argument. Has to be called within a
    /// tokio runtime.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(settings: &ProcessSettings, keeper: Launcher) -> io::Result<Self> {
        Self::with_waits(settings, keeper, Waits::default().first)
    }

    /// The same with another first wait after a failure.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn with_waits(
        settings: &ProcessSettings,
        keeper: Launcher,
        first_wait: Duration,
    ) -> io::Result<Self> {
        let data = path::absolute(&settings.data)?;
        let folder = data.join("jobs");
        private_folder(&folder)?;
        let id = identity(&folder)?;
        let waits = Waits { first: first_wait, ..Waits::default() };
        let home = Home::new(id.clone(), &data, settings, waits, Places::find(&id));
        private_folder(&home.work())?;
        let carrier = Processes::for_jobs(&home)?;
        let shared = Arc::new(Shared {
            carrier,
            logs: data.join("logs"),
            keeper,
            turns: Semaphore::new(AT_ONCE),
            wanted: Mutex::new(None),
            closing: CancellationToken::new(),
            home,
        });
        shared.tidy();
        let tidy = Arc::clone(&shared);
        shared.spawn(async move {
            // Asked after it was seen to run: its folder was there before.
            let is_gone = |job: &str| !tidy.home.job(job).0.exists();
            while let Err(problem) = leftovers::end(&tidy.carrier, is_gone).await {
                tracing::error!(%problem, "processes of jobs that nobody knows do not end");
                tokio::time::sleep(KEEPER_END).await;
            }
        });
        Ok(Self { shared, fence: Fence::default() })
    }

    /// Stops all jobs, and returns how many there were once none runs. Their ends stay known.
    pub async fn stop_all(&self) -> usize {
        let mut stopped = 0;
        for name in self.shared.home.names() {
            let folder = self.shared.home.job(&name);
            if !matches!(folder.ended(), Ok(Some(_))) {
                stopped += 1;
                self.shared.stop(&folder, &name).await;
                if !folder.has_begun() {
                    // It can be run later as well as ever.
                    let _ = folder.remove();
                }
            }
        }
        stopped
    }
}

impl Drop for ProcessJobs {
    fn drop(&mut self) {
        self.shared.closing.cancel();
        self.shared.carrier.places.leave();
    }
}

#[async_trait]
impl Jobs for ProcessJobs {
    async fn run(&self, order: JobOrder) -> Result<JobEnd, String> {
        self.fence.pass(order.epoch).map_err(|outdated| outdated.to_string())?;
        let names = [&order.name, &*order.owner.namespace, &*order.owner.name];
        if let Some(name) = names.into_iter().find(|name| !is_file_name(name)) {
            return Err(format!("{name:?} cannot be the name of a file, so no job can be run"));
        }
        let folder = self.shared.home.job(&order.name);
        // One that was started takes no turn: it runs already.
        let begun = folder.has_begun();
        let _turn = if begun { None } else { Some(self.shared.turns.acquire().await) };
        self.shared.make(&folder, order)?;
        self.shared.wait(&folder).await
    }

    fn knows(&self, name: &str) -> bool {
        is_file_name(name) && self.shared.home.job(name).0.is_dir()
    }

    fn keep(&self, epoch: Epoch, wanted: BTreeSet<String>) {
        if let Err(outdated) = self.fence.pass(epoch) {
            tracing::warn!(%outdated, "jobs are kept as they are");
            return;
        }
        *self.shared.wanted() = Some(wanted.clone());
        for name in self.shared.home.names().into_iter().filter(|name| !wanted.contains(name)) {
            let shared = Arc::clone(&self.shared);
            self.shared.spawn(async move { shared.forget(&name).await });
        }
    }
}

impl Shared {
    fn wanted(&self) -> MutexGuard<'_, Option<BTreeSet<String>>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closing = self.closing.clone();
        tokio::spawn(async move {
            closing.run_until_cancelled(task).await;
        });
    }

    /// Writes down what is to be run, unless nobody wants it any more.
    fn make(&self, folder: &JobFolder, order: JobOrder) -> Result<(), String> {
        let wanted = self.wanted();
        if wanted.as_ref().is_some_and(|wanted| !wanted.contains(&order.name)) {
            return Err("nobody asks for it any more".to_owned());
        }
        let logs = job_logs(&self.logs, &order.owner).join(&order.name);
        let JobOrder { name, owner, spec, config_maps, secrets, .. } = order;
        // Of the namespace's settings and secrets only what the template names.
        let (maps_named, secrets_named) = named(&spec.template);
        let charge = Charge {
            config_maps: pick(&config_maps, &maps_named),
            secrets: pick(&secrets, &secrets_named),
            name,
            owner,
            home: self.home.clone(),
            logs,
            spec: spec.clone(),
        };
        folder.make(&charge).map_err(|error| format!("{}: {error}", folder.0.display()))
    }

    /// Waits for the end, and sees to it that there is one: a job without a keeper that has not
    /// begun is given one, and one that had begun has lost its end.
    async fn wait(&self, folder: &JobFolder) -> Result<JobEnd, String> {
        let name = folder.0.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (mut pause, mut tries) = (LOOKS.0, 0);
        let mut started: Option<Instant> = None;
        loop {
            if let Ok(Some(ended)) = folder.ended() {
                return ended.into();
            }
            if !folder.0.is_dir() {
                return Err("its folder was removed while it ran".to_owned());
            }
            // In this order: a keeper holds its lock before it begins.
            let begun = folder.has_begun();
            let kept = folder.is_kept();
            if begun && !kept {
                match folder.ended() {
                    Ok(Some(_)) => {}
                    Ok(None) => keeper::lose(&self.carrier, folder, name).await?,
                    // Asked again once there is a file to ask with.
                    Err(_) => tokio::time::sleep(pause).await,
                }
                continue;
            }
            if !kept && started.is_none_or(|at| at.elapsed() > KEEPER_START) {
                if tries == KEEPER_TRIES {
                    return Err("what watches over it does not start".to_owned());
                }
                tries += 1;
                started = Some(Instant::now());
                self.start_keeper(&folder.0)?;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(LOOKS.1);
        }
    }

    fn start_keeper(&self, folder: &Path) -> Result<(), String> {
        let mut keeper = Command::new(&self.keeper.program)
            .args(&self.keeper.args)
            .arg(folder)
            .env_clear()
            .envs(of_this_machine())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(false)
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", self.keeper.program.display()))?;
        // Taken as it ends, so that it does not stay a zombie; it ends by itself.
        tokio::spawn(async move { keeper.wait().await });
        Ok(())
    }

    /// Stops a job and forgets it.
    async fn forget(&self, name: &str) {
        let folder = self.home.job(name);
        self.stop(&folder, name).await;
        let owner = folder.charge().map(|charge| charge.owner);
        if let Err(error) = folder.remove() {
            // Another look has removed it.
            if error.kind() != io::ErrorKind::NotFound {
                tracing::error!(job = name, %error, "a job cannot be forgotten");
            }
        }
        if let Ok(owner) = owner {
            self.prune_logs(&job_logs(&self.logs, &owner));
        }
    }

    /// Returns once nothing of it runs.
    async fn stop(&self, folder: &JobFolder, name: &str) {
        // Without the file the keeper finds the folder gone, a little later.
        let _ = folder.ask_to_stop();
        let grace = folder.charge().map(|charge| charge.spec.template.termination_grace);
        let deadline = Instant::now() + grace.unwrap_or_default() + KEEPER_END;
        while folder.is_kept() {
            if Instant::now() > deadline
                && let Ok(Some(keeper)) = folder.begun()
            {
                // Tried again in a moment.
                let _ = keeper.signal(Signal::KILL);
            }
            tokio::time::sleep(LOOKS.0).await;
        }
        if folder.has_begun() && !matches!(folder.ended(), Ok(Some(_))) {
            while let Err(problem) = keeper::lose(&self.carrier, folder, name).await {
                tracing::error!(job = name, %problem, "a job does not end");
                tokio::time::sleep(KEEPER_END).await;
            }
        }
    }

    /// Removes what a control plane that ended in between has left.
    fn tidy(&self) {
        for entry in fs::read_dir(self.home.work()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with('.') {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        if self.home.names().is_empty() {
            self.carrier.forget_images();
        }
        for namespace in entries(&self.logs) {
            for owner in entries(&namespace) {
                self.prune_logs(&owner.join("jobs~"));
            }
        }
    }

    fn prune_logs(&self, folder: &Path) {
        prune_job_logs(folder, |name| self.home.job(name).0.exists());
    }
}

fn pick<T: Clone>(from: &BTreeMap<String, T>, names: &BTreeSet<&str>) -> BTreeMap<String, T> {
    let wanted = from.iter().filter(|(name, _)| names.contains(name.as_str()));
    wanted.map(|(name, one)| (name.clone(), one.clone())).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
