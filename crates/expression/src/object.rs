use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Value,
    text::{compare_folded, fold},
};

/// An object: its members keep their order, and are found whatever the case of their names' letters. Clones share their members.
#[derive(Clone, Debug, Default)]
pub struct Object(Arc<Members>);

#[derive(Debug, Default)]
struct Members {
    /// In the order in which they were given.
    ordered: Vec<(Arc<str>, Value)>,
    /// Indexes of `ordered`, by their names: folded, unless `exact`.
    sorted: Vec<usize>,
    exact: bool,
}

impl Object {
    /// Whose names differ when their letters' case does, as those of `env` on every system but Windows.
    pub fn case_sensitive<Name: Into<Arc<str>>>(
        members: impl IntoIterator<Item = (Name, Value)>,
    ) -> Self {
        let named = members.into_iter().map(|(name, value)| {
            let name = name.into();
            (name.to_string(), name, value)
        });
        Self::build(named, true)
    }

    /// Of two members of one name the later value holds, in the place and the spelling of the earlier one.
    fn build(members: impl Iterator<Item = (String, Arc<str>, Value)>, exact: bool) -> Self {
        let mut places = BTreeMap::new();
        let mut ordered: Vec<(Arc<str>, Value)> = Vec::new();
        for (key, name, value) in members {
            let place = *places.entry(key).or_insert(ordered.len());
            match ordered.get_mut(place) {
                Some(member) => member.1 = value,
                None => ordered.push((name, value)),
            }
        }
        let sorted = places.into_values().collect();
        Self(Arc::new(Members { ordered, sorted, exact }))
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let place = if self.0.exact {
            self.find(|other| other.cmp(name))
        } else {
            let folded = fold(name);
            self.find(|other| compare_folded(other, &folded))
        }?;
        self.0.ordered.get(place).map(|(_, value)| value)
    }

    fn find(&self, compare: impl Fn(&str) -> std::cmp::Ordering) -> Option<usize> {
        let name = |place: &usize| self.0.ordered.get(*place).map_or("", |(name, _)| name);
        let found = self.0.sorted.binary_search_by(|place| compare(name(place))).ok()?;
        self.0.sorted.get(found).copied()
    }

    /// Its members, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.0.ordered.iter().map(|(name, value)| (name, value))
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.0.ordered.len()
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.0.ordered.is_empty()
    }

    /// Whether they are one and the same object, which is what `==` asks.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<Name: Into<Arc<str>>> FromIterator<(Name, Value)> for Object {
    fn from_iter<Members: IntoIterator<Item = (Name, Value)>>(members: Members) -> Self {
        let named = members.into_iter().map(|(name, value)| {
            let name = name.into();
            (fold(&name), name, value)
        });
        Self::build(named, false)
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.0.ordered == other.0.ordered
    }
}
