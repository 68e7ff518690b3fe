//! What is asked of the engine, in the words of the Docker Engine API, which Podman speaks too.
//!
//! Only what is needed is read of the answers: engines differ in the rest, and Podman's
//! answers lack parts of what Docker documents.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize, Serializer};

use crate::client::{Client, EngineError, Question};

/// How long one question for the end of a container stays open: an engine that died without
/// closing its connections is noticed by then.
const WAIT: Duration = Duration::from_mins(10);

/// A container as the engine sees it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Inspected {
    pub(crate) state: State,
}

/// How a container is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct State {
    pub(crate) running: bool,
    pub(crate) pid: u32,
    pub(crate) exit_code: i64,
    #[serde(rename = "OOMKilled")]
    pub(crate) oom_killed: bool,
    pub(crate) error: String,
    pub(crate) status: String,
}

impl State {
    /// Whether it was created, and nothing more. Podman names that in two ways.
    pub(crate) fn was_never_started(&self) -> bool {
        matches!(self.status.as_str(), "created" | "configured" | "initialized")
    }
}

/// An image as the engine has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ImageSeen {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) repo_digests: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) config: Option<ImageConfig>,
}

/// What an image says of how it is run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ImageConfig {
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) cmd: Option<Vec<String>>,
    pub(crate) env: Option<Vec<String>>,
    pub(crate) stop_signal: Option<String>,
    pub(crate) user: Option<String>,
}

/// A container in a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Listed {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) state: String,
}

impl Listed {
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.labels.as_ref()?.get(name).map(String::as_str)
    }
}

/// What a container is created from.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Creation {
    pub(crate) image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hostname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    pub(crate) env: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) entrypoint: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) cmd: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) working_dir: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(serialize_with = "as_keys")]
    pub(crate) exposed_ports: BTreeSet<String>,
    pub(crate) host_config: HostConfig,
}

/// A set as the engine has it: a map to nothing.
fn as_keys<S: Serializer>(keys: &BTreeSet<String>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(keys.iter().map(|key| (key, serde_json::json!({}))))
}

/// How a container meets this machine.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HostConfig {
    pub(crate) port_bindings: BTreeMap<String, Vec<PortBinding>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nano_cpus: Option<u64>,
    pub(crate) oom_score_adj: i32,
    pub(crate) log_config: LogConfig,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) mounts: Vec<Mount>,
    /// More lines of `/etc/hosts`, such as `name:10.0.0.7`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) extra_hosts: Vec<String>,
    pub(crate) privileged: bool,
    pub(crate) readonly_rootfs: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) group_add: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) cap_add: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) cap_drop: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) security_opt: Vec<String>,
}

/// A path of this machine that a container sees.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Mount {
    pub(crate) r#type: String,
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) read_only: bool,
}

/// Where a port of a container is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PortBinding {
    pub(crate) host_ip: String,
    pub(crate) host_port: String,
}

/// Where the engine keeps what a container writes.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LogConfig {
    pub(crate) r#type: String,
    pub(crate) config: BTreeMap<String, String>,
}

/// What was created.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
}

/// What a container uses.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Stats {
    cpu_stats: CpuStats,
    memory_stats: MemoryStats,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct CpuStats {
    cpu_usage: CpuUsage,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct CpuUsage {
    total_usage: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct MemoryStats {
    usage: u64,
    stats: Option<BTreeMap<String, u64>>,
}

impl Stats {
    /// CPU time so far, in microseconds.
    pub(crate) fn cpu_us(&self) -> u64 {
        self.cpu_stats.cpu_usage.total_usage / 1000
    }

    /// Memory without the file cache that the kernel gives back when asked, as `docker stats` has it.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let stats = self.memory_stats.stats.as_ref();
        let cache =
            stats.and_then(|stats| stats.get("total_inactive_file").or(stats.get("inactive_file")));
        self.memory_stats.usage.saturating_sub(cache.copied().unwrap_or(0))
    }
}

/// How a command beside a container is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ExecSeen {
    #[serde(default)]
    pub(crate) exit_code: Option<i64>,
    #[serde(default)]
    pub(crate) running: bool,
}

/// The engine.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) client: Client,
}

impl Engine {
    pub(crate) async fn inspect(&self, id: &str) -> Result<Inspected, EngineError> {
        self.client.ask(Question::get(format!("/containers/{id}/json"))).await
    }

    pub(crate) async fn create(&self, name: &str, new: &Creation) -> Result<String, EngineError> {
        let question = Question::post("/containers/create").with("name", name).json(new);
        self.client.ask::<Created>(question).await.map(|created| created.id)
    }

    pub(crate) async fn start(&self, id: &str) -> Result<(), EngineError> {
        self.client.tell(Question::post(format!("/containers/{id}/start"))).await
    }

    pub(crate) async fn kill(&self, id: &str, signal: &str) -> Result<(), EngineError> {
        let question = Question::post(format!("/containers/{id}/kill")).with("signal", signal);
        self.client.tell(question).await
    }

    /// Removes a container, running or not. One that is not there is removed.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), EngineError> {
        let question =
            Question::delete(format!("/containers/{id}")).with("force", "true").with("v", "true");
        match self.client.tell(question).await {
            Err(error) if error.is_missing() => Ok(()),
            done => done,
        }
    }

    /// Returns when the container no longer runs, or after some minutes.
    pub(crate) async fn wait(&self, id: &str) -> Result<(), EngineError> {
        let question = Question::post(format!("/containers/{id}/wait"))
            .with("condition", "not-running")
            .patience(WAIT);
        let wait = self.client.tell(question);
        tokio::time::timeout(WAIT, wait).await.unwrap_or(Ok(()))
    }

    /// The containers with all of these labels, those included that have ended.
    pub(crate) async fn list(&self, labels: &[(&str, &str)]) -> Result<Vec<Listed>, EngineError> {
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let filters = serde_json::json!({ "label": labels }).to_string();
        let question =
            Question::get("/containers/json").with("all", "true").with("filters", &filters);
        self.client.ask(question).await
    }

    pub(crate) async fn stats(&self, id: &str) -> Result<Stats, EngineError> {
        let question = Question::get(format!("/containers/{id}/stats"))
            .with("stream", "false")
            .with("one-shot", "true");
        self.client.ask(question).await
    }

    pub(crate) async fn image(&self, name: &str) -> Result<ImageSeen, EngineError> {
        self.client.ask(Question::get(format!("/images/{name}/json"))).await
    }

    pub(crate) async fn create_exec(
        &self,
        id: &str,
        command: &[String],
    ) -> Result<String, EngineError> {
        let body = serde_json::json!({
            "AttachStdout": true, "AttachStderr": true, "AttachStdin": false, "Tty": false,
            "Cmd": command,
        });
        let question = Question::post(format!("/containers/{id}/exec")).json(&body);
        self.client.ask::<Created>(question).await.map(|created| created.id)
    }

    pub(crate) async fn exec(&self, id: &str) -> Result<ExecSeen, EngineError> {
        self.client.ask(Question::get(format!("/exec/{id}/json"))).await
    }
}
