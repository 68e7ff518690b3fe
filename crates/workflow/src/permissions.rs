//! What the token of a job may do, and that it can only shrink on the way down.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What the token of a job may do: a level for each thing that a token can be for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// The levels that are more than [`Level::None`].
    levels: BTreeMap<Permission, Level>,
}

/// How much a token may do with one thing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing.
    #[default]
    None,
    /// Look at it.
    Read,
    /// Look at it and change it.
    Write,
}

/// A thing that a token can be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    missing_docs,
    reason = "each is the word that stands in a workflow, and GitHub's documentation says what it is"
)]
pub enum Permission {
    Actions,
    ArtifactMetadata,
    Attestations,
    Checks,
    CodeQuality,
    Contents,
    CopilotRequests,
    Deployments,
    Discussions,
    Drives,
    IdToken,
    Issues,
    Models,
    Packages,
    Pages,
    PullRequests,
    RepositoryProjects,
    SecurityEvents,
    Statuses,
    VulnerabilityAlerts,
}

/// A permission that is asked for and not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// For what.
    pub permission: Permission,
    /// What is asked for.
    pub asked: Level,
    /// The most that may be had.
    pub allowed: Level,
}

impl Permission {
    /// Each of them, by name.
    pub const ALL: [Self; 20] = [
        Self::Actions,
        Self::ArtifactMetadata,
        Self::Attestations,
        Self::Checks,
        Self::CodeQuality,
        Self::Contents,
        Self::CopilotRequests,
        Self::Deployments,
        Self::Discussions,
        Self::Drives,
        Self::IdToken,
        Self::Issues,
        Self::Models,
        Self::Packages,
        Self::Pages,
        Self::PullRequests,
        Self::RepositoryProjects,
        Self::SecurityEvents,
        Self::Statuses,
        Self::VulnerabilityAlerts,
    ];

    /// As a workflow has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::ArtifactMetadata => "artifact-metadata",
            Self::Attestations => "attestations",
            Self::Checks => "checks",
            Self::CodeQuality => "code-quality",
            Self::Contents => "contents",
            Self::CopilotRequests => "copilot-requests",
            Self::Deployments => "deployments",
            Self::Discussions => "discussions",
            Self::Drives => "drives",
            Self::IdToken => "id-token",
            Self::Issues => "issues",
            Self::Models => "models",
            Self::Packages => "packages",
            Self::Pages => "pages",
            Self::PullRequests => "pull-requests",
            Self::RepositoryProjects => "repository-projects",
            Self::SecurityEvents => "security-events",
            Self::Statuses => "statuses",
            Self::VulnerabilityAlerts => "vulnerability-alerts",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The most that there is of it: models and alerts can only be read.
    pub const fn most(self) -> Level {
        match self {
            Self::Models | Self::VulnerabilityAlerts => Level::Read,
            _ => Level::Write,
        }
    }

    /// Whether a workflow may ask for `level` of it.
    pub fn allows(self, level: Level) -> bool {
        match (self, level) {
            (_, Level::None) => true,
            (Self::IdToken | Self::CopilotRequests, Level::Read) => false,
            _ => level <= self.most(),
        }
    }
}

impl Level {
    /// As a workflow has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::None, Self::Read, Self::Write].into_iter().find(|one| one.name() == name)
    }
}

impl Permissions {
    /// None at all, as `permissions: {}`.
    pub fn none() -> Self {
        Self::default()
    }

    /// Each at `level`, or at the most that there is of it: `read-all` and `write-all`.
    pub fn all(level: Level) -> Self {
        Permission::ALL.into_iter().map(|one| (one, level.min(one.most()))).collect()
    }

    /// What a workflow has that says nothing, where the owner was careful: contents and packages
    /// can be read.
    pub fn restricted() -> Self {
        [(Permission::Contents, Level::Read), (Permission::Packages, Level::Read)]
            .into_iter()
            .collect()
    }

    /// What a workflow has that says nothing, where the owner was not: all can be written, and an
    /// identity is given to those who ask for it.
    pub fn permissive() -> Self {
        let mut all = Self::all(Level::Write);
        all.set(Permission::IdToken, Level::None);
        all
    }

    /// How much of `permission` there is.
    pub fn level(&self, permission: Permission) -> Level {
        self.levels.get(&permission).copied().unwrap_or_default()
    }

    /// Gives `level` of `permission`, or the most that there is of it.
    pub fn set(&mut self, permission: Permission, level: Level) {
        match level.min(permission.most()) {
            Level::None => self.levels.remove(&permission),
            some => self.levels.insert(permission, some),
        };
    }

    /// Those that are more than nothing, by name.
    pub fn iter(&self) -> impl Iterator<Item = (Permission, Level)> {
        self.levels.iter().map(|(permission, level)| (*permission, *level))
    }

    /// What of this goes beyond `most`: a reusable workflow that asks for more than its caller has
    /// is refused before anything of it runs.
    pub fn excess(&self, most: &Self) -> Vec<Excess> {
        self.iter()
            .map(|(permission, asked)| Excess {
                permission,
                asked,
                allowed: most.level(permission),
            })
            .filter(|excess| excess.asked > excess.allowed)
            .collect()
    }

    /// This, and nothing beyond `most`.
    pub fn within(&self, most: &Self) -> Self {
        self.iter()
            .map(|(permission, level)| (permission, level.min(most.level(permission))))
            .collect()
    }

    /// This without any right to change something: what the run of a stranger's change gets. An
    /// identity is a right to write, so it is gone.
    pub fn read_only(&self) -> Self {
        self.iter()
            .filter(|(permission, _)| permission.allows(Level::Read))
            .map(|(permission, level)| (permission, level.min(Level::Read)))
            .collect()
    }
}

impl FromIterator<(Permission, Level)> for Permissions {
    fn from_iter<I: IntoIterator<Item = (Permission, Level)>>(given: I) -> Self {
        let mut permissions = Self::default();
        for (permission, level) in given {
            permissions.set(permission, level);
        }
        permissions
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (permission, level)) in self.iter().enumerate() {
            write!(f, "{}{permission}: {level}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
