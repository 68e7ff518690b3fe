//! One container of a replica, from its start to its end.

use std::{io, sync::Arc, time::Duration};

use tidegate_units::ReplicaId;
use tokio::{sync::watch, time::Instant};

use crate::{
    Carrier, End, Running, StartFailure, Unit,
    adopt::boot,
    probe::{
        attempt::Target,
        watcher::{Before, Finding, watch},
    },
    records::ContainerOf,
    state::{ContainerNow, Replica, Run, Shared, Wanted, now},
    stop::{Stop, stop},
    turn::{Part, Role, Turn},
};

/// What one container's task works with.
#[derive(Debug)]
pub(crate) struct Keeper<C: Carrier> {
    pub(crate) shared: Arc<Shared<C>>,
    pub(crate) replica: ReplicaId,
    pub(crate) target: Target<C>,
    pub(crate) grace: Duration,
    pub(crate) wanted: watch::Receiver<Wanted>,
    /// Where it stands among the containers of its replica.
    pub(crate) role: Role,
    /// How far they are.
    pub(crate) turns: watch::Receiver<Turn>,
    /// Whether an earlier control plane started it, and it has ended since.
    pub(crate) left: bool,
}

/// Who started what runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// This runtime.
    Us,
    /// An earlier one.
    Predecessor,
}

/// Why a container's process is no longer wanted or no longer there.
enum Ending {
    /// It ended.
    Ended(End),
    /// A probe wants it started again.
    Unhealthy(String, Option<Duration>),
    /// The replica was released.
    Released,
}

impl<C: Carrier> Keeper<C> {
    /// Keeps the container running until its replica is released, and ends it then.
    pub(crate) async fn keep(mut self, adopted: Option<C::Process>) {
        self.keep_on(adopted).await;
        self.target.unit.remove();
    }

    async fn keep_on(&mut self, adopted: Option<C::Process>) {
        let mut next = adopted.map(|process| self.target.unit.adopt(process));
        if self.left {
            // Its children may go on without it.
            self.clear().await;
        }
        loop {
            match self.wants() {
                Wanted::Gone => {
                    return self.finish(next.as_ref()).await;
                }
                Wanted::Retired if next.is_none() => {
                    self.ended();
                    self.tell(|_, now| now.trouble = now.last_end.take().or(now.trouble.take()));
                    let _ = self.wanted.changed().await;
                    continue;
                }
                Wanted::Running if next.is_none() && !self.has_turn().await => continue,
                Wanted::Running | Wanted::Retired => {}
            }
            let began = Instant::now();
            let process = match next.take() {
                Some(running) => Ok((running, By::Predecessor)),
                None => self.start().await.map(|running| (running, By::Us)),
            };
            let ran = match process {
                Ok((running, by)) => self.run(running, by).await,
                Err(why) => Some(why),
            };
            let Some(why) = ran else { return };
            self.wait_for_turn(why, began.elapsed()).await;
        }
    }

    fn wants(&mut self) -> Wanted {
        *self.wanted.borrow_and_update()
    }

    /// Waits until those before it let it start; false when something else is wanted first.
    async fn has_turn(&self) -> bool {
        let (mut turns, mut wanted) = (self.turns.clone(), self.wanted.clone());
        tokio::select! {
            turn = turns.wait_for(|turn| turn.lets_start(self.role)) => turn.is_ok(),
            _ = wanted.wait_for(|wanted| *wanted != Wanted::Running) => false,
        }
    }

    /// Starts the process, as soon as there is room for one more start.
    async fn start(&mut self) -> Result<Running<C>, String> {
        let Ok(_permit) = self.shared.starts.acquire().await else {
            return Err("the runtime is closing".to_owned());
        };
        self.tell(|_, now| now.run = Run::Starting);
        let kept = |process: &C::Process| self.keep_process(process);
        let started = self.target.unit.start(kept).await.map_err(|failure| match failure {
            StartFailure::PortTaken => self.make_room(),
            StartFailure::Refused(why) => why,
        })?;
        self.tell(|_, now| {
            now.run = Run::Running;
            for warning in started.warnings {
                if !now.warnings.contains(&warning) {
                    now.warnings.push(warning);
                }
            }
        });
        Ok(started.running)
    }

    /// Writes down which process it will be. Without that it must not run.
    fn keep_process(&self, process: &C::Process) -> io::Result<()> {
        self.tell(|record, _| {
            record.process = Some(process.clone());
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

    /// Stays with a running process. Returns why it ended, or nothing when it is gone for good: its
    /// replica was released, or it had to come to its end and has.
    async fn run(&mut self, running: Running<C>, by: By) -> Option<String> {
        let before = self.before(by);
        self.tell(|_, now| now.run = Run::Running);
        match self.attend(&running, before).await {
            Ending::Released => {
                self.stop_in_turn(&running).await;
                self.ended();
                None
            }
            Ending::Unhealthy(why, grace) => {
                self.note(Finding::NotReady(why.clone()));
                tracing::warn!(replica = %self.replica, container = self.name(), why, "restarted");
                let grace = grace.unwrap_or(self.grace);
                self.stop(&running, grace, std::future::ready(())).await;
                Some(format!("restarted, for its {why}"))
            }
            Ending::Ended(End { how, done }) => {
                // What it left behind would hold its ports and its memory.
                match self.target.unit.clear().await {
                    Ok(()) if done && self.role.part == Part::Task => {
                        self.pass();
                        None
                    }
                    Ok(()) => Some(how),
                    Err(error) => Some(format!("{how}; {error}")),
                }
            }
        }
    }

    fn before(&self, by: By) -> Before {
        match by {
            By::Us => Before::New,
            By::Predecessor => self
                .record(|record| Before::Adopted { started: record.started, ready: record.ready })
                .unwrap_or(Before::New),
        }
    }

    /// Probes the process until it ends, is found unhealthy, or is released.
    async fn attend(&self, running: &Running<C>, before: Before) -> Ending {
        let mut wanted = self.wanted.clone();
        let hook = self.target.container.lifecycle.post_start.as_ref();
        let probes = async {
            if self.role.part == Part::Task {
                // It is looked at its end alone.
                return std::future::pending().await;
            }
            if before == Before::New
                && let Some(action) = hook
                && let Err(why) = self.target.attempt(action, self.grace).await
            {
                return (format!("postStart hook: {why}"), None);
            }
            watch(&self.target, before, |finding| self.note(finding)).await
        };
        tokio::select! {
            end = running.ended() => Ending::Ended(end),
            (why, grace) = probes => Ending::Unhealthy(why, grace),
            _ = wanted.wait_for(|wanted| *wanted == Wanted::Gone) => Ending::Released,
        }
    }

    fn note(&self, finding: Finding) {
        self.tell(|record, now| match finding {
            Finding::Started => {
                record.started = true;
                if self.role.part == Part::Sidecar {
                    record.passed.get_or_insert_with(boot);
                }
            }
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
        let backoff = self.shared.keeping.backoff;
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
    async fn finish(&mut self, running: Option<&Running<C>>) {
        match running {
            Some(running) => self.stop_in_turn(running).await,
            None => self.clear().await,
        }
        self.ended();
    }

    /// Stops it after those that were started after it.
    async fn stop_in_turn(&self, running: &Running<C>) {
        let mut turns = self.turns.clone();
        let turn = async {
            // Nobody tells any more: then there is nobody to wait for.
            let _ = turns.wait_for(|turn| turn.lets_end(self.role)).await;
        };
        self.stop(running, self.grace, turn).await;
    }

    async fn stop(&self, running: &Running<C>, grace: Duration, turn: impl Future<Output = ()>) {
        let hook = self.target.container.lifecycle.pre_stop.as_ref();
        let order = Stop { target: &self.target, running, hook, grace };
        if let Err(problem) = stop(&order, turn).await {
            self.tell(|_, now| now.trouble = Some(problem));
        }
        self.clear().await;
    }

    /// Does not give up: a replica is gone when its processes are.
    async fn clear(&self) {
        while let Err(text) = self.target.unit.clear().await {
            tracing::error!(replica = %self.replica, container = self.name(), text, "cannot be ended");
            self.tell(|_, now| now.trouble = Some(text));
        }
    }

    /// It has done its work: those after it may start.
    fn pass(&self) {
        self.tell(|record, now| {
            record.process = None;
            record.ready = true;
            record.passed = Some(boot());
            *now = ContainerNow { run: Run::Ended, ..ContainerNow::default() };
        });
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

    fn record<T>(&self, read: impl FnOnce(&ContainerOf<C>) -> T) -> Option<T> {
        let state = self.shared.state();
        let replica = state.replicas.get(&self.replica)?;
        replica.record.containers.get(self.name()).map(read)
    }

    fn tell<T>(
        &self,
        change: impl FnOnce(&mut ContainerOf<C>, &mut ContainerNow) -> T,
    ) -> Option<T> {
        let change = |replica: &mut Replica<C>| {
            let record = replica.record.containers.get_mut(self.name())?;
            let now = replica.containers.entry(self.name().to_owned()).or_default();
            Some(change(record, now))
        };
        self.shared.change(&self.replica, change).flatten()
    }
}
