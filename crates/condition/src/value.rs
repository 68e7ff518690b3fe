use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

/// A value that a condition computes with. Unlike JSON it has NaN and the infinities.
///
/// A clone shares its contents and costs no more than a counter.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `nil`: nothing was measured.
    #[default]
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number. Arithmetic wraps around as Go's does.
    Int(i64),
    /// Any other number, NaN and the infinities included.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// A list.
    List(Arc<List>),
    /// A map.
    Map(Arc<Map>),
}

/// The elements of a [`Value::List`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    items: Vec<Value>,
    depth: usize,
    /// Whether it stands for a group that does not exist: empty, and yet equal to `nil`.
    absent: bool,
}

/// The entries of a [`Value::Map`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    entries: BTreeMap<Key, Value>,
    keys: Keys,
    depth: usize,
}

/// What the keys of a map may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Text, as in JSON: to ask for another key is an error.
    #[default]
    Text,
    /// Anything, as `fromPairs` makes it: an unknown key gives `nil`.
    Any,
    /// Anything, as `groupBy` makes it: an unknown key gives a group of nothing.
    Groups,
}

/// A key of a map. As in Go, `1` and `1.0` are different keys.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
}

impl List {
    /// The elements in order.
    pub fn items(&self) -> &[Value] {
        &self.items
    }
}

impl Map {
    /// The value at a textual key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(&Key::Text(key.into()))
    }

    pub(crate) fn new(keys: Keys, entries: BTreeMap<Key, Value>) -> Self {
        let depth = 1 + deepest(entries.values());
        Self { entries, keys, depth }
    }

    pub(crate) fn entries(&self) -> &BTreeMap<Key, Value> {
        &self.entries
    }

    pub(crate) fn keys(&self) -> Keys {
        self.keys
    }
}

fn deepest<'a>(values: impl Iterator<Item = &'a Value>) -> usize {
    values.map(Value::depth).max().unwrap_or(0)
}

impl Value {
    /// Text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A list of `items`.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        let items: Vec<_> = items.into_iter().collect();
        let depth = 1 + deepest(items.iter());
        Self::List(Arc::new(List { items, depth, absent: false }))
    }

    /// The group that `groupBy` did not find.
    pub(crate) fn absent_group() -> Self {
        Self::List(Arc::new(List { items: Vec::new(), depth: 1, absent: true }))
    }

    /// Whether it is `nil`, or counts as `nil`.
    pub(crate) fn is_nil(&self) -> bool {
        match self {
            Self::Nil => true,
            Self::List(list) => list.absent,
            _ => false,
        }
    }

    /// A map with textual keys.
    pub fn map<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entries =
            entries.into_iter().map(|(key, value)| (Key::Text(key.into()), value)).collect();
        Self::Map(Arc::new(Map::new(Keys::Text, entries)))
    }

    /// How deep lists and maps are nested: 0 for a plain value.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::List(list) => list.depth,
            Self::Map(map) => map.depth,
            _ => 0,
        }
    }

    /// What a user calls this kind of value.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Map(_) => "map",
        }
    }
}

impl Key {
    /// The key that `value` is; none for lists and maps, which cannot be one.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Nil => Some(Self::Nil),
            Value::Bool(flag) => Some(Self::Bool(*flag)),
            Value::Int(number) => Some(Self::Int(*number)),
            Value::Float(number) => Some(Self::Float(*number)),
            Value::Text(text) => Some(Self::Text(Arc::clone(text))),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Nil => Value::Nil,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Int(number) => Value::Int(*number),
            Self::Float(number) => Value::Float(*number),
            Self::Text(text) => Value::Text(Arc::clone(text)),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Nil => 0,
            Self::Int(_) => 1,
            Self::Float(_) => 2,
            Self::Text(_) => 3,
            Self::Bool(_) => 4,
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            // Adding zero makes -0 the same key as 0, as it is in Go.
            (Self::Float(a), Self::Float(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}

/// Every JSON number becomes a float, as Go's decoder makes it for Argo Rollouts.
impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        Self::from(&json)
    }
}

/// Every JSON number becomes a float, as Go's decoder makes it for Argo Rollouts.
impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Nil,
            Json::Bool(flag) => Self::Bool(*flag),
            Json::Number(number) => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Self::text(text.as_str()),
            Json::Array(items) => Self::list(items.iter().map(Self::from)),
            Json::Object(entries) => {
                Self::map(entries.iter().map(|(key, value)| (key.as_str(), Self::from(value))))
            }
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::list(items)
    }
}
