//! Worlds on the tests' engine that end their own containers.

use std::{
    fs,
    io::Write as _,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tempfile::TempDir;
use tidegate_ports::Runtime;
use tidegate_replicas::RestartBackoff;
use tidegate_runtime_container::{ContainerRuntime, ContainerSettings, EngineSocket};
use tidegate_testkit::{conformance::Stage, podman::Podman};

/// What all tests run.
pub(crate) const IMAGE: &str = "localhost/tidegate-test:1";

/// Where the service is in the image.
const SERVICE: &str = "/bin/service";

/// The engine that all tests of this run share, with their image.
pub(crate) fn podman() -> &'static Podman {
    static READY: OnceLock<()> = OnceLock::new();
    let podman = Podman::shared();
    READY.get_or_init(|| import(podman, IMAGE, &[]));
    podman
}

/// Makes an image of the tests' programs.
pub(crate) fn import(podman: &Podman, name: &str, changes: &[&str]) {
    let service = (Path::new(env!("CARGO_BIN_EXE_tidegate-container-test-program")), SERVICE);
    let mut programs = vec![service];
    for program in ["/bin/sh", "/bin/sleep", "/bin/touch", "/bin/cat"] {
        programs.push((Path::new(program), program));
    }
    podman.import(name, &programs, changes);
}

/// A data folder on the engine. When it is dropped, its containers are removed.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) podman: &'static Podman,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = TempDir::with_prefix("tidegate-containers-").unwrap();
        Self { folder, podman: podman() }
    }

    pub(crate) fn settings(&self) -> ContainerSettings {
        let socket = EngineSocket::read(&self.podman.socket().display().to_string()).unwrap();
        let mut settings = ContainerSettings::new(self.folder.path().join("data"), socket);
        settings.auth_files = vec![self.folder.path().join("auth.json")];
        settings.backoff = RestartBackoff {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(2),
            reset_after: Duration::from_mins(10),
        };
        settings
    }

    /// The ids of this world's containers, also of those that have ended.
    pub(crate) fn containers(&self) -> Vec<String> {
        self.containers_of("containers")
    }

    /// Those of jobs.
    pub(crate) fn job_containers(&self) -> Vec<String> {
        self.containers_of("containers/jobs")
    }

    fn containers_of(&self, home: &str) -> Vec<String> {
        let id = fs::read_to_string(self.folder.path().join("data").join(home).join("id"));
        let Ok(id) = id else { return Vec::new() };
        let filter = format!("label=dev.tidegate.runtime={}", id.trim());
        let all = self.podman.must(&["ps", "-aq", "--filter", &filter]);
        all.lines().map(str::to_owned).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let left = [self.containers(), self.job_containers()].concat();
        if !left.is_empty() {
            let mut args = vec!["rm", "-f", "-t", "0"];
            args.extend(left.iter().map(String::as_str));
            let output = self.podman.run(&args);
            let _ = std::io::stderr().write_all(&output.stderr);
        }
    }
}

impl Stage for World {
    fn open(&self) -> Arc<dyn Runtime> {
        Arc::new(ContainerRuntime::open(self.settings()).unwrap())
    }

    fn image(&self) -> String {
        IMAGE.to_owned()
    }

    fn service(&self) -> String {
        SERVICE.to_owned()
    }
}
