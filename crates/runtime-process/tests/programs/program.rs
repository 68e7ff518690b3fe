//! For the tests: the launcher, a service with known habits, and a control plane to be killed.
#![expect(clippy::print_stdout, reason = "the test reads it")]

use std::{process::ExitCode, sync::Arc};

use tidegate_ports::{ReplicaState, Runtime, ScaleOrder};
use tidegate_runtime_process::{Launcher, ProcessRuntime, ProcessSettings};
use tidegate_units::{Epoch, Generation, ObjectKey, Owner, RevisionHash};

#[path = "../../../testkit/programs/service.rs"]
mod service;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["launch"] => tidegate_runtime_process::launcher_main(),
        ["keep-job", folder] => tidegate_runtime_process::job_keeper_main(Some(folder.into())),
        ["serve", ..] => service::serve(),
        ["host", data, template, replicas] => host(data, template, replicas),
        _ => ExitCode::from(2),
    }
}

/// A control plane of its own: opens the data folder, orders replicas, says when all are ready, and
/// stays until it is killed.
fn host(data: &str, template: &str, replicas: &str) -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::from(97);
    };
    let template = serde_json::from_str(template).unwrap_or_else(|error| die(&error));
    let replicas = replicas.parse().unwrap_or(0);
    runtime.block_on(async {
        let launcher = Launcher {
            program: std::env::current_exe().unwrap_or_else(|error| die(&error)),
            args: vec!["launch".to_owned()],
        };
        let settings = ProcessSettings::new(data.into(), launcher);
        let runtime = ProcessRuntime::open(settings).unwrap_or_else(|error| die(&error));
        let order = ScaleOrder {
            owner: Owner::rollout(&ObjectKey::new("default", "web")),
            revision: RevisionHash::from("r1"),
            epoch: Epoch::default(),
            generation: Generation(1),
            replicas,
            restart_before: None,
            template: Arc::new(template),
            config_maps: Arc::default(),
            secrets: Arc::default(),
        };
        runtime.scale(order).await.unwrap_or_else(|error| die(&error));
        let mut changes = runtime.changes();
        loop {
            let all = runtime.replicas();
            let ready = all.iter().filter(|one| one.state == ReplicaState::Ready).count();
            if u32::try_from(ready) == Ok(replicas) {
                println!("ready");
                std::future::pending::<()>().await;
            }
            let _ = changes.changed().await;
        }
    })
}

fn die(why: &dyn std::fmt::Display) -> ! {
    println!("{why}");
    std::process::exit(96)
}
