//! `ConfigMap`s and Secrets that are settings of the server's own parts.

use tidegate_units::ObjectKey;
use tidegate_workload::{ConfigMap, Secret};

use crate::ControlPlane;

impl ControlPlane {
    /// A `ConfigMap` as it was applied.
    pub fn config_map(&self, key: &ObjectKey) -> Option<ConfigMap> {
        self.shared.snapshot().world.config_maps.get(key).map(|declared| declared.value.clone())
    }

    /// A Secret with its values, which are for no answer, log or entry.
    pub fn secret(&self, key: &ObjectKey) -> Option<Secret> {
        self.shared.snapshot().world.secrets.get(key).map(|declared| declared.value.clone())
    }
}
