//! From the start of replicas to their end.

use std::time::{Duration, Instant};

use tidegate_ports::{Outdated, ReplicaState, RuntimeError, ScaleOrder};
use tidegate_units::{Epoch, Generation, ReplicaId};
use tidegate_workload::ProbeAction;

use super::{
    Stage, end, eventually, get, order, probe, ready, service, shell, template, until, words,
};

/// Replicas are ready, each at a port of its own; a surplus one answers until it is released.
pub async fn replicas_are_started_found_and_ended(stage: &dyn Stage) {
    let runtime = stage.open();
    let template = template(stage, vec![service(stage)]);
    runtime.scale(order(1, 2, &template)).await.unwrap();
    for replica in ready(&*runtime, 2).await {
        assert_eq!(replica.ports["8080"], replica.ports["http"]);
        assert!(replica.ports["http"].ip().is_loopback());
        assert_eq!(get(&replica, "/id").await, replica.id.as_str());
        assert!(replica.ready_since.is_some());
        assert_eq!(replica.restarts, 0);
        let wanted = runtime.release(Epoch::default(), &replica.id).await.unwrap_err().to_string();
        assert!(wanted.contains("is wanted"), "{wanted}");
    }

    runtime.scale(order(2, 1, &template)).await.unwrap();
    let is_retiring = |state| matches!(state, ReplicaState::Retiring { .. });
    let all = until(&*runtime, "one retires", |all| all.iter().any(|one| is_retiring(one.state)));
    let retired = all.await.into_iter().find(|one| is_retiring(one.state)).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(get(&retired, "/id").await, retired.id.as_str(), "it answers until its release");
    runtime.release(Epoch::default(), &retired.id).await.unwrap();
    until(&*runtime, "one is gone", |all| all.len() == 1).await;
    // Its port may be another's by now.
    let answer = super::ask(retired.ports["http"], "/id").await;
    assert_ne!(answer.as_deref(), Some(retired.id.as_str()));

    let nobody = ReplicaId::from("nobody");
    let unknown = runtime.release(Epoch::default(), &nobody).await;
    assert_eq!(unknown, Err(RuntimeError::Unknown(nobody)));
    end(&*runtime, 3, &template).await;
}

/// A fence outlives the control plane, and what it orders; whoever starts sees what was taken.
pub async fn an_older_order_is_refused_also_after_a_restart(stage: &dyn Stage) {
    let template = template(stage, vec![service(stage)]);
    let outdated = Err(RuntimeError::Stale { taken: Generation(5), offered: Generation(4) });
    let runtime = stage.open();
    runtime.scale(order(5, 1, &template)).await.unwrap();
    assert_eq!(runtime.scale(order(4, 2, &template)).await, outdated);
    ready(&*runtime, 1).await;
    drop(runtime);
    let runtime = stage.open();
    let taken = || runtime.taken().get(&order(0, 0, &template).owner).copied();
    assert_eq!(taken(), Some(Generation(5)));
    assert_eq!(runtime.scale(order(4, 2, &template)).await, outdated);
    end(&*runtime, 6, &template).await;
    assert_eq!(taken(), Some(Generation(6)));
}

/// Whoever led before changes nothing, whatever generation the order has.
pub async fn an_order_of_an_epoch_that_has_ended_is_refused(stage: &dyn Stage) {
    let runtime = stage.open();
    let template = template(stage, vec![service(stage)]);
    let of = |epoch, order| ScaleOrder { epoch: Epoch(epoch), ..order };
    let outdated = Outdated { holds: Epoch(8), offered: Epoch(7) };
    let refused = Err(RuntimeError::Fenced(outdated));
    runtime.scale(of(7, order(1, 1, &template))).await.unwrap();
    let id = ready(&*runtime, 1).await.remove(0).id;
    runtime.scale(of(8, order(1, 1, &template))).await.unwrap();
    assert_eq!(runtime.scale(of(7, order(9, 0, &template))).await, refused);
    runtime.scale(of(8, order(2, 0, &template))).await.unwrap();
    let is_retiring = |state| matches!(state, ReplicaState::Retiring { .. });
    until(&*runtime, "it retires", |all| all.iter().all(|one| is_retiring(one.state))).await;
    assert_eq!(runtime.release(Epoch(7), &id).await, refused);
    runtime.release(Epoch(8), &id).await.unwrap();
    until(&*runtime, "it is gone", <[_]>::is_empty).await;
}

/// The back-off is seen, with the reason; the next life has the same ports and is counted.
pub async fn what_ends_is_started_again_after_a_while(stage: &dyn Stage) {
    let runtime = stage.open();
    let template = template(stage, vec![service(stage)]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let before = ready(&*runtime, 1).await.remove(0);
    let born = get(&before, "/born").await;
    get(&before, "/exit").await;
    let backing = until(&*runtime, "it backs off", |all| all[0].state == ReplicaState::BackOff);
    let message = backing.await.remove(0).message.unwrap();
    assert!(message.contains("it ended with exit code 3"), "{message}");
    assert!(message.contains("started again"), "{message}");
    let after = until(&*runtime, "it is ready again", |all| {
        all[0].state == ReplicaState::Ready && all[0].restarts == 1
    });
    let after = after.await.remove(0);
    assert_eq!((&after.id, &after.ports), (&before.id, &before.ports));
    assert_ne!(get(&after, "/born").await, born);
    end(&*runtime, 2, &template).await;
}

/// The new one is ready before the old one goes, and is not replaced in its turn: whoever asked may
/// have had a clock that was ahead, which was set right since.
pub async fn a_restart_replaces_one_at_a_time(stage: &dyn Stage) {
    let runtime = stage.open();
    let template = template(stage, vec![service(stage)]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let old = ready(&*runtime, 1).await.remove(0);
    let later = old.started_at.after(Duration::from_hours(1));
    let restart = ScaleOrder { restart_before: Some(later), ..order(2, 1, &template) };
    runtime.scale(restart).await.unwrap();
    let both = until(&*runtime, "the old one retires", |all| {
        all.iter().any(|one| matches!(one.state, ReplicaState::Retiring { .. }))
    });
    let both = both.await;
    let new = both.iter().find(|one| one.id != old.id).unwrap();
    assert_eq!(new.state, ReplicaState::Ready);
    assert_eq!(get(new, "/id").await, new.id.as_str());
    runtime.release(Epoch::default(), &old.id).await.unwrap();
    until(&*runtime, "the old one is gone", |all| all.len() == 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let left = runtime.replicas();
    assert!(left.len() == 1 && left[0].id == new.id, "{left:?}");
    assert!(left[0].started_at >= later, "it counts as started after that");
    end(&*runtime, 3, &template).await;
}

/// A process that ignores SIGTERM is given the grace period, and no more.
pub async fn sigterm_comes_after_the_hook_and_sigkill_after_the_grace_period(stage: &dyn Stage) {
    let runtime = stage.open();
    let deaf = "trap 'echo termed' TERM; echo up; touch here; while true; do sleep 0.1; done";
    let mut container = shell(stage, deaf);
    container.readiness =
        Some(probe(ProbeAction::Exec { command: words(&["sh", "-c", "test -e here"]) }));
    container.lifecycle.pre_stop =
        Some(ProbeAction::Exec { command: words(&["sh", "-c", "touch hooked; sleep 1"]) });
    container.command[2] =
        deaf.replace("echo termed", "test -e hooked && echo hooked, then termed");
    let mut template = template(stage, vec![container]);
    // An engine that is busy takes its time for the hook, which counts.
    template.termination_grace = Duration::from_secs(15);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let id = ready(&*runtime, 1).await.remove(0).id;

    let began = Instant::now();
    end(&*runtime, 2, &template).await;
    let took = began.elapsed();
    assert!(took >= template.termination_grace, "{took:?}");
    eventually("the log tells of both", async || {
        super::logs::text(&*runtime, &id).await.contains("hooked, then termed")
    })
    .await;
}
