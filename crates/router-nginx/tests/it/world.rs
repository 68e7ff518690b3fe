use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use tempfile::TempDir;
use tidegate_ports::{Router as _, RouterError};
use tidegate_router_nginx::{NginxRouter, NginxSettings};
use tidegate_steering::{Kept as _, process::find_program};
use tidegate_testkit::ports::free_address;
use tidegate_traffic::{
    Destination, Endpoint, Listener, RevisionTally, RouteTable, Rule, Sticky, TrafficReading,
};
use tidegate_units::{Generation, ObjectKey, Owner, RevisionHash, Weight};
use tokio::time::sleep;

use crate::replica::Replica;

/// An nginx in a folder of its own, with one Service.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) router: Arc<NginxRouter>,
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

pub(crate) fn settings(data: &Path) -> NginxSettings {
    let path = std::env::var("PATH").unwrap_or_default();
    let program = find_program("nginx", &path);
    let program = program.unwrap_or_else(|| panic!("no nginx, which `cargo xtask test` installs"));
    NginxSettings { drain_timeout: Duration::from_secs(30), ..NginxSettings::new(data, program) }
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let router = Arc::new(NginxRouter::open(settings(folder.path())).await);
        let (address, rules, sticky) = (free_address(), Vec::new(), None);
        Self { folder, router, address, rules, sticky, generation: 0 }
    }

    /// A table of the one Service: each replica is the only one of the revision of its name.
    pub(crate) fn table(&mut self, split: &[(&Replica, u8)]) -> RouteTable {
        let destination = |(replica, weight): &(&Replica, u8)| Destination {
            revision: replica.name.as_str().into(),
            owner: None,
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
        for _ in 0..800 {
            if holds(&self.tally(revision).await) {
                return;
            }
            sleep(Duration::from_millis(25)).await;
        }
        panic!("not within 20 s: {:#?}", self.tally(revision).await);
    }

    pub(crate) async fn end(self) {
        self.router.stop().await;
    }
}

impl Drop for World {
    /// A test that failed leaves nothing running.
    fn drop(&mut self) {
        if let Some(pid) = tidegate_router_nginx::left_behind(self.folder.path()) {
            kill(pid, "-TERM");
        }
    }
}

pub(crate) fn kill(pid: u32, signal: &str) {
    let status = std::process::Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(status.unwrap().success());
}
