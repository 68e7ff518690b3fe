use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};
use serde_json::{Value, value::RawValue};

/// A manifest as it was applied, or a part of one.
///
/// It is kept as the text of its JSON, and read when somebody asks for it: nothing that is done at
/// each tick does. As a tree of maps and strings of their own it takes eight times the memory.
/// Texts are equal where what they say is: members are in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ManifestText(Arc<str>);

impl ManifestText {
    /// The text of a manifest.
    pub(crate) fn of(manifest: &Value) -> Self {
        Self(manifest.to_string().into())
    }

    /// The text of its JSON.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// What it says.
    pub(crate) fn value(&self) -> Value {
        // It was written from a value, or read as JSON: it can be read again.
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The same with a change.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Value)) -> Self {
        let mut manifest = self.value();
        change(&mut manifest);
        Self::of(&manifest)
    }
}

impl Serialize for ManifestText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text: &RawValue = serde_json::from_str(&self.0).map_err(ser::Error::custom)?;
        text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ManifestText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Box<RawValue> = Deserialize::deserialize(deserializer)?;
        Ok(Self(Box::<str>::from(text).into()))
    }
}
