use async_trait::async_trait;
use tidegate_traffic::{RouteTable, TableChange, Taken, TrafficReading};
use tidegate_units::Generation;

/// The data plane, seen from the control plane.
#[async_trait]
pub trait Router: Send + Sync {
    /// Makes all new requests follow `table`. When this returns, they do.
    ///
    /// The epoch of whoever made the table is the upper half of its generation
    /// ([`Epoch::first_generation`](tidegate_units::Epoch::first_generation)), so that an older
    /// table and one of a leader that leads no more are the same thing.
    async fn apply(&self, table: &RouteTable) -> Result<(), RouterError>;

    /// The same by what changed of the table that it holds. One that takes whole tables alone says
    /// so, and is given one.
    async fn change(&self, _change: &TableChange) -> Result<Taken, RouterError> {
        Ok(Taken::NeedsWhole)
    }

    /// What it measured, and which table it follows.
    async fn read(&self) -> Result<TrafficReading, RouterError>;

    /// The table that it was told last, the empty one of generation 0 where it was told none; none
    /// where it cannot tell.
    ///
    /// It outlives whoever told it, so it may be later than anything that a store knows whose disk lost
    /// what it had acknowledged.
    async fn held(&self) -> Result<Option<RouteTable>, RouterError> {
        Ok(None)
    }
}

/// A router that did not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouterError {
    /// It holds a newer table: another control plane is at work, or this one is stale.
    #[error("the router holds generation {holds}, newer than {offered}")]
    Stale {
        /// What it holds.
        holds: Generation,
        /// What it was offered.
        offered: Generation,
    },
    /// It did not answer; it goes on with the table that it holds.
    #[error("the router does not answer: {0}")]
    Unreachable(String),
    /// It answered something that makes no sense.
    #[error("the router refused the table: {0}")]
    Refused(String),
}
