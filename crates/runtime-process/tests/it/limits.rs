//! Limits and readings.

use std::{fs, path::PathBuf};

use tidegate_ports::{ReplicaState, Runtime};
use tidegate_workload::ResourceAmounts;

use crate::fixture::{World, end, groups_named, order, ready, shell, until};

/// Whether this machine lets us make control groups with this version 1 controller; the tests of
/// limits then see them enforced, and else see it said that they are not.
fn can_limit(replica: &tidegate_ports::ReplicaSeen) -> bool {
    !replica.message.as_deref().unwrap_or_default().contains("is not enforced")
}

#[tokio::test]
async fn more_memory_than_the_limit_ends_it_with_a_clear_word() {
    let world = World::new();
    let runtime = world.open();
    // Grows by a mebibyte at a time once it is told to.
    let line = "while ! test -e go; do sleep 0.02; done; exec python3 -c \
                'b=[]\nwhile True: b.append(bytearray(1<<20))'";
    let mut main = shell(line);
    main.resources.limits = ResourceAmounts { cpu_millis: None, memory_bytes: Some(32 << 20) };
    let template = world.template(vec![main]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&runtime, 1).await.remove(0);
    if can_limit(&replica) {
        fs::write(world.path("go"), "").unwrap();
        let seen =
            until(&runtime, "it is ended", |all| all[0].state == ReplicaState::BackOff).await;
        let told = seen[0].message.clone().unwrap();
        assert!(told.starts_with("it was ended for using more memory than its limit"), "{told}");
    }
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn cpu_is_limited_and_read() {
    let world = World::new();
    let runtime = world.open();
    let mut main = shell("while :; do :; done");
    main.resources.limits = ResourceAmounts { cpu_millis: Some(200), memory_bytes: None };
    let template = world.template(vec![main]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&runtime, 1).await.remove(0);
    let limited = can_limit(&replica);
    let seen = until(&runtime, "usage is read", |all| {
        all[0].usage.is_some_and(|usage| usage.cpu_millis > 0)
    })
    .await;
    let usage = seen[0].usage.unwrap();
    assert!(usage.memory_bytes > 50_000, "{usage:?}");
    if limited {
        // The kernel lets a group run over by a slice for each core.
        assert!(usage.cpu_millis < 400, "{usage:?}");
    }
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn the_groups_of_a_replica_go_with_it() {
    let world = World::new();
    let runtime = world.open();
    let template = world.template(vec![shell("exec sleep 1000")]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&runtime, 1).await.remove(0);
    let found = groups_named(replica.id.as_str());
    end(&runtime, 2, &template).await;
    assert_eq!(groups_named(replica.id.as_str()), Vec::<PathBuf>::new(), "before: {found:?}");
}
