//! The official clients, run by Node.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
};

use serde_json::{Value, json};
use tidegate_results::Server;
use tokio::{io::AsyncWriteExt as _, process::Command};

/// What the clients are made of. They are installed beside what cargo builds.
const SOURCES: &[&str] = &["package.json", "package-lock.json", ".npmrc", "drive.mjs"];

/// Where the clients lie; whoever comes first installs them, the others wait.
pub(crate) fn installed() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("results-clients");
        fs::create_dir_all(&folder).unwrap();
        // Each test may be a process of its own.
        let lock = File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        install(&folder);
        folder
    })
}

fn install(folder: &Path) {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let lock = fs::read_to_string(sources.join("package-lock.json")).unwrap();
    let stamp = folder.join("installed");
    let there = fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock);
    for name in SOURCES {
        fs::copy(sources.join(name), folder.join(name)).unwrap();
    }
    if there {
        return;
    }
    let npm = std::process::Command::new("npm").arg("ci").current_dir(folder).output();
    let npm = npm.expect("this test runs the official clients by Node: install npm");
    assert!(
        npm.status.success(),
        "the official clients could not be installed: {}",
        String::from_utf8_lossy(&npm.stderr)
    );
    fs::write(stamp, lock).unwrap();
}

/// A job, as its clients see it.
pub(crate) struct Job {
    environment: Vec<(&'static str, String)>,
    pub(crate) workspace: PathBuf,
}

impl Job {
    /// With this token, in this workspace.
    pub(crate) fn new(server: &Server, token: &str, workspace: &Path) -> Self {
        Self { environment: server.environment(token), workspace: workspace.to_owned() }
    }

    /// The same before there was the service in its second version.
    pub(crate) fn with_old_caches(mut self) -> Self {
        self.environment.retain(|(name, _)| *name != "ACTIONS_CACHE_SERVICE_V2");
        self
    }

    /// One more variable of its environment.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.environment.push((name, value.to_owned()));
    }

    /// Does these one after the other, each with its client.
    pub(crate) async fn run<const N: usize>(&self, list: [Value; N]) -> [Outcome; N] {
        self.drive(&json!({ "together": false, "list": &list[..] })).await.try_into().unwrap()
    }

    /// As many as there are.
    pub(crate) async fn one_by_one(&self, list: &[Value]) -> Vec<Outcome> {
        self.drive(&json!({ "together": false, "list": list })).await
    }

    /// Does these at the same time.
    pub(crate) async fn together(&self, list: &[Value]) -> Vec<Outcome> {
        self.drive(&json!({ "together": true, "list": list })).await
    }

    async fn drive(&self, input: &Value) -> Vec<Outcome> {
        let folder = installed();
        let temporary = self.workspace.parent().unwrap().join("temporary");
        let mut node = Command::new("node")
            .arg(folder.join("drive.mjs"))
            .current_dir(&self.workspace)
            .env_remove("HTTP_PROXY")
            .env_remove("http_proxy")
            .env("GITHUB_WORKSPACE", &self.workspace)
            .env("RUNNER_TEMP", temporary)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("this test runs the official clients by Node: install nodejs");
        let mut stdin = node.stdin.take().unwrap();
        stdin.write_all(input.to_string().as_bytes()).await.unwrap();
        drop(stdin);
        let output = node.wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{told}");
        let last = said.lines().next_back().unwrap();
        let results: Vec<Value> = serde_json::from_str(last).unwrap();
        results.into_iter().map(|result| Outcome { result, said: said.clone() }).collect()
    }
}

/// What came of an operation.
#[derive(Debug)]
pub(crate) struct Outcome {
    result: Value,
    /// All that the clients wrote, warnings among it.
    pub(crate) said: String,
}

impl Outcome {
    /// What it returned.
    #[track_caller]
    pub(crate) fn ok(&self) -> &Value {
        self.result.get("ok").unwrap_or_else(|| panic!("{}\n{}", self.result, self.said))
    }

    /// Why it failed.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        let error = self.result["error"].as_str();
        error.unwrap_or_else(|| panic!("{}\n{}", self.result, self.said))
    }
}
