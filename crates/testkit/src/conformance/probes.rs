//! What probes say, and what follows.

use std::collections::BTreeMap;

use tidegate_ports::ReplicaState;
use tidegate_workload::{PortRef, Probe, ProbeAction};

use super::{Stage, end, get, order, probe, ready, service, shell, template, until, words};

fn http(path: &str) -> ProbeAction {
    ProbeAction::Http {
        path: path.to_owned(),
        port: PortRef::Name("http".to_owned()),
        host: None,
        headers: BTreeMap::new(),
        tls: false,
    }
}

/// Passes once the service listens, and fails nothing before.
fn listening() -> Probe {
    let action = ProbeAction::Tcp { port: PortRef::Number(8080), host: None };
    Probe { failure_threshold: 1000, ..probe(action) }
}

/// Ready, not ready, ready.
pub async fn readiness_follows_the_service(stage: &dyn Stage) {
    let runtime = stage.open();
    let mut web = service(stage);
    web.readiness = Some(probe(http("/ready")));
    web.startup = Some(listening());
    let template = template(stage, vec![web]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&*runtime, 1).await.remove(0);
    get(&replica, "/unready").await;
    let unready = until(&*runtime, "not ready", |all| all[0].state == ReplicaState::NotReady);
    let message = unready.await.remove(0).message.unwrap();
    assert_eq!(message, "readiness probe: GET /ready was answered with 503");
    get(&replica, "/again").await;
    let again = ready(&*runtime, 1).await.remove(0);
    assert_eq!(again.restarts, 0);
    end(&*runtime, 2, &template).await;
}

/// By a GET that fails.
pub async fn a_failing_liveness_probe_restarts(stage: &dyn Stage) {
    let runtime = stage.open();
    let mut web = service(stage);
    web.liveness = Some(probe(http("/ready")));
    // However long it takes until it listens.
    web.startup = Some(listening());
    let template = template(stage, vec![web]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&*runtime, 1).await.remove(0);
    get(&replica, "/unready").await;
    let after = until(&*runtime, "started again", |all| {
        all[0].restarts == 1 && all[0].state == ReplicaState::Ready
    });
    let message = after.await.remove(0).message.unwrap();
    assert!(message.contains("liveness probe: GET /ready was answered with 503"), "{message}");
    end(&*runtime, 2, &template).await;
}

/// Its exit code is the answer, and it sees what the container sees.
pub async fn a_command_is_run_beside_the_container(stage: &dyn Stage) {
    let runtime = stage.open();
    let mut container = shell(stage, "exec sleep 1000");
    container.lifecycle.post_start =
        Some(ProbeAction::Exec { command: words(&["sh", "-c", "test -n \"$TIDEGATE_REPLICA\""]) });
    // It passes only where what its first run wrote is found by the next.
    let line = "test -e here || { touch here; exit 1; }";
    container.readiness = Some(probe(ProbeAction::Exec { command: words(&["sh", "-c", line]) }));
    let template = template(stage, vec![container]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&*runtime, 1).await.remove(0);
    assert_eq!((replica.restarts, replica.message), (0, None));
    end(&*runtime, 2, &template).await;
}
