use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Something that a caller does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// See it, in lists and watches as well.
    Read,
    /// See what its replicas wrote.
    Logs,
    /// Make it so by a manifest.
    Apply,
    /// Take it away.
    Delete,
    /// Hold a rollout where it is.
    Pause,
    /// Let one go on that a person holds.
    Resume,
    /// Let a rollout go on from a pause, or over a step.
    Promote,
    /// Skip all remaining steps and analyses.
    PromoteFull,
    /// Take a revision back.
    Abort,
    /// Try an aborted revision again.
    Retry,
    /// Go back to an earlier revision.
    Undo,
    /// Replace the replicas.
    Restart,
    /// Change the image of a container.
    SetImage,
    /// Let a rule of a decision no longer count.
    Override,
    /// End an experiment or an analysis run.
    Terminate,
    /// Check the whole ledger.
    VerifyLedger,
    /// Give rights and take them.
    ManageAccess,
    /// Change the settings of environments.
    ManageSettings,
}

/// A word that is no verb.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no verb {found:?}; the verbs are {}", Verb::names())]
pub struct UnknownVerb {
    found: String,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 18] = [
        Self::Read,
        Self::Logs,
        Self::Apply,
        Self::Delete,
        Self::Pause,
        Self::Resume,
        Self::Promote,
        Self::PromoteFull,
        Self::Abort,
        Self::Retry,
        Self::Undo,
        Self::Restart,
        Self::SetImage,
        Self::Override,
        Self::Terminate,
        Self::VerifyLedger,
        Self::ManageAccess,
        Self::ManageSettings,
    ];

    /// Those that can be asked of one rollout.
    pub fn of_a_rollout() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|verb| {
            !matches!(
                verb,
                Self::Terminate | Self::VerifyLedger | Self::ManageAccess | Self::ManageSettings
            )
        })
    }

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Logs => "logs",
            Self::Apply => "apply",
            Self::Delete => "delete",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Promote => "promote",
            Self::PromoteFull => "promote-full",
            Self::Abort => "abort",
            Self::Retry => "retry",
            Self::Undo => "undo",
            Self::Restart => "restart",
            Self::SetImage => "set-image",
            Self::Override => "override",
            Self::Terminate => "terminate",
            Self::VerifyLedger => "verify-ledger",
            Self::ManageAccess => "manage-access",
            Self::ManageSettings => "manage-settings",
        }
    }

    /// All of them, for messages.
    fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Verb {
    type Err = UnknownVerb;

    fn from_str(text: &str) -> Result<Self, UnknownVerb> {
        let found = Self::ALL.into_iter().find(|verb| verb.name() == text);
        found.ok_or_else(|| UnknownVerb { found: text.chars().take(40).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_read_as_it_is_written() {
        for verb in Verb::ALL {
            assert_eq!(verb.name().parse(), Ok(verb));
        }
        let problem = "Promote".parse::<Verb>().unwrap_err().to_string();
        assert!(problem.contains("promote-full"), "{problem}");
    }
}
