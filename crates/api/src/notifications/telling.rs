//! From the ledger to what is to be told.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_controller::{KeptChange, Kind, Refused, ResourceView};
use tidegate_ledger::Entry;
use tidegate_notify::{Config, Delivery, Happening, Reason, Scene, State, is_anybody_told, tell};
use tidegate_units::ObjectKey;

use crate::{
    analysis_runs::of_rollout,
    notifications::{
        CURSOR, DELIVERY, Notifications, STATE,
        dead_letters::{self, Given},
        settings::yaml,
    },
    shape::rollout_document,
};

/// Entries that are read at once.
const PAGE: usize = 500;
/// Waiting deliveries, some kilobytes each. What comes beyond is given up at once, which a person sees.
const MOST_WAITING: usize = 10_000;
/// Entries that tell nobody anything are read again after a crash if they are no more than this: it is not written
/// down for each of them how far the ledger was read.
const UNTOLD: u64 = 1_000;
/// How long to wait after the store refused.
const PAUSE: Duration = Duration::from_secs(1);

/// How far the ledger was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    sequence: u64,
}

fn place() -> ObjectKey {
    ObjectKey::everywhere("ledger")
}

/// Reads the ledger on, for ever.
pub(crate) async fn follow(all: &Notifications) {
    let mut changes = all.control.fleet_changes();
    let mut reader = Reader::begin(all);
    loop {
        match reader.page(all).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(problem) => {
                tracing::warn!(%problem, "what is to be told could not be written down; it is tried again");
                all.clock.sleep(PAUSE).await;
                continue;
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

struct Reader {
    /// Everything up to here was looked at.
    read: u64,
    /// What the store says.
    written: Option<Cursor>,
}

impl Reader {
    /// Where the last server ended; where there was none, or nobody to tell, what was before is told nobody.
    fn begin(all: &Notifications) -> Self {
        let kept = all.control.kept_one(CURSOR, &place());
        let written = kept.and_then(|body| serde_json::from_str::<Cursor>(&body).ok());
        let head = all.control.fleet().head();
        // A store that was restored may be behind its cursor: that is not the ledger that it was of.
        let read = written.map_or(head, |cursor| cursor.sequence.min(head));
        Self { read, written }
    }

    /// Reads a page; whether there may be more.
    async fn page(&mut self, all: &Notifications) -> Result<bool, Refused> {
        let config = all.settings.config(&all.control);
        if config.services.is_empty() {
            // Whoever is named later is told of what is later.
            self.read = all.control.fleet().head();
            return self.forget(all).await;
        }
        let entries = all.control.ledger(self.read, PAGE).await?;
        let mut page = Page { states: BTreeMap::new(), deliveries: Vec::new() };
        for entry in &entries {
            page.take(all, &config, entry);
        }
        let Some(last) = entries.last() else {
            if self.written.is_none() {
                self.write(all, Page::default(), self.read).await?;
            }
            return Ok(false);
        };
        let untold = last.sequence - self.written.map_or(0, |cursor| cursor.sequence);
        if !page.is_empty() || self.written.is_none() || untold > UNTOLD {
            self.write(all, page, last.sequence).await?;
        }
        self.read = last.sequence;
        Ok(entries.len() == PAGE)
    }

    /// Writes down what is to be told, and how far the ledger was read.
    async fn write(&mut self, all: &Notifications, page: Page, to: u64) -> Result<(), Refused> {
        let cursor = Cursor { sequence: to };
        let mut change = KeptChange::default();
        change.writes.push((CURSOR, place(), Some(text(&cursor))));
        for (key, state) in page.states {
            let is_empty = state == State::default();
            change.writes.push((STATE, key, (!is_empty).then(|| text(&state))));
        }
        let free = MOST_WAITING.saturating_sub(all.queue.len());
        let mut deliveries = page.deliveries;
        let surplus = deliveries.split_off(free.min(deliveries.len()));
        for delivery in &deliveries {
            change.writes.push((
                DELIVERY,
                ObjectKey::everywhere(&delivery.id),
                Some(text(delivery)),
            ));
        }
        let given = surplus.into_iter().map(|delivery| Given {
            delivery,
            reason: format!("more than {MOST_WAITING} notifications wait already"),
            answer: None,
        });
        dead_letters::bury(all, given.collect(), &mut change);
        all.control.keep(change).await?;
        self.written = Some(cursor);
        all.queue.put(deliveries);
        Ok(())
    }

    /// Takes the cursor away, so that it is begun anew.
    async fn forget(&mut self, all: &Notifications) -> Result<bool, Refused> {
        if self.written.is_some() {
            let writes = vec![(CURSOR, place(), None)];
            all.control.keep(KeptChange { writes, ..KeptChange::default() }).await?;
            self.written = None;
        }
        Ok(false)
    }
}

/// What some entries make.
#[derive(Default)]
struct Page {
    states: BTreeMap<ObjectKey, State>,
    deliveries: Vec<Delivery>,
}

impl Page {
    fn is_empty(&self) -> bool {
        self.deliveries.is_empty() && self.states.is_empty()
    }

    fn take(&mut self, all: &Notifications, config: &Config, entry: &Entry) {
        let Some(happening) = Happening::of(entry) else { return };
        let key = happening.rollout.clone();
        // Most rollouts of a fleet tell nobody: all that is known of one is costly to put together.
        let Some(resource) = all.control.get(Kind::Rollout, &key) else { return };
        let metadata = resource.manifest.get("metadata").unwrap_or(&serde_json::Value::Null);
        if !is_anybody_told(config, metadata) {
            return;
        }
        let Some(scene) = scene(all, &happening, &resource) else { return };
        let before = self.states.get(&key).cloned().unwrap_or_else(|| kept_state(all, &key));
        let mut state = before.clone();
        let now = all.clock.now();
        self.deliveries.extend(tell(config, &happening, &scene, &mut state, (yaml, now)));
        if state != before {
            self.states.insert(key, state);
        }
    }
}

fn kept_state(all: &Notifications, key: &ObjectKey) -> State {
    let kept = all.control.kept_one(STATE, key);
    kept.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default()
}

/// What is known of a rollout now; none of one that is gone.
fn scene(all: &Notifications, happening: &Happening, resource: &ResourceView) -> Option<Scene> {
    let key = &happening.rollout;
    let view = all.control.rollout(key)?;
    let images = |revision: Option<&tidegate_units::RevisionHash>| {
        revision.and_then(|hash| view.revision_images.get(hash)).cloned().unwrap_or_default()
    };
    let mut scene = Scene {
        images: images(view.status.current.as_ref()),
        stable_images: images(view.status.stable.as_ref()),
        rollout: rollout_document(resource, &view),
        analysis_runs: of_rollout(&view),
        ..Scene::default()
    };
    if happening.reason == Some(Reason::RolloutCompleted) {
        let history = all.control.history(key).unwrap_or_default();
        let promoted = happening.detail.get("revision").and_then(serde_json::Value::as_str);
        let own = history.iter().find(|one| Some(&*one.revision.to_string()) == promoted);
        scene.is_first = history.len() == 1;
        scene.is_return =
            own.is_some_and(|own| history.iter().any(|one| one.created_at > own.created_at));
    }
    Some(scene)
}

pub(crate) fn text(document: &impl Serialize) -> Arc<str> {
    serde_json::to_string(document).unwrap_or_else(|_| "null".to_owned()).into()
}
