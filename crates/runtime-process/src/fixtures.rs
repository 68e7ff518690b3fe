//! Small values for the unit tests.

use std::time::Duration;

use tidegate_workload::{
    Container, ContainerPort, Lifecycle, PodTemplate, Probe, ProbeAction, Resources, WorkloadMeta,
};

pub(crate) fn port(number: u16, name: Option<&str>) -> ContainerPort {
    ContainerPort { number, name: name.map(str::to_owned) }
}

pub(crate) fn container(name: &str, ports: &[ContainerPort]) -> Container {
    Container {
        name: name.to_owned(),
        image: "example/web:1".to_owned(),
        command: Vec::new(),
        args: Vec::new(),
        env: Vec::new(),
        env_from: Vec::new(),
        working_dir: None,
        ports: ports.to_vec(),
        startup: None,
        readiness: None,
        liveness: None,
        resources: Resources::default(),
        lifecycle: Lifecycle::default(),
    }
}

pub(crate) fn template(containers: Vec<Container>) -> PodTemplate {
    PodTemplate {
        meta: WorkloadMeta::default(),
        containers,
        termination_grace: Duration::from_secs(30),
        images: Vec::new(),
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
