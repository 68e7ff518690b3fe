//! After a start of the control plane: what an earlier one has left running is taken over.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    sync::Arc,
};

use crate::{
    Carrier, Used, orders,
    records::{OrderRecord, ReplicaOf},
    replica::{self, Found},
    state::{RevisionKey, Shared},
    turn::{Part, in_order},
};

/// Takes over all orders and replicas that the records know. A process that runs is left alone; of
/// one that has ended meanwhile the container is started again, unless its replica was retired. A
/// replica that was retired and not released waits for its release again; one that was released
/// goes on ending. What runs and is in no record is ended.
///
/// # Errors
/// When the records cannot be listed: what runs is then not known, and nothing is done about it.
pub(crate) fn adopt<C: Carrier>(shared: &Arc<Shared<C>>) -> io::Result<()> {
    let replicas: Vec<ReplicaOf<C>> = shared.records.replicas()?;
    let orders = shared.records.orders()?;
    let unreadable = shared.records.unreadable_replicas()?;
    for record in &replicas {
        let given = record.ports.values().flat_map(|given| given.values().copied());
        shared.ports.keep(given);
    }
    let boot = boot();
    for record in replicas {
        let running = running(shared, &record);
        tracing::info!(replica = %record.id, processes = running.len(), "adopted");
        let (record, ended) = mark::<C>(record, &running, &boot);
        replica::run(shared, record, Found { running, ended });
    }
    let known: BTreeMap<RevisionKey, OrderRecord> = orders
        .into_iter()
        .map(|order| ((order.owner.clone(), order.revision.clone()), order))
        .collect();
    for (key, order) in known {
        orders::insert(shared, key, order);
    }
    orders::forget_old(shared);
    tidy(shared);
    shared.spawn(C::end_orphans(Arc::clone(shared), unreadable));
    Ok(())
}

fn running<C: Carrier>(shared: &Shared<C>, record: &ReplicaOf<C>) -> BTreeMap<String, C::Process> {
    record
        .containers
        .iter()
        .filter_map(|(name, container)| Some((name.clone(), container.process.clone()?)))
        .filter(|(_, process)| shared.carrier.is_alive(process))
        .collect()
}

/// What has ended meanwhile is not ready, and counts as started again if it is known to have come up:
/// of a process that was written down just before the last control plane ended, nothing may have
/// run. Says which have ended.
fn mark<C: Carrier>(
    mut record: ReplicaOf<C>,
    running: &BTreeMap<String, C::Process>,
    boot: &str,
) -> (ReplicaOf<C>, BTreeSet<String>) {
    let mut ended = BTreeSet::new();
    for (own, role) in in_order(&record.template) {
        let name = &own.name;
        let Some(container) = record.containers.get_mut(name) else { continue };
        container.passed.take_if(|passed| passed != boot);
        if running.contains_key(name) || role.part == Part::Task && container.passed.is_some() {
            continue;
        }
        if container.process.take().is_some() {
            ended.insert(name.clone());
            if record.retired_at.is_none() && container.started {
                container.restarts = container.restarts.saturating_add(1);
            }
        }
        container.started = false;
        container.ready = false;
    }
    if !record.containers.values().all(|container| container.ready) {
        record.ready_since = None;
    }
    (record, ended)
}

/// The name of this run of the machine.
pub(crate) fn boot() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    name.map(|name| name.trim().to_owned()).unwrap_or_default()
}

/// Images stay as long as an order, or a replica that has yet to go, knows them.
fn tidy<C: Carrier>(shared: &Shared<C>) {
    let state = shared.state();
    let pins: Vec<String> = state
        .revisions
        .values()
        .flat_map(|revision| revision.order.pins.values().cloned())
        .collect();
    let specs: Vec<Arc<C::Spec>> = state
        .replicas
        .values()
        .flat_map(|replica| replica.record.containers.values())
        .map(|container| Arc::clone(&container.spec))
        .collect();
    let replicas = state.replicas.keys().map(ToString::to_string).collect();
    drop(state);
    shared.carrier.tidy(&Used { replicas: &replicas, pins: &pins, specs: &specs });
}

#[cfg(test)]
mod tests;
