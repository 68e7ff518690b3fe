use serde::{Deserialize, Serialize};
use tidegate_units::{RunName, Timestamp};

use crate::Phase;

/// Where an experiment is and what it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ExperimentReport)]
pub struct Report {
    /// In one word.
    pub phase: Phase,
    /// When it ends by its duration.
    pub ends_at: Option<Timestamp>,
    /// What it waits for, most telling first.
    pub waiting: Vec<Waiting>,
}

/// Something that an experiment waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ExperimentWaiting)]
pub enum Waiting {
    /// Replicas that are to become available.
    Replicas {
        /// Of which template.
        template: String,
        /// Available.
        have: u32,
        /// Wanted.
        need: u32,
    },
    /// Replicas that cannot be made.
    Obstacle {
        /// Of which template.
        template: String,
        /// Why.
        message: String,
    },
    /// The end of its time.
    Duration {
        /// When.
        until: Timestamp,
    },
    /// An analysis that it needs.
    Analysis {
        /// Which.
        run: RunName,
    },
    /// Somebody: it ends by nothing else.
    Termination,
    /// Replicas that stay for a while.
    ScaleDown {
        /// Of which template.
        template: String,
        /// Until when.
        until: Timestamp,
    },
    /// Replicas that are on their way out.
    Surplus {
        /// Of which template.
        template: String,
        /// Seen.
        have: u32,
        /// Wanted.
        want: u32,
    },
}
