use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_ledger::Entry;
use tidegate_units::{ObjectKey, RevisionHash, Timestamp};

use crate::{Change, Source};

/// How long after it became stable a revision that is left for an earlier one counts as failed. DORA
/// speaks of immediate intervention: a weekend is in it, a change of mind in the next sprint is not.
pub const FAIL_WINDOW: Duration = Duration::from_hours(72);

/// An entry of the ledger and its moment.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
pub struct Point {
    /// Its sequence number.
    pub sequence: u64,
    /// Its moment.
    pub at: Timestamp,
}

impl Point {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self { sequence: entry.sequence, at: entry.draft.at }
    }
}

/// Why a deployment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FailureCause)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// An analysis or an experiment took it back.
    Analysis,
    /// A person took it back.
    Person,
    /// It made no progress for too long.
    Deadline,
    /// The store went back, and what it lost may have taken it back.
    StoreWentBack,
    /// It was left for an earlier revision.
    Returned,
    /// A later one says that it mends it.
    Fixed,
}

/// That a deployment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DeploymentFailure)]
pub struct Failure {
    /// Why.
    pub cause: Cause,
    /// When that was decided.
    pub point: Point,
}

/// A revision that got users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Of which application.
    pub application: ObjectKey,
    /// Which revision.
    pub revision: RevisionHash,
    /// The revision's number.
    pub number: u64,
    /// The change that it carries; none for a return, or where the manifest names none of its own.
    pub change: Change,
    /// When somebody asked for it; when the planner took it up where that is not known.
    pub asked: Point,
    /// When its first users were decided.
    pub began: Point,
    /// Whether it was stable before, or was asked for as an undo.
    pub is_return: bool,
    /// When all users got it.
    pub stable: Option<Point>,
    /// That it was taken back, left on its way, or mended.
    pub failed: Option<Failure>,
    /// When it was left for an earlier revision after it had been stable.
    pub left: Option<Point>,
    /// When another revision was wanted while it was on its way.
    pub superseded: Option<Point>,
    /// When nobody got it any more, or another revision was stable.
    pub recovered: Option<Point>,
    /// The deployment that it mends, by the sequence number of its begin.
    pub mends: Option<u64>,
}

impl Deployment {
    /// Whether and why it failed.
    pub fn failure(&self) -> Option<Failure> {
        let left = self
            .left
            .zip(self.stable)
            .filter(|(left, stable)| left.at.since(stable.at) <= FAIL_WINDOW);
        let left = left.map(|(point, _)| Failure { cause: Cause::Returned, point });
        [self.failed, left].into_iter().flatten().min_by_key(|failure| failure.point)
    }

    /// From when it got its first users until it was mended.
    pub fn recovery(&self) -> Option<Duration> {
        let recovered = self.failure().and(self.recovered)?;
        Some(recovered.at.since(self.began.at))
    }

    /// When its change began and by what that is known; none of the annotations: when it was asked for.
    pub fn lead_begins(&self) -> (Timestamp, Option<Source>) {
        match (self.change.at, self.change.source) {
            // A clock that is ahead, or a slip of the pen: nothing is asked for before it is committed.
            (Some(at), Some(source)) if at <= self.asked.at => (at, Some(source)),
            _ => (self.asked.at, None),
        }
    }

    /// From the commit until all users have it. A return brings no change.
    pub fn lead_time(&self) -> Option<Duration> {
        let stable = self.stable.filter(|_| !self.is_return)?;
        Some(stable.at.since(self.lead_begins().0))
    }

    /// As it was at `until`: what came later is not known. None when it had not begun.
    pub fn as_of(&self, until: Timestamp) -> Option<Self> {
        let known = |point: Option<Point>| point.filter(|point| point.at <= until);
        (self.began.at <= until).then(|| Self {
            stable: known(self.stable),
            failed: self.failed.filter(|failure| failure.point.at <= until),
            left: known(self.left),
            superseded: known(self.superseded),
            recovered: known(self.recovered),
            ..self.clone()
        })
    }
}
