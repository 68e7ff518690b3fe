use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tidegate_controller::ControlPlane;
use tidegate_notify::{Config, Sources};
use tidegate_units::ObjectKey;

/// As Argo Rollouts calls them.
const CONFIG_MAP: &str = "argo-rollouts-notification-configmap";
const SECRET: &str = "argo-rollouts-notification-secret";

/// Where the settings of notifications are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationSettings {
    /// The server was given them.
    Given(Sources),
    /// They are applied: the `ConfigMap` `argo-rollouts-notification-configmap` and the Secret
    /// `argo-rollouts-notification-secret` of this namespace.
    Applied {
        /// Which.
        namespace: String,
    },
}

/// The namespace that Argo Rollouts is installed in.
impl Default for NotificationSettings {
    fn default() -> Self {
        Self::Applied { namespace: "argo-rollouts".to_owned() }
    }
}

/// The settings as they are now, read once for as long as they stay the same.
pub(crate) struct Settings {
    from: NotificationSettings,
    known: Mutex<Option<(Sources, Arc<Config>)>>,
}

impl Settings {
    pub(crate) fn new(from: NotificationSettings) -> Self {
        Self { from, known: Mutex::default() }
    }

    /// What holds now.
    pub(crate) fn config(&self, control: &ControlPlane) -> Arc<Config> {
        let sources = self.sources(control);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, config)) = &*known
            && *of == sources
        {
            return Arc::clone(config);
        }
        let config = Arc::new(Config::read(&sources, yaml));
        for problem in &config.problems {
            tracing::warn!(%problem, "a setting of notifications is not used");
        }
        *known = Some((sources, Arc::clone(&config)));
        config
    }

    fn sources(&self, control: &ControlPlane) -> Sources {
        match &self.from {
            NotificationSettings::Given(sources) => sources.clone(),
            NotificationSettings::Applied { namespace } => {
                let of = |name: &str| ObjectKey::new(namespace, name);
                let settings = control.config_map(&of(CONFIG_MAP)).map(|map| map.data);
                let secrets = control.secret(&of(SECRET)).map(|secret| secret.data);
                Sources {
                    settings: settings.unwrap_or_default(),
                    secrets: secrets.unwrap_or_default(),
                }
            }
        }
    }
}

/// YAML, as entries of the settings and an annotation are written.
pub(crate) fn yaml(text: &str) -> Result<Value, String> {
    tidegate_manifest::read_yaml("the text", text).map_err(|problems| problems.to_string())
}
