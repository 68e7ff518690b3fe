use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Verb;

/// A set of verbs that somebody has need of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees how things are.
    Viewer,
    /// Brings changes in, and takes them back.
    Developer,
    /// Lets changes of others through.
    Approver,
    /// Both, and mends what went wrong.
    Operator,
    /// May do everything.
    Admin,
}

/// A word that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no role {found:?}; the roles are viewer, developer, approver, operator and admin"
)]
pub struct UnknownRole {
    found: String,
}

impl Role {
    /// Every role, the one with the fewest verbs first.
    pub const ALL: [Self; 5] =
        [Self::Viewer, Self::Developer, Self::Approver, Self::Operator, Self::Admin];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Approver => "approver",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Whether it has the verb.
    pub const fn has(self, verb: Verb) -> bool {
        match self {
            Self::Viewer => matches!(verb, Verb::Read),
            Self::Developer => matches!(
                verb,
                Verb::Read
                    | Verb::Logs
                    | Verb::Apply
                    | Verb::SetImage
                    | Verb::Restart
                    | Verb::Pause
                    | Verb::Resume
                    | Verb::Abort
            ),
            Self::Approver => matches!(
                verb,
                Verb::Read
                    | Verb::Logs
                    | Verb::Promote
                    | Verb::PromoteFull
                    | Verb::Resume
                    | Verb::Override
                    | Verb::Abort
            ),
            Self::Operator => {
                let own = matches!(verb, Verb::Retry | Verb::Undo | Verb::Delete | Verb::Terminate);
                own || Self::Developer.has(verb) || Self::Approver.has(verb)
            }
            Self::Admin => true,
        }
    }

    /// Those that have the verb.
    pub fn with(verb: Verb) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |role| role.has(verb))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| UnknownRole { found: text.chars().take(40).collect() })
    }
}
