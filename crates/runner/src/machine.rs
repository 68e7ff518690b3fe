use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

use crate::tree::kill_marked;

/// What is the same for all jobs of this machine.
#[derive(Clone, Debug, Default)]
pub struct MachineSettings {
    /// What people call it: `RUNNER_NAME`.
    pub name: String,
    /// Where tools are kept from job to job: `RUNNER_TOOL_CACHE`.
    pub tools: PathBuf,
    /// The variables that every step begins with. Nothing else of this process's own environment is passed on.
    pub variables: BTreeMap<String, String>,
}

/// The variables of an environment that are safe to pass on, and that programs need to find what they need.
const PASSED_ON: &[&str] = &[
    "PATH",
    "LANG",
    "LC_ALL",
    "LANGUAGE",
    "TZ",
    "SHELL",
    "USER",
    "LOGNAME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "JAVA_HOME",
    "GOROOT",
    "RUSTUP_HOME",
    "CARGO_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "ANDROID_HOME",
    "DOTNET_ROOT",
];

impl MachineSettings {
    /// With what of an environment is safe to pass on: where programs are, languages, proxies and certificates.
    pub fn of_environment(
        name: impl Into<String>,
        tools: PathBuf,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let passed = environment.into_iter().filter(|(name, _)| PASSED_ON.contains(&name.as_str()));
        Self { name: name.into(), tools, variables: passed.collect() }
    }
}

/// This machine, shared by its jobs.
#[derive(Clone, Debug)]
pub struct Machine {
    settings: Arc<MachineSettings>,
    sweeper: Arc<Sweeper>,
}

impl Machine {
    /// A machine with these settings.
    pub fn new(settings: MachineSettings) -> Self {
        Self { settings: Arc::new(settings), sweeper: Arc::default() }
    }

    pub(crate) fn settings(&self) -> &MachineSettings {
        &self.settings
    }

    /// Ends all processes with this entry in the environment that they were started with.
    pub(crate) async fn sweep(&self, mark: String) {
        self.sweeper.sweep(mark).await;
    }
}

/// How long after a look at all processes the next one is not taken: one takes some ten milliseconds, so that jobs
/// that end all the time cost a tenth of a core and not the whole.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Looks through all processes of the machine once for all jobs that end meanwhile.
#[derive(Debug, Default)]
struct Sweeper {
    waiting: std::sync::Mutex<Vec<String>>,
    /// When the last look ended.
    looked: Mutex<Option<Instant>>,
}

impl Sweeper {
    async fn sweep(&self, mark: String) {
        self.lock().push(mark.clone());
        let mut looked = self.looked.lock().await;
        // Taken by whoever had the turn: then it is done.
        if !self.lock().contains(&mark) {
            return;
        }
        if let Some(looked) = *looked {
            sleep_until(looked + BETWEEN_LOOKS).await;
        }
        let marks = std::mem::take(&mut *self.lock());
        // It reads files of the kernel, which do not wait for a disk, but there may be thousands.
        let _ = tokio::task::spawn_blocking(move || kill_marked(&marks, &[])).await;
        *looked = Some(Instant::now());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
