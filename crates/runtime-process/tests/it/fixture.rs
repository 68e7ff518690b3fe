//! A runtime on a folder of its own, and the assurance that nothing it started outlives the test.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tidegate_runtime_process::{Launcher, ProcessRuntime, ProcessSettings, RestartBackoff};
pub(crate) use tidegate_testkit::conformance::{end, order, ready, until};
use tidegate_units::ObjectKey;
use tidegate_workload::{
    Container, ContainerPort, ImageRule, PodTemplate, Probe, ProbeAction, WorkloadMeta,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long anything may take that should happen soon. Generous: the machine may be busy.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The program that is the launcher, and the services that the tests run.
pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_tidegate-runtime-test-program"))
}

/// A data folder. When it is dropped, every process that carries its name is ended.
pub(crate) struct World {
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::with_prefix("tidegate-runtime-").unwrap() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A path for a file that a test's processes write.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn settings(&self) -> ProcessSettings {
        settings(&self.data())
    }

    pub(crate) fn open(&self) -> ProcessRuntime {
        ProcessRuntime::open(self.settings()).unwrap()
    }

    /// All processes that were started on behalf of this world: by the folder's name in their
    /// environment, where `container` puts it, and by their control groups.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mark = format!("TEST_WORLD={}", self.folder.path().display());
        let mut pids = marked(&mark);
        for group in self.groups() {
            pids.extend(members(&group));
        }
        pids.sort_unstable();
        pids.dedup();
        pids
    }

    /// The control groups of this world's runtime.
    fn groups(&self) -> Vec<PathBuf> {
        let id = fs::read_to_string(self.data().join("runtime/id"));
        id.map(|id| groups_named(&id)).unwrap_or_default()
    }

    pub(crate) fn template(&self, containers: Vec<Container>) -> PodTemplate {
        let world = self.folder.path().display().to_string();
        PodTemplate {
            meta: WorkloadMeta::default(),
            containers,
            init: Vec::new(),
            host_aliases: Vec::new(),
            termination_grace: Duration::from_secs(10),
            pull_secrets: Vec::new(),
            images: vec![ImageRule {
                image: "test/image:*".to_owned(),
                command: Vec::new(),
                args: Vec::new(),
                env: BTreeMap::from([("TEST_WORLD".to_owned(), world.clone())]),
                folder: Some(world),
            }],
            volumes: Vec::new(),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for _ in 0..50 {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            for pid in left {
                kill(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // A runtime that was killed leaves its control groups to the next one; here is none.
        for group in self.groups() {
            remove_groups(&group);
        }
    }
}

/// The control groups of this name, anywhere.
pub(crate) fn groups_named(name: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, depth: usize, name: &str, found: &mut Vec<PathBuf>) {
        for path in subfolders(folder) {
            if path.file_name().is_some_and(|last| last == name) {
                found.push(path);
            } else if depth > 0 {
                walk(&path, depth - 1, name, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new("/sys/fs/cgroup"), 8, name, &mut found);
    found
}

/// The processes that live in a group or below it.
fn members(group: &Path) -> Vec<u32> {
    let text = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let own = text.lines().filter_map(|pid| pid.parse().ok()).filter(|pid| alive(*pid));
    let inner = subfolders(group);
    own.chain(inner.iter().flat_map(|inner| members(inner))).collect()
}

fn remove_groups(group: &Path) {
    for inner in subfolders(group) {
        remove_groups(&inner);
    }
    let _ = fs::remove_dir(group);
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

pub(crate) fn settings(data: &Path) -> ProcessSettings {
    let launcher = Launcher { program: program(), args: vec!["launch".to_owned()] };
    let mut settings = ProcessSettings::new(data.to_owned(), launcher);
    settings.backoff = RestartBackoff {
        first: Duration::from_millis(50),
        longest: Duration::from_secs(2),
        reset_after: Duration::from_mins(10),
    };
    settings
}

/// A container that runs a line of shell.
pub(crate) fn shell(line: &str) -> Container {
    container(&["sh", "-c", line])
}

/// A container that is ready once its line of shell has made the file `up-$HOSTNAME`: whoever is sent a
/// signal from then on has set its traps.
pub(crate) fn shell_that_says_up(line: &str) -> Container {
    let test = ["sh", "-c", "test -e up-$HOSTNAME"].map(str::to_owned).into();
    Container { readiness: Some(probe(ProbeAction::Exec { command: test })), ..shell(line) }
}

/// A container that runs one of the test program's services.
pub(crate) fn service(args: &[&str]) -> Container {
    let program = program().display().to_string();
    let words: Vec<&str> = [program.as_str()].into_iter().chain(args.iter().copied()).collect();
    container(&words)
}

fn container(command: &[&str]) -> Container {
    Container {
        name: "main".to_owned(),
        image: "test/image:1".to_owned(),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        ..Container::default()
    }
}

/// The processes with this entry in their environment.
pub(crate) fn marked(mark: &str) -> Vec<u32> {
    let mut pids: Vec<u32> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
        })
        .collect();
    pids.sort_unstable();
    pids
}

pub(crate) fn kill(pid: u32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal);
}

/// Whether a process runs: it is there and no zombie.
pub(crate) fn alive(pid: u32) -> bool {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    text.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

pub(crate) fn key() -> ObjectKey {
    ObjectKey::new("default", "web")
}

pub(crate) fn port(number: u16, name: &str) -> ContainerPort {
    ContainerPort { number, name: Some(name.to_owned()), udp: false }
}

pub(crate) fn probe(action: ProbeAction) -> Probe {
    Probe {
        action,
        initial_delay: Duration::ZERO,
        period: Duration::from_secs(1),
        // What is tried answers at once, if not on a machine that stands still for a while.
        timeout: Duration::from_secs(10),
        success_threshold: 1,
        failure_threshold: 1,
        termination_grace: None,
    }
}

/// Waits for something that no change of the runtime announces.
pub(crate) async fn eventually(what: &str, mut wanted: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !wanted() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The body of the answer to a GET.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}
