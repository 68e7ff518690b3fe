use tidegate_planted::{Mistake, makes};
use tidegate_ports::{Outdated, StoreError};
use tidegate_units::{Epoch, Generation};

use crate::driver::Driver;

/// Why a control plane does nothing more, ever. The router and the replicas go on without it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// Another one leads, as the store says, or nothing can be written down any more.
    #[error(transparent)]
    Store(StoreError),
    /// Another one leads, as a port says that has taken orders of it.
    #[error("another control plane leads: {port} says: {outdated}")]
    Port {
        /// Which port.
        port: &'static str,
        /// What it says.
        outdated: Outdated,
    },
    /// Its task is gone without a word, which only a defect makes it do.
    #[error("the controller ended by a defect of its own; the log says which")]
    Defect,
}

impl Driver {
    /// A router that follows a table of a later epoch has another leader.
    pub(crate) fn check_epoch_of_router(&mut self, holds: Generation) {
        let (holds, offered) = (Epoch::of(holds), self.epoch);
        if holds > offered {
            self.end("the router", Outdated { holds, offered });
        }
    }

    /// From here on nothing is done, as another leads.
    pub(crate) fn end(&mut self, port: &'static str, outdated: Outdated) {
        if !makes(Mistake::IgnoresTheFence) {
            self.ended.get_or_insert(Ended::Port { port, outdated });
        }
    }

    /// Whether it may still do anything.
    pub(crate) fn leads(&self) -> bool {
        self.ended.is_none()
    }
}
