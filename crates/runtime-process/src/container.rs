//! One container of a replica, from its start to its end.

use std::{io, process::ExitStatus, sync::Arc, time::Duration};

use tidegate_units::ReplicaId;
use tidegate_workload::ProbeAction;
use tokio::{process::Child, sync::watch, time::Instant};

use crate::{
    cgroup::Group,
    identity::ProcessIdentity,
    members::Members,
    ports::all_free,
    probe::{
        attempt::Target,
        watcher::{Before, Finding, watch},
    },
    records::ContainerRecord,
    spawn::spawn,
    state::{ContainerNow, Replica, Run, Shared, Wanted, now},
    stop::{Stop, stop},
};

/// What one container's task works with.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) shared: Arc<Shared>,
    pub(crate) replica: ReplicaId,
    pub(crate) target: Target,
    pub(crate) members: Members,
    pub(crate) group: Group,
    pub(crate) grace: Duration,
    pub(crate) wanted: watch::Receiver<Wanted>,
}

/// The process of a container.
enum Process {
    /// Started by this runtime, which can read how it ended.
    Own(Box<Child>, ProcessIdentity),
    /// Started by an earlier one.
    Adopted(ProcessIdentity),
}

/// Why a container's process is no longer wanted or no longer there.
enum Ending {
    /// It ended.
    Ended(Option<ExitStatus>),
    /// A probe wants it started again.
    Unhealthy(String, Option<Duration>),
    /// The replica was released.
    Released,
}

impl Keeper {
    /// Keeps the container running until its replica is released, and ends it then.
    pub(crate) async fn keep(mut self, adopted: Option<ProcessIdentity>) {
        let mut next = adopted.map(Process::Adopted);
        loop {
            match self.wants() {
                Wanted::Gone => {
                    let process = next.as_ref().map(Process::identity);
                    return self.finish(process).await;
                }
                Wanted::Retired if next.is_none() => {
                    self.ended();
                    self.tell(|_, now| now.trouble = now.last_end.take().or(now.trouble.take()));
                    let _ = self.wanted.changed().await;
                    continue;
                }
                Wanted::Running | Wanted::Retired => {}
            }
            let began = Instant::now();
            let process = match next.take() {
                Some(process) => Ok(process),
                None => self.start().await,
            };
            let ran = match process {
                Ok(process) => self.run(process).await,
                Err(why) => Some(why),
            };
            let Some(why) = ran else { return };
            self.wait_for_turn(why, began.elapsed()).await;
        }
    }

    fn wants(&mut self) -> Wanted {
        *self.wanted.borrow_and_update()
    }

    /// Starts the process, as soon as it is its turn.
    async fn start(&mut self) -> Result<Process, String> {
        let Ok(_permit) = self.shared.starts.acquire().await else {
            return Err("the runtime is closing".to_owned());
        };
        if !all_free(self.own_ports()) {
            return Err(self.make_room());
        }
        self.tell(|_, now| now.run = Run::Starting);
        let kept = |identity: &ProcessIdentity| self.keep_identity(identity);
        let started = spawn(&self.shared.settings.launcher, &self.target.spec, kept)
            .await
            .map_err(|error| error.to_string())?;
        self.tell(|_, now| {
            now.run = Run::Running;
            for warning in started.warnings {
                if !now.warnings.contains(&warning) {
                    now.warnings.push(warning);
                }
            }
        });
        Ok(Process::Own(Box::new(started.child), started.identity))
    }

    /// Writes down which process it will be. Without that it must not run.
    fn keep_identity(&self, identity: &ProcessIdentity) -> io::Result<()> {
        self.tell(|record, _| {
            record.process = Some(identity.clone());
            record.started = false;
            record.ready = false;
        });
        let state = self.shared.state();
        match state.replicas.get(&self.replica) {
            Some(replica) => self.shared.records.save_replica(&replica.record),
            None => Err(io::Error::other("its replica is gone")),
        }
    }

    fn own_ports(&self) -> Vec<u16> {
        let given = self.target.assigned.get(self.name());
        given.into_iter().flat_map(|given| given.values().copied()).collect()
    }

    /// Another program of this machine listens where this container should. The replica retires,
    /// and the one that takes its place is given other ports.
    fn make_room(&self) -> String {
        self.shared.change(&self.replica, |replica| {
            replica.record.retired_at.get_or_insert_with(now);
            replica.wanted.send_replace(Wanted::Retired);
        });
        format!("another process listens on its port ({:?}); it is replaced", self.own_ports())
    }

    /// Stays with a running process. Returns why it ended, or nothing when the replica was
    /// released and the container is gone.
    async fn run(&mut self, mut process: Process) -> Option<String> {
        let before = self.before(&process);
        self.tell(|_, now| now.run = Run::Running);
        let kills_before = self.group.memory_kills();
        let ending = self.attend(&mut process, before).await;
        let identity = process.identity().clone();
        match ending {
            Ending::Released => {
                let hook = self.target.container.lifecycle.pre_stop.clone();
                let gone = self.stop(&identity, hook.as_ref(), self.grace);
                self.reap_while(process, gone).await;
                self.ended();
                None
            }
            Ending::Unhealthy(why, grace) => {
                self.note(Finding::NotReady(why.clone()));
                tracing::warn!(replica = %self.replica, container = self.name(), why, "restarted");
                let hook = self.target.container.lifecycle.pre_stop.clone();
                let gone = self.stop(&identity, hook.as_ref(), grace.unwrap_or(self.grace));
                self.reap_while(process, gone).await;
                Some(format!("restarted, for its {why}"))
            }
            Ending::Ended(status) => {
                let out_of_memory = self.group.memory_kills() > kills_before;
                // What it left behind would hold its ports and its memory.
                let left = self.members.kill().await;
                let mut why = describe(status, out_of_memory);
                if let Err(error) = left {
                    why = format!("{why}; {error}");
                }
                Some(why)
            }
        }
    }

    fn before(&self, process: &Process) -> Before {
        match process {
            Process::Own(..) => Before::New,
            Process::Adopted(_) => self
                .record(|record| Before::Adopted { started: record.started, ready: record.ready })
                .unwrap_or(Before::New),
        }
    }

    /// Probes the process until it ends, is found unhealthy, or is released.
    async fn attend(&self, process: &mut Process, before: Before) -> Ending {
        let mut wanted = self.wanted.clone();
        let hook = self.target.container.lifecycle.post_start.as_ref();
        let probes = async {
            if before == Before::New
                && let Some(action) = hook
                && let Err(why) = self.target.attempt(action, self.grace).await
            {
                return (format!("postStart hook: {why}"), None);
            }
            watch(&self.target, before, |finding| self.note(finding)).await
        };
        tokio::select! {
            status = process.ended() => Ending::Ended(status),
            (why, grace) = probes => Ending::Unhealthy(why, grace),
            _ = wanted.wait_for(|wanted| *wanted == Wanted::Gone) => Ending::Released,
        }
    }

    fn note(&self, finding: Finding) {
        self.tell(|record, now| match finding {
            Finding::Started => record.started = true,
            Finding::Ready => {
                record.ready = true;
                now.trouble = None;
            }
            Finding::NotReady(why) => {
                record.ready = false;
                now.trouble = Some(why);
            }
        });
    }

    /// Waits until it may be started again, or is no longer wanted to be.
    async fn wait_for_turn(&mut self, why: String, ran: Duration) {
        let backoff = self.shared.settings.backoff;
        let wait = self.tell(|record, now| {
            record.process = None;
            record.started = false;
            record.ready = false;
            record.failures =
                if ran >= backoff.reset_after { 1 } else { record.failures.saturating_add(1) };
            let wait = backoff.wait(record.failures);
            now.run = Run::BackOff;
            now.trouble = Some(format!("{why}; started again {wait:?} later"));
            now.last_end = Some(why);
            wait
        });
        let mut wanted = self.wanted.clone();
        tokio::select! {
            () = tokio::time::sleep(wait.unwrap_or(backoff.longest)) => {}
            _ = wanted.wait_for(|wanted| *wanted != Wanted::Running) => return,
        }
        self.tell(|record, now| {
            record.restarts = record.restarts.saturating_add(1);
            now.run = Run::Starting;
        });
    }

    /// Ends what is left of the container when no process of this runtime's is at hand.
    async fn finish(&mut self, process: Option<&ProcessIdentity>) {
        match process {
            Some(identity) => {
                let hook = self.target.container.lifecycle.pre_stop.clone();
                self.stop(identity, hook.as_ref(), self.grace).await;
            }
            None => self.kill_all().await,
        }
        self.ended();
    }

    async fn stop(&self, identity: &ProcessIdentity, hook: Option<&ProbeAction>, grace: Duration) {
        let order =
            Stop { target: &self.target, members: &self.members, leader: identity, hook, grace };
        if let Err(problem) = stop(&order).await {
            self.tell(|_, now| now.trouble = Some(problem));
        }
        self.kill_all().await;
    }

    /// Does not give up: a replica is gone when its processes are.
    async fn kill_all(&self) {
        while let Err(error) = self.members.kill().await {
            let text = error.to_string();
            tracing::error!(replica = %self.replica, container = self.name(), text, "cannot be ended");
            self.tell(|_, now| now.trouble = Some(text));
        }
    }

    /// Takes the end of the process while `work` goes on, so that it does not stay a zombie.
    async fn reap_while(&self, mut process: Process, work: impl Future<Output = ()>) {
        tokio::pin!(work);
        tokio::select! {
            _ = process.ended() => work.await,
            () = &mut work => {
                process.ended().await;
            }
        }
    }

    fn ended(&self) {
        self.tell(|record, now| {
            record.process = None;
            record.ready = false;
            now.run = Run::Ended;
        });
    }

    fn name(&self) -> &str {
        &self.target.container.name
    }

    fn record<T>(&self, read: impl FnOnce(&ContainerRecord) -> T) -> Option<T> {
        let state = self.shared.state();
        let replica = state.replicas.get(&self.replica)?;
        replica.record.containers.get(self.name()).map(read)
    }

    fn tell<T>(
        &self,
        change: impl FnOnce(&mut ContainerRecord, &mut ContainerNow) -> T,
    ) -> Option<T> {
        let change = |replica: &mut Replica| {
            let record = replica.record.containers.get_mut(self.name())?;
            let now = replica.containers.entry(self.name().to_owned()).or_default();
            Some(change(record, now))
        };
        self.shared.change(&self.replica, change).flatten()
    }
}

impl Process {
    fn identity(&self) -> &ProcessIdentity {
        match self {
            Self::Own(_, identity) | Self::Adopted(identity) => identity,
        }
    }

    /// Waits for its end. How a process ended is told only to whoever started it.
    async fn ended(&mut self) -> Option<ExitStatus> {
        match self {
            Self::Own(child, _) => child.wait().await.ok(),
            Self::Adopted(identity) => {
                identity.ended().await;
                None
            }
        }
    }
}

/// How a process ended, in words.
fn describe(status: Option<ExitStatus>, out_of_memory: bool) -> String {
    use std::os::unix::process::ExitStatusExt;
    if out_of_memory {
        return "it was ended for using more memory than its limit".to_owned();
    }
    let Some(status) = status else {
        return "it ended; how is unknown, since an earlier server had started it".to_owned();
    };
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => format!("it ended: {status}"),
    }
}
