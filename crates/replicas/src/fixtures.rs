//! Small values for the unit tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
    time::Duration,
};

use tidegate_units::ReplicaId;
use tidegate_workload::{Container, ContainerPort, PodTemplate, Probe, ProbeAction, WorkloadMeta};
use tokio::time::Instant;

use crate::{
    Carrier, Draft, Home, ImageWish, Keeping, Look, Place, Published, Reading, Running, RunsAs,
    Shared, StartFailure, Started, TryFailure, Unit, Used,
};

/// A carrier that starts nothing.
#[derive(Debug)]
pub(crate) struct Fake;

/// A container of it.
#[derive(Debug)]
pub(crate) struct FakeUnit;

impl Carrier for Fake {
    type Settings = Keeping;
    type Spec = String;
    type Process = u32;
    type Image = String;
    type Unit = FakeUnit;

    const FOLDER: &'static str = "fake";
    const RUNS_AS: RunsAs = RunsAs::Processes;
    const PUBLISHED: Published = Published::Declared;

    fn keeping(settings: &Keeping) -> Keeping {
        settings.clone()
    }

    fn open(_: Keeping, _: &Home<'_>) -> io::Result<Self> {
        Ok(Self)
    }

    async fn image(&self, wish: &ImageWish<'_>) -> Result<String, String> {
        Ok(wish.container.image.clone())
    }

    fn pin(image: &String) -> Option<String> {
        Some(image.clone())
    }

    fn spec(&self, _: &Draft<'_>, image: &String) -> Result<String, String> {
        Ok(image.clone())
    }

    fn unit(&self, _: &Place<'_>, _: Arc<String>) -> (FakeUnit, Vec<String>) {
        (FakeUnit, Vec::new())
    }

    fn is_alive(&self, _: &u32) -> bool {
        false
    }

    fn pid(process: &u32) -> Option<u32> {
        Some(*process)
    }

    fn log_writer(_: &u32) -> Option<u32> {
        None
    }

    fn tidy(&self, _: &Used<'_, Self>) {}

    async fn readings(&self, _: Vec<Look<Self>>) -> BTreeMap<ReplicaId, Reading> {
        BTreeMap::new()
    }

    async fn end_orphans(_: Arc<Shared<Self>>, _: BTreeSet<String>) {}

    async fn gone(&self, _: &ReplicaId) {}

    fn leave(&self) {}
}

impl Unit<Fake> for FakeUnit {
    async fn start(
        &self,
        _: impl Fn(&u32) -> io::Result<()> + Send + Sync,
    ) -> Result<Started<Fake>, StartFailure> {
        Err(StartFailure::PortTaken)
    }

    fn adopt(&self, process: u32) -> Running<Fake> {
        Running { process, end: tokio::sync::watch::Sender::new(None).subscribe() }
    }

    async fn exec(&self, command: &[String], _: Duration) -> Result<(), TryFailure> {
        if command[0] == "unknown" {
            return Err(TryFailure::Unknown("nobody could ask".to_owned()));
        }
        Err(format!("{:?} cannot be run here", command[0]).into())
    }

    async fn terminate(&self, _: &u32, _: Instant) {}

    async fn clear(&self) -> Result<(), String> {
        Ok(())
    }

    fn remove(&self) {}
}

pub(crate) fn port(number: u16, name: Option<&str>) -> ContainerPort {
    ContainerPort { number, name: name.map(str::to_owned), udp: false }
}

pub(crate) fn container(name: &str, ports: &[ContainerPort]) -> Container {
    Container {
        name: name.to_owned(),
        image: "example/web:1".to_owned(),
        ports: ports.to_vec(),
        ..Container::default()
    }
}

pub(crate) fn template(containers: Vec<Container>) -> PodTemplate {
    PodTemplate {
        meta: WorkloadMeta::default(),
        containers,
        init: Vec::new(),
        host_aliases: Vec::new(),
        termination_grace: Duration::from_secs(30),
        images: Vec::new(),
        volumes: Vec::new(),
        pull_secrets: Vec::new(),
    }
}

pub(crate) fn probe(action: ProbeAction, period: u64, successes: u32, failures: u32) -> Probe {
    Probe {
        action,
        initial_delay: Duration::ZERO,
        period: Duration::from_secs(period),
        timeout: Duration::from_secs(1),
        success_threshold: successes,
        failure_threshold: failures,
        termination_grace: None,
    }
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
