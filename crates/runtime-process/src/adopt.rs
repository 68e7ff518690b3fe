//! After a start of the control plane: what an earlier one has left running is taken over.

use std::{collections::BTreeMap, io, sync::Arc};

use crate::{
    identity::ProcessIdentity,
    orders,
    orphans::end_orphans,
    records::{OrderRecord, ReplicaRecord},
    replica,
    state::{RevisionKey, Shared},
};

/// Takes over all orders and replicas that the records know. A process that runs is left alone; of
/// one that has ended meanwhile the container is started again, unless its replica was retired. A
/// replica that was retired and not released waits for its release again; one that was released
/// goes on ending. What runs and is in no record is ended.
///
/// # Errors
/// When the records cannot be listed: what runs is then not known, and nothing is done about it.
pub(crate) fn adopt(shared: &Arc<Shared>) -> io::Result<()> {
    let (replicas, orders) = (shared.records.replicas()?, shared.records.orders()?);
    let unreadable = shared.records.unreadable_replicas()?;
    for record in &replicas {
        let given = record.ports.values().flat_map(|given| given.values().copied());
        shared.ports.keep(given);
    }
    for record in replicas {
        let adopted = running(&record);
        tracing::info!(replica = %record.id, processes = adopted.len(), "adopted");
        replica::run(shared, mark(record, &adopted), adopted);
    }
    let known = |name: &str| shared.state().replicas.keys().any(|id| id.as_str() == name);
    shared.places.forget(known);
    let known: BTreeMap<RevisionKey, OrderRecord> = orders
        .into_iter()
        .map(|order| ((order.owner.clone(), order.revision.clone()), order))
        .collect();
    for (key, order) in known {
        orders::insert(shared, key, order);
    }
    orders::forget_old(shared);
    clean_images(shared);
    shared.spawn(end_orphans(Arc::clone(shared), unreadable));
    Ok(())
}

fn running(record: &ReplicaRecord) -> BTreeMap<String, ProcessIdentity> {
    record
        .containers
        .iter()
        .filter_map(|(name, container)| Some((name.clone(), container.process.clone()?)))
        .filter(|(_, process)| process.is_alive())
        .collect()
}

/// What has ended meanwhile is not ready, and counts as started again.
fn mark(mut record: ReplicaRecord, running: &BTreeMap<String, ProcessIdentity>) -> ReplicaRecord {
    for (name, container) in &mut record.containers {
        if !running.contains_key(name) {
            if container.process.take().is_some() && record.retired_at.is_none() {
                container.restarts = container.restarts.saturating_add(1);
            }
            container.started = false;
            container.ready = false;
        }
    }
    if !record.containers.values().all(|container| container.ready) {
        record.ready_since = None;
    }
    record
}

/// Images stay as long as an order, or a replica that has yet to go, knows them.
fn clean_images(shared: &Shared) {
    let state = shared.state();
    let pins: Vec<String> = state
        .revisions
        .values()
        .flat_map(|revision| revision.order.pins.values().cloned())
        .collect();
    let folders: Vec<String> = state
        .replicas
        .values()
        .flat_map(|replica| replica.record.containers.values())
        .map(|container| container.spec.folder.display().to_string())
        .collect();
    drop(state);
    shared.images.clean(|name| {
        pins.iter().any(|pin| pin == name) || folders.iter().any(|folder| folder.contains(name))
    });
}
