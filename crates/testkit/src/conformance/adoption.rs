//! What the next control plane finds.

use std::time::Duration;

use tidegate_ports::ReplicaState;

use super::{Stage, end, get, order, ready, service, template, until};

/// No container is started again, and none is forgotten.
pub async fn the_next_control_plane_takes_over_untouched(stage: &dyn Stage) {
    let template = template(stage, vec![service(stage)]);
    let runtime = stage.open();
    runtime.scale(order(1, 2, &template)).await.unwrap();
    let before = ready(&*runtime, 2).await;
    let mut born = Vec::new();
    for replica in &before {
        born.push(get(replica, "/born").await);
    }
    drop(runtime);
    for (replica, born) in before.iter().zip(&born) {
        assert_eq!(&get(replica, "/born").await, born, "it runs without a control plane");
    }
    let runtime = stage.open();
    let at_once = runtime.replicas();
    assert_eq!(at_once.len(), 2);
    assert!(at_once.iter().all(|one| one.state == ReplicaState::Ready), "{at_once:#?}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = ready(&*runtime, 2).await;
    for ((after, before), born) in after.iter().zip(&before).zip(&born) {
        assert_eq!((&after.id, &after.ports, after.restarts), (&before.id, &before.ports, 0));
        assert_eq!(after.ready_since, before.ready_since);
        assert_eq!(&get(after, "/born").await, born);
    }
    end(&*runtime, 2, &template).await;
}

/// It answers over the restart, and ends at its release.
pub async fn a_retired_replica_waits_for_its_release_over_a_restart(stage: &dyn Stage) {
    let template = template(stage, vec![service(stage)]);
    let runtime = stage.open();
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&*runtime, 1).await.remove(0);
    runtime.scale(order(2, 0, &template)).await.unwrap();
    let is_retiring = |state| matches!(state, ReplicaState::Retiring { .. });
    until(&*runtime, "it retires", |all| is_retiring(all[0].state)).await;
    drop(runtime);
    let runtime = stage.open();
    assert!(is_retiring(runtime.replicas()[0].state));
    assert_eq!(get(&replica, "/id").await, replica.id.as_str());
    end(&*runtime, 3, &template).await;
}

/// It is seen as what it is, and started again.
pub async fn what_ended_while_nobody_looked_is_started_again(stage: &dyn Stage) {
    let template = template(stage, vec![service(stage)]);
    let runtime = stage.open();
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&*runtime, 1).await.remove(0);
    let born = get(&replica, "/born").await;
    drop(runtime);
    get(&replica, "/exit").await;
    let runtime = stage.open();
    let after = until(&*runtime, "it is started again", |all| {
        all[0].restarts == 1 && all[0].state == ReplicaState::Ready
    });
    let after = after.await.remove(0);
    assert_eq!(after.id, replica.id);
    assert_ne!(get(&after, "/born").await, born);
    end(&*runtime, 2, &template).await;
}
