//! Carries out the order of a revision: prepares its images, starts and retires replicas.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tidegate_units::{ReplicaId, Timestamp};
use tokio::sync::Notify;

use crate::{
    Carrier, ImageWish,
    order::{Standing, Steps, steps},
    orders,
    ports::Assigned,
    records::{Means, OrderRecord},
    replica::{self, Around, Images},
    state::{RevisionKey, Shared, Wanted, now},
};

/// How long until what stood in the way is tried again: it may be a file that somebody has yet to
/// put there.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Carries out whatever is ordered for a revision, for as long as it is known.
pub(crate) async fn carry_out<C: Carrier>(
    shared: Arc<Shared<C>>,
    key: RevisionKey,
    wake: Arc<Notify>,
) {
    let mut prepared: Option<(Means, Images<C>)> = None;
    loop {
        let Some((order, steps)) = due(&shared, &key) else {
            return;
        };
        retire(&shared, &steps.retire);
        let started = match (&order.means, steps.start) {
            (Some(means), 1..) => start(&shared, &order, means, steps.start, &mut prepared).await,
            _ => Ok(()),
        };
        let obstacle = started.err();
        set_obstacle(&shared, &key, obstacle.as_deref());
        if obstacle.is_some() {
            prepared = None;
            let _ = tokio::time::timeout(TRY_AGAIN, wake.notified()).await;
        } else {
            wake.notified().await;
        }
    }
}

/// Starts so many replicas, with the images that earlier ones were made from if nothing changed.
async fn start<C: Carrier>(
    shared: &Arc<Shared<C>>,
    order: &OrderRecord,
    means: &Means,
    count: usize,
    prepared: &mut Option<(Means, Images<C>)>,
) -> Result<(), String> {
    let images = match prepared.take() {
        Some((made_from, images)) if made_from == *means => images,
        _ => prepare(shared, order, means).await?,
    };
    for _ in 0..count {
        replica::create(shared, order, means, &images)?;
    }
    *prepared = Some((means.clone(), images));
    Ok(())
}

/// What has to be done now; `None` when the revision is forgotten.
fn due<C: Carrier>(shared: &Shared<C>, key: &RevisionKey) -> Option<(OrderRecord, Steps)> {
    let state = shared.state();
    let order = state.revisions.get(key)?.order.clone();
    let standing: Vec<Standing> = state
        .replicas
        .values()
        .filter(|one| (&one.record.owner, &one.record.revision) == (&key.0, &key.1))
        .filter(|one| one.record.retired_at.is_none() && !one.record.released)
        .map(|one| Standing {
            id: one.record.id.clone(),
            started_at: one.record.started_at,
            ready: one.is_ready(),
        })
        .collect();
    let wanted = usize::try_from(order.replicas).unwrap_or(usize::MAX);
    let steps = steps(wanted, order.restart_before, &standing);
    Some((order, steps))
}

fn retire<C: Carrier>(shared: &Shared<C>, replicas: &[ReplicaId]) {
    let moment: Timestamp = now();
    for id in replicas {
        shared.change(id, |replica| {
            replica.record.retired_at = Some(moment);
            replica.wanted.send_replace(Wanted::Retired);
        });
    }
}

/// Finds the images of all containers, and works out one replica to see that nothing is missing.
async fn prepare<C: Carrier>(
    shared: &Arc<Shared<C>>,
    order: &OrderRecord,
    means: &Means,
) -> Result<Images<C>, String> {
    let key = (order.owner.clone(), order.revision.clone());
    let tell = |text: String| set_obstacle(shared, &key, Some(&text));
    let example = ReplicaId::from("example");
    let around = Around { order, means, id: &example, log: None };
    let unassigned = Assigned::new();
    let mut images = Images::<C>::new();
    for container in means.template.all() {
        let wish = ImageWish {
            container,
            template: &means.template,
            secrets: &means.secrets,
            pinned: order.pins.get(&container.name).map(String::as_str),
            tell: &tell,
        };
        let image = shared.carrier.image(&wish).await?;
        shared.carrier.spec(&around.draft(container, &unassigned), &image)?;
        images.insert(container.name.clone(), image);
    }
    pin(shared, order, &images).await?;
    Ok(images)
}

/// Writes down which images the revision's replicas run, so that all run the same ones.
async fn pin<C: Carrier>(
    shared: &Arc<Shared<C>>,
    order: &OrderRecord,
    images: &Images<C>,
) -> Result<(), String> {
    let pins: BTreeMap<String, String> =
        images.iter().filter_map(|(name, image)| Some((name.clone(), C::pin(image)?))).collect();
    if order.pins == pins {
        return Ok(());
    }
    let change = |last: Option<&OrderRecord>| match last {
        Some(last) => Ok(Some(OrderRecord { pins, ..last.clone() })),
        None => Ok(None),
    };
    let key = (order.owner.clone(), order.revision.clone());
    orders::take(shared, &key, change).await.map_err(|error| error.to_string())
}

fn set_obstacle<C: Carrier>(shared: &Shared<C>, key: &RevisionKey, why: Option<&str>) {
    let changed = match shared.state().revisions.get_mut(key) {
        Some(revision) if revision.obstacle.as_deref() != why => {
            revision.obstacle = why.map(str::to_owned);
            true
        }
        _ => false,
    };
    if changed {
        shared.changed(&key.0);
    }
}
