//! One container of a replica: its start, its end, and commands beside it.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tidegate_replicas::{
    Running, Shown, StartFailure, Started, TryFailure, Unit, all_free, letters, make_late,
};
use tidegate_units::ReplicaId;
use tidegate_workload::Security;
use tokio::{sync::watch, task::JoinSet, time::Instant};

use crate::{
    carrier::Containers,
    client::EngineError,
    ending::{LOOK, Limited, ended},
    engine::{Creation, Engine, HostConfig, LogConfig, Mount},
    exec::exec,
    labels,
    logs::follow,
    pod::{Pod, PublishedPort, bindings, hostname},
    rights,
};

/// A container of the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerId(pub(crate) String);

/// How a container is started.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// The engine's id of the image.
    pub(crate) image: String,
    pub(crate) command: Vec<String>,
    pub(crate) args: Vec<String>,
    pub(crate) folder: Option<String>,
    pub(crate) env: BTreeMap<String, String>,
    /// What it sees of this machine.
    pub(crate) mounts: Vec<Shown>,
    pub(crate) stop_signal: String,
    /// As whom it runs, where that is not its image's to say.
    #[serde(default)]
    pub(crate) user: Option<String>,
    #[serde(default)]
    pub(crate) security: Security,
}

/// There are Secrets in the environment: only its names are shown.
impl fmt::Debug for ContainerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainerSpec")
            .field("image", &self.image)
            .field("command", &self.command)
            .field("env", &self.env.keys())
            .finish_non_exhaustive()
    }
}

/// One container of a replica.
#[derive(Debug)]
pub struct ContainerUnit {
    pub(crate) engine: Engine,
    pub(crate) spec: Arc<ContainerSpec>,
    pub(crate) replica: ReplicaId,
    pub(crate) name: String,
    pub(crate) runtime: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) ports: Vec<PublishedPort>,
    pub(crate) limits: tidegate_workload::ResourceAmounts,
    /// Names that it knows beside those of the engine, where it has a network of its own.
    pub(crate) hosts: Vec<String>,
    /// What it shares with the others of its replica.
    pub(crate) pod: Option<Arc<Pod>>,
    pub(crate) log: PathBuf,
    /// The container that runs.
    pub(crate) current: Mutex<Option<String>>,
}

/// How readily the kernel ends a replica when the machine's memory runs out: more readily than the
/// control plane, which is needed to start it again.
const OOM_SCORE: i32 = 300;

/// The engine's own copy of a log is a buffer: the runtime copies it as it comes.
const ENGINE_LOG: &str = "10m";

/// How long the rest of a log may take to come after the end of its container.
const LOG_REST: Duration = Duration::from_secs(15);

/// How long a port may stay taken by the container that had it before.
const PORT_PATIENCE: Duration = Duration::from_secs(3);

/// How long a container may take to go after it was told to by force.
const CLEAR_PATIENCE: Duration = Duration::from_secs(2);

impl Unit<Containers> for ContainerUnit {
    async fn start(
        &self,
        keep: impl Fn(&ContainerId) -> io::Result<()> + Send + Sync,
    ) -> Result<Started<Containers>, StartFailure> {
        make_late(&self.spec.mounts)
            .map_err(|error| StartFailure::Refused(format!("a volume: {error}")))?;
        let network = match &self.pod {
            Some(pod) => {
                let holder = pod.ensure(&self.engine).await.map_err(|error| refused(&error))?;
                Some(format!("container:{holder}"))
            }
            None if self.ports_are_free().await => None,
            None => return Err(StartFailure::PortTaken),
        };
        let name = format!("{}.{}.{}", self.replica, self.name, letters(5));
        let id = self
            .engine
            .create(&name, &self.creation(network))
            .await
            .map_err(|error| refused(&error))?;
        if let Err(error) = keep(&ContainerId(id.clone())) {
            self.remove_quietly(&id).await;
            return Err(StartFailure::Refused(format!(
                "the container cannot be written down: {error}"
            )));
        }
        if let Err(error) = self.engine.start(&id).await {
            self.remove_quietly(&id).await;
            return Err(refused(&error));
        }
        Ok(Started { running: self.adopt(ContainerId(id)), warnings: Vec::new() })
    }

    fn adopt(&self, process: ContainerId) -> Running<Containers> {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(process.0.clone());
        let (told, end) = watch::channel(None);
        let limited = Limited::by(&self.limits);
        let (engine, id, log) = (self.engine.clone(), process.0.clone(), self.log.clone());
        tokio::spawn(async move {
            let mut copying = JoinSet::new();
            copying.spawn(follow(engine.clone(), id.clone(), log));
            tokio::select! {
                how = ended(&engine, &id, limited) => {
                    let _ = tokio::time::timeout(LOG_REST, copying.join_next()).await;
                    told.send_replace(Some(how));
                }
                () = told.closed() => {}
            }
        });
        Running { process, end }
    }

    async fn exec(&self, command: &[String], timeout: Duration) -> Result<(), TryFailure> {
        let id = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let id = id.ok_or_else(|| TryFailure::Unknown("the container does not run".to_owned()))?;
        exec(&self.engine, &id, command, timeout).await
    }

    async fn terminate(&self, process: &ContainerId, deadline: Instant) {
        let id = &process.0;
        // One that has ended meanwhile, or is gone, has nothing to be told.
        if let Err(error) = self.engine.kill(id, &self.spec.stop_signal).await {
            tracing::debug!(container = id, %error, "it takes no signal");
        }
        let gone = async {
            loop {
                let waited = self.engine.wait(id).await;
                match self.engine.inspect(id).await {
                    Ok(seen) if !seen.state.running => return,
                    Err(error) if error.is_missing() => return,
                    _ if waited.is_err() => tokio::time::sleep(LOOK).await,
                    _ => tokio::time::sleep(LOOK / 10).await,
                }
            }
        };
        let _ = tokio::time::timeout_at(deadline, gone).await;
    }

    async fn clear(&self) -> Result<(), String> {
        let mut tries = 0;
        loop {
            let done = self.remove_all().await;
            tries += 1;
            match done {
                Ok(()) => return Ok(()),
                Err(error) if tries == 3 => return Err(error.to_string()),
                Err(_) => tokio::time::sleep(CLEAR_PATIENCE).await,
            }
        }
    }

    fn remove(&self) {}
}

impl ContainerUnit {
    fn creation(&self, network: Option<String>) -> Creation {
        let own = network.is_none();
        let (port_bindings, exposed_ports) = bindings(if own { &self.ports } else { &[] });
        let mut labels = self.labels.clone();
        labels.insert(labels::CONTAINER.to_owned(), self.name.clone());
        labels.insert(labels::STOP_SIGNAL.to_owned(), self.spec.stop_signal.clone());
        let spec = &self.spec;
        let mut host_config = HostConfig {
            port_bindings,
            network_mode: network,
            memory: self.limits.memory_bytes,
            nano_cpus: self.limits.cpu_millis.map(|millis| millis.saturating_mul(1_000_000)),
            oom_score_adj: OOM_SCORE,
            log_config: log_config(),
            // Whoever shares a network has the names of who holds it.
            extra_hosts: if own { self.hosts.clone() } else { Vec::new() },
            mounts: spec.mounts.iter().map(bind).collect(),
            ..HostConfig::default()
        };
        rights::give(&spec.security, &mut host_config);
        Creation {
            image: spec.image.clone(),
            user: spec.user.clone(),
            // Whoever shares a network has the name of who holds it.
            hostname: own.then(|| hostname(&self.replica)),
            env: spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            entrypoint: spec.command.clone(),
            cmd: spec.args.clone(),
            working_dir: spec.folder.clone(),
            labels,
            exposed_ports,
            host_config,
        }
    }

    /// The engine lets go of a port a moment after its container has gone.
    async fn ports_are_free(&self) -> bool {
        let deadline = Instant::now() + PORT_PATIENCE;
        while !all_free(self.ports.iter().map(|port| port.outside)) {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(LOOK / 10).await;
        }
        true
    }

    async fn remove_quietly(&self, id: &str) {
        if let Err(error) = self.engine.remove(id).await {
            // It has its labels: the next look at what is left finds it.
            tracing::warn!(container = id, %error, "a container cannot be removed");
        }
    }

    async fn remove_all(&self) -> Result<(), EngineError> {
        let wanted = [
            (labels::RUNTIME, self.runtime.as_str()),
            (labels::REPLICA, self.replica.as_str()),
            (labels::CONTAINER, self.name.as_str()),
        ];
        for one in self.engine.list(&wanted).await? {
            self.engine.remove(&one.id).await?;
        }
        Ok(())
    }
}

fn bind(shown: &Shown) -> Mount {
    Mount {
        r#type: "bind".to_owned(),
        source: shown.source.display().to_string(),
        target: shown.target.display().to_string(),
        read_only: shown.read_only,
    }
}

/// The engine's log is there to be copied, so it is one that can be read, and does not grow.
pub(crate) fn log_config() -> LogConfig {
    LogConfig {
        r#type: "json-file".to_owned(),
        config: [("max-size".to_owned(), ENGINE_LOG.to_owned())].into(),
    }
}

fn refused(error: &EngineError) -> StartFailure {
    let text = error.to_string();
    let taken = ["address already in use", "port is already allocated", "failed to bind"];
    if taken.iter().any(|words| text.contains(words)) {
        return StartFailure::PortTaken;
    }
    StartFailure::Refused(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_another_has_is_told_apart_from_other_refusals() {
        let check = |message: &str, taken: bool| {
            let error = EngineError::Refused { status: 500, message: message.to_owned() };
            assert_eq!(refused(&error) == StartFailure::PortTaken, taken, "{message}");
        };
        check(
            "cannot listen on the TCP port: listen tcp4 127.0.0.1:1: bind: address already in use",
            true,
        );
        check("Bind for 127.0.0.1:20001 failed: port is already allocated", true);
        check("no such image", false);
    }

    #[test]
    fn no_value_of_the_environment_is_shown_to_a_log() {
        let spec = ContainerSpec {
            image: "sha256:a".to_owned(),
            command: Vec::new(),
            args: Vec::new(),
            folder: None,
            env: [("PASSWORD".to_owned(), "hunter2".to_owned())].into(),
            mounts: Vec::new(),
            stop_signal: "SIGTERM".to_owned(),
            user: None,
            security: Security::default(),
        };
        let shown = format!("{spec:?}");
        assert!(shown.contains("PASSWORD") && !shown.contains("hunter2"), "{shown}");
    }
}
