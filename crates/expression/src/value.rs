use std::{fmt, sync::Arc};

use crate::{JsonError, List, MAX_JSON_DEPTH, Object, json, json_print, number};

/// What an expression is worth. Clones share what they hold.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `null`, and whatever is not there.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A double; there are no integers.
    Number(f64),
    /// Text.
    Text(Arc<str>),
    /// An array.
    List(List),
    /// An object.
    Object(Object),
}

impl Value {
    /// Reads JSON as `fromJSON` does, and twice as deep: what holds values of `fromJSON` can be read too.
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        json::read(text, 2 * MAX_JSON_DEPTH)
    }

    /// The value as `toJSON` has it: indented by two blanks, its numbers in at most 15 digits.
    pub fn to_json(&self) -> String {
        json_print::pretty(self)
    }

    /// The value on one line with all digits of its numbers, so that [`Value::from_json`] reads the same value: for where values
    /// are kept. `NaN` and the infinities are written as such, which other readers of JSON do not take.
    pub fn to_exact_json(&self) -> String {
        json_print::exact(self)
    }

    /// What the value is called in messages and where it is used as text: `Null`, `Boolean`, `Number`,
    /// `String`, `Array` or `Object`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "Null",
            Self::Bool(_) => "Boolean",
            Self::Number(_) => "Number",
            Self::Text(_) => "String",
            Self::List(_) => "Array",
            Self::Object(_) => "Object",
        }
    }

    /// Whether it counts as true: all but `null`, `false`, zero, `NaN` and the empty text.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(value) => *value != 0.0 && !value.is_nan(),
            Self::Text(value) => !value.is_empty(),
            Self::List(_) | Self::Object(_) => true,
        }
    }

    /// Whether it is neither an array nor an object.
    pub fn is_primitive(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Object(_))
    }

    /// The value where text is wanted: numbers in at most 15 digits, nothing for `null`, and the name of its kind for an array and an object.
    pub fn as_text(&self) -> Arc<str> {
        match self {
            Self::Null => "".into(),
            Self::Bool(true) => "true".into(),
            Self::Bool(false) => "false".into(),
            Self::Number(value) => number::print(*value).into(),
            Self::Text(value) => value.clone(),
            Self::List(_) | Self::Object(_) => self.kind().into(),
        }
    }

    /// The value where a number is wanted: `NaN` where it is none.
    pub fn as_number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(value) => *value,
            Self::Text(value) => number::read(value),
            Self::List(_) | Self::Object(_) => f64::NAN,
        }
    }

    /// The member of an object of this name, and `null` where there is none.
    pub fn get(&self, name: &str) -> Value {
        match self {
            Self::Object(object) => object.get(name).cloned().unwrap_or_default(),
            _ => Self::Null,
        }
    }

    /// The members of an object, in their order; none of anything else.
    pub fn members(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        let object = if let Self::Object(object) = self { Some(object) } else { None };
        object.into_iter().flat_map(Object::iter)
    }

    /// An object with these members beside its own, or in their place.
    #[must_use]
    pub fn with<'a>(&self, members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
        let own = self.members().map(|(name, value)| (name.clone(), value.clone()));
        own.chain(members.into_iter().map(|(name, value)| (name.into(), value))).collect()
    }

    /// Whether the language's `==` holds between them: kinds are converted, letters' case does not
    /// matter, and arrays and objects are equal to themselves alone.
    pub fn equals(&self, other: &Value) -> bool {
        crate::coerce::equals(self, other)
    }
}

/// Whether they are the same value, part by part: unlike the language's `==`, `NaN` is the same as
/// `NaN`, and equal arrays and objects need not be one.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => number::is_same(*left, *right),
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::List(left), Self::List(right)) => left == right,
            (Self::Object(left), Self::Object(right)) => left == right,
            _ => false,
        }
    }
}

/// The value where text is wanted.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.as_text())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Self::List(value.into())
    }
}

impl From<List> for Value {
    fn from(value: List) -> Self {
        Self::List(value)
    }
}

impl From<Object> for Value {
    fn from(value: Object) -> Self {
        Self::Object(value)
    }
}

impl<Name: Into<Arc<str>>> FromIterator<(Name, Value)> for Value {
    fn from_iter<Members: IntoIterator<Item = (Name, Value)>>(members: Members) -> Self {
        Self::Object(members.into_iter().collect())
    }
}
