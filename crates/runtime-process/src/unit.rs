//! One container as a process: its start, its end, and commands beside it.

use std::{io, process::ExitStatus, time::Duration};

use rustix::process::Signal;
use tidegate_replicas::{End, Running, StartFailure, Started, TryFailure, Unit, all_free, within};
use tokio::{process::Child, sync::watch, time::Instant};

use crate::{
    carrier::Processes,
    cgroup::Group,
    identity::ProcessIdentity,
    launch::LaunchSpec,
    members::{Member, Members, persist},
    settings::Launcher,
    spawn::spawn,
};

/// One container of a replica.
#[derive(Debug)]
pub struct ProcessUnit {
    /// How it is started: a command of a probe runs in the same folder, environment and control
    /// groups.
    pub(crate) spec: LaunchSpec,
    pub(crate) launcher: Launcher,
    /// The ports of this machine that it was given.
    pub(crate) ports: Vec<u16>,
    pub(crate) members: Members,
    pub(crate) group: Group,
}

impl Unit<Processes> for ProcessUnit {
    async fn start(
        &self,
        keep: impl Fn(&ProcessIdentity) -> io::Result<()> + Send + Sync,
    ) -> Result<Started<Processes>, StartFailure> {
        if !all_free(self.ports.iter().copied()) {
            return Err(StartFailure::PortTaken);
        }
        let kills_before = self.group.memory_kills();
        let started = spawn(&self.launcher, &self.spec, keep)
            .await
            .map_err(|error| StartFailure::Refused(error.to_string()))?;
        let (told, end) = watch::channel(None);
        let group = self.group.clone();
        tokio::spawn(watch_own(started.child, group, kills_before, told));
        let running = Running { process: started.identity, end };
        Ok(Started { running, warnings: started.warnings })
    }

    fn adopt(&self, process: ProcessIdentity) -> Running<Processes> {
        let (told, end) = watch::channel(None);
        let (identity, group) = (process.clone(), self.group.clone());
        let kills_before = group.memory_kills();
        tokio::spawn(async move {
            tokio::select! {
                () = identity.ended() => {}
                () = told.closed() => return,
            }
            told.send_replace(Some(ending(None, group.has_killed_since(kills_before))));
        });
        Running { process, end }
    }

    async fn exec(&self, command: &[String], timeout: Duration) -> Result<(), TryFailure> {
        let Some((program, args)) = command.split_first() else {
            return Err("its command is empty".to_owned().into());
        };
        let spec = LaunchSpec {
            program: program.clone(),
            args: args.to_vec(),
            log: None,
            ..self.spec.clone()
        };
        let mut started =
            spawn(&self.launcher, &spec, |_| Ok(())).await.map_err(|error| error.of_probe())?;
        let ending = within(timeout, started.child.wait()).await;
        match ending {
            Some(Ok(status)) if status.success() => Ok(()),
            Some(Ok(status)) => Err(format!("{program:?} ended with {status}").into()),
            Some(Err(error)) => Err(format!("{program:?}: {error}").into()),
            None => {
                // Without a file for its group it alone is ended; what it left goes with the container.
                let _ = started.identity.signal_group(Signal::KILL);
                let _ = started.child.kill().await;
                Err(format!("{program:?} did not end within {timeout:?}").into())
            }
        }
    }

    async fn terminate(&self, leader: &ProcessIdentity, deadline: Instant) {
        let told = persist(deadline, || leader.signal_group(Signal::TERM)).await;
        let as_group = told.unwrap_or(false);
        // Nobody is told twice, for many take a second SIGTERM as a sign of impatience. When the
        // head of the group is gone, so is the group as an address.
        let alone = |member: &Member| !as_group || member.group != leader.pid;
        self.members.signal(Signal::TERM, deadline, alone).await;
        self.members.gone_by(deadline).await;
    }

    async fn clear(&self) -> Result<(), String> {
        self.members.kill().await.map_err(|error| error.to_string())
    }

    fn remove(&self) {
        self.group.clone().remove();
    }
}

/// Takes the end of a process that this runtime has started, so that it does not stay a zombie.
async fn watch_own(
    mut child: Child,
    group: Group,
    kills_before: Option<u64>,
    told: watch::Sender<Option<End>>,
) {
    let status = child.wait().await.ok();
    told.send_replace(Some(ending(status, group.has_killed_since(kills_before))));
}

fn ending(status: Option<ExitStatus>, out_of_memory: bool) -> End {
    let done = !out_of_memory && status.is_some_and(|status| status.success());
    End { how: describe(status, out_of_memory), done }
}

/// How a process ended, in words.
pub(crate) fn describe(status: Option<ExitStatus>, out_of_memory: bool) -> String {
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
