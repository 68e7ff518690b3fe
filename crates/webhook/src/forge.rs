use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Who keeps repositories and tells what happens to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forge {
    /// GitHub, in the cloud or one's own; Gitea and Forgejo send the same.
    GitHub,
    /// GitLab, in the cloud or one's own.
    GitLab,
    /// Bitbucket, in the cloud or a data centre.
    Bitbucket,
}

/// A word that is no forge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is none of github, gitlab and bitbucket")]
pub struct UnknownForge {
    found: String,
}

impl Forge {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::GitHub, Self::GitLab, Self::Bitbucket];

    /// As an address has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Bitbucket => "bitbucket",
        }
    }
}

impl fmt::Display for Forge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Forge {
    type Err = UnknownForge;

    fn from_str(text: &str) -> Result<Self, UnknownForge> {
        let found = Self::ALL.into_iter().find(|forge| forge.as_str() == text);
        found.ok_or_else(|| UnknownForge { found: text.chars().take(40).collect() })
    }
}
