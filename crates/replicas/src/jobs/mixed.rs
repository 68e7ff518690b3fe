use std::{collections::BTreeSet, fmt, sync::Arc};

use async_trait::async_trait;
use tidegate_analysis::JobEnd;
use tidegate_ports::{JobOrder, Jobs};
use tidegate_units::Epoch;

use crate::{Choice, Side};

/// Two that run jobs as one. A job that was begun on one side stays there, whatever the choice is
/// by then.
pub struct MixedJobs {
    first: Arc<dyn Jobs>,
    second: Arc<dyn Jobs>,
    choice: Choice,
}

impl fmt::Debug for MixedJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MixedJobs").finish_non_exhaustive()
    }
}

impl MixedJobs {
    /// Joins two. The choice is made by the template of a job.
    pub fn new(first: Arc<dyn Jobs>, second: Arc<dyn Jobs>, choice: Choice) -> Self {
        Self { first, second, choice }
    }
}

#[async_trait]
impl Jobs for MixedJobs {
    async fn run(&self, order: JobOrder) -> Result<JobEnd, String> {
        let side = match (self.first.knows(&order.name), self.second.knows(&order.name)) {
            (true, _) => Side::First,
            (false, true) => Side::Second,
            (false, false) => (self.choice)(&order.spec.template),
        };
        match side {
            Side::First => self.first.run(order).await,
            Side::Second => self.second.run(order).await,
        }
    }

    fn knows(&self, name: &str) -> bool {
        self.first.knows(name) || self.second.knows(name)
    }

    fn keep(&self, epoch: Epoch, wanted: BTreeSet<String>) {
        self.first.keep(epoch, wanted.clone());
        self.second.keep(epoch, wanted);
    }
}

#[cfg(test)]
mod tests;
