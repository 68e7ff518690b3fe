//! The Secret with the credentials that a question needs.

use super::Query;

/// A Secret that is read when a server is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUse<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it is that of the rollout's namespace. Else it is that of `argo-rollouts`, where the
    /// manifests of Argo Rollouts put it, and of the rollout's namespace if there is none.
    pub own: bool,
    /// The entries whose values nobody may see.
    pub hidden: Vec<&'a str>,
}

impl Query {
    /// The Secret that it needs, where it needs one.
    pub fn secret(&self) -> Option<SecretUse<'_>> {
        Some(match self {
            Self::Datadog(query) => SecretUse {
                own: query.namespaced,
                ..named(&query.secret, "datadog", &["api-key", "app-key"])
            },
            Self::NewRelic(query) => named(&query.profile, "newrelic", &["personal-api-key"]),
            Self::Influxdb(query) => named(&query.profile, "influxdb", &["authToken"]),
            Self::Wavefront(query) => {
                SecretUse { hidden: vec![&query.address], ..named("", "wavefront-api-tokens", &[]) }
            }
            Self::Prometheus(_)
            | Self::Web(_)
            | Self::Graphite(_)
            | Self::SkyWalking(_)
            | Self::CloudWatch(_)
            | Self::Kayenta(_)
            | Self::Plugin(_) => return None,
        })
    }
}

fn named<'a>(given: &'a str, default: &'a str, hidden: &[&'a str]) -> SecretUse<'a> {
    let name = if given.is_empty() { default } else { given };
    SecretUse { name, own: false, hidden: hidden.to_vec() }
}
