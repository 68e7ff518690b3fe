//! Which rollout each Service stands for, kept up as either changes.

use std::{collections::BTreeSet, sync::Arc};

use tidegate_traffic::{RoleLabels, Service};
use tidegate_units::ObjectKey;

use crate::{
    routes::labels,
    shared_map::{Alike, SharedMap},
    world::{RolloutEntry, World},
};

/// A label in a namespace: that, its name and its value.
type Label = [Arc<str>; 3];

/// The rollout that each Service stands for: the first, by key, that it selects. With thousands of
/// both, looking at each rollout for each Service would be the whole work of a tick.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selection {
    /// The rollouts that have a label, and how many they are.
    by_label: SharedMap<(Label, ObjectKey), ()>,
    sharing: SharedMap<Label, usize>,
    /// Each Service under one of the labels that it selects: a rollout that it stands for has all.
    by_selector: SharedMap<(Label, ObjectKey), ()>,
    filed: SharedMap<Label, usize>,
    filed_under: SharedMap<ObjectKey, Label>,
    /// The rollout that each Service stands for.
    behind: SharedMap<ObjectKey, ObjectKey>,
    /// The Services that stand for each rollout.
    before: SharedMap<ObjectKey, Arc<BTreeSet<ObjectKey>>>,
}

impl Alike for ObjectKey {
    fn alike(&self, other: &Self) -> bool {
        self == other
    }
}

impl Selection {
    /// The rollout that each Service stands for; those that stand for none are not there.
    pub(crate) fn behind(&self) -> &SharedMap<ObjectKey, ObjectKey> {
        &self.behind
    }

    /// The Services that stand for each rollout; those that have none are not there.
    pub(crate) fn before(&self) -> &SharedMap<ObjectKey, Arc<BTreeSet<ObjectKey>>> {
        &self.before
    }

    /// The Services that stand for a rollout.
    pub(crate) fn services_of(&self, rollout: &ObjectKey) -> impl Iterator<Item = &ObjectKey> {
        self.before.get(rollout).into_iter().flat_map(|services| services.iter())
    }

    /// Takes in what a rollout has become; `world` has it already.
    pub(crate) fn rollout_changed(
        &mut self,
        key: &ObjectKey,
        before: Option<&Arc<RolloutEntry>>,
        after: Option<&Arc<RolloutEntry>>,
        world: &World,
    ) {
        let is_same =
            |one: &RolloutEntry, other: &RolloutEntry| Arc::ptr_eq(&one.declared, &other.declared);
        if matches!((before, after), (Some(one), Some(other)) if is_same(one, other)) {
            return;
        }
        let of = |entry: Option<&Arc<RolloutEntry>>| {
            entry.map(|entry| labels(&entry.declared.value)).unwrap_or_default()
        };
        let (before, after) = (of(before), of(after));
        if before == after {
            return;
        }
        let (old, new) = (labels_of(key, &before), labels_of(key, &after));
        for label in old.difference(&new) {
            self.by_label.remove(&(label.clone(), key.clone()));
            count(&mut self.sharing, label, Way::Down);
        }
        for label in new.difference(&old) {
            self.by_label.insert((label.clone(), key.clone()), ());
            count(&mut self.sharing, label, Way::Up);
        }
        let filed = old.union(&new).flat_map(|label| under(&self.by_selector, label));
        let filed: BTreeSet<ObjectKey> = filed.cloned().collect();
        for service in filed {
            let Some(declared) = world.services.get(&service) else { continue };
            let one = &declared.value;
            if before.is_selected(key, one) || after.is_selected(key, one) {
                self.stands_for(&service, self.first(one, world));
            }
        }
    }

    /// Takes in what a Service has become; `world` has it already.
    pub(crate) fn service_changed(&mut self, key: &ObjectKey, world: &World) {
        if let Some(label) = self.filed_under.remove(key) {
            self.by_selector.remove(&(label.clone(), key.clone()));
            count(&mut self.filed, &label, Way::Down);
        }
        let service = world.services.get(key).map(|one| &one.value);
        if let Some(label) = service.and_then(|service| rarest(service, &self.filed)) {
            self.by_selector.insert((label.clone(), key.clone()), ());
            count(&mut self.filed, &label, Way::Up);
            self.filed_under.insert(key.clone(), label);
        }
        self.stands_for(key, service.and_then(|service| self.first(service, world)));
    }

    /// The first rollout, by key, that a Service selects any replicas of.
    fn first(&self, service: &Service, world: &World) -> Option<ObjectKey> {
        let label = rarest(service, &self.sharing)?;
        let found = under(&self.by_label, &label).find(|key| {
            let entry = world.rollouts.get(*key);
            entry.is_some_and(|entry| labels(&entry.declared.value).is_selected(key, service))
        });
        found.cloned()
    }

    fn stands_for(&mut self, service: &ObjectKey, rollout: Option<ObjectKey>) {
        let before = self.behind.get(service).cloned();
        if before == rollout {
            return;
        }
        if let Some(before) = before {
            self.behind.remove(service);
            let left = self.before.get_mut(&before).is_some_and(|services| {
                let services = Arc::make_mut(services);
                services.remove(service);
                services.is_empty()
            });
            if left {
                self.before.remove(&before);
            }
        }
        if let Some(rollout) = rollout {
            let mut services = self.before.get(&rollout).cloned().unwrap_or_default();
            Arc::make_mut(&mut services).insert(service.clone());
            self.before.insert(rollout.clone(), services);
            self.behind.insert(service.clone(), rollout);
        }
    }
}

/// Those that are filed under a label.
fn under<'a>(
    map: &'a SharedMap<(Label, ObjectKey), ()>,
    label: &Label,
) -> impl Iterator<Item = &'a ObjectKey> + use<'a> {
    let label = label.clone();
    let all = map.from(&(label.clone(), ObjectKey::new("", "")));
    all.take_while(move |((of, _), ())| *of == label).map(|((_, key), ())| key)
}

fn labels_of(key: &ObjectKey, labels: &RoleLabels) -> BTreeSet<Label> {
    let all = labels.stable.iter().chain(&labels.canary);
    all.map(|(name, value)| label(key, name, value)).collect()
}

fn selected(service: &Service) -> impl Iterator<Item = Label> {
    service.selector.iter().map(|(name, value)| label(&service.key, name, value))
}

/// Of the labels that a Service selects, the one that is counted least.
fn rarest(service: &Service, counts: &SharedMap<Label, usize>) -> Option<Label> {
    selected(service).min_by_key(|label| counts.get(label).copied().unwrap_or_default())
}

fn label(of: &ObjectKey, name: &str, value: &str) -> Label {
    [Arc::clone(&of.namespace), name.into(), value.into()]
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Up,
    Down,
}

fn count<K: Ord + Clone>(counts: &mut SharedMap<K, usize>, key: &K, way: Way) {
    let known = counts.get(key).copied().unwrap_or_default();
    let next = if way == Way::Up { known + 1 } else { known.saturating_sub(1) };
    if next == 0 {
        counts.remove(key);
    } else {
        counts.insert(key.clone(), next);
    }
}
