//! From the start of replicas to their end.

use std::time::Duration;

use rustix::process::Signal;
use tidegate_ports::{ReplicaState, Runtime, RuntimeError, ScaleOrder};
use tidegate_units::{Epoch, Generation, ReplicaId};

use crate::fixture::{
    World, alive, end, eventually, kill, order, port, ready, service, shell, until,
};

#[tokio::test]
async fn replicas_are_started_told_their_ports_and_ended() {
    let world = World::new();
    let runtime = world.open();
    let mut web = service(&["serve", "hello"]);
    web.ports = vec![port(8080, "http")];
    let template = world.template(vec![web]);

    runtime.scale(order(1, 3, &template)).await.unwrap();
    let replicas = ready(&runtime, 3).await;
    for replica in &replicas {
        let address = replica.ports["http"];
        assert_eq!(replica.ports["8080"], address);
        let answer = crate::fixture::get(address, "/id").await;
        assert_eq!(answer, replica.id.as_str(), "each has a port of its own");
        assert!(replica.ready_since.is_some());
        assert_eq!(replica.restarts, 0);
        assert!(alive(replica.pids["main"]));
    }
    end(&runtime, 2, &template).await;
    assert_eq!(world.processes(), [0; 0]);
}

#[tokio::test]
async fn an_order_older_than_the_last_is_refused_also_after_a_restart() {
    let world = World::new();
    let template = world.template(vec![shell("exec sleep 1000")]);
    let stale = Err(RuntimeError::Stale { taken: Generation(5), offered: Generation(4) });
    {
        let runtime = world.open();
        runtime.scale(order(5, 1, &template)).await.unwrap();
        assert_eq!(runtime.scale(order(4, 2, &template)).await, stale);
        runtime.scale(order(5, 1, &template)).await.unwrap();
        ready(&runtime, 1).await;
    }
    let runtime = world.open();
    assert_eq!(runtime.scale(order(4, 2, &template)).await, stale);
    ready(&runtime, 1).await;
    end(&runtime, 6, &template).await;
    assert!(runtime.scale(order(5, 1, &template)).await.is_err());
}

#[tokio::test]
async fn a_surplus_replica_runs_on_until_it_is_released() {
    let world = World::new();
    let runtime = world.open();
    let template = world.template(vec![shell("exec sleep 1000")]);
    runtime.scale(order(1, 2, &template)).await.unwrap();
    let replicas = ready(&runtime, 2).await;
    let wanted = runtime.release(Epoch::default(), &replicas[0].id).await.unwrap_err();
    assert!(wanted.to_string().contains("is wanted"), "{wanted}");
    let unknown = ReplicaId::from("nobody");
    assert_eq!(
        runtime.release(Epoch::default(), &unknown).await,
        Err(RuntimeError::Unknown(unknown))
    );

    runtime.scale(order(2, 1, &template)).await.unwrap();
    let is_retiring =
        |one: &&tidegate_ports::ReplicaSeen| matches!(one.state, ReplicaState::Retiring { .. });
    let replicas =
        until(&runtime, "one retires", |all| all.iter().filter(is_retiring).count() == 1).await;
    let retired = replicas.iter().find(is_retiring).unwrap();
    assert!(alive(retired.pids["main"]));
    runtime.release(Epoch::default(), &retired.id).await.unwrap();
    // Again, while it is on its way out or already gone: it makes no difference.
    let again = runtime.release(Epoch::default(), &retired.id).await;
    let unknown = Err(RuntimeError::Unknown(retired.id.clone()));
    assert!(again == Ok(()) || again == unknown, "{again:?}");
    until(&runtime, "one is gone", |all| all.len() == 1).await;
    assert!(!alive(retired.pids["main"]));
    end(&runtime, 3, &template).await;
}

#[tokio::test]
async fn what_is_killed_is_started_again() {
    let world = World::new();
    let runtime = world.open();
    let template = world.template(vec![shell("exec sleep 1000")]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let first = ready(&runtime, 1).await.remove(0);
    kill(first.pids["main"], Signal::KILL);
    let down = until(&runtime, "it backs off", |all| all[0].state == ReplicaState::BackOff).await;
    assert_eq!(
        down[0].message.as_deref(),
        Some("it was ended by signal 9; started again 50ms later")
    );
    let again = until(&runtime, "it is ready again", |all| {
        all[0].restarts == 1 && all[0].state == ReplicaState::Ready
    })
    .await;
    assert_eq!(again[0].id, first.id);
    assert_ne!(again[0].pids["main"], first.pids["main"]);
    assert!(again[0].ready_since >= first.ready_since);
    assert_eq!(again[0].message.as_deref(), Some("it was started again: it was ended by signal 9"));
    end(&runtime, 2, &template).await;
    eventually("nothing is left", || world.processes().is_empty()).await;
}

#[tokio::test]
async fn a_restart_replaces_one_at_a_time_and_loses_none() {
    let world = World::new();
    let runtime = world.open();
    let mut web = service(&["serve"]);
    web.ports = vec![port(8080, "http")];
    let template = world.template(vec![web]);
    runtime.scale(order(1, 2, &template)).await.unwrap();
    let before = ready(&runtime, 2).await;
    let latest = before.iter().map(|one| one.started_at).max().unwrap();
    let restart = ScaleOrder {
        restart_before: Some(latest.after(Duration::from_millis(1))),
        ..order(2, 2, &template)
    };
    runtime.scale(restart).await.unwrap();
    until(&runtime, "both are replaced", |all| {
        let serving = all.iter().filter(|one| one.ready_since.is_some()).count();
        assert!(serving >= 2, "{all:#?}");
        let wanted: Vec<_> =
            all.iter().filter(|one| !matches!(one.state, ReplicaState::Retiring { .. })).collect();
        assert!(wanted.len() <= 3);
        wanted.len() == 2
            && wanted.iter().all(|one| one.state == ReplicaState::Ready && one.started_at > latest)
    })
    .await;
    end(&runtime, 3, &template).await;
}

#[tokio::test]
async fn a_replica_whose_port_was_taken_is_replaced_by_one_with_another() {
    let world = World::new();
    let runtime = world.open();
    let mut web = service(&["serve"]);
    web.ports = vec![port(8080, "http")];
    let template = world.template(vec![web]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let first = ready(&runtime, 1).await.remove(0);
    kill(first.pids["main"], Signal::KILL);
    let thief = loop {
        if let Ok(thief) = std::net::TcpListener::bind(first.ports["http"]) {
            break thief;
        }
    };
    let seen = until(&runtime, "another takes its place", |all| {
        all.iter().any(|one| one.id != first.id && one.state == ReplicaState::Ready)
    })
    .await;
    let old = seen.iter().find(|one| one.id == first.id).unwrap();
    assert!(matches!(old.state, ReplicaState::Retiring { .. }), "{old:?}");
    assert!(
        old.message.as_deref().unwrap().contains("another process listens on its port"),
        "{old:?}"
    );
    drop(thief);
    end(&runtime, 2, &template).await;
}
