use std::{collections::BTreeMap, sync::Arc};

use crate::Pair;
use tidegate_expression::{Object, Value};

/// Environment variables, in the order in which they came; the case of their names' letters matters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    ordered: Vec<Pair>,
    places: BTreeMap<Arc<str>, usize>,
}

impl Environment {
    pub(crate) fn set(&mut self, name: Arc<str>, value: Arc<str>) {
        let place = *self.places.entry(name.clone()).or_insert(self.ordered.len());
        match self.ordered.get_mut(place) {
            Some(variable) => variable.1 = value,
            None => self.ordered.push((name, value)),
        }
    }

    pub(crate) fn extend(&mut self, variables: impl IntoIterator<Item = Pair>) {
        for (name, value) in variables {
            self.set(name, value);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Pair> {
        self.ordered.iter()
    }

    pub(crate) fn into_variables(self) -> Vec<Pair> {
        self.ordered
    }

    /// The context `env`.
    pub(crate) fn context(&self) -> Value {
        let members = self.iter().map(|(name, value)| (name.clone(), Value::Text(value.clone())));
        Object::case_sensitive(members).into()
    }
}
