use std::fmt;

use serde::{Deserialize, Serialize};

/// An analysis or an experiment in one word, in Argo's words.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[expect(missing_docs, reason = "Argo's own words, explained in the documentation")]
pub enum RunPhase {
    #[default]
    Pending,
    Running,
    Successful,
    Failed,
    Error,
    Inconclusive,
}

impl RunPhase {
    /// Whether it is decided.
    pub const fn is_completed(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// Whether it is decided and not successful; one part like that ends the whole.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Error | Self::Inconclusive)
    }

    /// Argo's order from good to bad: a whole is as good as the worst of its parts.
    pub const fn badness(self) -> u8 {
        match self {
            Self::Successful => 0,
            Self::Running => 1,
            Self::Pending => 2,
            Self::Inconclusive => 3,
            Self::Error => 4,
            Self::Failed => 5,
        }
    }
}

impl fmt::Display for RunPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
