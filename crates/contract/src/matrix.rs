//! Which versions of consumers and providers keep to each other, and who may be deployed where.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tidegate_units::Timestamp;

/// Entries that a matrix is made of: ten services with ten deployments a day fill it in a year and more, and all of
/// it is held in memory at once.
pub const MOST_ENTRIES: usize = 200_000;

/// A version of a consumer counts on a provider as a contract says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needed {
    /// Who asks.
    pub consumer: String,
    /// Which version of it.
    pub version: String,
    /// Who is asked.
    pub provider: String,
    /// The contract, by the hash of its content: versions with the same contract share what was verified of it.
    pub pact: String,
    /// The branch that the version is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When that was told.
    pub at: Timestamp,
}

/// A version of a provider was held to a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Whose contract.
    pub consumer: String,
    /// Who was held to it.
    pub provider: String,
    /// Which version of the provider.
    pub version: String,
    /// The contract, by the hash of its content.
    pub pact: String,
    /// Whether it keeps it.
    pub success: bool,
    /// The branch that the provider's version is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When.
    pub at: Timestamp,
}

/// A version is what runs in an environment from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Who was deployed.
    pub pacticipant: String,
    /// Which version.
    pub version: String,
    /// Where.
    pub environment: String,
    /// When.
    pub at: Timestamp,
}

/// All that is known of contracts, what was verified of them, and what runs where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// Contracts of versions of consumers.
    pub needed: Vec<Needed>,
    /// What was verified.
    pub verifications: Vec<Verification>,
    /// What was deployed.
    pub deployments: Vec<Deployment>,
}

impl Matrix {
    /// The version that runs in an environment: the one deployed last.
    pub fn deployed(&self, pacticipant: &str, environment: &str) -> Option<&str> {
        let there = self.deployments.iter().filter(|deployment| {
            deployment.pacticipant == pacticipant && deployment.environment == environment
        });
        there.max_by_key(|deployment| deployment.at).map(|deployment| deployment.version.as_str())
    }

    /// What was last verified of a contract for a provider's version.
    pub fn last(&self, needed: &Needed, version: &str) -> Option<&Verification> {
        let of = self.verifications.iter().filter(|it| {
            it.consumer == needed.consumer
                && it.provider == needed.provider
                && it.pact == needed.pact
                && it.version == version
        });
        of.max_by_key(|verification| verification.at)
    }

    /// The contracts of a consumer's version: the last with each provider.
    fn contracts_of(&self, consumer: &str, version: &str) -> impl Iterator<Item = &Needed> {
        let of = self.needed.iter().filter(|it| it.consumer == consumer && it.version == version);
        let mut last: BTreeMap<&str, &Needed> = BTreeMap::new();
        for needed in of {
            let known = last.entry(&needed.provider).or_insert(needed);
            if known.at <= needed.at {
                *known = needed;
            }
        }
        last.into_values()
    }

    /// Every consumer that has a contract with a provider.
    fn consumers_of(&self, provider: &str) -> BTreeSet<&str> {
        let of = self.needed.iter().filter(|needed| needed.provider == provider);
        of.map(|needed| needed.consumer.as_str()).collect()
    }

    fn knows(&self, pacticipant: &str, version: &str) -> bool {
        let consumes = |it: &Needed| it.consumer == pacticipant && it.version == version;
        let provides = |it: &Verification| it.provider == pacticipant && it.version == version;
        self.needed.iter().any(consumes) || self.verifications.iter().any(provides)
    }
}

/// Why a version may not be deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Hindrance {
    /// Nothing was ever told of it: neither a contract nor a verification.
    UnknownVersion,
    /// The provider that it needs does not run there.
    ProviderNotDeployed,
    /// Nobody has verified it.
    NotVerified,
    /// It was verified and failed.
    Failed {
        /// When.
        at: Timestamp,
    },
}

/// One integration that a deployment depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    /// Who asks.
    pub consumer: String,
    /// Which version of it.
    pub consumer_version: String,
    /// Who is asked.
    pub provider: String,
    /// Which version of it; none where none runs there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_version: Option<String>,
    /// When it was verified, if it is in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Timestamp>,
    /// What is in the way.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub hindrance: Option<Hindrance>,
}

/// Whether a version may be deployed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether it may.
    pub deployable: bool,
    /// What is in the way of the version itself.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub hindrance: Option<Hindrance>,
    /// Every integration that it depends on.
    pub integrations: Vec<Integration>,
}

/// Whether a version may be deployed into an environment: each provider that it needs runs there in a version that
/// keeps its contract, and it keeps the contract of each consumer that runs there.
pub fn can_i_deploy(
    matrix: &Matrix,
    pacticipant: &str,
    version: &str,
    environment: &str,
) -> Decision {
    let own = matrix.contracts_of(pacticipant, version).map(|needed| {
        let provider = matrix.deployed(&needed.provider, environment);
        integration(matrix, needed, provider)
    });
    let of_consumers = matrix.consumers_of(pacticipant).into_iter().flat_map(|consumer| {
        let deployed = matrix.deployed(consumer, environment);
        let contracts = deployed.map(|deployed| matrix.contracts_of(consumer, deployed));
        contracts.into_iter().flatten().filter(|needed| needed.provider == pacticipant)
    });
    let of_consumers = of_consumers.map(|needed| integration(matrix, needed, Some(version)));
    let integrations: Vec<_> = own.chain(of_consumers).collect();
    let hindrance = (!matrix.knows(pacticipant, version)).then_some(Hindrance::UnknownVersion);
    let deployable = hindrance.is_none() && integrations.iter().all(|it| it.hindrance.is_none());
    Decision { deployable, hindrance, integrations }
}

fn integration(matrix: &Matrix, needed: &Needed, provider: Option<&str>) -> Integration {
    let last = provider.and_then(|version| matrix.last(needed, version));
    let hindrance = match (provider, last) {
        (None, _) => Some(Hindrance::ProviderNotDeployed),
        (_, None) => Some(Hindrance::NotVerified),
        (_, Some(last)) if !last.success => Some(Hindrance::Failed { at: last.at }),
        _ => None,
    };
    Integration {
        consumer: needed.consumer.clone(),
        consumer_version: needed.version.clone(),
        provider: needed.provider.clone(),
        provider_version: provider.map(str::to_owned),
        verified: last.filter(|last| last.success).map(|last| last.at),
        hindrance,
    }
}
