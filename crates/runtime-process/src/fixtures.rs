//! Small values for the unit tests.

use tidegate_workload::{Container, Lifecycle, Resources};

pub(crate) fn container(name: &str) -> Container {
    Container {
        name: name.to_owned(),
        image: "example/web:1".to_owned(),
        command: Vec::new(),
        args: Vec::new(),
        env: Vec::new(),
        env_from: Vec::new(),
        working_dir: None,
        pull_policy: None,
        ports: Vec::new(),
        startup: None,
        readiness: None,
        liveness: None,
        resources: Resources::default(),
        lifecycle: Lifecycle::default(),
        mounts: Vec::new(),
        security: tidegate_workload::Security::default(),
    }
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
