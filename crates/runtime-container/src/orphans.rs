//! Containers of replicas that no record knows: the record was damaged, or somebody removed it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tidegate_replicas::Shared;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    carrier::Containers,
    client::EngineError,
    engine::{Engine, Listed},
    labels,
};

/// The router is told of the replicas that are there within the first moments of a server; it
/// sends nothing to these from then on.
const LEAVE: Duration = Duration::from_secs(2);
/// From the stop signal to SIGKILL where no label says otherwise, as in Kubernetes.
const GRACE: Duration = Duration::from_secs(30);
/// How long until an engine that does not answer is asked again.
const AGAIN: Duration = Duration::from_secs(10);

/// Finds the containers of this data folder that belong to no replica, and ends them.
pub(crate) async fn end(shared: Arc<Shared<Containers>>) {
    let carrier = shared.carrier();
    let found = loop {
        match carrier.engine.list(&[(labels::RUNTIME, &carrier.id)]).await {
            Ok(found) => break found,
            Err(error) => {
                // Whoever waits to hear of orphans need not wait for an engine that is away.
                shared.tell_orphans(0);
                let socket = carrier.engine.client.socket().display().to_string();
                tracing::warn!(socket, %error, "the container engine is asked again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    };
    let mut orphans: BTreeMap<String, Vec<Listed>> = BTreeMap::new();
    for one in found {
        if let Some(replica) = one.label(labels::REPLICA).map(str::to_owned)
            && !shared.knows(&replica)
        {
            orphans.entry(replica).or_default().push(one);
        }
    }
    shared.tell_orphans(orphans.len());
    let mut tasks = JoinSet::new();
    for (replica, containers) in orphans {
        let ids: BTreeSet<&str> = containers.iter().map(|one| one.id.as_str()).collect();
        tracing::warn!(replica, ?ids, "containers that no readable record knows are ended");
        let engine = carrier.engine.clone();
        tasks.spawn(async move {
            tokio::time::sleep(LEAVE).await;
            end_all(engine, containers).await
        });
    }
    while let Some(ended) = tasks.join_next().await {
        if let Ok(Err(error)) = ended {
            tracing::error!(%error, "a container that no record knows cannot be ended");
        }
        shared.tell_orphans(tasks.len());
    }
}

/// The holder of the network last: the others answer what they have until they end.
pub(crate) async fn end_all(
    engine: Engine,
    mut containers: Vec<Listed>,
) -> Result<(), EngineError> {
    containers.sort_by_key(|one| one.label(labels::CONTAINER).is_none());
    let grace = containers
        .iter()
        .filter_map(|one| one.label(labels::GRACE)?.parse().ok().map(Duration::from_secs))
        .max();
    let deadline = Instant::now() + grace.unwrap_or(GRACE);
    for one in &containers {
        if let Some(signal) = one.label(labels::STOP_SIGNAL)
            && one.state == "running"
        {
            // One that has ended meanwhile takes no signal.
            let _ = engine.kill(&one.id, signal).await;
        }
    }
    for one in &containers {
        if one.label(labels::CONTAINER).is_some() {
            let _ = tokio::time::timeout_at(deadline, engine.wait(&one.id)).await;
        }
        engine.remove(&one.id).await?;
    }
    Ok(())
}
