//! Whose replicas changed, and when.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tidegate_units::Owner;

/// When replicas of each owner changed last, counted in changes.
#[derive(Debug, Default)]
pub(crate) struct Marks(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    count: u64,
    /// Owners that have no replicas any more go with the look that sees so.
    changed: BTreeMap<Owner, u64>,
}

impl Marks {
    /// Marks an owner. What changed is to be seen before: who looks asks for the marks first.
    pub(crate) fn mark(&self, owner: &Owner) {
        let mut inner = self.lock();
        inner.count += 1;
        let count = inner.count;
        inner.changed.insert(owner.clone(), count);
    }

    /// The count by now, and whose replicas changed after an earlier one.
    pub(crate) fn since(&self, count: u64) -> (u64, BTreeSet<Owner>) {
        let inner = self.lock();
        let changed = inner.changed.iter().filter(|(_, at)| **at > count);
        (inner.count, changed.map(|(owner, _)| owner.clone()).collect())
    }

    /// Forgets an owner that has no replicas, unless it changed after `count`.
    pub(crate) fn forget(&self, owner: &Owner, count: u64) {
        let mut inner = self.lock();
        if inner.changed.get(owner).is_some_and(|at| *at <= count) {
            inner.changed.remove(owner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tidegate_units::ObjectKey;

    use super::*;

    #[test]
    fn a_look_sees_what_changed_after_the_one_before() {
        let owner = |name| Owner::rollout(&ObjectKey::new("default", name));
        let marks = Marks::default();
        marks.mark(&owner("a"));
        marks.mark(&owner("b"));
        let (first, seen) = marks.since(0);
        assert_eq!(seen, BTreeSet::from([owner("a"), owner("b")]));
        assert_eq!(marks.since(first), (first, BTreeSet::new()));
        marks.mark(&owner("a"));
        marks.forget(&owner("a"), first);
        marks.forget(&owner("b"), first);
        let (_, seen) = marks.since(first);
        assert_eq!(seen, BTreeSet::from([owner("a")]), "it changed after that look");
        assert_eq!(marks.since(0).1, seen, "the other one is forgotten");
    }
}
