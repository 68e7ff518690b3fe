use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidegate_units::ObjectKey;

/// A `v1` `ConfigMap`: settings by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigMap {
    /// Where it is found.
    pub key: ObjectKey,
    /// Its entries.
    pub data: BTreeMap<String, String>,
    /// Those that are no texts: they become files, and no variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bytes: BTreeMap<String, Vec<u8>>,
}

/// A `v1` Secret: values that no log, ledger or answer may show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// Where it is found.
    pub key: ObjectKey,
    /// Its entries, decoded.
    pub data: BTreeMap<String, String>,
    /// Those that are no texts: they become files, and no variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bytes: BTreeMap<String, Vec<u8>>,
}

impl Secret {
    /// What is shown in the place of a value. It is refused as a value, or what was read would
    /// overwrite what it hides when it is applied again.
    pub const HIDDEN: &str = "(secret)";
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret")
            .field("key", &self.key)
            .field("data", &self.data.keys().chain(self.bytes.keys()).collect::<Vec<_>>())
            .finish()
    }
}
