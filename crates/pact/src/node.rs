//! Values with the pointers to them, and the problems that are found in them.

use serde_json::{Map, Value};

/// So many problems are told of one file.
const MOST_PROBLEMS: usize = 50;

/// A value and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Value,
    pub(crate) pointer: String,
}

/// Problems by pointer.
#[derive(Debug, Default)]
pub(crate) struct Problems(pub(crate) Vec<(String, String)>);

impl Problems {
    pub(crate) fn add(&mut self, node: &Node<'_>, problem: impl Into<String>) {
        if self.0.len() < MOST_PROBLEMS {
            self.0.push((node.pointer.clone(), problem.into()));
        }
    }
}

impl<'a> Node<'a> {
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value, pointer: String::new() }
    }

    fn below(&self, value: &'a Value, part: &str) -> Self {
        let part = part.replace('~', "~0").replace('/', "~1");
        Self { value, pointer: format!("{}/{part}", self.pointer) }
    }

    /// The value of a key; none where it is missing.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        self.value.get(key).map(|value| self.below(value, key))
    }

    /// The value of the first of some keys that is there.
    pub(crate) fn first(&self, keys: &[&str]) -> Option<Self> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// Its fields; it is told when it is no object.
    pub(crate) fn fields(&self, problems: &mut Problems) -> Vec<(&'a str, Self)> {
        let Value::Object(fields) = self.value else {
            problems.add(self, "an object is expected here");
            return Vec::new();
        };
        fields.iter().map(|(key, value)| (key.as_str(), self.below(value, key))).collect()
    }

    /// Its items; it is told when it is no array.
    pub(crate) fn items(&self, problems: &mut Problems) -> Vec<Self> {
        let Value::Array(items) = self.value else {
            problems.add(self, "an array is expected here");
            return Vec::new();
        };
        let below = |(index, value)| self.below(value, &format!("{index}"));
        items.iter().enumerate().map(below).collect()
    }

    /// A text that has to be there.
    pub(crate) fn text_at(&self, key: &str, problems: &mut Problems) -> String {
        if let Some(node) = self.get(key) {
            return node.text(problems);
        }
        problems.add(self, format!("{key:?} is missing"));
        String::new()
    }

    pub(crate) fn text(&self, problems: &mut Problems) -> String {
        if let Value::String(text) = self.value {
            return text.clone();
        }
        problems.add(self, "a string is expected here");
        String::new()
    }

    /// The text of any value: a string without its quotes.
    pub(crate) fn loose_text(&self) -> String {
        self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned)
    }

    /// A count, as a number or in a string, where one is written.
    pub(crate) fn count_at(&self, key: &str, problems: &mut Problems) -> Option<usize> {
        let node = self.get(key)?;
        let number = match node.value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let count = number.and_then(|number| usize::try_from(number).ok());
        if count.is_none() {
            problems.add(&node, "a number from 0 is expected here");
        }
        count
    }

    /// Tells every field that is none of these.
    pub(crate) fn only(&self, what: &str, known: &[&str], problems: &mut Problems) {
        for (key, node) in self.fields(problems) {
            if !known.contains(&key) {
                problems.add(&node, format!("{what} has no {key:?}; it has {}", known.join(", ")));
            }
        }
    }

    pub(crate) fn object(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }
}
