use std::sync::atomic::{AtomicU32, Ordering};

use tidegate_units::Epoch;

/// What a port refuses old orders by: the latest epoch of which it has taken one.
///
/// It is kept in memory. A port that lives in the control plane's own process begins anew with it,
/// and nobody else can give it orders; one that outlives it keeps the epoch with what it holds.
#[derive(Debug, Default)]
pub struct Fence(AtomicU32);

impl Fence {
    /// Lets an order of this epoch through, and none of an earlier one from now on.
    ///
    /// # Errors
    /// [`Outdated`] when one of a later epoch was let through before.
    pub fn pass(&self, offered: Epoch) -> Result<(), Outdated> {
        let holds = Epoch(self.0.fetch_max(offered.0, Ordering::SeqCst));
        if offered < holds { Err(Outdated { holds, offered }) } else { Ok(()) }
    }
}

/// An order of a leader that leads no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order of epoch {offered} is refused: one of epoch {holds} was taken before it")]
pub struct Outdated {
    /// The latest epoch of which an order was taken.
    pub holds: Epoch,
    /// The epoch of the order.
    pub offered: Epoch,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_ends_all_before_it() {
        let fence = Fence::default();
        let pass = |epoch| fence.pass(Epoch(epoch)).map_err(|error| error.holds.0);
        let passed = [0, 3, 3, 2, 4, 3].map(pass);
        assert_eq!(passed, [Ok(()), Ok(()), Ok(()), Err(3), Ok(()), Err(4)]);
    }
}
