use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tempfile::TempDir;
use tidegate_ports::{Router as _, RouterError};
use tidegate_router_haproxy::{HaproxyRouter, HaproxySettings};
use tidegate_steering::{Kept as _, process::find_program};
use tidegate_testkit::ports::free_address;
use tidegate_traffic::{
    Destination, Endpoint, Listener, RevisionTally, RouteTable, Rule, Sticky, TrafficReading,
};
use tidegate_units::{Generation, ObjectKey, Owner, RevisionHash, Weight};
use tokio::time::sleep;

use crate::replica::Replica;

/// An haproxy in a folder of its own, with one Service.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) router: Arc<HaproxyRouter>,
    pub(crate) address: SocketAddr,
    pub(crate) rules: Vec<Rule>,
    pub(crate) sticky: Option<Sticky>,
    generation: u64,
}

pub(crate) fn owner() -> Owner {
    Owner::rollout(&ObjectKey::new("default", "web"))
}

pub(crate) fn service() -> ObjectKey {
    ObjectKey::new("default", "web")
}

pub(crate) fn settings(data: &Path) -> HaproxySettings {
    let path = std::env::var("PATH").unwrap_or_default();
    let program = find_program("haproxy", &path);
    let program =
        program.unwrap_or_else(|| panic!("no haproxy, which `cargo xtask test` installs"));
    HaproxySettings::new(data, program)
}

/// Where HAProxy is asked in a data folder.
fn socket_in(data: &Path) -> PathBuf {
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for one in std::fs::read_dir(folder).unwrap() {
            let one = one.unwrap();
            if one.file_name() == "haproxy.sock" {
                return one.path();
            }
            folders.extend(one.file_type().unwrap().is_dir().then(|| one.path()));
        }
    }
    panic!("no haproxy.sock in {}", data.display())
}

/// Asks until the answer is as it should be, or as it is after 20 s.
pub(crate) async fn within_20_s<T>(
    mut asked: impl AsyncFnMut() -> T,
    holds: impl Fn(&T) -> bool,
) -> T {
    for _ in 0..800 {
        let answer = asked().await;
        if holds(&answer) {
            return answer;
        }
        sleep(Duration::from_millis(25)).await;
    }
    asked().await
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::within(tempfile::tempdir().unwrap()).await
    }

    /// The same with a data folder of one's own.
    pub(crate) async fn within(folder: TempDir) -> Self {
        let router = Arc::new(HaproxyRouter::open(settings(folder.path())).await);
        let (address, rules, sticky) = (free_address(), Vec::new(), None);
        Self { folder, router, address, rules, sticky, generation: 0 }
    }

    /// A table of the one Service: each replica is the only one of the revision of its name.
    pub(crate) fn table(&mut self, split: &[(&Replica, u8)]) -> RouteTable {
        let destination = |(replica, weight): &(&Replica, u8)| Destination {
            owner: None,
            revision: replica.name.as_str().into(),
            weight: Weight::new(*weight).unwrap(),
            endpoints: vec![Endpoint {
                replica: format!("{}-0", replica.name).as_str().into(),
                address: replica.address,
            }],
        };
        self.generation += 1;
        let listener = Listener {
            decided: None,
            service: service(),
            address: self.address,
            owner: owner(),
            destinations: split.iter().map(destination).collect(),
            sticky: self.sticky.clone(),
            rules: self.rules.clone(),
        };
        RouteTable { generation: Generation(self.generation), listeners: vec![listener] }
    }

    pub(crate) async fn split(&mut self, split: &[(&Replica, u8)]) {
        let table = self.table(split);
        self.apply(&table).await.unwrap();
    }

    pub(crate) async fn apply(&self, table: &RouteTable) -> Result<(), RouterError> {
        self.router.apply(table).await
    }

    pub(crate) async fn read(&self) -> TrafficReading {
        self.router.read().await.unwrap()
    }

    pub(crate) async fn tally(&self, revision: &str) -> RevisionTally {
        let mut reading = self.read().await;
        let mut revisions = reading.revisions.remove(&owner()).unwrap_or_default();
        revisions.remove(&RevisionHash::from(revision)).unwrap_or_default()
    }

    /// Waits for something to hold of a revision's counts.
    pub(crate) async fn until(&self, revision: &str, holds: impl Fn(&RevisionTally) -> bool) {
        let last = within_20_s(async || self.tally(revision).await, &holds).await;
        assert!(holds(&last), "not within 20 s: {last:#?}");
    }

    /// Lines of its log that HAProxy says it did not write.
    pub(crate) fn dropped_lines(&self) -> u64 {
        let mut socket = UnixStream::connect(socket_in(self.folder.path())).unwrap();
        socket.write_all(b"show info\n").unwrap();
        let mut info = String::new();
        socket.read_to_string(&mut info).unwrap();
        let told = info.lines().find_map(|line| line.strip_prefix("DroppedLogs: "));
        told.unwrap().parse().unwrap()
    }

    pub(crate) async fn end(self) {
        self.router.stop().await;
    }
}

impl Drop for World {
    /// A test that failed leaves nothing running.
    fn drop(&mut self) {
        if let Some(pid) = tidegate_router_haproxy::left_behind(self.folder.path()) {
            kill(pid, "-TERM");
        }
    }
}

pub(crate) fn kill(pid: u32, signal: &str) {
    let status = std::process::Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(status.unwrap().success());
}
