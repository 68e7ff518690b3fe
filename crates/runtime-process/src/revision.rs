//! Carries out the order of a revision: prepares its images, starts and retires replicas.

use std::{sync::Arc, time::Duration};

use tidegate_units::{ReplicaId, Timestamp};
use tokio::sync::Notify;

use crate::{
    image,
    order::{Standing, Steps, steps},
    ports::assign,
    records::{Means, OrderRecord},
    replica::{self, Around, Images},
    state::{RevisionKey, Shared, Wanted, now},
};

/// How long until what stood in the way is tried again: it may be a file that somebody has yet to
/// put there.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Carries out whatever is ordered for a revision, for as long as the runtime lives.
pub(crate) async fn carry_out(shared: Arc<Shared>, key: RevisionKey, wake: Arc<Notify>) {
    let mut prepared: Option<(Means, Images)> = None;
    loop {
        let Some((order, steps)) = due(&shared, &key) else {
            return;
        };
        retire(&shared, &steps.retire);
        if steps.start > 0
            && let Some(means) = &order.means
        {
            if prepared.as_ref().is_none_or(|(made_from, _)| made_from != means) {
                prepared =
                    prepare(&shared, &order, means).await.map(|images| (means.clone(), images));
            }
            if let Some((means, images)) = &prepared {
                start(&shared, &key, &order, means, images, steps.start);
            }
        }
        if shared.state().revisions.get(&key).is_some_and(|one| one.obstacle.is_some()) {
            let _ = tokio::time::timeout(TRY_AGAIN, wake.notified()).await;
            prepared = None;
        } else {
            wake.notified().await;
        }
    }
}

/// What has to be done now; `None` when the revision is forgotten.
fn due(shared: &Shared, key: &RevisionKey) -> Option<(OrderRecord, Steps)> {
    let state = shared.state();
    let order = state.revisions.get(key)?.order.clone();
    let standing: Vec<Standing> = state
        .replicas
        .values()
        .filter(|one| (&one.record.rollout, &one.record.revision) == (&key.0, &key.1))
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

fn retire(shared: &Shared, replicas: &[ReplicaId]) {
    let moment: Timestamp = now();
    for id in replicas {
        shared.change(id, |replica| {
            replica.record.retired_at = Some(moment);
            replica.wanted.send_replace(Wanted::Retired);
        });
    }
}

/// Reads the images of all containers, and works out one replica to see that nothing is missing.
async fn prepare(shared: &Arc<Shared>, order: &OrderRecord, means: &Means) -> Option<Images> {
    let _permit = shared.unpacks.acquire().await.ok()?;
    let work = {
        let (shared, order, means) = (Arc::clone(shared), order.clone(), means.clone());
        move || find_images(&shared, &order, &means)
    };
    let found = tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(format!("the images could not be read: {error}")));
    let key = (order.rollout.clone(), order.revision.clone());
    match found {
        Ok(images) => {
            pin(shared, &key, &images);
            set_obstacle(shared, &key, None);
            Some(images)
        }
        Err(why) => {
            set_obstacle(shared, &key, Some(why));
            None
        }
    }
}

fn find_images(shared: &Shared, order: &OrderRecord, means: &Means) -> Result<Images, String> {
    let template = &means.template;
    let rules = [&template.images[..], &shared.settings.images[..]];
    let example = ReplicaId::from("example");
    let around = Around { order, means, id: &example };
    let ports = assign(&template.containers, &[]);
    let mut images = Images::new();
    for container in &template.containers {
        let pinned = order.pins.get(&container.name).map(String::as_str);
        let image = image::resolve(container, &rules, &shared.images, pinned)
            .map_err(|error| error.to_string())?;
        replica::spec(container, &image, &ports, &around)?;
        images.insert(container.name.clone(), image);
    }
    Ok(images)
}

/// Writes down which images the revision's replicas run, so that all run the same ones.
fn pin(shared: &Shared, key: &RevisionKey, images: &Images) {
    let mut state = shared.state();
    let Some(revision) = state.revisions.get_mut(key) else {
        return;
    };
    let pins = images
        .iter()
        .filter_map(|(name, image)| Some((name.clone(), image.digest.clone()?)))
        .collect();
    if revision.order.pins != pins {
        revision.order.pins = pins;
        if let Err(error) = shared.records.save_order(&revision.order) {
            tracing::error!(revision = ?key, %error, "an order cannot be written down");
        }
    }
}

fn set_obstacle(shared: &Shared, key: &RevisionKey, why: Option<String>) {
    let changed = match shared.state().revisions.get_mut(key) {
        Some(revision) => std::mem::replace(&mut revision.obstacle, why.clone()) != why,
        None => false,
    };
    if changed {
        shared.changed();
    }
}

fn start(
    shared: &Arc<Shared>,
    key: &RevisionKey,
    order: &OrderRecord,
    means: &Means,
    images: &Images,
    count: usize,
) {
    for _ in 0..count {
        if let Err(why) = replica::create(shared, order, means, images) {
            set_obstacle(shared, key, Some(why));
            return;
        }
    }
    set_obstacle(shared, key, None);
}
