use std::collections::BTreeMap;

use tidegate_units::ObjectKey;

use crate::{RoleLabels, Service};

/// Rollouts by their labels, so that the one that a Service stands for is found among a few and not
/// among all: with thousands of both, each looked at for each would be the whole work of a tick.
pub struct Selectable<'a> {
    /// By namespace, name of a label and its value; each list in the order of the keys.
    by_label: BTreeMap<[&'a str; 3], Vec<Candidate<'a>>>,
}

type Candidate<'a> = (&'a ObjectKey, &'a RoleLabels);

impl<'a> Selectable<'a> {
    /// The rollouts, in the order of their keys.
    pub fn new(rollouts: impl IntoIterator<Item = Candidate<'a>>) -> Self {
        let mut by_label: BTreeMap<_, Vec<Candidate<'a>>> = BTreeMap::new();
        for (key, labels) in rollouts {
            for (name, value) in labels.stable.iter().chain(&labels.canary) {
                let sharing = by_label.entry([&*key.namespace, name, value]).or_default();
                // Most labels are those of both revisions.
                if sharing.last().is_none_or(|(last, _)| *last != key) {
                    sharing.push((key, labels));
                }
            }
        }
        Self { by_label }
    }

    /// The rollout that a Service stands for: the first, by key, that it selects any replicas of.
    pub fn first(&self, service: &Service) -> Option<&'a ObjectKey> {
        let namespace = &*service.key.namespace;
        let sharing = service.selector.iter().map(|(name, value)| {
            self.by_label.get(&[namespace, name, value]).map_or(&[][..], Vec::as_slice)
        });
        let fewest = sharing.min_by_key(|rollouts| rollouts.len())?;
        let found = fewest.iter().find(|(key, labels)| labels.is_selected(key, service));
        found.map(|(key, _)| *key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
        proptest::collection::btree_map("[a-c]", "[x-z]", 0..3)
    }

    fn key() -> impl Strategy<Value = ObjectKey> {
        ("[m-n]", "[a-z]").prop_map(|(namespace, name)| ObjectKey::new(&namespace, &name))
    }

    fn rollouts() -> impl Strategy<Value = BTreeMap<ObjectKey, RoleLabels>> {
        let roles = (labels(), labels()).prop_map(|(stable, canary)| RoleLabels { stable, canary });
        proptest::collection::btree_map(key(), roles, 0..12)
    }

    proptest! {
        #[test]
        fn it_is_the_first_of_all_that_are_selected(
            rollouts in rollouts(),
            (key, selector) in (key(), labels()),
        ) {
            let service = Service { key, selector, ports: Vec::new(), listen: None, sticky: None, region: None };
            let mut all = rollouts.iter();
            let expect = all.find(|(key, labels)| labels.is_selected(key, &service));
            let found = Selectable::new(&rollouts).first(&service);
            prop_assert_eq!(found, expect.map(|(key, _)| key));
        }
    }
}
