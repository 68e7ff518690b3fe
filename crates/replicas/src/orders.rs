//! The orders that were taken: what is kept of them, and for how long.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tidegate_ports::{RuntimeError, ScaleOrder};
use tidegate_units::Timestamp;
use tidegate_workload::{EnvFrom, EnvSource, FileSource, PodTemplate, VolumeSource};
use tokio::sync::Notify;

use crate::{
    Carrier,
    records::{Means, OrderRecord},
    revision::carry_out,
    state::{Revision, RevisionKey, Shared, now},
};

/// Of a rollout's revisions that ended, so many are remembered, with their logs: more than
/// `revisionHistoryLimit` (10 by default) lets anybody return to.
const REMEMBERED: usize = 16;
/// And for so long: a rollout that was deleted leaves nothing for ever.
const REMEMBERED_FOR: Duration = Duration::from_hours(30 * 24);

/// Lets `change` make the next order of a revision from the last one, and keeps what it makes.
pub(crate) async fn take<C: Carrier>(
    shared: &Arc<Shared<C>>,
    key: &RevisionKey,
    change: impl FnOnce(Option<&OrderRecord>) -> Result<Option<OrderRecord>, RuntimeError>,
) -> Result<(), RuntimeError> {
    let _turn = shared.ordering.lock().await;
    let next = {
        let state = shared.state();
        change(state.revisions.get(key).map(|revision| &revision.order))?
    };
    let Some(order) = next else {
        return Ok(());
    };
    save(shared, &order).await?;
    let is_new = match shared.state().revisions.get_mut(key) {
        Some(revision) => {
            revision.order = order.clone();
            revision.wake.notify_one();
            false
        }
        None => true,
    };
    if is_new {
        insert(shared, key.clone(), order);
        forget_old(shared);
    }
    Ok(())
}

/// Waits for the disk, so on a thread that may wait.
async fn save<C: Carrier>(
    shared: &Arc<Shared<C>>,
    order: &OrderRecord,
) -> Result<(), RuntimeError> {
    let (shared, order) = (Arc::clone(shared), order.clone());
    let saved = tokio::task::spawn_blocking(move || shared.records.save_order(&order)).await;
    saved
        .map_err(|error| error.to_string())
        .and_then(|saved| saved.map_err(|error| error.to_string()))
        .map_err(|error| RuntimeError::Failed(format!("the order cannot be written down: {error}")))
}

/// Knows a revision from now on, and carries out what is ordered for it.
pub(crate) fn insert<C: Carrier>(shared: &Arc<Shared<C>>, key: RevisionKey, order: OrderRecord) {
    let wake = Arc::new(Notify::new());
    let revision = Revision { order, obstacle: None, wake: Arc::clone(&wake) };
    shared.state().revisions.insert(key.clone(), revision);
    shared.spawn(carry_out(Arc::clone(shared), key, wake));
}

/// What is to be kept after an order was offered; nothing if it says nothing new.
pub(crate) fn next(
    last: Option<&OrderRecord>,
    offered: ScaleOrder,
) -> Result<Option<OrderRecord>, RuntimeError> {
    if let Some(last) = last
        && offered.generation < last.generation
    {
        return Err(RuntimeError::Stale { taken: last.generation, offered: offered.generation });
    }
    let order = OrderRecord {
        pins: last.map(|last| last.pins.clone()).unwrap_or_default(),
        ..record(offered)
    };
    let is_new =
        last.is_none_or(|last| *last != OrderRecord { taken_at: last.taken_at, ..order.clone() });
    Ok(is_new.then_some(order))
}

/// Nothing of the template when no replica is wanted, and of the namespace's settings and secrets
/// only what the template names.
fn record(order: ScaleOrder) -> OrderRecord {
    let means = (order.replicas > 0).then(|| {
        let (maps, secrets) = named(&order.template);
        Means {
            config_maps: Arc::new(pick(&order.config_maps, &maps)),
            secrets: Arc::new(pick(&order.secrets, &secrets)),
            template: Arc::clone(&order.template),
        }
    });
    OrderRecord {
        owner: order.owner,
        revision: order.revision,
        generation: order.generation,
        replicas: order.replicas,
        restart_before: order.restart_before,
        taken_at: now(),
        means,
        pins: BTreeMap::new(),
    }
}

fn pick<T: Clone>(from: &BTreeMap<String, T>, names: &BTreeSet<&str>) -> BTreeMap<String, T> {
    from.iter()
        .filter(|(name, _)| names.contains(name.as_str()))
        .map(|(name, one)| (name.clone(), one.clone()))
        .collect()
}

/// The `ConfigMap`s and the Secrets that a template names.
pub fn named(template: &PodTemplate) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let mut maps = BTreeSet::new();
    let mut secrets: BTreeSet<&str> = template.pull_secrets.iter().map(String::as_str).collect();
    for container in template.all() {
        for from in &container.env_from {
            match from {
                EnvFrom::ConfigMap { name, .. } => maps.insert(name.as_str()),
                EnvFrom::Secret { name, .. } => secrets.insert(name.as_str()),
            };
        }
        for variable in &container.env {
            match &variable.source {
                EnvSource::ConfigMapKey { name, .. } => maps.insert(name.as_str()),
                EnvSource::SecretKey { name, .. } => secrets.insert(name.as_str()),
                EnvSource::Literal(_) | EnvSource::Field(_) => false,
            };
        }
    }
    let sources = template.volumes.iter().filter_map(|volume| match &volume.source {
        VolumeSource::Files { sources, .. } => Some(sources),
        _ => None,
    });
    for source in sources.flatten() {
        match source {
            FileSource::ConfigMap(entries) => maps.insert(entries.name.as_str()),
            FileSource::Secret(entries) => secrets.insert(entries.name.as_str()),
            FileSource::Fields(_) => false,
        };
    }
    (maps, secrets)
}

/// Forgets revisions that ended long ago, with their logs.
pub(crate) fn forget_old<C: Carrier>(shared: &Shared<C>) {
    let mut state = shared.state();
    let ended: Vec<OrderRecord> = state
        .revisions
        .values()
        .map(|revision| revision.order.clone())
        .filter(|order| order.replicas == 0)
        .filter(|order| {
            !state.replicas.values().any(|replica| {
                (&replica.record.owner, &replica.record.revision) == (&order.owner, &order.revision)
            })
        })
        .collect();
    let forgotten = forgettable(&ended, now());
    for key in &forgotten {
        if let Some(revision) = state.revisions.remove(key) {
            // Its task sees that it is forgotten, and ends.
            revision.wake.notify_one();
        }
    }
    drop(state);
    for (owner, revision) in forgotten {
        shared.records.remove_order(&owner, &revision);
        let _ = std::fs::remove_dir_all(shared.logs.revision(&owner, &revision));
    }
}

/// Which of the ended revisions are not remembered any longer.
fn forgettable(ended: &[OrderRecord], now: Timestamp) -> Vec<RevisionKey> {
    let mut newest_first: Vec<&OrderRecord> = ended.iter().collect();
    newest_first.sort_by_key(|order| std::cmp::Reverse(order.taken_at));
    let mut kept = BTreeMap::new();
    newest_first
        .into_iter()
        .filter(|order| {
            let count: &mut usize = kept.entry(&order.owner).or_default();
            *count += 1;
            *count > REMEMBERED || now.since(order.taken_at) > REMEMBERED_FOR
        })
        .map(|order| (order.owner.clone(), order.revision.clone()))
        .collect()
}

#[cfg(test)]
mod tests;
