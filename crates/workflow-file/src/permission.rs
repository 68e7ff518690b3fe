//! What a job's token may do, and whether that is more than another's.

use std::collections::BTreeMap;

use crate::{Kind, Token};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    None,
    Read,
    Write,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// All that can be allowed, in the order of GitHub's messages.
const NAMES: [&str; 20] = [
    "actions",
    "artifact-metadata",
    "attestations",
    "checks",
    "code-quality",
    "contents",
    "copilot-requests",
    "deployments",
    "discussions",
    "drives",
    "issues",
    "packages",
    "pages",
    "pull-requests",
    "repository-projects",
    "statuses",
    "security-events",
    "id-token",
    "models",
    "vulnerability-alerts",
];

/// Of these, nothing is written.
const READ_ONLY: [&str; 2] = ["models", "vulnerability-alerts"];

/// What a token may do; what is not named, it may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permissions(BTreeMap<&'static str, Level>);

impl Permissions {
    /// What a file says; none where it says nothing that can be read.
    pub(crate) fn of(token: &Token) -> Option<Self> {
        match &token.kind {
            Kind::Text(text) if **text == *"read-all" => Some(Self::all(Level::Read)),
            Kind::Text(text) if **text == *"write-all" => Some(Self::all(Level::Write)),
            Kind::Map(pairs) => {
                let named = |key: &str| NAMES.iter().copied().find(|name| *name == key);
                let entries = pairs.iter().filter_map(|pair| {
                    let level = match pair.value.text()? {
                        "read" => Level::Read,
                        "write" => Level::Write,
                        _ => Level::None,
                    };
                    Some((named(pair.key.text()?)?, level))
                });
                Some(Self(entries.collect()))
            }
            _ => None,
        }
    }

    fn all(level: Level) -> Self {
        let most = |name| if READ_ONLY.contains(name) { level.min(Level::Read) } else { level };
        Self(NAMES.iter().map(|name| (*name, most(name))).collect())
    }

    fn level(&self, name: &str) -> Level {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// What is asked for beyond `most`, and what of that is allowed; none when nothing is.
    pub(crate) fn beyond(&self, most: &Self) -> Option<(String, String)> {
        let over: Vec<&str> =
            NAMES.iter().copied().filter(|name| self.level(name) > most.level(name)).collect();
        let listed = |permissions: &Self| {
            let levels =
                over.iter().map(|name| format!("{name}: {}", permissions.level(name).name()));
            levels.collect::<Vec<_>>().join(", ")
        };
        (!over.is_empty()).then(|| (listed(self), listed(most)))
    }
}
